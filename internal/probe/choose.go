// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"
	"slices"
)

// Limits of one plan. A node can have hundreds of pods: what is not looked at in
// this round is looked at in a later one.
const (
	mostAttempts = 32
	mostPairs    = 4096
	portsPerPair = 2
)

// The kernel's own range of ephemeral ports, where nobody serves anything.
const (
	lowestPort uint16 = 32768
	manyPorts  uint16 = 28232
)

// Answer is what the policies say about one TCP connection, in the words of the
// verdict package.
type Answer string

// Answers of a judge. Any other is Unknown.
const (
	Admitted Answer = "Admitted"
	Refused  Answer = "Refused"
	Unknown  Answer = "Unknown"
)

// Judge says whether a TCP connection from src to dst:port must pass. It is asked
// again after each dial, so it answers for the policies as they are at that moment.
type Judge func(src, dst netip.Addr, port uint16) Answer

// Pod is a pod on this node that has a network of its own.
type Pod struct {
	// Name is namespace/name.
	Name string
	// Addrs are its addresses; of each family the first is used.
	Addrs []netip.Addr
	// Zoned says that the pod is in an enforced zone. For a pod outside the zone that
	// is probed this means that its own zone may be what refuses, which says nothing
	// about the probed one.
	Zoned bool
}

// End is a pod by one of its addresses.
type End struct {
	Pod  string
	Addr netip.Addr
}

// Attempt is one connection to be opened.
type Attempt struct {
	From, To End
	Port     uint16
}

func (a Attempt) String() string {
	return fmt.Sprintf("%s -> %s %d/TCP", a.From.Pod, a.To.Pod, a.Port)
}

// Plan is what one zone may try in one round, best first. The first of each that
// can be tried is tried.
type Plan struct {
	MustPass, MustNot []Attempt
	// Why says why there can be nothing to try, or is empty.
	Why string
}

// Choose picks the connections to try for a zone: one end is a member, the other is
// any other local pod, members included. ports are those that a connection that
// must pass may use, best first: ports at which no pod serves anything come first,
// as a port in use is not tried. Equal input in any order gives an equal plan. With
// seed counted up from round to round, even rounds leave the members and odd ones
// enter them, and the pairs take turns.
func Choose(members, locals []Pod, ports []uint16, seed uint32, judge Judge) Plan {
	r := newRound(members, locals, seed)
	if why := r.nothing(); why != "" {
		return Plan{Why: why}
	}
	admitted := func(a Attempt) []Attempt { return a.at(ports, Admitted, judge) }
	refused := func(a Attempt) []Attempt { return a.at(r.highPorts(), Refused, judge) }
	p := Plan{
		MustPass: r.collect(func(Pod) bool { return true }, admitted),
		MustNot:  r.collect(r.telling, refused),
	}
	if len(p.MustNot) == 0 {
		p.MustNot = r.collect(func(Pod) bool { return true }, refused)
	}
	return p
}

// FromNode are attempts from the node to members, the way of the kubelet's probes, at
// ports where nobody serves anything. They must pass like those of Choose, and are for
// zones of which every admitted port is in use. Nothing is tried that reaches the node.
func FromNode(node Pod, members []Pod, ports []uint16, judge Judge) []Attempt {
	var out []Attempt
	for _, m := range byName(members) {
		for _, v6 := range []bool{false, true} {
			a := Attempt{From: End{node.Name, addrOf(node, v6)}, To: End{m.Name, addrOf(m, v6)}}
			if a.From.Addr.IsValid() && a.To.Addr.IsValid() {
				out = append(out, a.at(ports, Admitted, judge)...)
			}
		}
		if len(out) >= mostAttempts {
			break
		}
	}
	return out
}

// at is the attempt at those ports of which the judge says what is wanted.
func (a Attempt) at(ports []uint16, want Answer, judge Judge) []Attempt {
	var out []Attempt
	for _, port := range ports {
		if judge(a.From.Addr, a.To.Addr, port) == want {
			out = append(out, Attempt{a.From, a.To, port})
		}
	}
	return out
}

// round is the order in which the pairs of a zone are looked at.
type round struct {
	members, others []Pod
	at              map[string]int // members, by name, among others
	families        []bool         // is IPv6
	seed, drawn     uint32
}

func newRound(members, locals []Pod, seed uint32) *round {
	r := &round{
		members: byName(members), others: byName(slices.Concat(members, locals)),
		at: map[string]int{}, seed: seed,
	}
	for _, m := range r.members {
		r.at[m.Name] = slices.IndexFunc(r.others, func(o Pod) bool { return o.Name == m.Name })
	}
	// A family that nobody has would make some pairs start more rounds than others.
	for _, v6 := range []bool{false, true} {
		if having(r.members, v6) > 0 && having(r.others, v6) > 1 {
			r.families = append(r.families, v6)
		}
	}
	return r
}

// byName orders the pods, each once. Of equal names the first stands.
func byName(pods []Pod) []Pod {
	out := slices.Clone(pods)
	slices.SortStableFunc(out, func(a, b Pod) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(out, func(a, b Pod) bool { return a.Name == b.Name })
}

func (r *round) nothing() string {
	switch {
	case len(r.members) == 0:
		return "the zone has no pod on this node"
	case len(r.others) < 2:
		return "there is no second pod on this node"
	case len(r.families) == 0:
		return "no two pods on this node have addresses of one family"
	}
	return ""
}

// telling says that what refuses between a member and this pod can only be the zone
// that is probed.
func (r *round) telling(other Pod) bool {
	_, member := r.at[other.Name]
	return member || !other.Zoned
}

// collect makes attempts of pairs in their order until there are enough.
func (r *round) collect(keep func(other Pod) bool, attempts func(Attempt) []Attempt) []Attempt {
	var out []Attempt
	looked := 0
	for other, pair := range r.pairs() {
		if !keep(other) {
			continue
		}
		out = append(out, attempts(pair)...)
		if looked++; len(out) >= mostAttempts || looked == mostPairs {
			break
		}
	}
	return out[:min(len(out), mostAttempts)]
}

// pairs are all pairs of a member and another pod, in this round's direction and
// then in the other. Where they start moves by one every second round, and the
// member changes with each, so that each member has its turn soon.
func (r *round) pairs() iter.Seq2[Pod, Attempt] {
	members, families := len(r.members), len(r.families)
	total := members * families * (len(r.others) - 1)
	return func(yield func(Pod, Attempt) bool) {
		for turn := range 2 * total {
			i := (int(r.seed/2)%total + turn) % total
			member := r.members[i%members]
			other := r.others[(r.at[member.Name]+1+i/members/families)%len(r.others)] // never itself
			v6 := r.families[i/members%families]
			a := Attempt{From: End{member.Name, addrOf(member, v6)}, To: End{other.Name, addrOf(other, v6)}}
			if !a.From.Addr.IsValid() || !a.To.Addr.IsValid() || a.From.Addr == a.To.Addr {
				continue
			}
			if inward := r.seed%2 == 1; inward == (turn < total) {
				a.From, a.To = a.To, a.From
			}
			if !yield(other, a) {
				return
			}
		}
	}
}

// highPorts are ports at which most likely nobody serves anything.
func (r *round) highPorts() []uint16 {
	out := make([]uint16, portsPerPair)
	for i := range out {
		r.drawn++
		// Multiplying by an odd number with mixed bits spreads what is counted up.
		spread := binary.BigEndian.AppendUint32(nil, (r.seed+r.drawn*0x85EBCA6B)*0x9E3779B1)
		out[i] = lowestPort + binary.BigEndian.Uint16(spread)%manyPorts
	}
	return out
}

// having counts the pods with an address of a family.
func having(pods []Pod, v6 bool) int {
	n := 0
	for _, p := range pods {
		if addrOf(p, v6).IsValid() {
			n++
		}
	}
	return n
}

func addrOf(p Pod, v6 bool) netip.Addr {
	for _, a := range p.Addrs {
		if a = a.Unmap(); a.Is6() == v6 && a.IsGlobalUnicast() {
			return a
		}
	}
	return netip.Addr{}
}
