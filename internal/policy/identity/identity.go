// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package identity knows which labels Cilium leaves out of a pod's identity. Cilium gives
// pods with the same identity labels one identity, and policy sees identities only: a
// label that is left out cannot be selected by, "equals" matches no pod, "is not" matches
// all. Tests of its users hold the list to Cilium's own filter.
package identity

import (
	"slices"
	"strings"
)

// leftOut are those labels, by their beginning.
var leftOut = []string{
	"io.kubernetes",
	"kubernetes.io",
	"statefulset.kubernetes.io/pod-name",
	"apps.kubernetes.io/pod-index",
	"batch.kubernetes.io/job-completion-index",
	"batch.kubernetes.io/controller-uid",
	"k8s.io",
	"pod-template-generation",
	"pod-template-hash",
	"controller-revision-hash",
	"controller-uid",
	"annotation",
	"etcd_node",
	"topology.kubernetes.io",
	"io.cilium.k8s", // what Cilium keeps for itself, such as the service account
}

// leftOutAnywhere hides a label wherever in the key it is.
const leftOutAnywhere = "beta.kubernetes.io"

// LeavesOut says that Cilium's default filter hides this pod label from policy.
func LeavesOut(key string) bool {
	return strings.Contains(key, leftOutAnywhere) ||
		slices.ContainsFunc(leftOut, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// LeavesOutOfNamespace says the same of a label of the pod's namespace. Cilium keeps
// those under a prefix of its own, so it is only what hides wherever it stands.
func LeavesOutOfNamespace(key string) bool { return strings.Contains(key, leftOutAnywhere) }
