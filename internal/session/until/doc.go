// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package until is how a process inside a window's pod, a relay or the first process of a
// session pod, learns when it has to end, and how the operator tells it.
//
// The process starts with four things: the operator's Ed25519 public key, the UID of its
// window, the UID of its pod, and a first bound. The first bound counts from the start of
// the process and not from when the pod was made, so it should be short: long enough to be
// reached by the operator once, which then says the real end.
//
// The contract:
//
//   - Only a message signed with the operator's key, for this window and this pod, over a
//     number that this process drew for it, moves the end. No file, environment,
//     annotation or signal does.
//   - The end becomes the instant at which the number was drawn, plus what the operator
//     said remains. The operator says it after it saw the number. So whatever happens on
//     the way, and whoever holds a message back, can only make the end earlier.
//   - A number is good for one message, for NonceLife, and until another message moved the
//     end: of two that cross, none undoes the later one by being held back.
//   - An end that was reached is final. Remaining zero is a revocation: it is reached.
//   - Out of touch, the last end stays.
//   - Ends count boot time. A clock that is set, stopped or wrong changes nothing.
//
// The exchange, over TCP, one for each connection, integers big-endian:
//
//	process   "ZWun" version:1 nonce:32
//	operator  "ZWun" version:1 verb:1 remaining:8 (ms) signature:64
//	process   "ZWun" version:1 verdict:1 remaining:8 (ms) length:4 status (JSON)
//
// All sizes but the last are fixed, and nothing that was signed is read from the wire
// twice: both sides make the signed text themselves (see text), the process from its own
// UIDs and the number that it drew. The connection is not encrypted and needs not be for
// the above. What live sessions there are is told only where the question was signed. The
// reply is not signed: it serves the supervisor's screen and is no proof that anything
// ended, for which there are packets.
//
// Reaching the port is all that it takes to occupy it, so a policy admits only the
// operator; where all connections are taken, the oldest gives way.
//
// Pure but for the connections that it is handed: the instant and the random numbers are
// the caller's.
package until
