// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers turns events into one pass over the site, and a pass into
// writes and statuses.
//
// There is one reconciler, because the order of writes is a property of all zones
// together: a floor that grows here must be written before one that shrinks
// there. Its pass is
//
//	fetch a snapshot -> topology.Resolve -> policy.Compile -> apply.NewPlan -> write -> status
//
// and everything between fetching and writing is pure. Events of one moment
// become one pass. One file for each kind holds what its status says.
//
// Beside it runs the timekeeper, which looks at the node's clocks more often than a
// pass is needed. It tells the passes what the Site has to say, and writes no status.
package controllers
