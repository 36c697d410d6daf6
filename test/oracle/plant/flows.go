// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
)

// Addresses that no plant declares.
var strangers = []netip.Addr{netip.MustParseAddr("198.51.100.9"), netip.MustParseAddr("2001:db8:ffff::9")}

// Endpoints are all ends of flows that are worth asking about: every pod, the pods'
// node, and addresses at and beside the edges of everything that is declared.
func (p Plant) Endpoints() []oracle.Endpoint {
	ends := []oracle.Endpoint{oracle.Host}
	for _, pod := range p.Pods {
		ends = append(ends, oracle.Endpoint(pod.Namespace+"/"+pod.Name))
	}
	for _, a := range p.Addresses() {
		ends = append(ends, oracle.Endpoint(a.String()))
	}
	return ends
}

// Addresses are those of Endpoints, sorted.
func (p Plant) Addresses() []netip.Addr {
	out := slices.Clone(strangers)
	for _, z := range p.Zones {
		if z.Spec.Members.Assets == nil {
			continue
		}
		for _, c := range z.Spec.Members.Assets.CIDRs {
			out = append(out, edges(string(c))...)
		}
	}
	for _, a := range p.Assets {
		for _, address := range a.Spec.Addresses {
			out = append(out, edges(string(address))...)
		}
	}
	for _, n := range p.Nodes {
		out = append(out, NodeAddresses(n)...)
	}
	if p.Site != nil {
		out = append(out, addresses(p.Site.Spec.Platform.DNS.Addresses)...)
		out = append(out, addresses(p.Site.Spec.Platform.APIServer.Addresses)...)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	out = slices.Compact(out)
	// Pods are asked about by name.
	return slices.DeleteFunc(out, func(a netip.Addr) bool { return podNetwork(a) || a.IsUnspecified() || !a.IsValid() })
}

func podNetwork(a netip.Addr) bool {
	return netip.MustParsePrefix("10.42.0.0/16").Contains(a) || netip.MustParsePrefix("fd00:42::/48").Contains(a)
}

// edges are the first and last address of a network and the ones beside them.
func edges(network string) []netip.Addr {
	if a, err := netip.ParseAddr(network); err == nil {
		a = a.Unmap()
		return []netip.Addr{a.Prev(), a, a.Next()}
	}
	n, err := netip.ParsePrefix(network)
	if err != nil {
		return nil
	}
	if n.Addr().Is4In6() && n.Bits() >= 96 {
		n = netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-96)
	}
	n = n.Masked()
	if n.Bits() == 0 {
		return nil
	}
	return []netip.Addr{n.Addr().Prev(), n.Addr(), last(n), last(n).Next()}
}

func last(n netip.Prefix) netip.Addr {
	raw := n.Addr().AsSlice()
	for bit := n.Bits(); bit < len(raw)*8; bit++ {
		raw[bit/8] |= 0x80 >> (bit % 8)
	}
	a, _ := netip.AddrFromSlice(raw)
	return a
}

// Port is a port of a transport.
type Port struct {
	Transport protocol.Transport
	Number    uint16
}

// OpenPorts are the first and last ports of everything that conduits open.
func OpenPorts(m *topology.Model) []Port {
	var out []Port
	for _, c := range m.Conduits {
		for _, r := range c.Ports {
			out = append(out, Port{r.Transport, r.First}, Port{r.Transport, r.Last})
		}
	}
	return sorted(out)
}

func sorted(ports []Port) []Port {
	slices.SortFunc(ports, func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.Transport, b.Transport), cmp.Compare(a.Number, b.Number))
	})
	return slices.Compact(ports)
}

// PortEdges are the ports at and beside the edges of everything that a model opens,
// each on the transport where it is declared, and some on the others.
func (p Plant) PortEdges(m *topology.Model) []Port {
	out := []Port{{protocol.TCP, 1}, {protocol.UDP, 65535}, {protocol.SCTP, 65535}}
	add := func(r protocol.PortRange) {
		for _, n := range []int{int(r.First) - 1, int(r.First), int(r.Last), int(r.Last) + 1} {
			if n >= 1 && n <= 65535 {
				out = append(out, Port{r.Transport, uint16(n)})
			}
		}
		for _, t := range []protocol.Transport{protocol.TCP, protocol.UDP, protocol.SCTP} {
			if t != r.Transport {
				out = append(out, Port{t, r.First})
			}
		}
	}
	for _, c := range m.Conduits {
		for _, r := range c.Ports {
			add(r)
		}
	}
	if m.Site != nil {
		add(protocol.PortRange{Transport: protocol.UDP, First: m.Site.DNS.Port, Last: m.Site.DNS.Port})
		add(protocol.PortRange{Transport: protocol.TCP, First: m.Site.API.Port, Last: m.Site.API.Port})
	}
	for _, ports := range p.Ports {
		for _, named := range ports {
			out = append(out, Port{named.Transport, named.Port})
		}
	}
	return sorted(slices.DeleteFunc(out, func(p Port) bool { return p.Number == 0 }))
}
