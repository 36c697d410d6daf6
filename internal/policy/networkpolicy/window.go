// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import (
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/zonewarden/zonewarden/internal/policy"
)

// Window returns a NetworkPolicy for each set of pods for which a window's passages need
// to be allowed, without labels and owner. Here the first allow isolates a pod, so it is
// on the caller to name only pods that something isolates already.
func (Backend) Window(w policy.Window) []policy.Manifest {
	var out []policy.Manifest
	for _, place := range w.Places() {
		home := place.Namespace == w.Home
		spec := placeSpec(place, home)
		if len(spec.PolicyTypes) == 0 {
			continue
		}
		name := w.Name
		if !home {
			name += selectorName(place.Pods)
		}
		out = append(out, newPolicy(place.Namespace, name, spec))
	}
	return out
}

// placeSpec is what passes at some pods. At home both directions are named, and so closed.
func placeSpec(place policy.Place, home bool) networkingv1.NetworkPolicySpec {
	spec := networkingv1.NetworkPolicySpec{PodSelector: *place.Pods}
	for _, p := range place.In {
		s := section{peersOf(p.From.Workloads, p.From.Networks), portsOf(p.Ports...)}
		if s.opens() {
			spec.Ingress = append(spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: s.peers, Ports: s.ports})
		}
	}
	for _, p := range place.Out {
		s := section{peersOf(p.To.Workloads, p.To.Networks), portsOf(p.Ports...)}
		if s.opens() {
			spec.Egress = append(spec.Egress, networkingv1.NetworkPolicyEgressRule{To: s.peers, Ports: s.ports})
		}
	}
	if len(spec.Ingress) > 0 || home {
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeIngress)
	}
	if len(spec.Egress) > 0 || home {
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
	}
	return *spec.DeepCopy()
}
