// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"maps"
	"math"
	"net/netip"
	"slices"
)

// mostAddresses outside the cluster that one entry is tried with.
const mostAddresses = 64

// End is a pod or node that flows can have at their far end, of the Rules that gave it.
type End struct{ place }

// End returns who is at an address.
func (r *Rules) End(a netip.Addr) *End { return &End{r.place(a)} }

// Ends are the far ends that candidates are made with.
type Ends struct {
	// Inside are pods and nodes, in the order in which they are tried.
	Inside []*End
	// Cluster are networks in which nothing is outside, whether or not somebody has
	// the address now.
	Cluster []netip.Prefix
}

// Candidate is a flow that an object allows at one of its ends.
type Candidate struct {
	Flow
	// Sure says that it does; else that it may.
	Sure bool
}

// Candidates yields flows that an object may allow to the pod at this address, until
// yield returns false. The rules are all that stand, the object's included: whatever
// ports and networks they tell apart is represented, so what no candidate shows, the
// object does not do to this pod and these ends. It returns false when addresses
// outside were left out for their number.
func (o *Object) Candidates(r *Rules, a netip.Addr, ends Ends, yield func(Candidate) bool) (whole bool) {
	at := r.place(a)
	if at.kind != atPod {
		return true
	}
	c := candidates{rules: r, at: at, ends: ends, yield: yield, whole: true}
	for i := range o.parsed.rules {
		rule := &o.parsed.rules[i]
		selects := rule.subject.match(at.pod)
		if selects == no {
			continue
		}
		for s := range sides {
			for j := range rule.sides[s].allow {
				if !c.entry(&rule.sides[s].allow[j], s, selects) {
					return c.whole
				}
			}
		}
	}
	return c.whole
}

// candidates makes the flows of one pod.
type candidates struct {
	rules *Rules
	at    place
	ends  Ends
	yield func(Candidate) bool
	whole bool
}

// entry yields the flows of one entry, and returns false to stop.
func (c *candidates) entry(e *entry, s side, selects truth) bool {
	for _, peer := range c.outside(e, s) {
		if !c.peer(e, s, selects, &peer) {
			return false
		}
	}
	for _, end := range c.ends.Inside {
		inside := end.kind == atPod && end.pod != c.at.pod || end.kind == atNode && s == egress
		if inside && !c.peer(e, s, selects, &end.place) {
			return false
		}
	}
	return true
}

// peer yields the flows with one far end, if the entry is for it.
func (c *candidates) peer(e *entry, s side, selects truth, peer *place) bool {
	if peer.address.Is4() != c.at.address.Is4() || e.peers.match(*peer, c.rules.groups) == no {
		return true
	}
	return c.ports(e, s, selects, *peer)
}

// ports yields the flows with one far end, one for each run of ports.
func (c *candidates) ports(e *entry, s side, selects truth, peer place) bool {
	ranges := e.ports.ranges
	if e.ports.any {
		ranges = []portRange{everyPort(allTransports, yes)}
	}
	for _, t := range transportNames {
		for _, r := range ranges {
			if r.transports&t.bit == 0 {
				continue
			}
			f := Flow{Source: c.at.address, Destination: peer.address, Transport: t.name}
			if s == ingress {
				f.Source, f.Destination = f.Destination, f.Source
			}
			runs := c.rules.Ports(f, max(r.first, 1), r.last)
			for i, first := range runs {
				last := r.last
				if i+1 < len(runs) {
					last = runs[i+1] - 1
				}
				f.Port = shown(first, last)
				p := packet{end: c.at, peer: peer, transport: t.bit, port: f.Port, side: s}
				sure := selects.and(e.match(&p, c.rules.groups)) == yes
				if !c.yield(Candidate{Flow: f, Sure: sure}) {
					return false
				}
			}
		}
	}
	return true
}

// shown is the port of a run that is shown to people: one that they know, where the run
// has no end of its own.
func shown(first, last uint16) uint16 {
	const ssh = 22
	if first == 1 && last >= ssh {
		return ssh
	}
	return first
}

// outside returns places outside the cluster, one at least in each part of the
// entry's networks that a rule at the pod tells apart.
func (c *candidates) outside(e *entry, s side) []place {
	var out []place
	seen, edges := map[netip.Addr]struct{}{}, slices.Concat(c.ends.Cluster, c.rules.edges(c.at.pod, s))
	for _, n := range c.networks(&e.peers) {
		for _, a := range inNetwork(n, edges) {
			if _, twice := seen[a]; twice || !c.isOutside(a) {
				continue
			}
			seen[a] = struct{}{}
			if len(out) == mostAddresses {
				c.whole = false
				return out
			}
			out = append(out, c.rules.place(a))
		}
	}
	return out
}

// isOutside says that an address is no pod's, no node's, and cannot become one's.
func (c *candidates) isOutside(a netip.Addr) bool {
	return c.rules.place(a).kind == outside &&
		!slices.ContainsFunc(c.ends.Cluster, func(n netip.Prefix) bool { return n.Contains(a) })
}

// networks of peers, of the pod's family: all there are, where only the kind of place
// or something not known decides.
func (c *candidates) networks(p *peers) []netip.Prefix {
	every := netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	if c.at.address.Is4() {
		every = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	strange := slices.ContainsFunc(p.selectors, func(s selector) bool { return s.strangers != no })
	if p.reach[outside] != no || strange {
		return []netip.Prefix{every}
	}
	var out []netip.Prefix
	for _, b := range p.blocks {
		group := c.rules.groups[b.group]
		switch {
		case b.doubt || b.group != "" && (group == nil || group.doubt):
			return []netip.Prefix{every}
		case b.group == "":
			out = append(out, b.network)
		default:
			out = append(out, slices.SortedFunc(maps.Keys(group.set), netip.Prefix.Compare)...)
		}
	}
	return slices.DeleteFunc(out, func(n netip.Prefix) bool { return n.Addr().Is4() != c.at.address.Is4() })
}

// Addresses returns addresses of a network, at most 64: one at least in each part that a
// rule at the pod tells apart, and false when that are more.
func (r *Rules) Addresses(pod netip.Addr, n netip.Prefix) ([]netip.Addr, bool) {
	at, seen := r.place(pod), map[netip.Addr]struct{}{}
	if at.kind != atPod {
		return nil, true
	}
	var out []netip.Addr
	for _, a := range inNetwork(n, slices.Concat(r.edges(at.pod, ingress), r.edges(at.pod, egress))) {
		if _, twice := seen[a]; !twice {
			seen[a] = struct{}{}
			out = append(out, a)
		}
	}
	return out[:min(len(out), mostAddresses)], len(out) <= mostAddresses
}

// edges are the networks that rules at a pod know in one direction, each once. They
// are looked up once.
func (r *Rules) edges(p *podState, s side) []netip.Prefix {
	p.edgesOnce[s].Do(func() {
		set := map[netip.Prefix]struct{}{}
		for _, a := range r.at(p) {
			for _, entries := range [][]entry{a.sides[s].allow, a.sides[s].deny} {
				for i := range entries {
					r.addNetworks(set, entries[i].peers.blocks)
				}
			}
		}
		p.edges[s] = slices.SortedFunc(maps.Keys(set), netip.Prefix.Compare)
	})
	return p.edges[s]
}

func (r *Rules) addNetworks(set map[netip.Prefix]struct{}, blocks []block) {
	for _, b := range blocks {
		if b.group == "" {
			set[b.network] = struct{}{}
		} else if g := r.groups[b.group]; g != nil {
			maps.Copy(set, g.set)
		}
		for _, e := range b.except {
			set[e] = struct{}{}
		}
	}
}

// Addresses that documentation may use, and nobody has.
var examples = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}

// inNetwork returns addresses of a network: one to show to people first, then one of
// each part that the edges make of it.
func inNetwork(n netip.Prefix, edges []netip.Prefix) []netip.Addr {
	var out []netip.Addr
	add := func(a netip.Addr) {
		if n.Contains(a) {
			out = append(out, a)
		}
	}
	for _, a := range examples {
		add(a)
	}
	add(n.Addr().Next()) // the first of many is the network's own
	add(n.Addr())
	add(lastOf(n))
	for _, e := range edges {
		if e.Overlaps(n) {
			add(e.Addr())
			add(lastOf(e).Next())
		}
	}
	return out
}

// lastOf is the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Addr().AsSlice()
	for i := range bytes {
		if host := 8*(i+1) - p.Bits(); host > 0 {
			bytes[i] |= byte(math.MaxUint8 >> (8 - min(host, 8)))
		}
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

func sortedPorts(set map[uint16]struct{}) []uint16 { return slices.Sorted(maps.Keys(set)) }
