// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import (
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Conduit returns the allows in each namespace of both ends, none when the
// conduit is suspended and none at an end whose zone is in Observe.
//
// What is open is the exact product of ends and ports: a policy at a responder
// names the initiator only, and the ports to all responders are the same.
func (Backend) Conduit(site *topology.Site, c *topology.Conduit) ([]*policy.Object, []v1alpha1.Finding) {
	if c.Suspended {
		return nil, nil
	}
	var responders []networkingv1.NetworkPolicyPeer
	for _, r := range c.Responders {
		responders = append(responders, peersOf(r.Workloads, r.Networks)...)
	}
	initiator := peersOf(c.Initiator.Workloads, c.Initiator.Networks)
	ports, bothWays := portsOf(c.Ports...), portsOf(c.BothWays...)

	a := allows{site: site, conduit: c}
	a.at(c.Initiator, outName(c.Name), section{responders, bothWays}, section{responders, ports})
	for _, r := range c.Responders {
		a.at(r, inName(c.Name, r.Zone.Name), section{initiator, ports}, section{initiator, bothWays})
	}
	return a.objects, nil
}

// allows collects the objects of one conduit.
type allows struct {
	site    *topology.Site
	conduit *topology.Conduit
	objects []*policy.Object
}

// at adds the objects at one end, by a name each that begins with name.
func (a *allows) at(e topology.End, name string, ingress, egress section) {
	if !e.Zone.Enforce || (!ingress.opens() && !egress.opens()) {
		return
	}
	source := topology.ObjectRef{Kind: topology.KindConduit, Name: a.conduit.Name}
	eachPlace(e.Workloads, func(namespace string, pods *metav1.LabelSelector) {
		object := newPolicy(namespace, name+selectorName(pods), allowSpec(pods, ingress, egress))
		a.objects = append(a.objects, policy.NewObject(object, policy.PartConduit, source,
			string(a.conduit.UID), policy.ConduitOwner(a.site, a.conduit)))
	})
}

// allowSpec names only the directions that it opens: naming another would isolate
// the pods in it.
func allowSpec(pods *metav1.LabelSelector, ingress, egress section) networkingv1.NetworkPolicySpec {
	spec := networkingv1.NetworkPolicySpec{PodSelector: *pods}
	if ingress.opens() {
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeIngress)
		spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: ingress.peers, Ports: ingress.ports}}
	}
	if egress.opens() {
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		spec.Egress = []networkingv1.NetworkPolicyEgressRule{{To: egress.peers, Ports: egress.ports}}
	}
	return *spec.DeepCopy()
}
