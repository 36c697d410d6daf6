// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package wall

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Occurrence is one time of a schedule. One that does not recur has the key "".
type Occurrence struct {
	// Key is the start as the clock on the wall shows it, so that no turn of a clock and
	// no change of the time zone makes the same occurrence happen twice.
	Key        string
	Reading    time.Time
	Start, End time.Time
}

// Holds says that an instant lies in it.
func (o Occurrence) Holds(t time.Time) bool { return !t.Before(o.Start) && t.Before(o.End) }

// Lasts says that it happens. Of several that a clock never reads, which all start when
// it goes on, only the last does.
func (o Occurrence) Lasts() bool { return o.Start.Before(o.End) }

// KeyLayout is that of an occurrence's key.
const KeyLayout = "2006-01-02T15:04"

// fields are the five of cron, without the library's extensions.
var fields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// ParseCron reads five fields. The library would also take a time zone in front, and
// panics on one without a space behind it.
func ParseCron(s string) (cron.Schedule, error) {
	if strings.Contains(s, "=") || len(strings.Fields(s)) != 5 {
		return nil, errors.New("want five fields: minute hour day month weekday")
	}
	schedule, err := fields.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("parsing the schedule: %w", err)
	}
	return schedule, nil
}

// Schedule finds occurrences. It counts on the wall, where no hour is missing or comes
// twice, and asks then which instant that is.
type Schedule struct {
	Cron     cron.Schedule
	Location *time.Location
	Duration time.Duration
	// Last is when the last occurrence is over at the latest, zero for never.
	Last time.Time
}

// slack is more than local time ever differs from itself: a calendar skipped a day once.
const slack = 50 * time.Hour

// At is the occurrence that starts at a reading, which is one of the schedule's.
func (s *Schedule) At(reading time.Time) Occurrence {
	o := Occurrence{Key: reading.Format(KeyLayout), Reading: reading, Start: Resolve(reading, s.Location, AsStart)}
	o.End = o.Start.Add(s.Duration)
	if !s.Last.IsZero() && s.Last.Before(o.End) {
		o.End = s.Last
	}
	if next := s.Cron.Next(reading); !next.IsZero() {
		if start := Resolve(next, s.Location, AsStart); start.Before(o.End) {
			o.End = start
		}
	}
	return o
}

// Current is the last occurrence that started by now, if it is not over.
func (s *Schedule) Current(now time.Time) (Occurrence, bool) {
	from, found := s.before(now)
	if !found {
		return Occurrence{}, false
	}
	o := s.At(s.Cron.Next(from))
	return o, o.Holds(now)
}

// before finds a reading such that the schedule's next one is the last that started by
// now, and says whether there is one that may not be over.
func (s *Schedule) before(now time.Time) (time.Time, bool) {
	started := func(from time.Time) bool {
		next := s.Cron.Next(from)
		return !next.IsZero() && !Resolve(next, s.Location, AsStart).After(now)
	}
	high := Reading(now, s.Location).Truncate(time.Minute)
	low := high.Add(-(s.Duration + slack)).Truncate(time.Minute)
	if !started(low) {
		return low, false
	}
	for high.Sub(low) > time.Minute {
		if middle := low.Add(high.Sub(low) / 2).Truncate(time.Minute); started(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low, true
}

// Following is the first occurrence that starts after now.
func (s *Schedule) Following(now time.Time) (Occurrence, bool) {
	from, found := s.before(now)
	if found {
		from = s.Cron.Next(from)
	}
	return s.After(from)
}

// After is the first occurrence that lasts and starts after a reading.
func (s *Schedule) After(reading time.Time) (Occurrence, bool) {
	for next := s.Cron.Next(reading); !next.IsZero(); next = s.Cron.Next(next) {
		o := s.At(next)
		if s.ended(o.Start) {
			break
		}
		if o.Lasts() {
			return o, true
		}
	}
	return Occurrence{}, false
}

// ended says that nothing starts at an instant any more.
func (s *Schedule) ended(start time.Time) bool { return !s.Last.IsZero() && !start.Before(s.Last) }
