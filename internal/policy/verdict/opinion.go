// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// Opinion is a verdict without its reasons, for callers that ask about many flows.
type Opinion struct {
	// Answer is Judge's.
	Answer Answer
	// UnlessDenied is the answer if every deny that is in doubt did not apply.
	UnlessDenied Answer
	// Looks is how many rules were held against the flow.
	Looks int
}

// Opinion answers as Judge does.
func (r *Rules) Opinion(f Flow) Opinion {
	from, to := r.place(f.Source), r.place(f.Destination)
	transport := transportOf(f.Transport)
	if from.kind == unclear || to.kind == unclear || transport == 0 {
		return Opinion{Answer: Unknown, UnlessDenied: Unknown}
	}
	out := r.leaning(packet{end: from, peer: to, transport: transport, port: f.Port, side: egress})
	itself := from.kind == atPod && from.pod == to.pod
	if out.unlessDenied == no && !itself {
		return Opinion{Answer: Refused, UnlessDenied: Refused, Looks: out.looks}
	}
	in := r.leaning(packet{end: to, peer: from, transport: transport, port: f.Port, side: ingress})
	if itself {
		out, in = out.orMaybe(), in.orMaybe() // it need not leave the pod
	}
	return Opinion{
		Answer:       answers[out.passes.and(in.passes)],
		UnlessDenied: answers[out.unlessDenied.and(in.unlessDenied)],
		Looks:        out.looks + in.looks,
	}
}

// leaning is what the rules at one end make of a packet, in short.
type leaning struct {
	passes, unlessDenied truth
	looks                int
}

func (l leaning) orMaybe() leaning {
	l.passes, l.unlessDenied = l.passes.or(maybe), l.unlessDenied.or(maybe)
	return l
}

func (r *Rules) leaning(p packet) leaning {
	switch {
	case p.end.kind == atPod:
		return r.leaningAtPod(p)
	case p.end.kind != outside && len(r.hostPolicies) > 0:
		return leaning{passes: maybe, unlessDenied: maybe}
	default:
		return leaning{passes: yes, unlessDenied: yes}
	}
}

func (r *Rules) leaningAtPod(p packet) leaning {
	var t tally
	rules := r.at(p.end.pod)
	for _, a := range rules {
		t.add(r.weigh(a, &p))
	}
	certain := no
	if t.denied == yes {
		certain = yes
	}
	return leaning{passes: t.passes(&p, t.denied), unlessDenied: t.passes(&p, certain), looks: len(rules)}
}

// Ports returns one port of each run of ports from first to last within which no
// rule at either end of the flow tells them apart: what holds for that port holds
// for its run. The flow's own port does not count. The first run is of first.
func (r *Rules) Ports(f Flow, first, last uint16) []uint16 {
	if first == last {
		return []uint16{first}
	}
	transport := transportOf(f.Transport)
	starts := map[uint16]struct{}{first: {}}
	r.runs(starts, r.place(f.Source), egress, transport, first, last)
	r.runs(starts, r.place(f.Destination), ingress, transport, first, last)
	return sortedPorts(starts)
}

// runs adds the ports at which another run begins.
func (r *Rules) runs(starts map[uint16]struct{}, at place, s side, t transports, first, last uint16) {
	if at.kind != atPod {
		return
	}
	add := func(port int) {
		if int(first) < port && port <= int(last) {
			starts[uint16(port)] = struct{}{} //nolint:gosec // bounded by last
		}
	}
	for _, a := range r.at(at.pod) {
		for _, entries := range [][]entry{a.sides[s].allow, a.sides[s].deny} {
			for i := range entries {
				for _, p := range entries[i].ports.ranges {
					if p.transports&t != 0 {
						add(int(p.first))
						add(int(p.last) + 1)
					}
				}
			}
		}
	}
}

// transportNames by bit, in the order in which flows are tried.
var transportNames = []struct {
	bit  transports
	name protocol.Transport
}{{tcp, protocol.TCP}, {udp, protocol.UDP}, {sctp, protocol.SCTP}}
