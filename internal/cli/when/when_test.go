// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package when_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/cli/when"
)

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// at reads an instant for a table.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A Saturday, in winter.
const saturday = "2026-11-28T14:30:27+01:00"

// reading is one row: what somebody typed at some time, and what it means.
type reading struct {
	now, text string
	want      string // RFC 3339, or what the refusal says after "!"
}

func check(t *testing.T, rows []reading, read func(when.Clock, string) (time.Time, error)) {
	t.Helper()
	for _, r := range rows {
		if r.now == "" {
			r.now = saturday
		}
		got, err := read(when.Clock{Now: at(t, r.now), Zone: berlin(t)}, r.text)
		refusal, refused := strings.CutPrefix(r.want, "!")
		switch {
		case refused && (err == nil || !strings.Contains(err.Error(), refusal)):
			t.Errorf("%q at %s: %v, %v, want a refusal with %q", r.text, r.now, got, err, refusal)
		case !refused && err != nil:
			t.Errorf("%q at %s: %v", r.text, r.now, err)
		case !refused && got.Format(time.RFC3339) != r.want:
			t.Errorf("%q at %s: %s, want %s", r.text, r.now, got.Format(time.RFC3339), r.want)
		}
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	check(t, []reading{
		{text: "now", want: "2026-11-28T14:30:00+01:00"},
		{text: "NOW", want: "2026-11-28T14:30:00+01:00"},
		{text: "+2h", want: "2026-11-28T16:30:00+01:00"},
		{text: "+1h30m", want: "2026-11-28T16:00:00+01:00"},
		{text: "+90s", want: "2026-11-28T14:31:57+01:00"},
		{text: "14:30", want: "2026-11-28T14:30:00+01:00"},
		{text: "14:31", want: "2026-11-28T14:31:00+01:00"},
		{text: "14:29", want: `!write "tomorrow 14:29"`},
		{text: "6:00", want: `!write "tomorrow 6:00"`},
		{text: "today 15:00", want: "2026-11-28T15:00:00+01:00"},
		{text: "today 9:00", want: "!is over"},
		{text: "tomorrow 08:00", want: "2026-11-29T08:00:00+01:00"},
		{text: " Tomorrow   08:00 ", want: "2026-11-29T08:00:00+01:00"},
		{text: "friday 6:00", want: "2026-12-04T06:00:00+01:00"},
		{text: "Mon 06:00:30", want: "2026-11-30T06:00:30+01:00"},
		{text: "saturday 20:00", want: `!may mean today or in a week: write "today" or 2026-12-05`},
		{text: "2026-12-01 08:00", want: "2026-12-01T08:00:00+01:00"},
		{text: "2026-12-01T08:00", want: "2026-12-01T08:00:00+01:00"},
		{text: "2026-12-01T08:00:15", want: "2026-12-01T08:00:15+01:00"},
		{text: "2026-12-01T08:00Z", want: "2026-12-01T09:00:00+01:00"},
		{text: "2026-12-01 08:00+02:00", want: "2026-12-01T07:00:00+01:00"},
		{text: "2028-02-29 08:00", want: "2028-02-29T08:00:00+01:00"},
		{text: "2027-02-29 08:00", want: "!the calendar has no 2027-02-29"},
		{text: "2026-11-27 08:00", want: `!is over`},
		{text: "2026-12-01", want: `!has no time of day: write "2026-12-01 08:00"`},
		{text: "tomorrow", want: `!has no time of day`},
		{text: "fri", want: `!has no time of day`},
		{text: "1/12/2026 08:00", want: `!is not a day`},
		{text: "01.12.2026 08:00", want: `!is not a day`},
		{text: "next friday 8:00", want: `!is not a time`},
		{text: "tomorrow 8", want: `!is not a time of day`},
		{text: "tomorrow 8am", want: `!is not a time of day`},
		{text: "24:00", want: `!between 00:00 and 23:59`},
		{text: "tomorrow 12:60", want: `!between 00:00 and 23:59`},
		{text: "+2d", want: `!write hours`},
		{text: "+", want: `!is not how long`},
		{text: "+0h", want: `!is not how long`},
		{text: "", want: `!is not a time`},
		{text: "soon", want: `!is not a time`},
	}, when.Clock.Start)
}

// Clocks go forward on 2027-03-28 from 02:00 to 03:00, and back on 2026-10-25 from 03:00
// to 02:00.
func TestWhereClocksAreTurned(t *testing.T) {
	t.Parallel()
	const before = "2027-03-27T14:30:00+01:00"
	const back = "2026-10-24T14:30:00+02:00"
	check(t, []reading{
		{now: before, text: "tomorrow 01:59", want: "2027-03-28T01:59:00+01:00"},
		{now: before, text: "tomorrow 02:00", want: "!there is no 02:00 on 2027-03-28: clocks go forward to 03:00"},
		{now: before, text: "sunday 02:59", want: "!there is no 02:59"},
		{now: before, text: "tomorrow 03:00", want: "2027-03-28T03:00:00+02:00"},
		{now: before, text: "2027-03-28T02:30+01:00", want: "2027-03-28T03:30:00+02:00"},
		{now: back, text: "tomorrow 01:59", want: "2026-10-25T01:59:00+02:00"},
		{now: back, text: "tomorrow 02:00", want: "!comes twice on 2026-10-25, when clocks go back: write 2026-10-25T02:00+02:00 or 2026-10-25T02:00+01:00"},
		{now: back, text: "2026-10-25 02:30", want: "!comes twice"},
		{now: back, text: "2026-10-25T02:30+02:00", want: "2026-10-25T02:30:00+02:00"},
		{now: back, text: "2026-10-25T02:30+01:00", want: "2026-10-25T02:30:00+01:00"},
		{now: back, text: "tomorrow 03:00", want: "2026-10-25T03:00:00+01:00"},
		// Hours that pass, whatever clocks show.
		{now: back, text: "+13h", want: "2026-10-25T02:30:00+01:00"},
		{now: back, text: "+12h", want: "2026-10-25T02:30:00+02:00"},
		{now: "2027-03-28T01:30:00+01:00", text: "+1h", want: "2027-03-28T03:30:00+02:00"},
		// Within the hour that comes twice, the present is known and a reading is not.
		{now: "2026-10-25T02:10:00+01:00", text: "now", want: "2026-10-25T02:10:00+01:00"},
		{now: "2026-10-25T02:10:00+01:00", text: "02:30", want: "!comes twice"},
	}, when.Clock.Start)
}

func TestEnd(t *testing.T) {
	t.Parallel()
	start := at(t, "2026-12-01T22:00:00+01:00")
	check(t, []reading{
		{text: "23:00", want: "2026-12-01T23:00:00+01:00"},
		{text: "06:00", want: "2026-12-02T06:00:00+01:00"},
		{text: "22:00", want: "2026-12-02T22:00:00+01:00"},
		{text: "2026-12-02 06:00", want: "2026-12-02T06:00:00+01:00"},
		{text: "2026-12-01 22:00", want: "!is not after Tue 2026-12-01 22:00 CET"},
		{text: "+2h", want: "!from now or from the start"},
		{text: "now", want: "!from now or from the start"},
	}, func(c when.Clock, text string) (time.Time, error) { return c.End(text, start) })
	turned := at(t, "2026-10-24T22:00:00+02:00")
	check(t, []reading{
		{text: "06:00", want: "2026-10-25T06:00:00+01:00"},
		{text: "02:30", want: "!comes twice"},
	}, func(c when.Clock, text string) (time.Time, error) { return c.End(text, turned) })
}

func TestUntil(t *testing.T) {
	t.Parallel()
	check(t, []reading{
		{text: "+30m", want: "2026-11-28T15:00:00+01:00"},
		{text: "14:30", want: "2026-11-29T14:30:00+01:00"},
		{text: "06:00", want: "2026-11-29T06:00:00+01:00"},
		{text: "18:00", want: "2026-11-28T18:00:00+01:00"},
		{text: "now", want: "!is over"},
		{text: "today 14:00", want: "!is over"},
		{text: "monday 6:00", want: "2026-11-30T06:00:00+01:00"},
	}, when.Clock.Until)
}

func TestSince(t *testing.T) {
	t.Parallel()
	check(t, []reading{
		{text: "24h", want: "2026-11-27T14:30:27+01:00"},
		{text: "14:00", want: "2026-11-28T14:00:00+01:00"},
		{text: "18:00", want: "2026-11-27T18:00:00+01:00"},
		{text: "yesterday 8:00", want: "2026-11-27T08:00:00+01:00"},
		{text: "2026-11-01 00:00", want: "2026-11-01T00:00:00+01:00"},
		{text: "tomorrow 08:00", want: "!is still to come"},
		{text: "+2h", want: "!is not in the past"},
		{text: "now", want: "!is not in the past"},
	}, func(c when.Clock, text string) (time.Time, error) {
		got, err := c.Since(text)
		return got.In(c.Zone), err
	})
}

func TestWithoutATimeZoneNothingIsRead(t *testing.T) {
	t.Parallel()
	if got, err := (when.Clock{Now: at(t, saturday)}).Start("14:31"); err == nil {
		t.Errorf("read as %s", got)
	}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		at   []string
		want []v1alpha1.Moment
	}{
		"local": {
			[]string{"2026-11-23T08:00:00+01:00", "2026-11-23T11:00:00Z", ""},
			[]v1alpha1.Moment{"2026-11-23T08:00", "2026-11-23T12:00", ""},
		},
		"seconds": {[]string{"2026-11-23T08:00:30+01:00"}, []v1alpha1.Moment{"2026-11-23T08:00:30"}},
		"clocks are turned between": {
			[]string{"2026-10-24T22:00:00+02:00", "2026-10-25T06:00:00+01:00"},
			[]v1alpha1.Moment{"2026-10-24T22:00+02:00", "2026-10-25T06:00+01:00"},
		},
		"comes twice": {
			[]string{"2026-10-25T02:10:00+01:00", "2026-10-25T06:00:00+01:00"},
			[]v1alpha1.Moment{"2026-10-25T02:10+01:00", "2026-10-25T06:00+01:00"},
		},
	} {
		var times []time.Time
		for _, text := range tt.at {
			if text == "" {
				times = append(times, time.Time{})
				continue
			}
			times = append(times, at(t, text))
		}
		if diff := cmp.Diff(tt.want, when.Moments(berlin(t), times...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := when.Absolute(berlin(t), at(t, saturday)); got[0] != "2026-11-28T14:30:27+01:00" {
		t.Errorf("with an offset: %s", got)
	}
}

// What is written means the same instant as a start and as an end, in any zone.
func TestMomentsMeanOneInstant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "UTC"}).Draw(t, "zone")
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		times := make([]time.Time, rapid.IntRange(1, 3).Draw(t, "n"))
		for i := range times {
			times[i] = time.Unix(rapid.Int64Range(946684800, 2*946684800).Draw(t, "at"), 0)
		}
		for i, m := range when.Moments(zone, times...) {
			for _, edge := range []access.Edge{access.AsStart, access.AsEnd} {
				if got, err := access.ParseMoment(string(m), zone, edge); err != nil || !got.Equal(times[i]) {
					t.Fatalf("%s in %s: %v, %v, want %v", m, name, got, err, times[i])
				}
			}
		}
	})
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]v1alpha1.Duration{
		"4h": "4h", "90m": "1h30m", "1h30m": "1h30m", "45s": "45s", "1h0m5s": "1h0m5s", "60m": "1h", "10m": "10m",
	} {
		span, err := when.Span(text)
		if got := when.Length(span); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "4", "-4h", "0h", "4 h", "1.5h", "2d", "100ms", "12345h", "30m1h", "h"} {
		if span, err := when.Span(text); err == nil {
			t.Errorf("%q is read as %s", text, span)
		}
	}
}
