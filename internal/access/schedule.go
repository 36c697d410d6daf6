// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"time"

	"github.com/zonewarden/zonewarden/internal/wall"
)

// schedule is that of a window which recurs until its last day.
type schedule struct {
	wall.Schedule
	// born is when the window was created: its first occurrence is not over by then.
	born time.Time
}

// first is the first occurrence of all.
func (s *schedule) first() (wall.Occurrence, bool) {
	if o, found := s.Current(s.born); found {
		return o, true
	}
	return s.Following(s.born)
}

// looked is how many occurrences are looked at for one that begins before the one
// before it is over.
const looked = 40

// touches finds an occurrence that begins before the one before it is over, so that
// what is bounded by itself would have no end.
func (s *schedule) touches() (wall.Occurrence, bool) {
	o, found := s.first()
	if !found {
		return o, false
	}
	on := o.Reading
	for range looked {
		next := s.Cron.Next(on)
		if next.IsZero() || !wall.Resolve(next, s.Location, wall.AsStart).Before(s.Last) {
			break
		}
		if !on.Add(s.Duration).Before(next) {
			return s.At(next), true
		}
		on = next
	}
	return wall.Occurrence{}, false
}

// mostOver bounds how many occurrences are told to be over in one decision.
const mostOver = 16

// over are the occurrences that are over by now, from the one after key on, and whether
// there are more of them than that.
func (s *schedule) over(key string, now time.Time) ([]wall.Occurrence, bool) {
	o, found := s.first()
	if last, err := time.Parse(wall.KeyLayout, key); err == nil {
		o, found = s.After(last)
	}
	var out []wall.Occurrence
	for ; found && !o.End.After(now); o, found = s.After(o.Reading) {
		if len(out) == mostOver {
			return out, true
		}
		out = append(out, o)
	}
	return out, false
}

// earliest of several instants.
func earliest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.Before(first) {
			first = t
		}
	}
	return first
}
