// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

// side is a direction of flows as the pod sees it.
type side uint8

const (
	ingress side = iota
	egress
	sides
)

// object is a policy object after parsing.
type object struct {
	// name is Kind/name or Kind/namespace/name.
	name string
	// zone is the name of our Zone whose floor this is, or "".
	zone string
	// ours says that the object carries our label.
	ours  bool
	rules []rule
	// hosts means that the object has rules for nodes.
	hosts bool
	// group is what a CiliumCIDRGroup holds, under its name.
	group     *networks
	groupName string
}

// rule is a selection of pods and what applies to them.
type rule struct {
	owner   *object
	subject selector
	// asks are the labels that the subject asks for, for the index.
	asks  [][]value
	sides [sides]section
}

// section is one direction of a rule.
type section struct {
	// denies says whether what nothing allows is refused.
	denies      truth
	allow, deny []entry
}

// entry is a set of peers and a set of ports, which must both match.
type entry struct {
	limit truth
	peers peers
	ports ports
}

// opaque may do anything to the pods that the subject may select.
func opaque(subject selector) rule {
	anything := []entry{{limit: maybe, peers: peers{reach: everywhere}, ports: ports{any: true}}}
	doubt := section{denies: maybe, allow: anything, deny: anything}
	return rule{subject: subject, sides: [sides]section{doubt, doubt}}
}

// peers are the far ends of an entry.
type peers struct {
	reach     reach
	selectors []selector
	// hosted means that selectors may match pods on a node's network.
	hosted bool
	blocks []block
}

func (p *peers) match(who place, groups map[string]*networks) truth {
	result := p.reach[who.kind]
	for i := range p.selectors {
		if result == yes {
			return yes
		}
		result = result.or(p.selects(&p.selectors[i], who))
	}
	for i := range p.blocks {
		if result == yes {
			return yes
		}
		result = result.or(p.blocks[i].match(who, groups))
	}
	return result
}

func (p *peers) selects(s *selector, who place) truth {
	if who.kind == atPod {
		return s.match(who.pod)
	}
	result := s.strangers
	if p.hosted {
		for _, pod := range who.hosted {
			result = result.or(s.match(pod).and(maybe))
		}
	}
	return result
}

// applied is a rule at a pod.
type applied struct {
	*rule
	selects truth
}

func (a applied) zone() string { return a.owner.zone }

// packet is a flow as one of its ends sees it.
type packet struct {
	end, peer place
	transport transports
	port      uint16
	side      side
}

func (e *entry) match(p *packet, groups map[string]*networks) truth {
	// Ports first: they cost least.
	result := e.limit.and(e.ports.match(p.transport, p.port))
	if result == no {
		return no
	}
	return result.and(e.peers.match(p.peer, groups))
}

func matchAny(entries []entry, p *packet, groups map[string]*networks) truth {
	result := no
	for i := range entries {
		if result = result.or(entries[i].match(p, groups)); result == yes {
			break
		}
	}
	return result
}

// finding is what the rules at one end make of a packet.
type finding struct {
	passes truth
	// Objects whose rules allow it, deny it, and refuse what nothing allows, for
	// sure; and those of which one of these is in doubt.
	allowing, denying, closing, doubtful []*object
}

// refusing are the objects that a refusal is due to.
func (f *finding) refusing() []*object {
	return append(f.denying, f.closing...)
}

// judge looks at one end of a flow.
func (r *Rules) judge(p packet) finding {
	switch {
	case p.end.kind == atPod:
		return r.judgeAtPod(p)
	case p.end.kind != outside && len(r.hostPolicies) > 0:
		return finding{passes: maybe, doubtful: r.hostPolicies}
	default:
		return finding{passes: yes}
	}
}

func (r *Rules) judgeAtPod(p packet) finding {
	var f finding
	var t tally
	for _, a := range r.at(p.end.pod) {
		allow, deny, closes := r.weigh(a, &p)
		t.add(allow, deny, closes)
		f.note(a.owner, allow, deny, closes)
	}
	f.passes = t.passes(&p, t.denied)
	return f
}

// weigh says what a rule at the end makes of a packet.
func (r *Rules) weigh(a applied, p *packet) (allow, deny, closes truth) {
	s := &a.sides[p.side]
	allow = a.selects.and(matchAny(s.allow, p, r.groups))
	deny = a.selects.and(matchAny(s.deny, p, r.groups))
	return allow, deny, a.selects.and(s.denies)
}

// tally is what all rules at one end make of a packet.
type tally struct{ allowed, denied, closed truth }

func (t *tally) add(allow, deny, closes truth) {
	t.allowed, t.denied, t.closed = t.allowed.or(allow), t.denied.or(deny), t.closed.or(closes)
}

func (t *tally) passes(p *packet, denied truth) truth {
	passes := denied.not().and(t.closed.not().or(t.allowed))
	if p.side == ingress && (p.peer.kind == atNode || p.peer.kind == unsure) {
		passes = passes.or(maybe) // it may be the pod's own node
	}
	return passes
}

func (f *finding) note(o *object, allow, deny, closes truth) {
	if allow == yes {
		f.allowing = append(f.allowing, o)
	}
	if deny == yes {
		f.denying = append(f.denying, o)
	}
	if closes == yes {
		f.closing = append(f.closing, o)
	}
	if allow == maybe || deny == maybe || closes == maybe {
		f.doubtful = append(f.doubtful, o)
	}
}
