// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plant is a site as the plugin sees it: as a cluster has it, as files declare it,
// or as a cluster will have it once files are applied.
//
// It is read once and judged by the same pure packages as the operator's: topology,
// policy, budget and apply. What it cannot see (pods, policies, Cilium's options) it goes
// without and says so in Unseen; what it assumes in place of a cluster is in Assumptions.
package plant
