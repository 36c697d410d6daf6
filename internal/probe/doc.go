// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package probe opens connections that must pass and connections that must not,
// because a policy object proves nothing about a packet.
//
// The contract:
//
//   - Both ends are ours. A socket in the network namespace of one local pod
//     connects to a listener that was opened for just that moment in the namespace
//     of another. No process of a pod is spoken to, and no device.
//   - Listen first, dial after, and dial only if listening worked. A port that a pod
//     has in use is left alone. The listener shares its port with nobody
//     (no SO_REUSEADDR, no SO_REUSEPORT), and nothing of it stays (no TIME_WAIT).
//   - Passed means that our listener saw the number that our dialler sent. An answer
//     by anything else, such as a proxy beside the pod, is no finding.
//   - Only what the judge is sure of is tried, and it is asked again after the
//     dial: a finding holds against the policies as they then are.
//   - What could not be tried is no finding: a pod that went away, a port in use, a
//     context that ended. A lost packet is none either, so a connection that must
//     pass is tried three times.
//   - No clock: the time that a dial may take comes in as an argument.
//
// It needs Linux, CAP_SYS_ADMIN to enter namespaces, and CAP_NET_BIND_SERVICE for
// ports below 1024. The node's own network is dialled from, never into, and pods on
// it are left out.
package probe
