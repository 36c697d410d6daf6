// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/internal/policy/identity"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// peers are whom a zone's members may speak with in one direction, as coarse as zones
// are.
type peers struct {
	// own are the members where internal traffic passes, on every port, and the pods of
	// access windows where there may be any: what those may do is held at their side.
	own pods
	// zones are those of the neighbours that have ports in this direction. No pod is
	// in two zones.
	zones []podPeer
	// dns are the pods of the name service, which may be in a zone besides.
	dns podPeer
	// networks may overlap.
	networks []networkPeer
	// world says that every address that is in none of the networks may be denied.
	world bool
}

// pods are what some entries select.
type pods struct {
	// exact match these pods and no others: they may be denied something.
	exact []term
	// broad match them, and more where a label that Cilium hides tells them from
	// others: they may be spared.
	broad []term
	// blurred says that some are only broad.
	blurred bool
}

type podPeer struct {
	pods
	ports []protocol.PortRange
}

// networkPeer is a network with its ports, where free with all of them.
type networkPeer struct {
	prefix netip.Prefix
	ports  []protocol.PortRange
	free   bool
}

// sources are whom the members may be spoken to by.
func (g *guard) sources() peers {
	p := peers{world: true}
	g.addZones(&p, func(n topology.Neighbour) []protocol.PortRange { return n.In })
	return p
}

// destinations are whom the members may speak to: zones, and the platform's services
// as the floor opens them.
func (g *guard) destinations() peers {
	p := peers{world: !g.apiUnknown()}
	g.addZones(&p, func(n topology.Neighbour) []protocol.PortRange { return n.Out })
	if dns := g.site.DNS; g.zone.DNS && dns.Port != 0 {
		p.dns.ports = onBoth(dns.Port)
		p.addNetworks(hostNetworks(dns.Addresses), p.dns.ports)
		if dns.Namespace != "" && len(dns.PodLabels) > 0 {
			p.dns.pods = podsIn([]topology.Workloads{{
				Namespaces:   []string{dns.Namespace},
				PodSelectors: []*metav1.LabelSelector{{MatchLabels: dns.PodLabels}},
			}})
		}
	}
	if !g.opensAPI() {
		return p
	}
	api := []protocol.PortRange{{Transport: protocol.TCP, First: g.site.API.Port, Last: g.site.API.Port}}
	p.addNetworks(hostNetworks(g.site.API.Addresses), api)
	if g.apiUnknown() {
		// It may be in the network of any neighbour.
		for i, n := range p.networks {
			p.networks[i].ports = slices.Concat(n.ports, api)
		}
	}
	return p
}

// addZones adds the zone itself and its neighbours. One without ports in this
// direction is no peer: it is denied like everybody else.
func (g *guard) addZones(p *peers, portsOf func(topology.Neighbour) []protocol.PortRange) {
	var free []topology.Workloads
	if g.site.Access {
		free = append(free, topology.WindowPods())
	}
	p.own = podsIn(free)
	if g.zone.InternalTraffic {
		p.own = podsIn(append(free, g.zone.Workloads...))
		for _, n := range g.zone.Networks {
			p.networks = append(p.networks, networkPeer{prefix: n, free: true})
		}
	}
	for _, n := range g.neighbours {
		ports := portsOf(n)
		if len(ports) == 0 || n.Zone == g.zone.Name && g.zone.InternalTraffic {
			continue
		}
		p.zones = append(p.zones, podPeer{pods: podsIn(n.Workloads), ports: ports})
		p.addNetworks(n.Networks, ports)
	}
}

func (p *peers) addNetworks(networks []netip.Prefix, ports []protocol.PortRange) {
	for _, n := range networks {
		p.networks = append(p.networks, networkPeer{prefix: n, ports: ports})
	}
}

// onBoth is a port on the two transports of a name service.
func onBoth(port uint16) []protocol.PortRange {
	return []protocol.PortRange{
		{Transport: protocol.TCP, First: port, Last: port},
		{Transport: protocol.UDP, First: port, Last: port},
	}
}

// podsIn returns the pods of entries as terms over Cilium's labels.
func podsIn(entries []topology.Workloads) pods {
	var p pods
	for _, w := range entries {
		selectors, hidden := []*metav1.LabelSelector{namespacePart(w)}, false
		for _, s := range w.PodSelectors {
			if hides(s) {
				s, hidden = visible(s), true
			}
			selectors = append(selectors, s)
		}
		t, ok := termOf(selectors...)
		if !ok {
			continue // nothing can match it
		}
		p.broad = append(p.broad, t)
		if !hidden {
			p.exact = append(p.exact, t)
		}
		p.blurred = p.blurred || hidden
	}
	return pods{exact: joinAlike(p.exact), broad: joinAlike(p.broad), blurred: p.blurred}
}

func hides(s *metav1.LabelSelector) bool {
	return s != nil && slices.ContainsFunc(topology.SelectorKeys(s), identity.LeavesOut)
}

// visible returns what of a selector Cilium can judge. It matches more.
func visible(s *metav1.LabelSelector) *metav1.LabelSelector {
	out := s.DeepCopy()
	for key := range s.MatchLabels {
		if identity.LeavesOut(key) {
			delete(out.MatchLabels, key)
		}
	}
	out.MatchExpressions = slices.DeleteFunc(out.MatchExpressions, func(e metav1.LabelSelectorRequirement) bool {
		return identity.LeavesOut(e.Key)
	})
	return out
}
