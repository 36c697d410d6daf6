// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package clock_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/clock"
)

// seen is a look after some acts, and what it has to find. now is "" where nothing is trusted.
type seen struct {
	after  []act
	reason clock.Reason
	now    string
}

func at(reason clock.Reason, now string, after ...act) seen { return seen{after, reason, now} }
func no(reason clock.Reason, after ...act) seen             { return seen{after, reason, ""} }

const minute, hour, day = time.Minute, time.Hour, 24 * time.Hour

var (
	y2000  = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	y2046  = time.Date(2046, time.August, 1, 12, 0, 0, 0, time.UTC)
	atNoon = at(clock.Synchronised, "12:00:00")
)

var stories = map[string][]seen{
	"synchronised from the first look on": {atNoon, at(clock.Synchronised, "12:10:00", pass(10*minute))},
	"nothing known and not synchronised":  {no(clock.NotSynchronised, unsynced), no(clock.NotSynchronised, pass(10*day))},
	"the kernel loses its source: boot time carries on": {
		atNoon, at(clock.Synchronised, "18:00:00", unsynced, pass(6*hour)),
		at(clock.Synchronised, "Aug 11 18:00:00", pass(10*day)),
	},

	"set to 2046": {
		atNoon, no(clock.JumpedForward, pass(minute), set(y2046)), no(clock.JumpedForward, pass(hour)),
		at(clock.Synchronised, "13:01:00", set(noon.Add(hour+2*minute))),
	},
	"set to 2046 and synchronised to a source that says so too": {
		atNoon, no(clock.JumpedForward, pass(minute), sync(y2046)),
		no(clock.JumpedForward, pass(hour)), no(clock.JumpedForward, pass(30*day)),
	},
	"2046 after a boot, synchronised":         {atNoon, no(clock.FarAhead, reboot("b2", y2046), synced)},
	"2046 after a boot, hardware clock good":  {atNoon, no(clock.FarAhead, reboot("b2", y2046), goodHardware)},
	"the site was off for nine years":         {atNoon, at(clock.Synchronised, "2035 Aug 1 12:00:00", reboot("b2", noon.AddDate(9, 0, 0)), synced)},
	"set to 2000":                             {atNoon, no(clock.NotSet, set(y2000)), no(clock.NotSet, acknowledge("ann"))},
	"set to 2000 and put right":               {atNoon, no(clock.NotSet, set(y2000)), at(clock.Synchronised, "12:30:00", set(noon), pass(30*minute))},
	"set back an hour":                        {atNoon, no(clock.JumpedBack, step(-hour)), no(clock.JumpedBack, pass(2*hour))},
	"set back an hour and put right":          {atNoon, no(clock.JumpedBack, step(-hour)), at(clock.Synchronised, "12:05:00", pass(5*minute), step(hour))},
	"set back an hour, synchronised":          {atNoon, no(clock.JumpedBack, step(-hour), synced), no(clock.BehindMark, pass(6*minute)), at(clock.Synchronised, "12:00:00", pass(53*minute)), at(clock.Synchronised, "12:03:00", pass(4*minute))},
	"set back within the tolerance":           {atNoon, at(clock.Synchronised, "12:00:30", pass(30*time.Second), step(-2*minute))},
	"set back a second more":                  {atNoon, no(clock.JumpedBack, step(-2*minute-time.Second))},
	"set forward a second more":               {atNoon, no(clock.JumpedForward, step(2*minute+time.Second))},
	"many small steps forward do not add up":  {atNoon, at(clock.Synchronised, "12:00:00", step(minute)), at(clock.Synchronised, "12:00:00", step(minute)), no(clock.JumpedForward, step(minute))},
	"many small steps back do not add up":     {atNoon, at(clock.Synchronised, "12:00:00", step(-minute)), at(clock.Synchronised, "12:00:00", step(-minute)), no(clock.JumpedBack, step(-minute))},
	"a small step, then synchronised: it was": {atNoon, at(clock.Synchronised, "12:01:30", step(90*time.Second), synced)},
	"a small step back, then synchronised: time stands until the clock passes the mark": {
		atNoon, at(clock.Synchronised, "12:00:00", step(-90*time.Second), synced),
		at(clock.Synchronised, "12:00:00", pass(minute)), at(clock.Synchronised, "12:00:30", pass(minute)),
	},
	"a leap second": {atNoon, at(clock.Synchronised, "12:01:00", pass(minute), step(-time.Second))},
	"a machine suspended for a night: boot time counts it": {
		atNoon, at(clock.Synchronised, "23:00:00", unsynced, pass(11*hour)),
	},
	"a machine paused so that both clocks stood, then set and synchronised": {
		atNoon, at(clock.Synchronised, "12:01:00", pass(minute)),
		no(clock.JumpedForward, step(6*hour), synced),
		no(clock.JumpedForward, pass(4*minute)),
		at(clock.Synchronised, "18:07:00", pass(2*minute)),
	},
	"a jump that jumps again settles anew": {
		atNoon, no(clock.JumpedForward, step(hour), synced), no(clock.JumpedForward, pass(4*minute), step(hour), synced),
		no(clock.JumpedForward, pass(4*minute)), at(clock.Synchronised, "14:09:00", pass(minute)),
	},
	"a jump within the longest correction": {
		atNoon, no(clock.JumpedForward, step(day), synced), at(clock.Synchronised, "Aug 2 12:05:00", pass(5*minute)),
	},
	"a jump of a second more": {
		atNoon, no(clock.JumpedForward, step(day+time.Second), synced), no(clock.JumpedForward, pass(day)),
	},
	"a jump that is never synchronised": {atNoon, no(clock.JumpedForward, step(hour)), no(clock.JumpedForward, pass(30*day))},

	"power cut, and the clock stood still for six hours": {
		atNoon, no(clock.NotSynchronised, pass(-2*minute), reboot("b2", noon)), no(clock.NotSynchronised, pass(4*hour)),
		at(clock.Synchronised, "22:00:00", sync(noon.Add(10*hour))),
	},
	"power cut, clock of 2000": {
		atNoon, no(clock.NotSet, reboot("b2", y2000)), no(clock.NotSet, goodHardware),
		at(clock.Synchronised, "18:00:00", sync(noon.Add(6*hour))),
	},
	"clock of 2000 that is called synchronised": {no(clock.NotSet, reboot("b2", y2000), synced, goodHardware)},
	"power cut, hardware clock good":            {atNoon, at(clock.HardwareClock, "18:00:00", goodHardware, reboot("b2", noon.Add(6*hour)))},
	"power cut, hardware clock good but an hour behind": {
		atNoon, no(clock.BehindMark, goodHardware, reboot("b2", noon.Add(-hour))),
		at(clock.HardwareClock, "12:00:00", pass(58*minute)),
	},
	"hardware clock no longer declared good": {
		at(clock.HardwareClock, "12:00:00", unsynced, goodHardware), no(clock.NotSynchronised, badHardware),
		at(clock.HardwareClock, "12:00:00", goodHardware), at(clock.Synchronised, "12:00:00", badHardware, synced),
	},
	"a good hardware clock is only for the boot's first look": {
		at(clock.HardwareClock, "12:00:00", unsynced, goodHardware), no(clock.JumpedForward, step(hour)),
	},
	"behind the mark whatever else says so": {
		atNoon, no(clock.BehindMark, reboot("b2", noon.Add(-3*minute)), synced, goodHardware),
	},
	"within the tolerance behind the mark": {atNoon, at(clock.Synchronised, "12:00:00", reboot("b2", noon.Add(-2*minute)), synced)},

	"acknowledged": {
		no(clock.NotSynchronised, unsynced), at(clock.Acknowledged, "12:00:00", acknowledge("ann")),
		at(clock.Acknowledged, "18:00:00", pass(6*hour)),
	},
	"acknowledged late: the clock still runs as it was seen": {
		no(clock.NotSynchronised, unsynced, acknowledge("ann"), pass(3*hour), boot("other")),
		at(clock.Acknowledged, "15:00:00", boot("boot-1")),
	},
	"acknowledged for another boot": {
		no(clock.NotSynchronised, unsynced, acknowledge("ann"), reboot("b2", noon)), no(clock.NotSynchronised, pass(hour)),
	},
	"acknowledged by nobody": {no(clock.NotSynchronised, unsynced, acknowledge(""))},
	"acknowledged, then it jumps": {
		at(clock.Acknowledged, "12:00:00", unsynced, acknowledge("ann")), no(clock.JumpedForward, step(hour)),
		at(clock.Acknowledged, "13:00:00", acknowledge("ann")), no(clock.JumpedBack, step(-hour)),
	},
	"acknowledged between a look and a jump": {
		no(clock.NotSynchronised, unsynced), no(clock.NotSynchronised, acknowledge("ann"), step(hour)),
		no(clock.NotSynchronised, step(-hour)),
	},
	"acknowledged while it was not needed": {
		at(clock.Synchronised, "12:00:00", acknowledge("ann")), no(clock.JumpedForward, step(hour)),
		no(clock.JumpedForward, step(-hour), step(2*hour)),
	},
	"acknowledged once for a clock that was wrong": {
		at(clock.Acknowledged, "12:00:00", unsynced, acknowledge("ann")),
		no(clock.JumpedForward, step(hour), synced), at(clock.Synchronised, "13:05:00", pass(5*minute)),
		no(clock.JumpedBack, step(-hour)), no(clock.JumpedBack, pass(minute)),
	},
	"acknowledged behind the mark: the mark was wrong": {
		atNoon, no(clock.BehindMark, reboot("b2", noon.Add(-hour)), synced), at(clock.Acknowledged, "11:00:00", acknowledge("ann")),
		at(clock.Synchronised, "11:30:00", pass(30*minute)),
	},
	"acknowledged a mark of 2046": {
		at(clock.Synchronised, "2046 Aug 1 12:00:00", sync(y2046)), no(clock.BehindMark, reboot("b2", noon), synced),
		at(clock.Acknowledged, "12:00:00", acknowledge("ann")), at(clock.Synchronised, "12:10:00", pass(10*minute)),
	},
	"acknowledged what was seen at a time to come": {
		no(clock.NotSynchronised, unsynced, pass(hour), acknowledge("ann"), pass(-hour)), no(clock.NotSynchronised, pass(2*hour)),
	},

	"the leader moves to a node five seconds behind": {
		atNoon, at(clock.Synchronised, "12:00:00", lead("n2")), at(clock.Synchronised, "12:00:55", pass(minute)),
		at(clock.Synchronised, "12:01:00", lead("n1")),
	},
	"the leader moves to a node without a source, and back": {
		atNoon, no(clock.NotSynchronised, unsynced, lead("n2"), unsynced),
		at(clock.Synchronised, "13:00:00", lead("n1"), pass(hour)),
	},
	"a node jumped while another led": {
		at(clock.HardwareClock, "12:00:00", unsynced, goodHardware), at(clock.Synchronised, "12:00:00", lead("n2")),
		no(clock.JumpedForward, lead("n1"), step(hour)),
	},
	"two nodes cloned while they ran": {
		atNoon, no(clock.NotSynchronised, lead("n2"), boot("boot-1"), unsynced),
	},
	"restarted in the same boot, the State lost": {atNoon, no(clock.NotSynchronised, unsynced, lose), at(clock.Synchronised, "12:00:00", synced)},
	"put back to a snapshot": {
		atNoon, at(clock.Synchronised, "13:00:00", pass(hour), unsynced), no(clock.NotSynchronised, pass(-30*minute)),
		no(clock.BehindMark, synced), at(clock.Synchronised, "14:30:00", step(2*hour), synced),
	},
	"a look older than the last by a second": {atNoon, at(clock.Synchronised, "12:00:00", unsynced, pass(-time.Second))},
	"a State of a later version": {
		no(clock.UnknownState, func(s *site) { s.state.Version = 99 }), no(clock.UnknownState, acknowledge("ann")),
		at(clock.Synchronised, "12:00:00", lose),
	},
	"a mark in the future": {
		no(clock.BehindMark, func(s *site) { s.state.Mark = noon.Add(hour) }), at(clock.Synchronised, "13:00:00", pass(58*minute)),
	},
	"no boot id":           {no(clock.Unreadable, boot("")), at(clock.Synchronised, "12:00:00", boot("boot-1"))},
	"no time since boot":   {no(clock.Unreadable, func(s *site) { s.here().since = -1 })},
	"no wall clock":        {no(clock.Unreadable, func(s *site) { s.here().wall = time.Time{} })},
	"a wall clock of 9999": {no(clock.Unreadable, set(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)))},
	"the Site's own tolerance": {
		atNoon, no(clock.JumpedForward, tolerance(10*time.Second), step(11*time.Second)),
		at(clock.Synchronised, "12:00:00", tolerance(11*time.Second)),
	},
	"no tolerance is the default": {atNoon, at(clock.Synchronised, "12:00:00", tolerance(-1), step(2*minute))},
}

func boot(id string) act            { return func(s *site) { s.here().boot = id } }
func tolerance(d time.Duration) act { return func(s *site) { s.rules.Tolerance = d } }
func (f seen) text(v clock.Verdict) string {
	if !v.Trusted() {
		return ""
	}
	now := v.Now.UTC()
	switch strings.Count(f.now, " ") {
	case 2:
		return now.Format("Jan 2 15:04:05")
	case 3:
		return now.Format("2006 Jan 2 15:04:05")
	}
	return now.Format(time.TimeOnly)
}

func TestStories(t *testing.T) {
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			s := newSite()
			for i, f := range story {
				for _, do := range f.after {
					do(s)
				}
				v := s.look(t)
				if v.Reason != f.reason || f.text(v) != f.now {
					t.Fatalf("look %d: %s at %q, want %s at %q: %s", i+1, v.Reason, f.text(v), f.reason, f.now, v.Message)
				}
			}
		})
	}
}
