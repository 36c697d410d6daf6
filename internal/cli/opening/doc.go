// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package opening is the commands "approve", "deny" and "waiting" of the plugin: what a Zone,
// Conduit or Asset opens, where the Site wants others than its author to approve that
// (Site.spec.openings).
//
// The contract:
//
//   - Whoever decides sees first what is declared, against what is in force, and decides on
//     that: by UID, generation and hash. What changed meanwhile is not decided on.
//   - With --hash the decision is on what was reviewed elsewhere, or is none.
//   - What the operator does not wait for, and what it has not looked at yet, is refused, and
//     nothing is written.
//   - A decision is done when the operator counted it. A command says so, or that it does
//     not know.
package opening
