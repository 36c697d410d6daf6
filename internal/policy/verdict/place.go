// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"net/netip"
	"slices"
)

// kind is what there is at an address.
type kind uint8

const (
	atPod kind = iota
	atNode
	// outside is neither pod nor node.
	outside
	// unsure is a node or outside.
	unsure
	// unclear is an address that more than one claims, or that nothing can have.
	unclear
	kinds
)

// reach says for each kind of place whether a peer matches it.
type reach [kinds]truth

// Peers that can be told by the kind of place alone.
var (
	everywhere = reach{atPod: yes, atNode: yes, outside: yes, unsure: yes}
	anywhere   = reach{atPod: maybe, atNode: maybe, outside: maybe, unsure: maybe}
)

func (r reach) or(o reach) reach {
	for i := range r {
		r[i] = r[i].or(o[i])
	}
	return r
}

// place is one end of a flow.
type place struct {
	kind    kind
	address netip.Addr
	pod     *podState
	// hosted are the pods on a node's network.
	hosted []*podState
}

// plain is an address as maps have it: one that is written as IPv6 is IPv4.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func (r *Rules) place(a netip.Addr) place {
	a = plain(a)
	if p, ok := r.places[a]; ok {
		return p
	}
	switch {
	case !a.IsValid() || a.IsUnspecified() || a.IsMulticast():
		return place{kind: unclear}
	case a.IsLinkLocalUnicast() || a.IsLoopback():
		return place{kind: unsure, address: a}
	default:
		return place{kind: outside, address: a}
	}
}

// settle puts the pods and nodes of a cluster at their addresses.
func settle(c Cluster) map[netip.Addr]place {
	places := make(map[netip.Addr]place, len(c.Pods)+len(c.Nodes))
	put := func(p place) {
		there, taken := places[p.address]
		switch {
		case !taken:
		case there.kind == atNode && p.kind == atNode:
			p.hosted = append(there.hosted, p.hosted...)
		case there.kind == atPod && there.pod == p.pod:
		default:
			p.kind, p.pod = unclear, nil
		}
		places[p.address] = p
	}
	for _, a := range c.Nodes {
		put(place{kind: atNode, address: plain(a)})
	}
	for i := range c.Pods {
		pod := &podState{Pod: c.Pods[i]}
		pod.namespaceLabels, pod.namespaceSeen = c.Namespaces[pod.Namespace]
		for _, a := range pod.Addresses {
			if pod.HostNetwork {
				put(place{kind: atNode, address: plain(a), hosted: []*podState{pod}})
			} else {
				put(place{kind: atPod, address: plain(a), pod: pod})
			}
		}
	}
	return places
}

// names is a set of names.
type names map[string]struct{}

func (n names) add(name string) { n[name] = struct{}{} }

func (n names) addObjects(objects []*object) {
	for _, o := range objects {
		n.add(o.name)
	}
}

func (n names) sorted() []string {
	if len(n) == 0 {
		return nil
	}
	out := make([]string, 0, len(n))
	for name := range n {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
