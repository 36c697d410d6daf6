// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package budget predicts how full Cilium's policy maps become.
//
// Every pod has a policy map of a fixed size (bpf-policy-map-max, 16,384 entries by
// default). One that overflows drops traffic at random, so a change that would make
// one overflow is not carried out.
//
// The contract:
//
//   - The prediction is for the fullest map of each zone, in entries. It is never less
//     than what the agent writes for the objects of the Cilium backend, as long as pods
//     with equal labels have one service account: an entry for each direction, identity
//     of the peer and masked port. What two rules both allow is counted twice.
//   - Pods with equal namespace and labels share an identity; labels that Cilium hides
//     do not count. Every network is an identity.
//   - A floor always fits: what denies is written whatever it costs. Then conduits that
//     stand, then new and changed ones by name; one that does not fit is refused and the
//     next is tried. What makes no map fuller always fits. A zone's guard comes last, and
//     is left out where it does not fit.
//   - Pods come and go without anybody asking: a map that fills up by them is predicted
//     and reported, and refuses what is changed from then on, but nothing that stands.
//
// There is no client, clock or log here: equal input gives equal answers.
package budget
