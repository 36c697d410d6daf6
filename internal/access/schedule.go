// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// occurrence is one time at which a window may be open. A window that does not recur
// has one, whose key is "".
type occurrence struct {
	// key is the start as the clock on the wall shows it, so that no turn of a clock and
	// no change of the Site's time zone makes the same occurrence happen twice.
	key        string
	reading    time.Time
	start, end time.Time
}

func (o occurrence) holds(t time.Time) bool { return !t.Before(o.start) && t.Before(o.end) }

const keyLayout = "2006-01-02T15:04"

// fields are the five of cron, without the library's extensions.
var fields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// parseCron reads five fields. The library would also take a time zone in front, and
// panics on one without a space behind it.
func parseCron(s string) (cron.Schedule, error) {
	if strings.Contains(s, "=") || len(strings.Fields(s)) != 5 {
		return nil, errors.New("want five fields: minute hour day month weekday")
	}
	schedule, err := fields.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("parsing the schedule: %w", err)
	}
	return schedule, nil
}

// schedule finds occurrences. It counts on the wall, where no hour is missing or comes
// twice, and asks then which instant that is.
type schedule struct {
	cron     cron.Schedule
	loc      *time.Location
	duration time.Duration
	// born is when the window was created: its first occurrence is not over by then.
	born time.Time
	// last is when the last day is over.
	last time.Time
}

// slack is more than local time ever differs from itself: a calendar skipped a day once.
const slack = 50 * time.Hour

// at is the occurrence that starts at a reading, which is one of the schedule's.
func (s *schedule) at(reading time.Time) occurrence {
	o := occurrence{key: reading.Format(keyLayout), reading: reading, start: resolve(reading, s.loc, AsStart)}
	o.end = earliest(o.start.Add(s.duration), s.last)
	if next := s.cron.Next(reading); !next.IsZero() {
		o.end = earliest(o.end, resolve(next, s.loc, AsStart))
	}
	return o
}

// lasts says that an occurrence happens. Of several that a clock never reads, which all
// start when it goes on, only the last does.
func (o occurrence) lasts() bool { return o.start.Before(o.end) }

// current is the last occurrence that started by now, if it is not over.
func (s *schedule) current(now time.Time) (occurrence, bool) {
	from, found := s.before(now)
	if !found {
		return occurrence{}, false
	}
	o := s.at(s.cron.Next(from))
	return o, o.holds(now)
}

// before finds a reading such that the schedule's next one is the last that started by
// now, and says whether there is one that may not be over.
func (s *schedule) before(now time.Time) (time.Time, bool) {
	started := func(from time.Time) bool {
		next := s.cron.Next(from)
		return !next.IsZero() && !resolve(next, s.loc, AsStart).After(now)
	}
	high := reading(now, s.loc).Truncate(time.Minute)
	low := high.Add(-(s.duration + slack)).Truncate(time.Minute)
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

// following is the first occurrence that starts after now.
func (s *schedule) following(now time.Time) (occurrence, bool) {
	from, found := s.before(now)
	if found {
		from = s.cron.Next(from)
	}
	return s.after(from)
}

// after is the first occurrence that lasts and starts after a reading.
func (s *schedule) after(reading time.Time) (occurrence, bool) {
	for next := s.cron.Next(reading); !next.IsZero(); next = s.cron.Next(next) {
		o := s.at(next)
		if !o.start.Before(s.last) {
			break
		}
		if o.lasts() {
			return o, true
		}
	}
	return occurrence{}, false
}

// first is the first occurrence of all.
func (s *schedule) first() (occurrence, bool) {
	if o, found := s.current(s.born); found {
		return o, true
	}
	return s.following(s.born)
}

// looked is how many occurrences are looked at for one that begins before the one
// before it is over.
const looked = 40

// touches finds an occurrence that begins before the one before it is over, so that
// what is bounded by itself would have no end.
func (s *schedule) touches() (occurrence, bool) {
	o, found := s.first()
	if !found {
		return o, false
	}
	on := o.reading
	for range looked {
		next := s.cron.Next(on)
		if next.IsZero() || !resolve(next, s.loc, AsStart).Before(s.last) {
			break
		}
		if !on.Add(s.duration).Before(next) {
			return s.at(next), true
		}
		on = next
	}
	return occurrence{}, false
}

// mostOver bounds how many occurrences are told to be over in one decision.
const mostOver = 16

// over are the occurrences that are over by now, from the one after key on, and whether
// there are more of them than that.
func (s *schedule) over(key string, now time.Time) ([]occurrence, bool) {
	o, found := s.first()
	if last, err := time.Parse(keyLayout, key); err == nil {
		o, found = s.after(last)
	}
	var out []occurrence
	for ; found && !o.end.After(now); o, found = s.after(o.reading) {
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
