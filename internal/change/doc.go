// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package change says what becomes different between two declarations of a site: what
// opens and closes, who is newly denied, and what of it somebody outside the cluster has
// to carry out.
//
// The contract:
//
//   - Compare is pure. Equal sides give an empty Change.
//   - Every pair of places (package reach) whose passing differs is in exactly one of the
//     lists: Opens and Closes, where the ends are denied before and after, or denied
//     neither before nor after; Denied and Released, where that changes.
//   - What is said is of the objects as they are in force: an edit that is not accepted
//     leaves the last good version, and is among the Findings.
package change
