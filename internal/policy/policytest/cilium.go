// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policytest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The JSON form of Cilium's objects, as far as the compiler emits it.
type (
	object struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Metadata   objectMeta     `json:"metadata"`
		Status     map[string]any `json:"status"`
	}
	objectMeta struct {
		Name            string            `json:"name"`
		Namespace       string            `json:"namespace"`
		Labels          map[string]string `json:"labels"`
		Annotations     map[string]string `json:"annotations"`
		OwnerReferences []any             `json:"ownerReferences"`
	}
	cidrGroup struct {
		object
		Spec struct {
			ExternalCIDRs []string `json:"externalCIDRs"`
		} `json:"spec"`
	}
	ciliumPolicy struct {
		object
		Specs []ciliumRule `json:"specs"`
	}
	ciliumRule struct {
		EndpointSelector  *selector `json:"endpointSelector"`
		EnableDefaultDeny struct {
			Ingress *bool `json:"ingress"`
			Egress  *bool `json:"egress"`
		} `json:"enableDefaultDeny"`
		Description string        `json:"description"`
		Ingress     []ciliumEntry `json:"ingress"`
		Egress      []ciliumEntry `json:"egress"`
		IngressDeny []ciliumEntry `json:"ingressDeny"`
		EgressDeny  []ciliumEntry `json:"egressDeny"`
	}
	// ciliumEntry is an entry of either direction: the keys do not clash.
	ciliumEntry struct {
		FromEndpoints []selector   `json:"fromEndpoints"`
		ToEndpoints   []selector   `json:"toEndpoints"`
		FromCIDRSet   []ciliumCIDR `json:"fromCIDRSet"`
		ToCIDRSet     []ciliumCIDR `json:"toCIDRSet"`
		FromEntities  []string     `json:"fromEntities"`
		ToEntities    []string     `json:"toEntities"`
		ToPorts       []struct {
			Ports []ciliumPort `json:"ports"`
		} `json:"toPorts"`
	}
	ciliumPort struct {
		Port     string `json:"port"`
		EndPort  int    `json:"endPort"`
		Protocol string `json:"protocol"`
	}
	ciliumCIDR struct {
		CIDR         string   `json:"cidr"`
		CIDRGroupRef string   `json:"cidrGroupRef"`
		Except       []string `json:"except"`
	}
)

// ciliumSays is what Cilium's rules say of one direction at one pod.
type ciliumSays struct {
	// isolates: a rule puts the pod into default deny.
	isolates bool
	// allows and denies: a rule names the flow. A deny beats every allow.
	allows, denies bool
}

func (e *Evaluator) ciliumVerdict(f flow) ciliumSays {
	var says ciliumSays
	for _, r := range e.cilium {
		if r.EndpointSelector == nil {
			panic(fmt.Sprintf("a rule that policytest does not judge: %+v", r))
		}
		if !ciliumMatches(*r.EndpointSelector, f.subject.cilium) {
			continue
		}
		entries, denials, flag := r.side(f.ingress)
		// Not said, a direction with entries is denied by default; said or not,
		// one without entries is left alone.
		says.isolates = says.isolates || len(entries)+len(denials) > 0 && (flag == nil || *flag)
		says.allows = slices.ContainsFunc(entries, func(a ciliumEntry) bool { return e.ciliumAllows(a, f) }) || says.allows
		says.denies = slices.ContainsFunc(denials, func(d ciliumEntry) bool { return e.ciliumDenies(d, f) }) || says.denies
	}
	return says
}

func (r ciliumRule) side(ingress bool) (allows, denies []ciliumEntry, defaultDeny *bool) {
	if ingress {
		return r.Ingress, r.IngressDeny, r.EnableDefaultDeny.Ingress
	}
	return r.Egress, r.EgressDeny, r.EnableDefaultDeny.Egress
}

func (e *Evaluator) ciliumAllows(a ciliumEntry, f flow) bool {
	endpoints, cidrs, entities := a.peers(f.ingress)
	if len(endpoints)+len(cidrs)+len(entities) == 0 {
		// Without peers, ports decide for everybody, and without ports nothing passes.
		return len(a.ToPorts) > 0 && a.hasPort(f)
	}
	return e.ciliumPeer(endpoints, cidrs, entities, f.peer) && (len(a.ToPorts) == 0 || a.hasPort(f))
}

// ciliumDenies insists on what a deny must keep to: it names pods or networks. By an
// entity, or without peers, it would take in the node.
func (e *Evaluator) ciliumDenies(d ciliumEntry, f flow) bool {
	endpoints, cidrs, entities := d.peers(f.ingress)
	if len(entities) > 0 || (len(endpoints) > 0) == (len(cidrs) > 0) {
		panic(fmt.Sprintf("a deny of others than either pods or networks: %+v", d))
	}
	return e.ciliumPeer(endpoints, cidrs, nil, f.peer) && (len(d.ToPorts) == 0 || d.hasPort(f))
}

func (a ciliumEntry) peers(ingress bool) (endpoints []selector, cidrs []ciliumCIDR, entities []string) {
	if ingress {
		return a.FromEndpoints, a.FromCIDRSet, a.FromEntities
	}
	return a.ToEndpoints, a.ToCIDRSet, a.ToEntities
}

func (e *Evaluator) ciliumPeer(endpoints []selector, cidrs []ciliumCIDR, entities []string, p party) bool {
	if p.pod != nil {
		return slices.ContainsFunc(endpoints, func(s selector) bool { return ciliumMatches(s, p.cilium) }) ||
			slices.Contains(entities, "all") || slices.Contains(entities, "cluster")
	}
	if slices.Contains(entities, p.entity) || slices.Contains(entities, "all") {
		return true
	}
	if !p.outside {
		return false // a node's address has the node's identity, which no CIDR matches
	}
	return slices.ContainsFunc(cidrs, func(c ciliumCIDR) bool { return e.ciliumCIDR(c, p) })
}

func (e *Evaluator) ciliumCIDR(c ciliumCIDR, p party) bool {
	if c.CIDRGroupRef == "" {
		return inside(p.addr, c.CIDR) &&
			!slices.ContainsFunc(c.Except, func(inner string) bool { return insideOf(p.addr, inner, c.CIDR) })
	}
	if len(c.Except) > 0 {
		panic("exceptions of a group of addresses")
	}
	return slices.ContainsFunc(e.groups[c.CIDRGroupRef], func(cidr string) bool { return inside(p.addr, cidr) })
}

func (a ciliumEntry) hasPort(f flow) bool {
	for _, rule := range a.ToPorts {
		for _, p := range rule.Ports {
			if p.takes(f) {
				return true
			}
		}
	}
	return false
}

// takes: port 0 is every port of the transport. As the beginning of a range it would be
// as well, whatever the end, which nobody means.
func (p ciliumPort) takes(f flow) bool {
	first, err := strconv.Atoi(p.Port)
	if err != nil || first == 0 && p.EndPort != 0 || p.Protocol == "" || p.Protocol == "ANY" {
		panic(fmt.Sprintf("port %+v: names, ranges from 0 and any protocol are not to be emitted", p))
	}
	last := max(first, p.EndPort)
	return p.Protocol == f.transport && (first == 0 || first <= int(f.port) && int(f.port) <= last)
}

// ciliumLabels are the labels of a pod's identity: its own, its namespace's name
// and its namespace's labels.
func ciliumLabels(p Pod, namespaceLabels map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range p.Labels {
		out["k8s:"+k] = v
	}
	for k, v := range namespaceLabels {
		out["k8s:io.cilium.k8s.namespace.labels."+k] = v
	}
	out["k8s:io.kubernetes.pod.namespace"] = p.Namespace
	return out
}

// ciliumMatches insists on what the compilers must keep to: no empty selector,
// and every key with its source.
func ciliumMatches(s selector, labels map[string]string) bool {
	keys := make([]string, 0, len(s.MatchLabels)+len(s.MatchExpressions))
	for k := range s.MatchLabels {
		keys = append(keys, k)
	}
	for _, e := range s.MatchExpressions {
		keys = append(keys, e.Key)
	}
	if len(keys) == 0 {
		panic("an empty endpoint selector")
	}
	for _, k := range keys {
		if !strings.HasPrefix(k, "k8s:") {
			panic(fmt.Sprintf("selector key %q without its source", k))
		}
	}
	return s.matches(labels)
}
