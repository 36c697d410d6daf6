// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package wall_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the zone that is tested, on any machine

	"github.com/zonewarden/zonewarden/internal/wall"
)

// TestScheduleWithoutEnd: it goes on, over the turn of the clock, and one that has a last
// day ends with it. Package access tries the rest, on every minute of the wall.
func TestScheduleWithoutEnd(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	cron, err := wall.ParseCron("30 2 * * *")
	if err != nil {
		t.Fatal(err)
	}
	s := &wall.Schedule{Cron: cron, Location: berlin, Duration: time.Hour}
	now := time.Date(2027, 3, 27, 12, 0, 0, 0, berlin)
	o, found := s.Following(now)
	if want := time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC); !found || !o.Start.Equal(want) || !o.End.Equal(want.Add(time.Hour)) {
		t.Errorf("in the hour that is taken: %+v, want %s", o, want)
	}
	if is, open := s.Current(o.End.Add(-1)); !open || is.Key != o.Key {
		t.Errorf("before its end: %+v", is)
	}
	if is, open := s.Current(o.End); open {
		t.Errorf("at its end: %+v", is)
	}
	if s.Last = o.Start.Add(time.Minute); !s.At(o.Reading).End.Equal(s.Last) {
		t.Error("it lasts longer than the last day")
	}
	if is, found := s.After(o.Reading); found {
		t.Errorf("after the last day: %+v", is)
	}
}
