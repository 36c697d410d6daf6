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
		Ingress     []ciliumAllow `json:"ingress"`
		Egress      []ciliumAllow `json:"egress"`
		IngressDeny []any         `json:"ingressDeny"`
		EgressDeny  []any         `json:"egressDeny"`
	}
	// ciliumAllow is an entry of either direction: the keys do not clash.
	ciliumAllow struct {
		FromEndpoints []selector   `json:"fromEndpoints"`
		ToEndpoints   []selector   `json:"toEndpoints"`
		FromCIDRSet   []ciliumCIDR `json:"fromCIDRSet"`
		ToCIDRSet     []ciliumCIDR `json:"toCIDRSet"`
		FromEntities  []string     `json:"fromEntities"`
		ToEntities    []string     `json:"toEntities"`
		ToPorts       []struct {
			Ports []struct {
				Port     string `json:"port"`
				EndPort  int    `json:"endPort"`
				Protocol string `json:"protocol"`
			} `json:"ports"`
		} `json:"toPorts"`
	}
	ciliumCIDR struct {
		CIDR         string `json:"cidr"`
		CIDRGroupRef string `json:"cidrGroupRef"`
	}
)

// ciliumVerdict says whether a rule puts the pod into default deny in this
// direction, and whether a rule allows the flow.
func (e *Evaluator) ciliumVerdict(f flow) (denies, allows bool) {
	for _, r := range e.cilium {
		if r.EndpointSelector == nil || len(r.IngressDeny)+len(r.EgressDeny) > 0 {
			panic(fmt.Sprintf("a rule that policytest does not judge: %+v", r))
		}
		if !ciliumMatches(*r.EndpointSelector, f.subject.cilium) {
			continue
		}
		entries, flag := r.Egress, r.EnableDefaultDeny.Egress
		if f.ingress {
			entries, flag = r.Ingress, r.EnableDefaultDeny.Ingress
		}
		// Not said, a direction with entries is denied by default; said or not,
		// one without entries is left alone.
		if len(entries) > 0 && (flag == nil || *flag) {
			denies = true
		}
		for _, a := range entries {
			allows = allows || e.ciliumAllows(a, f)
		}
	}
	return denies, allows
}

func (e *Evaluator) ciliumAllows(a ciliumAllow, f flow) bool {
	endpoints, cidrs, entities := a.ToEndpoints, a.ToCIDRSet, a.ToEntities
	if f.ingress {
		endpoints, cidrs, entities = a.FromEndpoints, a.FromCIDRSet, a.FromEntities
	}
	if len(endpoints)+len(cidrs)+len(entities) == 0 {
		// Without peers, ports decide for everybody, and without ports nothing passes.
		return len(a.ToPorts) > 0 && a.hasPort(f)
	}
	return e.ciliumPeer(endpoints, cidrs, entities, f.peer) && (len(a.ToPorts) == 0 || a.hasPort(f))
}

func (e *Evaluator) ciliumPeer(endpoints []selector, cidrs []ciliumCIDR, entities []string, p party) bool {
	if p.pod != nil {
		return slices.ContainsFunc(endpoints, func(s selector) bool { return ciliumMatches(s, p.cilium) }) ||
			slices.Contains(entities, "all") || slices.Contains(entities, "cluster")
	}
	if slices.Contains(entities, p.entity) || slices.Contains(entities, "all") {
		return true
	}
	if p.entity != "world" {
		return false // a node's address has the node's identity, which no CIDR matches
	}
	return slices.ContainsFunc(cidrs, func(c ciliumCIDR) bool { return e.ciliumCIDR(c, p) })
}

func (e *Evaluator) ciliumCIDR(c ciliumCIDR, p party) bool {
	if c.CIDRGroupRef == "" {
		return inside(p.addr, c.CIDR)
	}
	return slices.ContainsFunc(e.groups[c.CIDRGroupRef], func(cidr string) bool { return inside(p.addr, cidr) })
}

func (a ciliumAllow) hasPort(f flow) bool {
	for _, rule := range a.ToPorts {
		for _, p := range rule.Ports {
			first, err := strconv.Atoi(p.Port)
			if err != nil || first == 0 || p.Protocol == "" || p.Protocol == "ANY" {
				panic(fmt.Sprintf("port %+v: names, any port and any protocol are not to be emitted", p))
			}
			last := max(first, p.EndPort)
			if p.Protocol == f.transport && first <= int(f.port) && int(f.port) <= last {
				return true
			}
		}
	}
	return false
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
