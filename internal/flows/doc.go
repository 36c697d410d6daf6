// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package flows reads the flows that a node tracks, and ends single ones, because a
// policy that closes does not end what is open: replies pass by the entry in the
// connection tracking table and not by policy.
//
// The contract:
//
//   - A flow is seen as policy sees it: who opened it, and what was reached after
//     any translation of the destination. See Flow.
//   - Every tracked flow is reported, once. One that nobody has closed for the table
//     is still a flow: an entry lets replies pass for as long as it is there,
//     also past its end and its lifetime.
//   - End removes the entries of exactly the flows given. An entry that several
//     flows share (errors by ICMP between two addresses, in Cilium) goes with the
//     last of them.
//   - End closes no door. What policy still allows is tracked again with the next
//     packet, so policy first, End after. And a next packet from the far side is a
//     new flow, opened by that side: if policy lets it open one, it is not closed,
//     and it is listed by that name.
//   - A table that we cannot read for sure is an error and is not guessed at.
//   - Nothing is kept between calls but the paths: maps that the agent made anew
//     and a namespace that was replaced are found. No clock.
//
// It needs Linux. Cilium's maps need CAP_BPF and the right to open files below the
// BPF file system; the kernel's table needs CAP_NET_ADMIN, and CAP_SYS_ADMIN to read
// another network namespace than our own.
package flows
