// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package node is what zonewarden-node does on each node: it ends the live flows of what
// was closed, tries with real packets whether each enforced zone holds, looks for flows
// with addresses that nothing declares, and reports all three.
//
// It goes by the policy objects that stand in the cluster, not by what is declared:
// a conduit that was deleted while nobody closes it still passes, and its flows are left
// alone. So the agent needs no operator, and with the API server away it does nothing
// but probe.
//
// Four loops share the rules that the objects make: one keeps them and ends flows, one
// probes, one looks outside, one reports. The only object that is written is the node's own NodeReport.
package node
