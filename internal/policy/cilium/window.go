// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"slices"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/policy/api"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Window returns one CiliumNetworkPolicy in each namespace in which a window's passages
// need to be allowed, without labels and owner. Only in the window's home does it deny by
// default: elsewhere it adds to what stands.
func (Backend) Window(w policy.Window) []policy.Manifest {
	rules := map[string]api.Rules{}
	var namespaces []string
	for _, place := range w.Places() {
		if misread(topology.Workloads{PodSelectors: []*metav1.LabelSelector{place.Pods}}) {
			continue // it could select pods that are not meant
		}
		var ingress []api.IngressRule
		var egress []api.EgressRule
		for _, p := range place.In {
			ingress = append(ingress, fromEnd(sideEnd(p.From), portRules(p.Ports))...)
		}
		for _, p := range place.Out {
			egress = append(egress, toEnd(sideEnd(p.To), portRules(p.Ports))...)
		}
		if len(ingress)+len(egress) == 0 {
			continue
		}
		if !slices.Contains(namespaces, place.Namespace) {
			namespaces = append(namespaces, place.Namespace)
		}
		rules[place.Namespace] = append(rules[place.Namespace], &api.Rule{
			// The namespace is the policy's own.
			EndpointSelector:  endpoints(place.Pods),
			EnableDefaultDeny: defaultDeny(place.Namespace == w.Home),
			Ingress:           ingress,
			Egress:            egress,
			Description:       w.Name,
		})
	}
	out := make([]policy.Manifest, 0, len(namespaces))
	for _, namespace := range namespaces {
		out = append(out, &ciliumv2.CiliumNetworkPolicy{
			TypeMeta:   typeMeta(ciliumv2.CNPKindDefinition),
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: w.Name},
			Specs:      rules[namespace],
		})
	}
	return out
}

func sideEnd(s policy.Side) topology.End {
	return topology.End{Workloads: s.Workloads, Networks: s.Networks}
}
