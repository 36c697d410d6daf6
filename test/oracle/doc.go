// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package oracle answers, for tests, whether policy objects let a flow pass, with
// policy engines that are not ours.
//
// The contract:
//
//   - Cilium judges with Cilium's own code: its parsers of objects, its label filter,
//     its cache of identities by address, its repository and its policy maps, in
//     process, with the options of a default dual-stack installation. An object that
//     the agent would refuse is an error of Apply, and what stood before stands.
//   - Cyclonus judges NetworkPolicy objects with the matcher of the tool of that name.
//     Where its matcher is known to differ from what Kubernetes documents, it answers
//     ErrNotJudged and nothing else.
//   - Objects come in as the JSON that goes over the wire, so that callers need no
//     types of Cilium.
//   - What an engine does not model is an error and never a silent answer: rules of
//     layer 7, names, services, groups, ICMP, authentication, and policies of nodes.
//   - Connection tracking, Services and the time that an agent takes are outside.
//     A flow is the first packet of a connection, with the addresses that it has at
//     the pods.
//
// An engine is for one caller at a time; several engines may be used at once.
package oracle
