// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policytest

import (
	"fmt"
	"slices"
)

// The JSON form of a NetworkPolicy, as far as the compiler emits it.
type (
	networkPolicy struct {
		object
		Spec struct {
			PodSelector selector     `json:"podSelector"`
			PolicyTypes []string     `json:"policyTypes"`
			Ingress     []policyRule `json:"ingress"`
			Egress      []policyRule `json:"egress"`
		} `json:"spec"`
	}
	policyRule struct {
		From  []policyPeer `json:"from"`
		To    []policyPeer `json:"to"`
		Ports []policyPort `json:"ports"`
	}
	policyPeer struct {
		NamespaceSelector *selector `json:"namespaceSelector"`
		PodSelector       *selector `json:"podSelector"`
		IPBlock           *struct {
			CIDR string `json:"cidr"`
		} `json:"ipBlock"`
	}
	policyPort struct {
		Protocol string `json:"protocol"`
		Port     int    `json:"port"`
		EndPort  int    `json:"endPort"`
	}
)

// networkPolicyVerdict says whether a policy isolates the pod in this direction,
// and whether one allows the flow.
func (e *Evaluator) networkPolicyVerdict(f flow) (isolates, allows bool) {
	direction := "Egress"
	if f.ingress {
		direction = "Ingress"
	}
	for _, p := range e.policies {
		if len(p.Spec.PolicyTypes) == 0 {
			panic("a NetworkPolicy that leaves its policyTypes to be guessed: " + p.Metadata.Name)
		}
		if !p.selects(f.subject.pod) || !slices.Contains(p.Spec.PolicyTypes, direction) {
			continue
		}
		isolates = true
		allows = allows || p.allows(f)
	}
	// The API says that traffic from the pod's own node always passes.
	return isolates, allows || isolates && f.ingress && f.peer.isHost()
}

func (p networkPolicy) selects(pod *Pod) bool {
	return p.Metadata.Namespace == pod.Namespace && p.Spec.PodSelector.matches(pod.Labels)
}

func (p networkPolicy) allows(f flow) bool {
	rules := p.Spec.Egress
	if f.ingress {
		rules = p.Spec.Ingress
	}
	return slices.ContainsFunc(rules, func(r policyRule) bool { return r.allows(p.Metadata.Namespace, f) })
}

func (r policyRule) allows(namespace string, f flow) bool {
	peers := r.To
	if f.ingress {
		peers = r.From
	}
	fromPeer := func(p policyPeer) bool { return p.matches(namespace, f.peer) }
	onPort := func(p policyPort) bool { return p.matches(f) }
	return (len(peers) == 0 || slices.ContainsFunc(peers, fromPeer)) &&
		(len(r.Ports) == 0 || slices.ContainsFunc(r.Ports, onPort))
}

func (p policyPeer) matches(namespace string, who party) bool {
	if p.IPBlock != nil {
		if p.NamespaceSelector != nil || p.PodSelector != nil {
			panic("a peer with an ipBlock and selectors")
		}
		return who.pod == nil && inside(who.addr, p.IPBlock.CIDR)
	}
	if who.pod == nil {
		return false
	}
	if p.NamespaceSelector == nil && who.pod.Namespace != namespace {
		return false
	}
	if p.NamespaceSelector != nil && !p.NamespaceSelector.matches(who.nsLabel) {
		return false
	}
	return p.PodSelector == nil || p.PodSelector.matches(who.pod.Labels)
}

func (p policyPort) matches(f flow) bool {
	if p.Protocol == "" || p.Port == 0 {
		panic(fmt.Sprintf("port %+v: any port and a protocol by default are not to be emitted", p))
	}
	return p.Protocol == f.transport && p.Port <= int(f.port) && int(f.port) <= max(p.Port, p.EndPort)
}
