// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package wall

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Edge says what a local time is for, which decides where a clock is turned.
type Edge bool

// The edges of a time span. A local time that a clock reads twice is the later of the two
// as a start and the earlier as an end, so that a span is never longer than
// meant. Who wants one that is never shorter asks the other way round.
// One that a clock never reads is the first instant after it, for both.
const (
	AsStart Edge = false
	AsEnd   Edge = true
)

var momentForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?$`)

// ParseMoment reads 2026-11-23T08:00, with or without seconds: local in loc, or with an
// offset (Z, +01:00).
func ParseMoment(s string, loc *time.Location, edge Edge) (time.Time, error) {
	if loc == nil {
		return time.Time{}, fmt.Errorf("parsing %q: no time zone", s)
	}
	if !momentForm.MatchString(s) {
		return time.Time{}, fmt.Errorf("parsing %q: want 2026-11-23T08:00, with an offset where it is not local", s)
	}
	layout := "2006-01-02T15:04"
	if strings.Count(s[:min(len(s), len("2006-01-02T15:04:05"))], ":") == 2 {
		layout += ":05"
	}
	if offset := s[len(layout):]; offset != "" {
		t, err := time.Parse(layout+"Z07:00", s)
		if err != nil {
			return time.Time{}, fmt.Errorf("parsing %q: %w", s, err)
		}
		return t.In(loc), nil
	}
	reading, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("parsing %q: %w", s, err)
	}
	return Resolve(reading, loc, edge), nil
}

// EndOfDay is the instant at which a day is over: 2027-06-30 in loc.
func EndOfDay(date string, loc *time.Location) (time.Time, error) {
	if loc == nil {
		return time.Time{}, fmt.Errorf("parsing %q: no time zone", date)
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return time.Time{}, fmt.Errorf("parsing %q: %w", date, err)
	}
	return Resolve(day.AddDate(0, 0, 1), loc, AsEnd), nil
}

// Reading is what a clock on the wall in loc shows at an instant, as if it were UTC.
func Reading(t time.Time, loc *time.Location) time.Time {
	_, offset := t.In(loc).Zone()
	return t.Add(time.Duration(offset) * time.Second).UTC()
}

// Resolve finds the instant at which a clock on the wall shows a reading.
func Resolve(reading time.Time, loc *time.Location, edge Edge) time.Time {
	// Of two readings or none, which instant Date gives is not said; that it is in a
	// zone that the turn of the clock borders on, is.
	near := time.Date(reading.Year(), reading.Month(), reading.Day(),
		reading.Hour(), reading.Minute(), reading.Second(), 0, loc)
	found := shows(near, reading, loc)
	best := near
	from, to := near.ZoneBounds()
	for _, turn := range []time.Time{from, to} {
		if turn.IsZero() {
			continue
		}
		before, after := offsets(turn)
		if gap := reading.Add(-before); !gap.Before(turn) && reading.Add(-after).Before(turn) {
			return turn.In(loc)
		}
		for _, offset := range []time.Duration{before, after} {
			t := reading.Add(-offset)
			if !shows(t, reading, loc) {
				continue
			}
			if later := t.After(best); !found || later == (edge == AsStart) {
				best, found = t, true
			}
		}
	}
	return best.In(loc)
}

// offsets of local time from UTC before and after a turn of the clock.
func offsets(turn time.Time) (before, after time.Duration) {
	_, b := turn.Add(-1).Zone()
	_, a := turn.Zone()
	return time.Duration(b) * time.Second, time.Duration(a) * time.Second
}

func shows(t, want time.Time, loc *time.Location) bool { return Reading(t, loc).Equal(want) }
