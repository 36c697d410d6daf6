// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// shown is when a clock on the wall shows each minute of each day of a year, found by
// looking at every minute there is: the later of two, and the first one after an hour that
// is taken.
type shown [367][24 * 60]time.Time

func look(loc *time.Location, year int) *shown {
	out := &shown{}
	for t := time.Date(year, 1, 1, 0, 0, 0, 0, loc); t.Year() == year; t = t.Add(time.Minute) {
		out[t.YearDay()][t.Hour()*60+t.Minute()] = t
	}
	for day := range out {
		for minute := 24*60 - 2; minute >= 0; minute-- {
			if out[day][minute].IsZero() {
				out[day][minute] = out[day][minute+1]
			}
		}
	}
	return out
}

func (s *shown) starts(minute, weekday int) []time.Time {
	var out []time.Time
	for day := range s {
		if t := s[day][minute]; !t.IsZero() && (weekday < 0 || int(t.Weekday()) == weekday) {
			out = append(out, t)
		}
	}
	return out
}

// TestAYearOfWindows: over a year of drawn windows and freezes, turns of the clock
// included, a workload restarts, and a leaf is swapped, exactly inside of them.
func TestAYearOfWindows(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	var asked, inside, outside int
	wall := look(loc, 2027)
	rapid.Check(t, func(t *rapid.T) {
		// One in two is about the hours that the clock is turned in.
		hour, minute := rapid.IntRange(0, 23).Draw(t, "hour"), rapid.SampledFrom([]int{0, 1, 30, 59}).Draw(t, "minute")
		if rapid.Bool().Draw(t, "at a turn") {
			hour = rapid.IntRange(1, 3).Draw(t, "turned hour")
		}
		weekday := rapid.IntRange(-1, 6).Draw(t, "weekday")
		length := time.Duration(rapid.IntRange(5, 600).Draw(t, "minutes")) * time.Minute
		schedule := fmt.Sprintf("%d %d * * *", minute, hour)
		if weekday >= 0 {
			schedule = fmt.Sprintf("%d %d * * %d", minute, hour, weekday)
		}
		opens := wall.starts(hour*60+minute, weekday)
		// Not from the first day on: the second before it is of a year whose windows are not listed.
		from := time.Date(2027, 1, 1, 0, 0, 0, 0, loc).AddDate(0, 0, rapid.IntRange(1, 320).Draw(t, "frozen from"))
		until := from.AddDate(0, 0, rapid.IntRange(1, 40).Draw(t, "frozen for"))
		f := waiting()
		f.Site.Windows = []rotation.Window{{Name: "w", Schedule: schedule, Duration: length.String()}}
		f.Site.Freezes = []rotation.Freeze{{Name: "f", From: from.Format("2006-01-02T15:04"), Until: until.Format("2006-01-02T15:04")}}
		look := func(at time.Time) {
			asked++
			f.Clock.Now = at
			want := false
			for _, o := range opens {
				want = want || !at.Before(o) && at.Before(o.Add(length))
			}
			want = want && (at.Before(from) || !at.Before(until))
			d := rotation.Decide(f)
			swaps, restarts := d.Certificates[0].Swap != nil, d.Certificates[1].Restart != nil
			if (swaps || restarts) && !want {
				outside++
			}
			if swaps {
				inside++
			}
			if swaps != want || restarts != want {
				t.Fatalf("%s, %s for %s, frozen %s to %s: want %t, swap %t, restart %t: %s", at.In(loc), schedule, length, from, until, want, swaps, restarts, d.Certificates[0].Message)
			}
		}
		for _, o := range opens {
			if !nearTurn(o) && o.YearDay()%60 > 0 {
				continue
			}
			for _, off := range []time.Duration{-time.Second, 0, length - time.Second, length} {
				look(o.Add(off))
			}
		}
		look(from)
		look(from.Add(-time.Second))
		look(until)
	})
	t.Logf("asked at %d instants of a year, %d inside a window, %d restarts or swaps outside", asked, inside, outside)
}

// nearTurn says that the clock is turned within days: on 28 March and 31 October 2027.
func nearTurn(t time.Time) bool {
	return t.Month() == time.March && t.Day() > 25 && t.Day() < 31 || t.Month() == time.October && t.Day() > 28 || t.YearDay() == 305
}

// waiting has a leaf that waits for its window, and a workload that waits for its restart.
func waiting() rotation.Facts {
	end := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	f := quiet()
	f.Zones[0].Authorities[0].NotAfter, f.Zones[1].Authorities[0].NotAfter = end.AddDate(9, 0, 0), end.AddDate(9, 0, 0)
	f.Site.NearExpiry.Action = rotation.Wait
	a, b := &f.Certificates[0], &f.Certificates[1]
	a.Asked, a.Secret.Leaf.NotAfter, a.Secret.Leaf.NotBefore = a.Secret.Leaf.Fingerprint, end, start.AddDate(-1, 0, 0)
	a.Next = leaf("next", "a1", start)
	a.Next.NotAfter = end
	b.Secret.Leaf.NotAfter, b.Secret.Leaf.Since = end, start
	return f
}

// TestAFreezeIsNeverShorter: of the hour that comes twice it holds both.
func TestAFreezeIsNeverShorter(t *testing.T) {
	f := waiting()
	f.Site.Windows[0].Schedule, f.Site.Windows[0].Duration = "0 0 * * *", "8h"
	for _, c := range []struct {
		from, until string
		at          time.Time
		want        bool
	}{
		{"2027-10-31T02:30", "", time.Date(2027, 10, 31, 0, 29, 0, 0, time.UTC), true},
		{"2027-10-31T02:30", "", time.Date(2027, 10, 31, 0, 30, 0, 0, time.UTC), false},
		{"2027-10-30T00:00", "2027-10-31T02:30", time.Date(2027, 10, 31, 1, 29, 0, 0, time.UTC), false},
		{"2027-10-30T00:00", "2027-10-31T02:30", time.Date(2027, 10, 31, 1, 30, 0, 0, time.UTC), true},
	} {
		f.Site.Freezes, f.Clock.Now = []rotation.Freeze{{Name: "f", From: c.from, Until: c.until}}, c.at
		if got := rotation.Decide(f).Certificates[0].Swap != nil; got != c.want {
			t.Errorf("from %s until %s: at %s swap %t", c.from, c.until, c.at, got)
		}
	}
}
