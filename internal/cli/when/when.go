// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package when

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/internal/access"
)

// Forms are those that are understood, for a message.
const Forms = `"now", "+2h", "14:30", "tomorrow 08:00", "friday 6:00", "2026-12-01 08:00" or "2026-12-01T08:00+01:00"`

// Clock is the present, as a clock on the wall of the site shows it.
type Clock struct {
	Now  time.Time
	Zone *time.Location
}

// form is one of the ways to say a time.
type form int

const (
	present  form = iota // now
	relative             // +2h
	daytime              // 14:30
	dated                // tomorrow 08:00
)

// saying is a time as somebody said it.
type saying struct {
	form form
	span time.Duration
	// clock is a time of day, h:m:s after midnight.
	clock time.Duration
	// at is the instant of what is dated.
	at time.Time
}

var (
	clockForm  = regexp.MustCompile(`^(\d{1,2}):(\d\d)(?::(\d\d))?$`)
	dateForm   = regexp.MustCompile(`^20\d\d-\d\d-\d\d$`)
	offsetForm = regexp.MustCompile(`(?i)^([\d:]+)(z|[+-]\d\d:\d\d)$`)
)

// read says what a text means, without asking whether it is over.
func (c Clock) read(text string) (saying, error) {
	if c.Zone == nil {
		return saying{}, errors.New("the site's time zone is not known")
	}
	words := wordsOf(text)
	switch {
	case len(words) == 1 && words[0] == "now":
		return saying{form: present}, nil
	case len(words) == 1 && strings.HasPrefix(words[0], "+"):
		span, err := Span(words[0][1:])
		return saying{form: relative, span: span}, err
	case len(words) == 1 && clockForm.MatchString(words[0]):
		clock, err := daytimeOf(words[0])
		return saying{form: daytime, clock: clock}, err
	case len(words) == 2:
		at, err := c.on(words[0], words[1])
		return saying{form: dated, at: at}, err
	}
	return saying{}, unknown(text)
}

// wordsOf takes a day and a time apart, with a blank or a T between them.
func wordsOf(text string) []string {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 1 {
		if date, clock, both := strings.Cut(words[0], "t"); both && dateForm.MatchString(date) {
			return []string{date, clock}
		}
	}
	return words
}

func unknown(text string) error {
	if _, known := weekday(strings.ToLower(text)); known || strings.EqualFold(text, "tomorrow") || dateForm.MatchString(text) {
		return fmt.Errorf("%q has no time of day: write %q", text, text+" 08:00")
	}
	return fmt.Errorf("%q is not a time: write %s", text, Forms)
}

// on is a time of a day.
func (c Clock) on(day, clock string) (time.Time, error) {
	if m := offsetForm.FindStringSubmatch(clock); m != nil && dateForm.MatchString(day) {
		at, err := access.ParseMoment(day+"T"+strings.ToUpper(clock), c.Zone, access.AsStart)
		if err != nil {
			return at, fmt.Errorf("%q is not a time", day+" "+clock)
		}
		return at, nil
	}
	date, err := c.date(day)
	if err != nil {
		return time.Time{}, err
	}
	if !clockForm.MatchString(clock) {
		return time.Time{}, fmt.Errorf("%q is not a time of day: write 08:00", clock)
	}
	of, err := daytimeOf(clock)
	if err != nil {
		return time.Time{}, err
	}
	return c.instant(date.Add(of))
}

// today is midnight of the present day, as a clock on the wall reads it.
func (c Clock) today() time.Time {
	y, m, d := c.Now.In(c.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func (c Clock) date(day string) (time.Time, error) {
	today := c.today()
	switch day {
	case "today":
		return today, nil
	case "tomorrow":
		return today.AddDate(0, 0, 1), nil
	case "yesterday":
		return today.AddDate(0, 0, -1), nil
	}
	if wd, known := weekday(day); known {
		ahead := (int(wd) - int(today.Weekday()) + 7) % 7
		if ahead == 0 {
			return today, fmt.Errorf("today is %s, so %q may mean today or in a week: write \"today\" or %s",
				wd, day, today.AddDate(0, 0, 7).Format(time.DateOnly))
		}
		return today.AddDate(0, 0, ahead), nil
	}
	if dateForm.MatchString(day) {
		date, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return date, fmt.Errorf("the calendar has no %s", day)
		}
		return date, nil
	}
	return today, fmt.Errorf("%q is not a day: write today, tomorrow, a weekday or %s", day, today.Format(time.DateOnly))
}

func weekday(word string) (time.Weekday, bool) {
	for wd := time.Sunday; wd <= time.Saturday; wd++ {
		name := strings.ToLower(wd.String())
		if word == name || word == name[:3] {
			return wd, true
		}
	}
	return 0, false
}

func daytimeOf(text string) (time.Duration, error) {
	layout := "15:04"
	if strings.Count(text, ":") == 2 {
		layout = time.TimeOnly
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time of day between 00:00 and 23:59", text)
	}
	return t.Sub(t.Truncate(24 * time.Hour)), nil
}

const local = "2006-01-02T15:04:05"

// instant is when a clock on the wall shows a reading: once, or it is refused.
func (c Clock) instant(reading time.Time) (time.Time, error) {
	text := reading.Format(local)
	first, last, err := instants(text, c.Zone)
	if err != nil {
		return first, err
	}
	day, clock := reading.Format(time.DateOnly), reading.Format("15:04")
	switch {
	case !first.Equal(last):
		return first, fmt.Errorf("%s comes twice on %s, when clocks go back: write %s or %s",
			clock, day, write(first, true), write(last, true))
	case last.Format(local) != text:
		return first, fmt.Errorf("there is no %s on %s: clocks go forward to %s", clock, day, last.Format("15:04"))
	}
	return last, nil
}

// instants are the first and the last at which a clock shows a reading.
func instants(text string, zone *time.Location) (first, last time.Time, err error) {
	if first, err = access.ParseMoment(text, zone, access.AsEnd); err != nil {
		return first, last, err
	}
	last, err = access.ParseMoment(text, zone, access.AsStart)
	return first, last, err
}

// minute is the present without its seconds: nobody counts from them.
func (c Clock) minute() time.Time { return c.Now.In(c.Zone).Truncate(time.Minute) }
