// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package exposure finds what stands around the zones and undoes them: what was there
// before the guard, and what slipped past it.
//
// The contract:
//
//   - A policy of others is judged by what it does and not by being there: a flow is
//     looked for that passes with every policy and is refused by ours alone. The flow
//     is named. A policy that allows only what we allow is no finding.
//   - Where an answer depends on something that is not understood, that is said as
//     such (NotUnderstood) and never taken for clean.
//   - Work is bounded. What was not looked at for that is named (NotLookedAt).
//   - A policy of others that cuts a conduit is named at the conduit: a flow of it
//     passes by ours alone and is refused for sure with every policy.
//   - Pods on their node's network, with further interfaces or with ports of the node,
//     Services and Ingresses are findings by being there: no policy holds them, or
//     they bring the outside in.
//   - Lists are bounded and sorted, so that two looks at the same site say the same.
//
// It is pure: no client, no clock.
package exposure
