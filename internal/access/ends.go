// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import "time"

// choose finds the occurrence that is in question: the current one, or the next. None
// is left when the window is over.
func (m *matter) choose() {
	t := m.times
	switch {
	case len(t.refused) > 0:
	case t.recurs == nil:
		m.occ = t.only
		m.occ.End = m.votes.until
		m.left = m.now.Before(m.occ.End)
	default:
		if m.occ, m.left = t.recurs.Current(m.now); !m.left {
			m.occ, m.left = t.recurs.Following(m.now)
		}
		if m.votes.approved {
			m.shorten(m.votes.until)
		}
		m.shorten(t.contract)
	}
}

// shorten ends the occurrence in question earlier, if it has begun by then.
func (m *matter) shorten(end time.Time) {
	if m.left && end.After(m.occ.Start) {
		m.occ.End = earliest(m.occ.End, end)
	}
}

// arm finds who armed the occurrence in question, and until when. Of several arms the
// one that reaches furthest holds, so that another one extends without a cut.
func (m *matter) arm() {
	if !m.left || !m.f.Window.needsArming() {
		return
	}
	for _, a := range m.votes.arms {
		if !m.occ.Holds(a.Created) {
			m.ignore(a, "metadata.creationTimestamp", ReasonOutsideOccurrence)
			continue
		}
		until := m.occ.End
		if a.Until != "" {
			given, counts := m.given(a, m.occ.Start, m.occ.End)
			if !counts {
				continue
			}
			until = given
		}
		until = earliest(until, a.Created.Add(m.longest()))
		m.say(a, until)
		m.turns = append(m.turns, until)
		if until.After(m.now) && until.After(m.armed) {
			m.armed, m.armedBy = until, a.Approver
		}
	}
}

// grantedUntil is the end of what may be granted now.
func (m *matter) grantedUntil() time.Time {
	if m.f.Window.needsArming() {
		return earliest(m.occ.End, m.armed)
	}
	return m.occ.End
}

// idleAt is when the occurrence ends because nothing passes, if that is known. An
// instant that is still to come is not one at which something passed.
func (m *matter) idleAt() (time.Time, bool) {
	opened, open := m.past.open[m.occ.Key]
	timeout := m.f.Window.IdleTimeout
	if !open || timeout <= 0 || !m.f.Sessions.Counted {
		return time.Time{}, false
	}
	since := earliest(opened.At, m.now)
	if last := earliest(m.f.Sessions.LastPacket, m.now); last.After(since) {
		since = last
	}
	return since.Add(timeout), true
}

// next is the earliest instant to come at which something of all this may change.
func (m *matter) next(v verdict) time.Time {
	if m.more {
		return m.now
	}
	var next time.Time
	for _, t := range m.instants(v) {
		if t.After(m.now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

// instants are those at which something may change, past ones among them.
func (m *matter) instants(v verdict) []time.Time {
	var out []time.Time
	for _, a := range m.f.Approvals {
		out = append(out, a.Created)
	}
	if v.phase.Terminal() {
		return out
	}
	out = append(out, m.turns...)
	out = append(out, m.times.contract, m.votes.until)
	if m.left {
		out = append(out, m.occ.Start, m.occ.End)
	}
	// The one that is on is over by the schedule as well, however early it ends.
	if s := m.times.recurs; s != nil {
		if o, found := s.Current(m.now); found {
			out = append(out, o.End)
		}
	}
	if idle, known := m.idleAt(); known {
		out = append(out, idle)
	}
	return out
}
