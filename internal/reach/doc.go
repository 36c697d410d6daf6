// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package reach says who may open connections to whom, between pods and devices rather
// than between zones: what a plan compares and a matrix lists.
//
// The contract:
//
//   - A Place is all of those whom no zone and no conduit of the models tells apart. What
//     is said of a place is true of each of its members.
//   - Nobody is left out: each pod on the pod network and each declared address is in one
//     place, and a part of a zone that has no pod now is represented by one that it would
//     take in.
//   - What passes between two places is what the model declares (conduits, traffic within
//     a zone, platform services), or everything where neither end is denied anything. The
//     policy objects are not looked at: that they carry out the model is proved elsewhere.
//   - What others open or close (policies of others, Services, hostNetwork) is not in it.
package reach
