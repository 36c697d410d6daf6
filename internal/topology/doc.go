// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package topology resolves what a site declares into a model: zones with their
// members, conduits with their ends and ports, and everything that is wrong or
// doubtful about them.
//
// The contract:
//
//   - Resolve is pure and total. It reads a Snapshot, which it never changes, and
//     returns a Model; bad input becomes a Finding, never an error or a panic.
//   - The Model is a function of the set of declared objects: their order does
//     not matter, and equal snapshots give equal models.
//   - A Model holds only what is in force. An object with an error is in force as
//     it was last accepted (status.lastGood); one that was never accepted is
//     not in the model, so nothing opens for it and nothing is denied by it.
//   - One object's mistake never takes another out of force.
//   - Time alone never takes anything out of force: dates warn.
//
// Every policy backend, the matrix, the plugin and the tests read the same Model.
package topology
