// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"fmt"
	"time"

	"github.com/zonewarden/zonewarden/internal/wall"
)

// What bounds a window where the Site says nothing.
const (
	defaultLongest    = 12 * time.Hour
	breakGlassLongest = 4 * time.Hour
	// year bounds an occurrence that is armed for a part of it.
	year = 366 * 24 * time.Hour
)

// times are a window's own: what it asks for, before anybody approves.
type times struct {
	// refused is what is wrong with them. Where it is not empty nothing else is set.
	refused []Refusal
	// only is the occurrence of a window that does not recur, bound the end that
	// nothing goes beyond.
	only  wall.Occurrence
	bound time.Time
	// recurs is nil for a window that does not.
	recurs *schedule
	// contract is the end of the vendor's, zero for unknown.
	contract time.Time
	// tooLong says that it is understood, and longer than the Site allows.
	tooLong *Refusal
}

// needsArming says that a person of the shift opens each occurrence. One who has to be
// present says so in the same way.
func (w Window) needsArming() bool { return w.Activation == WhenArmed || w.Attended }

// longest is the Site's bound of one window, occurrence or arming.
func (m *matter) longest() time.Duration {
	longest := m.site.Longest
	if longest <= 0 {
		longest = defaultLongest
	}
	if !m.f.Window.BreakGlass {
		return longest
	}
	if b := m.site.BreakGlassLongest; b > 0 && b < breakGlassLongest {
		return min(longest, b)
	}
	return min(longest, breakGlassLongest)
}

// bounded says that the window as a whole is bounded by the Site, and not each arming.
func (m *matter) bounded() bool {
	return m.f.Window.BreakGlass || !m.f.Window.needsArming()
}

// readTimes understands when the window asks to be open.
func (m *matter) readTimes() times {
	w := m.f.Window
	switch {
	case m.site.Location == nil:
		return wrongTimes("Site.spec.timeZone", ReasonNoTimeZone, "")
	case w.Recurring != nil && w.Start+w.End+w.LatestEnd != "":
		return wrongTimes("spec.recurring", ReasonTwoKindsOfTime, "say recurring, or start and end, not both")
	case w.Recurring != nil:
		return m.readRecurring(*w.Recurring)
	case w.End == "":
		return wrongTimes("spec.end", ReasonNoEnd, "say when it ends, or how it recurs")
	default:
		return m.readOnce()
	}
}

func wrongTimes(field string, reason Reason, detail string) times {
	return times{refused: []Refusal{refusal(field, reason, detail)}}
}

func (m *matter) readOnce() times {
	w, loc := m.f.Window, m.site.Location
	start, err := ParseMoment(w.Start, loc, AsStart)
	if err != nil {
		return wrongTimes("spec.start", ReasonInvalidTime, err.Error())
	}
	end, err := ParseMoment(w.End, loc, AsEnd)
	if err != nil {
		return wrongTimes("spec.end", ReasonInvalidTime, err.Error())
	}
	if !start.Before(end) {
		return wrongTimes("spec.end", ReasonEndNotAfterStart, fmt.Sprintf("it starts at %s and ends at %s", show(start), show(end)))
	}
	t := times{only: wall.Occurrence{Start: start, End: end}, bound: end, contract: m.contractEnd()}
	if w.LatestEnd != "" {
		latest, err := ParseMoment(w.LatestEnd, loc, AsEnd)
		if err != nil {
			return wrongTimes("spec.latestEnd", ReasonInvalidTime, err.Error())
		}
		if latest.Before(end) {
			return wrongTimes("spec.latestEnd", ReasonLatestEndBeforeEnd, fmt.Sprintf("%s is before %s", show(latest), show(end)))
		}
		t.bound = latest
	}
	if m.bounded() {
		m.boundBySite(&t)
	}
	if t.contract.After(start) {
		t.bound = earliest(t.bound, t.contract)
		t.only.End = earliest(t.only.End, t.contract)
	}
	return t
}

// boundBySite keeps extensions within the Site's bound. What asks for more from the
// beginning is refused, and keeps its own end: a Site that is changed by mistake and
// put right again must not have expired it.
func (m *matter) boundBySite(t *times) {
	longest := m.longest()
	if t.only.Start.Add(longest).Before(t.only.End) {
		r := refusal("spec.end", ReasonTooLong, fmt.Sprintf("%s are asked for, %s are allowed", t.only.End.Sub(t.only.Start), longest))
		t.tooLong = &r
		t.bound = t.only.End
		return
	}
	t.bound = earliest(t.bound, t.only.Start.Add(longest))
}

func (m *matter) readRecurring(r Recurring) times {
	w := m.f.Window
	cron, err := wall.ParseCron(r.Schedule)
	if err != nil {
		return wrongTimes("spec.recurring.schedule", ReasonInvalidSchedule, err.Error())
	}
	last, err := EndOfDay(r.LastDay, m.site.Location)
	switch {
	case err != nil:
		return wrongTimes("spec.recurring.lastDay", ReasonInvalidTime, err.Error())
	case r.Duration <= 0 || r.Duration > year:
		return wrongTimes("spec.recurring.duration", ReasonInvalidDuration, fmt.Sprintf("%s is not between nothing and a year", r.Duration))
	case w.Created.IsZero():
		return wrongTimes("metadata.creationTimestamp", ReasonNotIdentified, "the schedule counts from the window's creation")
	}
	s := &schedule{Schedule: wall.Schedule{Cron: cron, Location: m.site.Location, Duration: r.Duration, Last: last}, born: w.Created}
	if _, fires := s.first(); !fires {
		return wrongTimes("spec.recurring.schedule", ReasonNeverFires, fmt.Sprintf("%q has no time before the end of %s", r.Schedule, r.LastDay))
	}
	if o, touches := s.touches(); touches {
		return wrongTimes("spec.recurring.duration", ReasonNeverCloses, fmt.Sprintf("the one of %s begins %s after the one before, or earlier", o.Key, r.Duration))
	}
	t := times{recurs: s, contract: m.contractEnd()}
	if longest := m.longest(); m.bounded() && r.Duration > longest {
		r := refusal("spec.recurring.duration", ReasonTooLong, fmt.Sprintf("%s are asked for, %s are allowed", r.Duration, longest))
		t.tooLong = &r
	}
	return t
}

// contractEnd is when the vendor's contract is over, zero where that is not known.
func (m *matter) contractEnd() time.Time {
	if m.f.Vendor == nil {
		return time.Time{}
	}
	end, err := EndOfDay(m.f.Vendor.ContractEnd, m.site.Location)
	if err != nil {
		return time.Time{}
	}
	return end
}

func show(t time.Time) string { return t.Format("2006-01-02T15:04:05Z07:00") }
