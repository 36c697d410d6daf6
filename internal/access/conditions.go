// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import "fmt"

func (m *matter) decision(v verdict) Decision {
	d := Decision{
		Phase: v.phase, Reason: v.reason, Field: v.field, Message: v.message,
		Grant: v.grant, Next: m.next(v), Records: m.owed(v),
		DecidedBy: m.votes.says, ArmedBy: m.armedBy, Needs: m.votes.needs,
		Ignored: m.votes.ignored, Refused: m.refused, Unresolved: m.unresolved,
		ReviewOwed: m.reviewable(v) && !m.reviewed(),
	}
	for _, a := range []*Approval{m.votes.deny, m.votes.revoke} {
		if a != nil {
			d.DecidedBy = append(d.DecidedBy, Say{Approval: a.Name, Approver: a.Approver, Verdict: a.Decision, At: a.Created})
		}
	}
	// A schedule that ended has no occurrence in question any more.
	if len(m.times.refused) == 0 && !(v.phase.Terminal() && m.times.recurs != nil) {
		d.Occurrence, d.Start, d.End = v.occ.Key, v.occ.Start, v.occ.End
	}
	d.Conditions = m.conditions(v)
	return d
}

// reviewable says that the window is or was open without anybody's approval.
func (m *matter) reviewable(v verdict) bool {
	return m.f.Window.BreakGlass && (v.grant != nil || len(m.past.opened) > 0)
}

// reviewed says that another person approved of it. The record stands for an Approval
// that is gone.
func (m *matter) reviewed() bool { return m.past.reviewed || m.votes.review != nil }

func (m *matter) conditions(v verdict) []Condition {
	out := []Condition{
		found(ConditionAccepted, m.refused, ReasonAccepted),
		found(ConditionResolvedRefs, m.unresolved, ReasonResolved),
		m.approvedCondition(),
	}
	if m.f.Window.needsArming() {
		out = append(out, m.armedCondition())
	}
	out = append(out,
		Condition{Type: ConditionActive, True: v.grant != nil, Reason: v.reason, Message: v.message},
		m.clockCondition())
	if m.f.Window.BreakGlass {
		out = append(out, m.reviewCondition(v))
	}
	return out
}

// found says that nothing is wrong, or the first thing that is and how many more.
func found(kind string, wrong []Refusal, right Reason) Condition {
	if len(wrong) == 0 {
		return Condition{Type: kind, True: true, Reason: right, Message: right.Sentence()}
	}
	c := Condition{Type: kind, Reason: wrong[0].Reason, Message: wrong[0].Message}
	if more := len(wrong) - 1; more > 0 {
		c.Message += fmt.Sprintf(" (and %d more)", more)
	}
	return c
}

func (m *matter) approvedCondition() Condition {
	c := Condition{Type: ConditionApproved, True: m.votes.approved, Reason: ReasonApproved}
	switch {
	case m.f.Window.BreakGlass:
		c.Reason = ReasonBreakGlass
	case !m.votes.approved:
		v, _ := m.unapproved()
		c.Reason, c.Message = v.reason, v.message
	}
	if c.Message == "" {
		c.Message = c.Reason.Sentence()
	}
	return c
}

func (m *matter) armedCondition() Condition {
	if m.armed.IsZero() {
		return Condition{Type: ConditionArmed, Reason: ReasonNotArmed, Message: ReasonNotArmed.Sentence()}
	}
	return Condition{
		Type: ConditionArmed, True: true, Reason: ReasonArmed,
		Message: fmt.Sprintf("armed by %s until %s", m.armedBy, show(m.armed)),
	}
}

func (m *matter) clockCondition() Condition {
	if m.f.Clock.MayGrant {
		return Condition{Type: ConditionClockTrusted, True: true, Reason: ReasonClockTrusted, Message: ReasonClockTrusted.Sentence()}
	}
	return Condition{Type: ConditionClockTrusted, Reason: ReasonClockUntrusted, Message: m.clockMessage()}
}

func (m *matter) reviewCondition(v verdict) Condition {
	reason := ReasonNothingToReview
	switch {
	case !m.reviewable(v):
	case m.reviewed():
		reason = ReasonReviewed
	default:
		reason = ReasonReviewOwed
	}
	return Condition{Type: ConditionReviewOwed, True: reason == ReasonReviewOwed, Reason: reason, Message: reason.Sentence()}
}
