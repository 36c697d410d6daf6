// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"slices"
	"time"
)

// version of the State that this package writes. A change that an older version would
// misread raises it.
const version = 1

// State is what is kept between looks. The zero value knows nothing. States are values:
// no function here changes one that it was given.
type State struct {
	Version int `json:"version"`
	// Mark is the highest trusted time.
	Mark time.Time `json:"mark,omitzero"`
	// Boots are those looked at, the latest first.
	Boots []Boot `json:"boots,omitempty"`
}

// Boot is what is known of one boot of one node. Nodes cloned while they ran share a boot
// id, so both tell it.
type Boot struct {
	ID   string `json:"id"`
	Node string `json:"node"`
	// Last is the last look.
	Last Instant `json:"last"`
	// Run is the first look since the clock last jumped, trusted or not. It stays the same
	// until the next jump, and is what a person acknowledges.
	Run Instant `json:"run"`
	// Trust is nil until it was established.
	Trust *Trust `json:"trust,omitempty"`
	// Judged are the acknowledgements of this boot that were seen and will not count again.
	Judged []Judged `json:"judged,omitempty"`
}

// Instant is what both clocks read at once.
type Instant struct {
	Wall      time.Time     `json:"wall"`
	SinceBoot time.Duration `json:"sinceBoot"`
}

// at is what the wall clock reads at another time since boot, if nobody sets it.
func (i Instant) at(sinceBoot time.Duration) time.Time { return i.Wall.Add(sinceBoot - i.SinceBoot) }

func (i Instant) same(j Instant) bool { return i.SinceBoot == j.SinceBoot && i.Wall.Equal(j.Wall) }

// Trust is when a boot's clock was last known to be right, and by what.
type Trust struct {
	Instant

	By Reason `json:"by"`
	// Person acknowledged it, "" for the others.
	Person string `json:"person,omitempty"`
}

// Judged is an acknowledgement that was seen.
type Judged struct {
	By  string  `json:"by"`
	Saw Instant `json:"saw"`
}

func (s State) clone() State {
	s.Version = version
	s.Boots = slices.Clone(s.Boots)
	for i := range s.Boots {
		b := &s.Boots[i]
		b.Judged = slices.Clone(b.Judged)
		if b.Trust != nil {
			b.Trust = new(*b.Trust)
		}
	}
	return s
}

// look brings the boot of a reading to the front and notes whether its clock jumped.
func (s *State) look(r Reading, tolerance time.Duration) *Boot {
	b := Boot{ID: r.BootID, Node: r.Node, Last: r.instant(), Run: r.instant()}
	if i := slices.IndexFunc(s.Boots, func(b Boot) bool { return b.ID == r.BootID && b.Node == r.Node }); i >= 0 {
		b = s.Boots[i]
		s.Boots = slices.Delete(s.Boots, i, i+1)
	}
	b.see(r, tolerance)
	s.Boots = slices.Insert(s.Boots, 0, b)
	s.Boots = s.Boots[:min(len(s.Boots), mostBoots)]
	return &s.Boots[0]
}

func (b *Boot) see(r Reading, tolerance time.Duration) {
	switch {
	case r.SinceBoot < b.Last.SinceBoot-tolerance:
		// Boot time does not run backwards: the machine was put back to a snapshot, and
		// what was known is of a time that it has not lived through.
		b.Trust = nil
		b.Run = r.instant()
	case b.Run.stray(r).Abs() > tolerance:
		b.Run = r.instant()
	}
	b.Last = r.instant()
}

// stray is how far the wall clock is from where boot time carried it.
func (i Instant) stray(r Reading) time.Duration { return r.Wall.Sub(i.at(r.SinceBoot)) }

// Over says whether an instant has passed whatever the wall clock reads, and how long ago
// at least: trusted time reached it, or this boot has run that long since its Trust. It is
// as certain as Trust was, and for closing: to declare something over for good takes a
// Verdict as well.
func (s State) Over(r Reading, end time.Time) (ago time.Duration, over bool) {
	ago = s.reached(r).Sub(end)
	return max(0, ago), ago >= 0
}

// reached is a time that has certainly come.
func (s State) reached(r Reading) time.Time {
	for i := range s.Boots {
		b := &s.Boots[i]
		if b.ID != r.BootID || b.Node != r.Node || b.Trust == nil || r.SinceBoot < b.Trust.SinceBoot {
			continue
		}
		return later(s.Mark, b.Trust.at(r.SinceBoot).Add(-drift(r.SinceBoot-b.Trust.SinceBoot)))
	}
	return s.Mark
}

// Outdated says whether a State that was written is to be written again, next being the
// present one. It is when anything but the passing of time differs, or when every has
// passed. After a crash the mark is then behind trusted time by less than every.
func (s State) Outdated(next State, every time.Duration) bool {
	if s.Version != next.Version || len(s.Boots) != len(next.Boots) || next.Mark.Sub(s.Mark) >= every {
		return true
	}
	for i := range s.Boots {
		if s.Boots[i].outdated(&next.Boots[i], every) {
			return true
		}
	}
	return false
}

func (b *Boot) outdated(next *Boot, every time.Duration) bool {
	return b.ID != next.ID || b.Node != next.Node ||
		(next.Last.SinceBoot-b.Last.SinceBoot).Abs() >= every ||
		!b.Run.same(next.Run) ||
		len(b.Judged) != len(next.Judged) ||
		!b.Trust.sameBasis(next.Trust)
}

func (t *Trust) sameBasis(next *Trust) bool {
	if t == nil || next == nil {
		return t == next
	}
	return t.By == next.By && t.Person == next.Person
}

// writable says whether the State's text can hold a time, and what is computed of it.
func writable(t time.Time) bool {
	year := t.UTC().Year()
	return year > 0 && year <= lastYear
}

// drift is how far a free-running clock strays in that time at most.
func drift(d time.Duration) time.Duration { return d / driftParts }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
