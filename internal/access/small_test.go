// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"fmt"
	"testing"

	"github.com/zonewarden/zonewarden/internal/access"
)

// small is a state of one window from minute 1 to 2, at most to 3, of two approvers, one
// lock and a clock.
type small struct {
	real   int8
	clock  clockMode
	locked bool
	said   [2]smallSaid
	// What the trail tells, and what stands.
	open, ever, over bool
	phase            access.Phase
	standing         bool
}

// smallSaid is what one of the approvers says at the moment.
type smallSaid struct {
	what  access.Verdict
	at    int8
	until int8
}

// clockMode is what the clock says, and whether it is believed.
type clockMode int8

const (
	right clockMode = iota
	unsure
	ahead
	behind
	clockModes
)

const lastMinute = 3

// history of a state, with which the same comparison is made as with generated ones.
func (s small) history(needs int) *history {
	h := &history{real: int(s.real), phase: s.phase}
	h.plan = plan{start: 1, end: 2, latest: 3}
	h.needs, h.longest, h.contract, h.heard = needs, 12*60, 30*dayLong, never
	h.vendor, h.trail, h.locked = true, true, s.locked
	h.mayGrant, h.mayExpire, h.now = s.clock == right, s.clock == right, h.real
	switch s.clock {
	case ahead:
		h.now = dayLong
	case behind:
		h.now = 0
	default:
	}
	h.past = past{over: s.over, ended: map[int]bool{}, open: map[int]bool{}, ever: map[int]bool{}, openedAt: map[int]int{}}
	h.standing = map[int]bool{}
	if s.standing {
		h.standing[0] = true
	}
	const uid = "w1"
	tell := func(kind access.RecordKind, phase access.Phase) {
		h.trailed = append(h.trailed, access.Record{Kind: kind, UID: uid, Phase: phase, Reason: access.ReasonRevoked})
	}
	tell(access.RecordRequested, "")
	if s.ever {
		h.ever[0] = true
		tell(access.RecordOpened, access.Active)
	}
	if s.open {
		h.open[0] = true
	} else if s.ever {
		tell(access.RecordClosed, access.Approved)
	}
	if s.over {
		tell(access.RecordEnded, s.phase)
	}
	for i, d := range s.said {
		if d.what != "" {
			h.put(said{what: d.what, by: fmt.Sprintf("owner-%d", i), at: int(d.at), until: int(d.until)}, nil)
			h.trailed = append(h.trailed, access.Record{Kind: access.RecordDecided, UID: uid, Approval: h.approvals[len(h.approvals)-1].UID})
		}
	}
	return h
}

// after is the state that a history came to.
func (s small) after(h *history) small {
	s.open, s.ever, s.over, s.phase, s.standing = h.open[0], h.ever[0], h.over, h.phase, h.standing[0]
	return s
}

// neighbours are the states that one thing leads to, other than the operator.
func (s small) neighbours() []small {
	var out []small
	add := func(change func(*small)) {
		next := s
		change(&next)
		out = append(out, next)
	}
	if s.real < lastMinute {
		add(func(s *small) { s.real++ })
	}
	for mode := range clockModes {
		add(func(s *small) { s.clock = mode })
	}
	add(func(s *small) { s.locked = !s.locked })
	add(func(s *small) { s.standing = false })
	add(func(s *small) { s.standing = true })
	for i := range s.said {
		says := func(what access.Verdict, until int8) {
			add(func(s *small) { s.said[i] = smallSaid{what, s.real, until} })
		}
		says("", 0) // the object is gone
		// Decisions while the clock is wrong are among the generated histories.
		if s.clock == right || s.clock == unsure {
			says(access.Approve, never)
			says(access.Approve, 3)
		}
		if i == 1 {
			add(func(s *small) { s.said[i] = smallSaid{access.Deny, 0, never} })
			add(func(s *small) { s.said[i] = smallSaid{access.Revoke, 0, never} })
		}
	}
	return out
}

// TestEverySmallState: all that can happen to one window, in every order, with the
// operator dying anywhere.
func TestEverySmallState(t *testing.T) {
	for needs := 1; needs <= 2; needs++ {
		seen := map[small]bool{{}: true}
		queue := []small{{}}
		steps, granted := 0, 0
		visit := func(next small) {
			steps++
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
		for len(queue) > 0 {
			s := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			h := s.history(needs)
			d := access.Decide(h.facts())
			h.compare(t, d)
			if d.Grant != nil {
				granted++
			}
			for n := 1; n <= len(d.Records)+2; n++ {
				h := s.history(needs)
				h.carryOut(t, d, n)
				next := s.after(h)
				if s.over && (!next.over || next.phase != s.phase) {
					t.Fatalf("%+v became %+v", s, next)
				}
				visit(next)
			}
			for _, next := range s.neighbours() {
				visit(next)
			}
		}
		t.Logf("%d to approve: %d states, %d with a grant, %d steps", needs, len(seen), granted, steps)
		if granted == 0 {
			t.Error("nothing was ever granted")
		}
	}
}
