// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/access"
)

func TestMoments(t *testing.T) {
	for _, c := range []struct {
		zone, moment string
		start, end   string
	}{
		{"Europe/Berlin", "2026-11-23T08:00", "2026-11-23T07:00:00Z", "2026-11-23T07:00:00Z"},
		{"Europe/Berlin", "2026-11-23T08:00:30", "2026-11-23T07:00:30Z", "2026-11-23T07:00:30Z"},
		{"Europe/Berlin", "2026-11-23T08:00Z", "2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z"},
		{"Europe/Berlin", "2026-11-23T08:00:30-05:00", "2026-11-23T13:00:30Z", "2026-11-23T13:00:30Z"},
		// Spring: 02:00 to 03:00 is not read. Autumn: it is read twice.
		{"Europe/Berlin", "2026-03-29T01:59:59", "2026-03-29T00:59:59Z", "2026-03-29T00:59:59Z"},
		{"Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"Europe/Berlin", "2026-10-25T02:00", "2026-10-25T01:00:00Z", "2026-10-25T00:00:00Z"},
		{"Europe/Berlin", "2026-10-25T02:30", "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z"},
		{"Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},
		{"Europe/Berlin", "2026-10-25T02:30+02:00", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z"},
		// Half an hour; the south; winter time as the one that is turned back to; a day
		// that never was; midnight that is not read.
		{"Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00Z", "2026-10-03T15:30:00Z"},
		{"Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T15:15:00Z", "2026-04-04T14:45:00Z"},
		{"America/Santiago", "2026-09-06T00:30", "2026-09-06T04:00:00Z", "2026-09-06T04:00:00Z"},
		{"Europe/Dublin", "2026-10-25T01:30", "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z"},
		{"Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"America/New_York", "2026-11-01T01:30", "2026-11-01T06:30:00Z", "2026-11-01T05:30:00Z"},
		{"Asia/Kolkata", "2026-11-23T08:00", "2026-11-23T02:30:00Z", "2026-11-23T02:30:00Z"},
	} {
		for edge, want := range map[access.Edge]string{access.AsStart: c.start, access.AsEnd: c.end} {
			got, err := access.ParseMoment(c.moment, zone(c.zone), edge)
			if err != nil || got.UTC().Format(time.RFC3339) != want {
				t.Errorf("%s in %s, end %v: %s, %v, want %s", c.moment, c.zone, edge, got.UTC(), err, want)
			}
		}
	}
	for _, bad := range []string{
		"", "2026-11-23", "2026-11-23T8:00", "2026-11-23T08:00:00.5", "2026-11-23T08:00:00,5", "2026-11-23 08:00", "tomorrow",
		"2026-02-29T08:00", "2026-13-01T08:00", "2026-11-23T24:00", "2026-11-23T08:60", "2026-11-23T08:00+99:00", "2026-11-23T08:00 ",
	} {
		if got, err := access.ParseMoment(bad, berlin, access.AsStart); err == nil {
			t.Errorf("%q is %s", bad, got)
		}
	}
	if _, err := access.ParseMoment("2026-11-23T08:00", nil, access.AsStart); err == nil {
		t.Error("a time without a zone is one")
	}
}

func TestEndOfDay(t *testing.T) {
	for _, c := range [][3]string{
		{"Europe/Berlin", "2026-11-23", "2026-11-23T23:00:00Z"},
		{"Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00Z"},
		{"Europe/Berlin", "2026-12-31", "2026-12-31T23:00:00Z"},
		{"America/Santiago", "2026-09-05", "2026-09-06T04:00:00Z"}, // no midnight follows
		{"America/Havana", "2026-10-31", "2026-11-01T04:00:00Z"},   // two of them
	} {
		if got, err := access.EndOfDay(c[1], zone(c[0])); err != nil || got.UTC().Format(time.RFC3339) != c[2] {
			t.Errorf("%s in %s is over at %s, %v, want %s", c[1], c[0], got.UTC(), err, c[2])
		}
	}
	for _, bad := range []string{"", "2026-02-30", "23.11.2026", "2026-11-23T08:00"} {
		if got, err := access.EndOfDay(bad, berlin); err == nil {
			t.Errorf("%q is over at %s", bad, got)
		}
	}
	if _, err := access.EndOfDay("2026-11-23", nil); err == nil {
		t.Error("a day without a zone is one")
	}
}

// clockZones turn their clocks in every way there is.
var clockZones = []string{
	"Europe/Berlin", "Europe/Dublin", "Africa/Casablanca", "America/New_York", "America/Sao_Paulo", "America/Santiago",
	"America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Tehran", "Asia/Kathmandu", "Antarctica/Troll", "UTC",
}

// readings are the instants around a reading at which a clock on the wall shows it, by
// looking at the clock every minute.
func readings(reading time.Time, loc *time.Location) (found []time.Time, next time.Time) {
	for t := reading.Add(-30 * time.Hour); t.Before(reading.Add(30 * time.Hour)); t = t.Add(time.Minute) {
		shown := t.In(loc).Format("2006-01-02T15:04")
		if shown == reading.Format("2006-01-02T15:04") {
			found = append(found, t)
		}
		if next.IsZero() && shown > reading.Format("2006-01-02T15:04") {
			next = t
		}
	}
	return found, next
}

func TestMomentsAreThoseThatAClockShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(rapid.SampledFrom(clockZones).Draw(t, "zone"))
		near := time.Date(rapid.IntRange(2005, 2037).Draw(t, "year"), 1, 1, 0, 0, 0, 0, time.UTC)
		near = near.Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "minute")) * time.Minute)
		if _, turn := near.In(loc).ZoneBounds(); !turn.IsZero() && rapid.Bool().Draw(t, "at a turn") {
			near = turn.UTC().Truncate(time.Minute).Add(time.Duration(rapid.IntRange(-15*60, 15*60).Draw(t, "beside")) * time.Minute)
		}
		moment := near.Format("2006-01-02T15:04")
		shown, next := readings(near, loc)
		start, end := next, next
		if len(shown) > 0 {
			start, end = shown[len(shown)-1], shown[0]
		}
		for edge, want := range map[access.Edge]time.Time{access.AsStart: start, access.AsEnd: end} {
			if got, err := access.ParseMoment(moment, loc, edge); err != nil || !got.Equal(want) {
				t.Fatalf("%s in %s, end %v: %s, %v, want %s", moment, loc, edge, got.UTC(), err, want)
			}
		}
	})
}

// TestWindowsOverTheTurnOfAClock: never longer than meant.
func TestWindowsOverTheTurnOfAClock(t *testing.T) {
	for _, c := range []struct {
		start, end string
		lasts      time.Duration // 0 is refused
	}{
		{"2026-03-29T01:00", "2026-03-29T04:00", 2 * time.Hour},
		{"2026-03-29T02:30", "2026-03-29T04:00", time.Hour},
		{"2026-03-29T01:00", "2026-03-29T02:30", time.Hour},
		{"2026-03-29T02:10", "2026-03-29T02:50", 0},
		{"2026-10-25T01:00", "2026-10-25T04:00", 4 * time.Hour},
		{"2026-10-25T02:30", "2026-10-25T04:00", 90 * time.Minute},
		{"2026-10-25T01:00", "2026-10-25T02:30", 90 * time.Minute},
		{"2026-10-25T02:10", "2026-10-25T02:50", 0},
		{"2026-10-25T02:10+02:00", "2026-10-25T02:50+01:00", 100 * time.Minute},
	} {
		f := approved("09:00", nobodyApproved, window(func(w *access.Window) { w.Start, w.End, w.LatestEnd = c.start, c.end, "" }))
		f.Clock.Now = on("2026-01-01T00:00")
		d := access.Decide(f)
		if got := d.End.Sub(d.Start); got != c.lasts {
			t.Errorf("%s to %s lasts %s, want %s", c.start, c.end, got, c.lasts)
		}
		if refused := len(d.Refused) > 0; refused != (c.lasts == 0) {
			t.Errorf("%s to %s: refused %v", c.start, c.end, d.Refused)
		}
	}
}

func TestMomentsNeverPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?`).Draw(t, "moment")
		got, err := access.ParseMoment(s, berlin, access.AsEnd)
		if err == nil && !strings.Contains(s, "Z") && len(s) == 16 {
			if shown := got.In(berlin).Format("2006-01-02T15:04"); shown < s {
				t.Fatalf("%s shows as %s", s, shown)
			}
		}
	})
}
