// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package openings says which changes of a site wait until somebody else than their author
// has approved them (Site.spec.openings; IEC 62443-3-2 ZCR 7.1).
//
// The contract:
//
//   - Judge is pure: equal input gives the same Judgement.
//   - A Zone, Conduit or Asset waits if what it declares differs from what was last
//     accepted of it and would open something: let anything more pass into a place whose
//     zone has, before or after, a target level of at least approvedFrom; take pods out of
//     such a zone, into none or a lower one, or devices into a lower one; or take a zone
//     below that level. Whether a zone is in Observe does not matter to that: it is judged
//     as if all of them denied.
//   - With everything that waits held back (topology.Snapshot.Held), nothing passes into
//     such a place that did not pass by what was last accepted or approved. Pods and
//     namespaces that are not there yet count as if they were.
//   - What waits stops nothing else: a change that opens nothing comes into force, and so
//     does what only closes.
//   - An Approval counts for one object by its UID, generation and hash, from somebody who
//     is not its author. What does not say who wrote it is approved by nobody. Of the
//     labels of an asset, which are no part of its generation, it counts until others come
//     into force.
package openings
