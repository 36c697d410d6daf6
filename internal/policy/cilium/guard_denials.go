// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"cmp"
	"net/netip"
	"reflect"
	"slices"

	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// denied is what is denied in one direction.
type denied struct {
	list []denial
	// short says that not every pod that is nobody's peer is in it.
	short bool
	// blurred says that pods were spared because a hidden label tells them apart.
	blurred bool
}

// denial is one deny rule: either pods or networks, on some ports. One without peers
// would deny everybody, the node too, and is never made.
type denial struct {
	pods     []api.EndpointSelector
	networks api.CIDRRuleSlice
	ports    denyPorts
}

// denies returns everything but what the peers may.
func denies(p peers) *denied {
	d := &denied{}
	d.addPods(p)
	d.addNetworks(p)
	return d
}

// addPods denies the pods that are nobody's peers, and those that are on all ports but
// theirs. Pods that are of the name service and of a zone may be reached on the ports
// of both.
func (d *denied) addPods(p peers) {
	d.blurred = p.own.blurred || p.dns.blurred
	var zones []term
	for _, z := range p.zones {
		zones = append(zones, z.broad...)
		d.blurred = d.blurred || z.blurred
	}
	platform := slices.Concat(p.own.broad, p.dns.broad)
	d.denyPods(d.without(anyPod(), slices.Concat(platform, zones)), everyPort)
	for _, z := range p.zones {
		for _, t := range z.exact {
			d.denyPods(d.without(t, p.dns.broad), otherPorts(z.ports))
			for _, named := range p.dns.exact {
				if both, ok := t.and(named); ok {
					d.denyPods([]term{both}, otherPorts(slices.Concat(z.ports, p.dns.ports)))
				}
			}
		}
	}
	for _, named := range p.dns.exact {
		d.denyPods(d.without(named, slices.Concat(p.own.broad, zones)), otherPorts(p.dns.ports))
	}
}

// anyPod matches what has a namespace, which of all endpoints only pods have.
func anyPod() term { return term{k8sconst.PodNamespaceLabel: {present: true}} }

func (d *denied) without(within term, spared []term) []term {
	terms, whole := complement(within, spared)
	d.short = d.short || !whole
	return terms
}

// denyPods denies ports to and from pods.
func (d *denied) denyPods(terms []term, ports denyPorts) {
	if ports.none() {
		return
	}
	for _, t := range terms {
		rule := d.rule(ports, false)
		rule.pods = append(rule.pods, endpoints(t.selector()))
	}
}

// addNetworks denies every address that is in no peer's network, and those that are on
// all ports but theirs. Where networks lie in one another the inner one has the ports
// of both, so it is taken out of the outer one.
//
// The networks are written out. A group of addresses changes in a stream of its own,
// and one that the agent has not seen yet would be denied everything.
func (d *denied) addNetworks(p peers) {
	var prefixes []netip.Prefix
	for _, n := range p.networks {
		prefixes = append(prefixes, n.prefix)
	}
	slices.SortFunc(prefixes, byAddress)
	prefixes = slices.Compact(prefixes)
	if p.world {
		for _, everywhere := range []string{"0.0.0.0/0", "::/0"} {
			d.denyNetwork(netip.MustParsePrefix(everywhere), prefixes, everyPort)
		}
	}
	for _, prefix := range prefixes {
		var ports []protocol.PortRange
		free := false
		for _, n := range p.networks {
			if holds(n.prefix, prefix) {
				ports, free = append(ports, n.ports...), free || n.free
			}
		}
		if !free {
			d.denyNetwork(prefix, prefixes, otherPorts(ports))
		}
	}
}

// denyNetwork denies ports to and from a network but for those that lie in it.
func (d *denied) denyNetwork(prefix netip.Prefix, all []netip.Prefix, ports denyPorts) {
	if ports.none() {
		return
	}
	rule := d.rule(ports, true)
	out := api.CIDRRule{Cidr: api.CIDR(prefix.String())}
	var last netip.Prefix
	for _, inner := range all {
		if inner == prefix || !holds(prefix, inner) || last.IsValid() && holds(last, inner) {
			continue
		}
		last = inner
		out.ExceptCIDRs = append(out.ExceptCIDRs, api.CIDR(inner.String()))
	}
	rule.networks = append(rule.networks, out)
}

// holds says that a network contains another one, or is it.
func holds(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// byAddress sorts outer networks before those in them.
func byAddress(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// rule returns the rule for these ports, made when there is none: each rule is worked
// out by every agent for every pod that it selects.
func (d *denied) rule(ports denyPorts, networks bool) *denial {
	i := slices.IndexFunc(d.list, func(r denial) bool {
		return (len(r.networks) > 0) == networks && reflect.DeepEqual(r.ports, ports)
	})
	if i < 0 {
		i, d.list = len(d.list), append(d.list, denial{ports: ports})
	}
	return &d.list[i]
}

func (d *denied) ingress() []api.IngressDenyRule {
	var out []api.IngressDenyRule
	for _, r := range d.list {
		out = append(out, api.IngressDenyRule{
			IngressCommonRule: api.IngressCommonRule{FromEndpoints: r.pods, FromCIDRSet: r.networks}, ToPorts: r.ports.rules,
		})
	}
	return out
}

func (d *denied) egress() []api.EgressDenyRule {
	var out []api.EgressDenyRule
	for _, r := range d.list {
		out = append(out, api.EgressDenyRule{
			EgressCommonRule: api.EgressCommonRule{ToEndpoints: r.pods, ToCIDRSet: r.networks}, ToPorts: r.ports.rules,
		})
	}
	return out
}
