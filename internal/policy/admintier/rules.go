// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package admintier

import (
	"net/netip"
	"reflect"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterpolicy "sigs.k8s.io/network-policy-api/apis/v1alpha2"

	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// most is what the kind takes of anything: rules in a direction, peers and ports in a
// rule, networks in a peer.
const most = 25

// pass is one rule that passes on what is declared.
type pass struct {
	name  string
	peers []egressPeer
	// ports, all of them and every protocol when there are none.
	ports []protocol.PortRange
}

// neighbours that a zone has the same ports with, in one direction.
type neighbours struct {
	workloads []topology.Workloads
	networks  []netip.Prefix
	ports     []protocol.PortRange
}

// ingress passes the zone itself and its neighbours, and denies every other pod. It is
// empty when that cannot be said.
func (g *guard) ingress() []clusterpolicy.ClusterNetworkPolicyIngressRule {
	var fixed []pass
	if g.zone.InternalTraffic {
		fixed = append(fixed, pass{name: "own zone", peers: peersOf(g.zone.Workloads)})
	}
	fixed = append(fixed, g.windows()...)
	groups := g.groups(func(n topology.Neighbour) []protocol.PortRange { return n.In }, false)
	passes, ok := g.fit("ingress", fixed, groups)
	if !ok {
		return nil
	}
	var rules []clusterpolicy.ClusterNetworkPolicyIngressRule
	for _, p := range passes {
		rule := clusterpolicy.ClusterNetworkPolicyIngressRule{
			Name: p.name, Action: clusterpolicy.ClusterNetworkPolicyRuleActionPass, Protocols: protocolsOf(p.ports),
		}
		for _, peer := range p.peers {
			rule.From = append(rule.From, clusterpolicy.ClusterNetworkPolicyIngressPeer{Pods: peer.Pods})
		}
		rules = append(rules, rule)
	}
	return append(rules, clusterpolicy.ClusterNetworkPolicyIngressRule{
		Name: everythingElse, Action: clusterpolicy.ClusterNetworkPolicyRuleActionDeny,
		From: []clusterpolicy.ClusterNetworkPolicyIngressPeer{{Namespaces: &metav1.LabelSelector{}}},
	})
}

const everythingElse = "everything else"

// egress passes the zone itself, its neighbours and the platform's services, and denies
// every other pod and address. It is empty when that cannot be said.
func (g *guard) egress() []clusterpolicy.ClusterNetworkPolicyEgressRule {
	var fixed []pass
	if g.zone.InternalTraffic {
		peers := append(peersOf(g.zone.Workloads), networkPeers(g.zone.Networks)...)
		fixed = append(fixed, pass{name: "own zone", peers: peers})
	}
	fixed = append(fixed, g.platform()...)
	fixed = append(fixed, g.windows()...)
	groups := g.groups(func(n topology.Neighbour) []protocol.PortRange { return n.Out }, true)
	passes, ok := g.fit("egress", fixed, groups)
	if !ok {
		return nil
	}
	var rules []clusterpolicy.ClusterNetworkPolicyEgressRule
	for _, p := range passes {
		rules = append(rules, clusterpolicy.ClusterNetworkPolicyEgressRule{
			Name: p.name, Action: clusterpolicy.ClusterNetworkPolicyRuleActionPass, To: p.peers, Protocols: protocolsOf(p.ports),
		})
	}
	denied := []egressPeer{{Namespaces: &metav1.LabelSelector{}}}
	if !g.apiUnknown() {
		denied = append(denied, egressPeer{Networks: []clusterpolicy.CIDR{"0.0.0.0/0", "::/0"}})
	}
	return append(rules, clusterpolicy.ClusterNetworkPolicyEgressRule{
		Name: everythingElse, Action: clusterpolicy.ClusterNetworkPolicyRuleActionDeny, To: denied,
	})
}

// windows passes the pods of access windows, where there may be any: what those may do is
// held at their side.
func (g *guard) windows() []pass {
	if !g.site.Access {
		return nil
	}
	return []pass{{name: "access windows", peers: peersOf([]topology.Workloads{topology.WindowPods()})}}
}

// apiUnknown: without the addresses of the Kubernetes API, a zone that may reach it can
// be denied no address.
func (g *guard) apiUnknown() bool {
	return g.opensAPI() && len(g.site.API.Addresses) == 0
}

func (g *guard) opensAPI() bool { return g.zone.APIServer && g.site.API.Port != 0 }

// platform passes the name service and the Kubernetes API, where the zone may reach them.
func (g *guard) platform() []pass {
	var out []pass
	if dns := g.site.DNS; g.zone.DNS && dns.Port != 0 {
		p := pass{name: "name service", peers: networkPeers(hostNetworks(dns.Addresses)), ports: []protocol.PortRange{
			{Transport: protocol.TCP, First: dns.Port, Last: dns.Port},
			{Transport: protocol.UDP, First: dns.Port, Last: dns.Port},
		}}
		if dns.Namespace != "" && len(dns.PodLabels) > 0 {
			p.peers = append(p.peers, peersOf([]topology.Workloads{{
				Namespaces:   []string{dns.Namespace},
				PodSelectors: []*metav1.LabelSelector{{MatchLabels: dns.PodLabels}},
			}})...)
		}
		out = append(out, p)
	}
	switch {
	case g.apiUnknown():
		g.warn(addressesPath, "the zone may reach the Kubernetes API, whose addresses are not given, "+
			"so layer AdminTier denies its pods nothing outside the cluster: list them")
	case g.opensAPI():
		out = append(out, pass{
			name: "Kubernetes API", peers: networkPeers(hostNetworks(g.site.API.Addresses)),
			ports: []protocol.PortRange{{Transport: protocol.TCP, First: g.site.API.Port, Last: g.site.API.Port}},
		})
	}
	return out
}

// groups puts neighbours with the same ports together. One without ports in this
// direction is no peer.
func (g *guard) groups(portsOf func(topology.Neighbour) []protocol.PortRange, withNetworks bool) []pass {
	var groups []neighbours
	for _, n := range g.neighbours {
		ports := portsOf(n)
		if len(ports) == 0 || n.Zone == g.zone.Name && g.zone.InternalTraffic {
			continue
		}
		i := slices.IndexFunc(groups, func(o neighbours) bool { return reflect.DeepEqual(o.ports, ports) })
		if i < 0 {
			i, groups = len(groups), append(groups, neighbours{ports: ports})
		}
		groups[i].workloads = append(groups[i].workloads, n.Workloads...)
		if withNetworks {
			groups[i].networks = append(groups[i].networks, n.Networks...)
		}
	}
	var out []pass
	for _, o := range groups {
		if peers := append(peersOf(o.workloads), networkPeers(o.networks)...); len(peers) > 0 {
			out = append(out, pass{name: "neighbours", peers: peers, ports: o.ports})
		}
	}
	return out
}

// fit cuts rules to the limits of the kind and leaves room for the last one, which
// denies. Neighbours that do not fit are passed on every port, together; when they still
// do not, nothing is denied in this direction.
func (g *guard) fit(direction string, fixed, groups []pass) ([]pass, bool) {
	for exact := len(groups); exact >= 0; exact-- {
		rest := pass{name: "neighbours on every port"}
		for _, p := range groups[exact:] {
			rest.peers = append(rest.peers, p.peers...)
		}
		cut := cutAll(slices.Concat(fixed, groups[:exact], []pass{rest}))
		if len(cut) >= most {
			continue
		}
		if exact < len(groups) {
			g.warn(layersPath, "layer AdminTier takes %d rules for %s, which is too few for the zone's neighbours: "+
				"those that do not fit are passed on every port, and their ports rest on the other layers", most, direction)
		}
		return cut, true
	}
	g.warn(layersPath, "layer AdminTier takes %d rules of %d peers for %s, which is too few to name the zone's neighbours: "+
		"nothing is denied there, and the zone rests on the other layers", most, most, direction)
	return nil, false
}

// cutAll cuts each rule into as many as its peers and ports need; one without peers is
// left out, because to the kind it would be invalid and to some of its implementations
// everybody.
func cutAll(passes []pass) []pass {
	var out []pass
	for _, p := range passes {
		for peers := range slices.Chunk(p.peers, most) {
			if len(p.ports) == 0 {
				out = append(out, pass{name: p.name, peers: peers})
			}
			for ports := range slices.Chunk(p.ports, most) {
				out = append(out, pass{name: p.name, peers: peers, ports: ports})
			}
		}
	}
	return out
}
