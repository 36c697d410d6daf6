// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cilium compiles zones and conduits into Cilium's policy objects.
//
// The contract:
//
//   - A zone becomes one CiliumClusterwideNetworkPolicy, its floor, and where it
//     has devices one CiliumCIDRGroup; both are called zone-NAME. The floor alone
//     asks for default deny. In Observe it is the same object that does not.
//   - A conduit becomes one CiliumClusterwideNetworkPolicy conduit-NAME that holds
//     the rules of both its ends, so that it opens and closes in one write. It
//     never asks for default deny.
//   - Every rule selects pods by namespace. A workloads entry without a namespace
//     part is a programming error and panics: a selector without one would take
//     in the whole cluster.
//   - Every rule of a conduit names peers and ports. In Cilium a rule without
//     peers admits everybody and a rule without ports admits every port.
//   - A zone's guard, where the Site asks for it, is one more
//     CiliumClusterwideNetworkPolicy guard-NAME that holds only denies. Floors and
//     conduits only allow.
//   - All of it is of layer 3 and 4: a rule of layer 7 leaves the endpoint with its
//     old policy where no proxy runs.
//   - Nothing ever denies the host: kubelet probes come from there, and a failed
//     probe restarts the plant. Denies name pods and networks, never an entity.
package cilium

import (
	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/policy/api"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Backend compiles for Cilium. The zero value is ready to use.
type Backend struct{}

var _ policy.Backend = Backend{}

// The names of objects say which declaration they are made of.
func zoneName(zone string) string       { return "zone-" + zone }
func conduitName(conduit string) string { return "conduit-" + conduit }

// newPolicy always uses specs, never spec, so that an object keeps its shape when
// a second rule comes, and server-side apply has one field to own.
func newPolicy(name string, rules api.Rules) *ciliumv2.CiliumClusterwideNetworkPolicy {
	return &ciliumv2.CiliumClusterwideNetworkPolicy{
		TypeMeta:   typeMeta(ciliumv2.CCNPKindDefinition),
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Specs:      rules,
	}
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: ciliumv2.SchemeGroupVersion.String(), Kind: kind}
}

// defaultDeny is always written out: left out, Cilium denies every direction that
// has a rule.
func defaultDeny(deny bool) api.DefaultDenyConfig {
	ingress, egress := deny, deny
	return api.DefaultDenyConfig{Ingress: &ingress, Egress: &egress}
}

// selectorsOf returns one selector for each entry; a peer matches when one does.
func selectorsOf(entries []topology.Workloads) []api.EndpointSelector {
	out := make([]api.EndpointSelector, 0, len(entries))
	for _, w := range entries {
		out = append(out, podsOf(w))
	}
	return out
}
