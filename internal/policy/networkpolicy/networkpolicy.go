// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package networkpolicy compiles zones and conduits into NetworkPolicy objects of
// networking.k8s.io/v1, for any CNI that carries them out.
//
// The contract:
//
//   - Objects are namespaced: a zone's floor stands in each existing namespace
//     that the zone selects, a conduit's allows in each namespace of an end.
//   - An object's name says which pods it selects: with another selector it is
//     another object, so that the old one and the new one can stand side by side.
//   - Here the first allow already isolates a pod. So Observe writes nothing, and
//     neither does the end of a conduit whose zone is in Observe. What has to stand
//     for a moment while pods begin or cease to be isolated, package apply makes.
//   - Every rule of a conduit names peers and ports. A rule without peers admits
//     everybody and one without ports admits every port.
//   - Every peer names its namespaces. A workloads entry without a namespace part
//     is a programming error and panics.
//   - Traffic from the node a pod is on passes by the API's own definition, so
//     kubelet probes need no rule.
//   - What NetworkPolicy cannot express becomes a finding, and nothing is opened
//     in its place.
package networkpolicy

import (
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Backend compiles for networking.k8s.io/v1. The zero value is ready to use.
type Backend struct{}

var _ policy.Backend = Backend{}

// section is one direction of a policy.
type section struct {
	peers []networkingv1.NetworkPolicyPeer
	ports []networkingv1.NetworkPolicyPort
}

// opens says that the section has both peers and ports: with either missing it
// would mean everybody, or every port.
func (s section) opens() bool { return len(s.peers) > 0 && len(s.ports) > 0 }

func newPolicy(namespace, name string, spec networkingv1.NetworkPolicySpec) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		TypeMeta: metav1.TypeMeta{
			APIVersion: networkingv1.SchemeGroupVersion.String(),
			Kind:       policy.KindNetworkPolicy,
		},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       spec,
	}
}

// eachPlace calls f for each namespace of the entries with the pods that are meant
// there. Entries of one zone that mean the same pods of a namespace are one place,
// because one name stands for one set of pods.
func eachPlace(entries []topology.Workloads, f func(namespace string, pods *metav1.LabelSelector)) {
	seen := map[string]bool{}
	for _, w := range entries {
		namespacePart(w) // panics on an entry that has none
		pods := topology.And(w.PodSelectors...)
		for _, namespace := range w.Matching {
			if at := namespace + "/" + selectorName(pods); !seen[at] {
				seen[at] = true
				f(namespace, pods)
			}
		}
	}
}

// bothDirections makes a policy deny both ways whatever rules it has.
func bothDirections() []networkingv1.PolicyType {
	return []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
}
