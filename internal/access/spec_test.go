// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"cmp"
	"slices"

	"github.com/zonewarden/zonewarden/internal/access"
)

// The specification of when access may pass, in minutes since Monday's midnight, written
// beside the code and with nothing of it.

const (
	dayLong = 24 * 60
	never   = -1
)

// plan is what a window asks for. Days is 0 for one that does not recur.
type plan struct {
	start, end, latest int // latest is end where the window has none
	days               int
	armed, glass       bool
	idle               int
	safety             bool
}

// said is what one person decided.
type said struct {
	what      access.Verdict
	by        string
	at, until int // until never: the window's end
	wrong     bool
}

// past is what was carried out, by occurrence: the day, or 0 for the only one.
type past struct {
	over       bool         // the whole window is recorded as ended
	ended      map[int]bool // recorded as ended
	open, ever map[int]bool // recorded as opened, and not closed since; ever opened
	openedAt   map[int]int
}

// moment is everything that the answer depends on.
type moment struct {
	plan
	past
	said                            []said
	standing                        map[int]bool
	now                             int
	mayGrant, mayExpire, trail      bool
	locked, deleted, vendor         bool
	needs, longest, contract, heard int
}

// mayPass is the specification: until when access may pass now, 0 for not at all.
func (m *moment) mayPass() int {
	day, start, end := m.occurrence()
	approved, until := m.approved(start)
	if end = min(end, until, m.contract); m.days == 0 {
		end = until // which may be later than the window's own
	}
	if m.over || m.forged() || m.deleted || m.has(access.Deny) || m.has(access.Revoke) || // ended
		m.locked || !m.vendor || !m.mayGrant || !m.trail || m.refused() || !approved || // held
		m.ended[day] || m.now < start || m.now >= end || m.isIdle(day) { // not its time
		return 0
	}
	if !m.armed {
		return end
	}
	armed := 0
	for _, s := range m.said {
		if s.what == access.Arm && !s.wrong && s.at >= start && s.at <= m.now && s.at < end && (s.until == never || s.until > s.at && s.until > start) {
			until := min(end, s.at+m.bound())
			if s.until != never {
				until = min(until, s.until)
			}
			armed = max(armed, until)
		}
	}
	if armed <= m.now {
		return 0
	}
	return armed
}

// occurrence is that of now: the day's, or the only one.
func (m *moment) occurrence() (day, start, end int) {
	if m.days == 0 {
		return 0, m.start, m.end
	}
	day = min(max(m.now, 0)/dayLong, m.days-1)
	return day, day*dayLong + m.start, min(day*dayLong+m.end, m.days*dayLong)
}

// approved says whether enough persons approve, and until when: minute by minute, as
// they say it.
func (m *moment) approved(start int) (bool, int) {
	own, most := m.own(), m.days*dayLong
	if m.days == 0 {
		most = m.latest
		if m.asksTooMuch() {
			most = m.end
		} else if !m.armed || m.glass {
			most = min(most, m.start+m.bound())
		}
		if m.contract > start {
			most = min(most, m.contract)
		}
	}
	sofar, words, enough := own, map[string]int{}, m.glass
	for _, s := range m.inOrder() {
		late := m.days == 0 && s.at >= sofar || s.at > m.now
		until := s.until
		if until == never {
			until = own
		} else if until <= s.at || m.days == 0 && until <= start {
			continue
		}
		if late || m.glass || s.wrong || s.what != access.Approve {
			continue
		}
		words[s.by] = min(until, most)
		if agreed := m.agreed(words); agreed != 0 {
			enough, sofar = true, agreed
		}
	}
	return enough && (m.days == 0 || sofar > m.now), sofar
}

func (m *moment) agreed(words map[string]int) int {
	best := 0
	for _, end := range words {
		n := 0
		for _, other := range words {
			if other >= end {
				n++
			}
		}
		if n >= m.needed() {
			best = max(best, end)
		}
	}
	return best
}

func (m *moment) inOrder() []said {
	return slices.SortedStableFunc(slices.Values(m.said), func(a, b said) int {
		end := func(s said) int {
			if s.until == never {
				return m.own()
			}
			return s.until
		}
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(end(b), end(a)))
	})
}

func (m *moment) needed() int {
	if m.safety {
		return max(2, m.needs)
	}
	return m.needs
}

func (m *moment) bound() int {
	if m.glass {
		return min(m.longest, 4*60)
	}
	return m.longest
}

// own is the end that the window itself asks for.
func (m *moment) own() int {
	switch {
	case m.days > 0:
		return m.days * dayLong
	case m.contract > m.start:
		return min(m.end, m.contract)
	default:
		return m.end
	}
}

func (m *moment) asksTooMuch() bool { return (!m.armed || m.glass) && m.end-m.start > m.bound() }

// refused is what is wrong with the window itself.
func (m *moment) refused() bool {
	return m.asksTooMuch() || m.glass && m.safety ||
		m.days == 0 && m.contract <= m.start || m.days > 0 && m.contract <= m.now
}

func (m *moment) has(what access.Verdict) bool {
	return slices.ContainsFunc(m.said, func(s said) bool { return s.what == what })
}

func (m *moment) forged() bool {
	for day := range m.standing {
		if !m.ever[day] && m.trail {
			return true
		}
	}
	return false
}

func (m *moment) isIdle(day int) bool {
	return m.idle > 0 && m.open[day] && m.mayExpire && m.now-max(min(m.openedAt[day], m.now), min(m.heard, m.now)) >= m.idle
}

// ends is what has to be recorded as ended now: whole, or some occurrences.
func (m *moment) ends() (whole bool, some map[int]bool) {
	some = map[int]bool{}
	day, start, _ := m.occurrence()
	approved, until := m.approved(start)
	switch {
	case m.over:
		return false, some
	case m.forged(), m.deleted, m.has(access.Deny), m.has(access.Revoke):
		return true, some
	}
	if m.mayExpire && m.days > 0 {
		for d := range m.days {
			if m.now >= min(d*dayLong+m.end, m.days*dayLong) && !m.ended[d] {
				some[d] = true
			}
		}
	}
	if m.mayExpire && (m.days == 0 && m.now >= until || m.days > 0 && m.now >= min((m.days-1)*dayLong+m.end, m.days*dayLong)) {
		return true, some
	}
	if m.locked {
		for d := range m.ever {
			if !m.ended[d] && (m.open[d] || m.standing[d]) {
				some[d] = true
			}
		}
	} else if m.isIdle(day) && m.vendor && m.trail && m.mayGrant && !m.refused() && approved && !m.ended[day] && m.now >= start {
		calm := *m
		calm.idle = 0
		if calm.mayPass() > 0 {
			some[day] = true
		}
	}
	if m.days == 0 && some[0] {
		return true, map[int]bool{}
	}
	return false, some
}
