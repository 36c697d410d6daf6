// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package grant turns what a window lets in into the objects that let it in, and says
// beforehand what is wrong with what the window names.
//
// The contract:
//
//   - Compile and Check are functions of their input alone. Equal input gives equal
//     objects in equal order, whatever the order of pods.
//   - Nothing is opened but what spec.reach names, on the ports of its flows, from the
//     window's pod or, for SourceAddress, from the jump host. What cannot be told exactly is
//     left out; Check says so with the field, and is to be asked first.
//   - Every object is namespaced, lies in the namespace of the window's pods, of a target,
//     of the jump host or of a right that is named, and has an owner there: the fuse, a Job
//     that runs nothing and that Kubernetes deletes at the end, and with it all it owns.
//   - The digest of an object covers all that is declared of it but owners and the seconds
//     that are left, which change by themselves, and what a pod has of the operator's own
//     image, so that an upgrade ends no session. It is in an annotation as well, because
//     what the API server adds to a pod is not to be told from an edit.
//   - A relay forwards to addresses, so when those of its targets change it is another pod.
//     One with no target has no pod until there is one.
//   - Only connections that the window's side opens pass. A protocol whose targets open
//     connections of their own (EtherNet/IP's cyclic data) is half of one here.
//
// Where the jump host is pods, the relay serves every address that the policy lets in:
// pods change their addresses, and the policy knows them by namespace and labels.
package grant
