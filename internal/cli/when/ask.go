// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package when

import (
	"fmt"
	"time"
)

// Start reads when something begins: not in the past, except that "now" is the minute that
// has begun. A time of day alone is today's.
func (c Clock) Start(text string) (time.Time, error) {
	s, err := c.read(text)
	if err != nil {
		return time.Time{}, err
	}
	at := s.at
	switch s.form {
	case present:
		return c.minute(), nil
	case relative:
		return c.ahead(s.span), nil
	case daytime:
		if at, err = c.instant(c.today().Add(s.clock)); err != nil {
			return at, err
		}
	case dated:
	}
	if at.Before(c.minute()) {
		hint := `write "now"`
		if s.form == daytime {
			hint = fmt.Sprintf("write %q", "tomorrow "+text)
		}
		return at, fmt.Errorf("%q is over, it is %s: %s", text, Show(c.Now.In(c.Zone)), hint)
	}
	return at, nil
}

// End reads when something ends that starts. A time of day alone is the first after the
// start.
func (c Clock) End(text string, start time.Time) (time.Time, error) {
	s, err := c.read(text)
	if err != nil {
		return time.Time{}, err
	}
	switch s.form {
	case present, relative:
		return time.Time{}, fmt.Errorf("%q may count from now or from the start: write the time, or how long", text)
	case daytime:
		return c.next(s.clock, start)
	case dated:
	}
	if !s.at.After(start) {
		return s.at, fmt.Errorf("%q is not after %s", text, Show(start.In(c.Zone)))
	}
	return s.at, nil
}

// Until reads until when something holds from now on.
func (c Clock) Until(text string) (time.Time, error) {
	s, err := c.read(text)
	if err != nil {
		return time.Time{}, err
	}
	switch s.form {
	case relative:
		return c.ahead(s.span), nil
	case daytime:
		return c.next(s.clock, c.Now)
	case present, dated:
	}
	if !s.at.After(c.Now) {
		return s.at, fmt.Errorf("%q is over, it is %s", text, Show(c.Now.In(c.Zone)))
	}
	return s.at, nil
}

// Since reads from when on something was: a span is so long ago, and a time of day alone
// the last that was.
func (c Clock) Since(text string) (time.Time, error) {
	if span, err := Span(text); err == nil {
		return c.Now.Add(-span), nil
	}
	s, err := c.read(text)
	if err != nil {
		return time.Time{}, err
	}
	at := s.at
	switch s.form {
	case present, relative:
		return at, fmt.Errorf("%q is not in the past: write 24h, or 2026-11-01 00:00", text)
	case daytime:
		if at, err = c.instant(c.today().Add(s.clock)); err == nil && at.After(c.Now) {
			at, err = c.instant(c.today().AddDate(0, 0, -1).Add(s.clock))
		}
		if err != nil {
			return at, err
		}
	case dated:
	}
	if at.After(c.Now) {
		return at, fmt.Errorf("%q is still to come", text)
	}
	return at, nil
}

// ahead counts from the minute, unless seconds are meant.
func (c Clock) ahead(span time.Duration) time.Time {
	if span%time.Minute != 0 {
		return c.Now.In(c.Zone).Truncate(time.Second).Add(span)
	}
	return c.minute().Add(span)
}

// next is the first time after an instant at which a clock shows a time of day.
func (c Clock) next(clock time.Duration, after time.Time) (time.Time, error) {
	at := Clock{Now: after, Zone: c.Zone}
	found, err := at.instant(at.today().Add(clock))
	if err != nil || found.After(after) {
		return found, err
	}
	return at.instant(at.today().AddDate(0, 0, 1).Add(clock))
}
