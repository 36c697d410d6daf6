// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"math/bits"
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// counter is how many identities the pods of some workloads have. They are all
// members of the zone, nil for pods of the whole cluster.
type counter func(workloads []topology.Workloads, zone *topology.Zone) int

const (
	// hostEntries are for the node itself, in each direction.
	hostEntries = 2
	// apiEntries are for the Kubernetes API: on this node, on another, outside.
	apiEntries = 4
	// worldEntries are for addresses that no policy names, IPv4 and IPv6 and both.
	worldEntries = 3
	// everybodyEntries are for everybody: in each direction one, and four for identities
	// that Cilium keeps for itself. It writes them where nothing is denied by default, as in
	// Observe, and where a tier stands above what is.
	everybodyEntries = 2 * 5
	// dnsPorts are TCP and UDP.
	dnsPorts = 2
)

// floor is the number of entries of a zone's floor.
func (j *judge) floor(z *topology.Zone, count counter) int {
	entries := hostEntries
	if !z.Enforce {
		entries += everybodyEntries
	}
	if z.InternalTraffic {
		entries += 2 * (count(z.Workloads, z) + len(z.Networks) + j.nested[z.Name])
	}
	if z.DNS {
		entries += dnsPorts * j.dnsPeers(count)
	}
	if z.APIServer {
		entries += apiEntries
	}
	return entries
}

func (j *judge) dnsPeers(count counter) int {
	dns := j.input.Model.Site.DNS
	peers := len(dns.Addresses) + 1 // the node itself
	if dns.Namespace != "" && len(dns.PodLabels) > 0 {
		peers += count([]topology.Workloads{{
			Namespaces: []string{dns.Namespace}, Matching: []string{dns.Namespace},
			PodSelectors: []*metav1.LabelSelector{{MatchLabels: dns.PodLabels}},
		}}, nil)
	}
	return peers
}

// conduitEntries is the number of entries of a conduit at those of its ends that it is
// asked for.
func conduitEntries(c *topology.Conduit, at func(topology.End) bool, count counter, nested map[string]int) int {
	peers := func(e topology.End) int {
		n := count(e.Workloads, e.Zone)
		if len(e.Networks) > 0 {
			n += len(e.Networks) + nested[e.Zone.Name]
		}
		return n
	}
	ports := portEntries(c.Ports) + portEntries(c.BothWays)
	entries := 0
	for _, r := range c.Responders {
		if at(c.Initiator) {
			entries += ports * peers(r)
		}
		if at(r) {
			entries += ports * peers(c.Initiator)
		}
	}
	return entries
}

// everybody stands for all pods of the cluster.
var everybody = []topology.Workloads{{}}

// datapath is the number of entries of a zone's denies, 0 without them: one for each
// identity that is no neighbour, and for each neighbour the ports that are not declared.
func (j *judge) datapath(z *topology.Zone, count counter) int {
	if !j.input.Model.Site.Guard.Datapath || !z.Enforce {
		return 0
	}
	entries := 2 * (count(everybody, nil) + j.networks() + worldEntries)
	for _, n := range j.neighbours[z.Name] {
		peers := count(n.Workloads, j.input.Model.Zone(n.Zone)) + len(n.Networks) + j.nested[n.Zone]
		entries += peers * (undeclaredEntries(n.In) + undeclaredEntries(n.Out))
	}
	if z.DNS {
		port := j.input.Model.Site.DNS.Port
		entries += j.dnsPeers(count) * undeclaredEntries([]protocol.PortRange{
			{Transport: protocol.TCP, First: port, Last: port}, {Transport: protocol.UDP, First: port, Last: port},
		})
	}
	if api := j.input.Model.Site.API; z.APIServer && api.Port != 0 {
		// Unknown, it may be in any neighbour's network.
		peers := len(api.Addresses)
		for _, n := range j.neighbours[z.Name] {
			if len(api.Addresses) == 0 {
				peers += len(n.Networks)
			}
		}
		entries += peers * undeclaredEntries([]protocol.PortRange{{Transport: protocol.TCP, First: api.Port, Last: api.Port}})
	}
	return entries
}

// adminTier is the number of entries of a zone's guard of the Admin tier, 0 without one:
// what it passes, and a deny for each identity; of networks it knows egress only.
func (j *judge) adminTier(z *topology.Zone, count counter) int {
	if !j.input.Model.Site.Guard.AdminTier || !z.Enforce {
		return 0
	}
	entries := everybodyEntries + 2*count(everybody, nil) + j.networks() + worldEntries
	if z.InternalTraffic {
		entries += 2*count(z.Workloads, z) + len(z.Networks)
	}
	for _, n := range j.neighbours[z.Name] {
		pods := count(n.Workloads, j.input.Model.Zone(n.Zone))
		entries += pods*portEntries(n.In) + (pods+len(n.Networks))*portEntries(n.Out)
	}
	if z.DNS {
		entries += dnsPorts * j.dnsPeers(count)
	}
	if z.APIServer {
		entries += apiEntries + len(j.input.Model.Site.API.Addresses)
	}
	return entries
}

// networks are all that any policy of the site names: each is an identity.
func (j *judge) networks() int {
	n := len(j.input.Model.Site.DNS.Addresses) + len(j.input.Model.Site.API.Addresses)
	for _, z := range j.input.Model.Zones {
		n += len(z.Networks) + j.nested[z.Name]
	}
	return n
}

// nestedNetworks is how many networks are named that lie in a zone's own, by zone: each is
// an identity, and what is for the outer one is for it as well. They are of conduits that
// are narrowed to devices in a wider network, and of the platform.
func nestedNetworks(m *topology.Model) map[string]int {
	inner := map[string]map[netip.Prefix]bool{}
	note := func(z *topology.Zone, n netip.Prefix) {
		if slices.Contains(z.Networks, n) {
			return
		}
		if inner[z.Name] == nil {
			inner[z.Name] = map[netip.Prefix]bool{}
		}
		inner[z.Name][n] = true
	}
	for _, c := range m.Conduits {
		for _, e := range append(slices.Clip(c.Responders), c.Initiator) {
			if e.WholeZone {
				continue
			}
			for _, n := range e.Networks {
				note(e.Zone, n)
			}
		}
	}
	for _, a := range slices.Concat(m.Site.DNS.Addresses, m.Site.API.Addresses) {
		for _, z := range m.Zones {
			if slices.ContainsFunc(z.Networks, func(n netip.Prefix) bool { return n.Contains(a) }) {
				note(z, netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	out := make(map[string]int, len(inner))
	for zone, networks := range inner {
		out[zone] = len(networks)
	}
	return out
}

// portEntries is how many masked ports the ranges take.
func portEntries(ports []protocol.PortRange) int {
	n := 0
	for _, p := range ports {
		n += masks(int(p.First), int(p.Last))
	}
	return n
}

// undeclaredEntries is how many masked ports everything else takes: where ports of a
// transport are declared all others from 1, and else the transport as one.
func undeclaredEntries(ports []protocol.PortRange) int {
	n := 0
	for _, t := range []protocol.Transport{protocol.TCP, protocol.UDP, protocol.SCTP} {
		first := 0
		for _, p := range ports {
			if p.Transport != t {
				continue
			}
			n += masks(max(first, 1), int(p.First)-1)
			first = int(p.Last) + 1
		}
		n += masks(first, topPort)
	}
	return n
}

const topPort = 1<<16 - 1

// masks is how many aligned blocks of ports it takes to cover a range, which is how a
// policy map holds it. Each is as large as its first port and the rest of the range let
// it be.
func masks(first, last int) int {
	n := 0
	for first <= last {
		block := 1 << 16
		if first > 0 {
			block = 1 << bits.TrailingZeros(uint(first))
		}
		for first+block-1 > last {
			block /= 2
		}
		first += block
		n++
	}
	return n
}
