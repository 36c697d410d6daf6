// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// votes are what the approvals come to.
type votes struct {
	// needs is how many persons have to approve.
	needs int
	// approved says that they did, and until is the end that they gave.
	approved bool
	until    time.Time
	// says count. deny, revoke and review are the first of each.
	says                 []Say
	deny, revoke, review *Approval
	arms                 []Approval
	ignored              []Ignored
}

// Bounds of how many persons approve.
const safetyNeeds = 2

// needed is how many persons have to approve: none for break-glass, and never one alone
// for a safety zone.
func (m *matter) needed() int {
	if m.f.Window.BreakGlass {
		return 0
	}
	n := max(1, m.site.Approvals)
	for _, r := range m.f.Window.Reach {
		if m.f.Zones[r.Zone].Safety {
			return max(n, safetyNeeds, m.site.SafetyApprovals)
		}
	}
	return n
}

// count sorts the approvals into what they are, and counts those that approve.
func (m *matter) count() {
	m.votes.needs = m.needed()
	var approves []Approval
	for _, a := range m.inOrder() {
		if field, reason := m.objection(a); reason != "" {
			m.ignore(a, field, reason)
			continue
		}
		switch a.Decision {
		case Deny:
			m.votes.deny = first(m.votes.deny, a)
		case Revoke:
			m.votes.revoke = first(m.votes.revoke, a)
		case Arm:
			m.votes.arms = append(m.votes.arms, a)
		case Approve:
			m.votes.review = first(m.votes.review, a)
			approves = append(approves, a)
		default:
			m.ignore(a, "spec.decision", ReasonUnknownVerdict)
		}
	}
	switch {
	case len(m.times.refused) > 0:
		for _, a := range approves {
			m.ignore(a, "spec.of", ReasonTimesNotUnderstood)
		}
	case m.f.Window.BreakGlass:
		m.votes.approved, m.votes.until = true, m.times.only.End
	case m.times.recurs != nil:
		m.countRecurring(approves)
	default:
		m.countOnce(approves)
	}
}

func first(have *Approval, a Approval) *Approval {
	if have != nil {
		return have
	}
	return &a
}

// inOrder are the approvals in the order in which they were given. Of one second, the
// one that grants less comes last, as the later word of one person is theirs.
func (m *matter) inOrder() []Approval {
	out := slices.Clone(m.f.Approvals)
	slices.SortStableFunc(out, func(a, b Approval) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		x, _ := m.until(a)
		y, _ := m.until(b)
		if c := y.Compare(x); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

func (m *matter) ignore(a Approval, field string, reason Reason) {
	m.votes.ignored = append(m.votes.ignored, Ignored{
		Approval: a.Name, Field: field, Reason: reason,
		Message: fmt.Sprintf("Approval %s, %s: %s", a.Name, field, reason.Sentence()),
	})
}

// objection is why an approval does not count. What closes has to name the window and
// nothing else.
func (m *matter) objection(a Approval) (string, Reason) {
	w := m.f.Window
	type check struct {
		bad    bool
		field  string
		reason Reason
	}
	checks := []check{
		{a.Of.Kind != KindWindow, "spec.of.kind", ReasonOtherObject},
		{a.Of.Name != w.Name, "spec.of.name", ReasonOtherObject},
		{a.Of.UID != w.UID || w.UID == "", "spec.of.uid", ReasonOtherUID},
	}
	if a.Decision != Deny && a.Decision != Revoke {
		checks = append(checks,
			check{a.Of.Generation != w.Generation, "spec.of.generation", ReasonOtherGeneration},
			check{a.Requester != w.Requester || w.Requester == "", "spec.requester", ReasonOtherRequester},
			check{a.Approver == "", "spec.approver", ReasonNoApprover},
			check{samePerson(a.Approver, w.Requester), "spec.approver", ReasonSelfApproval},
			check{slices.ContainsFunc(w.People, func(p string) bool { return samePerson(p, a.Approver) }), "spec.approver", ReasonApproverAmongThem},
			check{a.Decision == Approve && !containsAll(a.Factors, m.site.Factors), "spec.factors", ReasonFactorMissing},
			check{a.Deleted, "metadata.deletionTimestamp", ReasonApprovalDeleted},
			// By a clock that is behind, everything just said is not said yet. It grants
			// nothing anyway, and what is wrong is the clock.
			check{m.f.Clock.MayGrant && a.Created.After(m.now), "metadata.creationTimestamp", ReasonNotCreatedYet},
		)
	}
	for _, c := range checks {
		if c.bad {
			return c.field, c.reason
		}
	}
	return "", ""
}

func containsAll(have, want []string) bool {
	for _, s := range want {
		if !slices.Contains(have, s) {
			return false
		}
	}
	return true
}

// until is the end that an approval gives: the window's own where it says none.
func (m *matter) until(a Approval) (time.Time, error) {
	switch {
	case a.Until != "":
		return ParseMoment(a.Until, m.site.Location, AsEnd)
	case m.times.recurs != nil:
		return m.times.recurs.Last, nil
	default:
		return m.times.only.End, nil
	}
}

// word is what one person said last.
type word struct {
	person string
	until  time.Time
}

// words are the last word of each person. One person has one, however often they
// approve and however they spell their name.
type words []word

func (w words) with(person string, until time.Time) words {
	w = slices.DeleteFunc(w, func(o word) bool { return samePerson(o.person, person) })
	return append(w, word{person, until})
}

// reach is the latest end that at least n persons agree to.
func (w words) reach(n int) (time.Time, bool) {
	if n < 1 || len(w) < n {
		return time.Time{}, false
	}
	w = slices.SortedFunc(slices.Values(w), func(a, b word) int { return b.until.Compare(a.until) })
	return w[n-1].until, true
}

// given is the end that an approval gives, never past bound, and whether it is one.
func (m *matter) given(a Approval, start, bound time.Time) (time.Time, bool) {
	until, err := m.until(a)
	switch {
	case err != nil:
		m.ignore(a, "spec.until", ReasonUntilInvalid)
		return until, false
	case a.Until != "" && (!until.After(a.Created) || !until.After(start)):
		m.ignore(a, "spec.until", ReasonUntilOver)
		return until, false
	}
	return earliest(until, bound), true
}

// countOnce counts in the order in which persons approved: what was given after the end
// in force does not bring it back, whether or not somebody had seen it end by then.
func (m *matter) countOnce(approves []Approval) {
	t, said := m.times, words{}
	m.votes.until = t.only.End
	for _, a := range approves {
		if !a.Created.Before(m.votes.until) {
			m.ignore(a, "metadata.creationTimestamp", ReasonTooLate)
			continue
		}
		until, counts := m.given(a, t.only.Start, t.bound)
		if !counts {
			continue
		}
		m.say(a, until)
		said = said.with(a.Approver, until)
		if end, enough := said.reach(m.votes.needs); enough {
			m.votes.approved, m.votes.until = true, end
		}
	}
}

// countRecurring counts who lets the schedule go on. One whose approval is over may be
// approved again.
func (m *matter) countRecurring(approves []Approval) {
	said, last := words{}, m.times.recurs.Last
	for _, a := range approves {
		if until, counts := m.given(a, time.Time{}, last); counts {
			m.say(a, until)
			said = said.with(a.Approver, until)
		}
	}
	end, enough := said.reach(m.votes.needs)
	m.votes.approved, m.votes.until = enough && end.After(m.now), end
}

func (m *matter) say(a Approval, until time.Time) {
	m.votes.says = append(m.votes.says, Say{
		Approval: a.Name, Approver: a.Approver, Verdict: a.Decision, At: a.Created, Until: until,
	})
}
