// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package relay forwards TCP connections and UDP datagrams from the jump host to the
// targets of one window, and is the only way that the window's policy opens.
//
// The contract:
//
//   - What it forwards is fixed when it starts: each listening port to one address and
//     port. It resolves no names and takes no instructions from what it forwards.
//   - Who is not among the sources is refused before a byte of his is read (a datagram is
//     read to learn where it came from, and dropped).
//   - When Run's context ends, nothing more is forwarded: what waits in a pipe or in a
//     send buffer is thrown away, and both ends of each TCP connection see a reset. The
//     same happens if the process is killed, because connections linger for no time from
//     the first moment on.
//   - A TCP connection ends as its ends end it: a half-close is passed on, a reset too,
//     and one that ends in order is kept until both peers have all of it, so that the
//     above never costs data.
//   - Who does not read stops who writes: no more than one pipe (64 KiB) of each direction
//     waits here. A connection that waits for data holds neither pipe nor buffer.
//   - Sessions, which are TCP connections and UDP flows (one client address and port, for
//     one target), are at most MaxSessions at one time, and end after their idle time.
//     UDP flows have a socket of their own, so a target sees them apart and only the
//     target's answers come back.
//   - It allocates for sessions and not for what passes them.
//
// The source address that is checked is the one that arrives: a Service in front must
// keep it (externalTrafficPolicy: Local).
//
// Linux only.
package relay
