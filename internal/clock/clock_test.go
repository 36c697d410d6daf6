// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package clock_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/clock"
)

func TestMessagesStay(t *testing.T) {
	for name, acts := range map[string][]act{
		"synchronised":     {synced},
		"running free":     {unsynced},
		"jumped":           {step(hour)},
		"behind":           {reboot("b2", noon.Add(-hour)), synced},
		"far ahead":        {reboot("b2", y2046), synced},
		"not set":          {set(y2000)},
		"not synchronised": {reboot("b2", noon)},
		"acknowledged":     {reboot("b2", noon), acknowledge("ann")},
		"refused":          {acknowledge("ann"), step(hour)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite()
			s.look(t)
			for _, do := range acts {
				do(s)
			}
			first := s.look(t)
			pass(10 * time.Second)(s)
			if then := s.look(t); then.Message != first.Message {
				t.Errorf("the sentence changes from look to look, and with it a condition:\n%s\n%s", first.Message, then.Message)
			}
			t.Log(first.Message)
		})
	}
}

func TestMessageSaysWhatToDo(t *testing.T) {
	s := newSite()
	s.look(t)
	step(-hour)(s)
	cet := time.FixedZone("CET", 2*60*60)
	s.here().wall = s.here().wall.In(cet)
	v := s.look(t)
	if want := "the clock of node n1 jumped back by 1h0m0s, which boot time does not confirm: windows are suspended until it is set right, " +
		"or runs synchronised for 5m0s; or a person acknowledges boot boot-1"; v.Message != want {
		t.Errorf("message\n%s\nwant\n%s", v.Message, want)
	}
	s.rules.Acknowledged = []clock.Acknowledgement{{BootID: "boot-1", By: "ann", Saw: clock.Instant{Wall: noon, SinceBoot: hour}}}
	if v = s.look(t); !strings.HasSuffix(v.Message, "(that of ann, who saw 2026-08-01T14:00:00+02:00, does not count: it was judged before, or the clock has jumped since)") {
		t.Errorf("the message does not say why an acknowledgement does not count: %s", v.Message)
	}
}

// Times with a monotonic reading are compared by that, and would hide a jump.
func TestStateHasWallClocksOnly(t *testing.T) {
	now := time.Now()
	_, s := clock.Decide(clock.State{}, clock.Reading{Wall: now, SinceBoot: hour, BootID: "b", Synchronised: true}, clock.Rules{})
	for _, wall := range []time.Time{s.Mark, s.Boots[0].Last.Wall, s.Boots[0].Run.Wall, s.Boots[0].Trust.Wall} {
		if wall != now.Round(0).UTC() {
			t.Errorf("%s is kept", wall)
		}
	}
}

// Two futures of one State do not share what they append.
func TestStatesAreValues(t *testing.T) {
	s := newSite()
	s.look(t)
	s.state.Boots[0].Judged = make([]clock.Judged, 1, 8)
	var next [2]clock.State
	for i, who := range []string{"ann", "bob"} {
		s.rules.Acknowledged = nil
		acknowledge(who)(s)
		_, next[i] = clock.Decide(s.state, s.reading(), s.rules)
	}
	if by := next[0].Boots[0].Judged[1].By; by != "ann" {
		t.Errorf("the first future remembers %s", by)
	}
}

func TestNowKeepsTheReadingsZone(t *testing.T) {
	s := newSite()
	cet := time.FixedZone("CET", 2*60*60)
	s.here().wall = noon.In(cet)
	if v := s.look(t); v.Now.Location() != cet {
		t.Errorf("trusted time is in %s", v.Now.Location())
	}
}

// An acknowledgement past the limit does not count, rather than push an old one out that
// would then count again.
func TestAcknowledgementsAreBounded(t *testing.T) {
	s := newSite()
	s.look(t)
	for range 40 {
		pass(time.Second)(s)
		acknowledge("ann")(s)
		s.look(t)
	}
	if n := len(s.state.Boots[0].Judged); n != 16 {
		t.Errorf("%d acknowledgements are remembered", n)
	}
	step(hour)(s)
	acknowledge("ann")(s)
	if v := s.look(t); v.Trusted() {
		t.Error("one past the limit counted")
	}
}

func TestBootsAreBounded(t *testing.T) {
	s := newSite()
	for i := range 40 {
		reboot(string(rune('a'+i)), noon)(s)
		s.look(t)
	}
	if n := len(s.state.Boots); n != 16 {
		t.Errorf("%d boots are remembered", n)
	}
	if ids := []string{s.state.Boots[0].ID, s.state.Boots[1].ID}; !slices.Equal(ids, []string{string(rune('a' + 39)), string(rune('a' + 38))}) {
		t.Errorf("the latest are %v", ids)
	}
}

func TestWithinGrowsWithDrift(t *testing.T) {
	s := newSite()
	if v := s.look(t); v.Within != clock.SyncError+clock.DefaultTolerance {
		t.Errorf("within %s when just synchronised", v.Within)
	}
	unsynced(s)
	pass(2000 * minute)(s)
	if v := s.look(t); v.Within != clock.SyncError+clock.DefaultTolerance+minute {
		t.Errorf("within %s after 2000 minutes at 500 ppm", v.Within)
	}
}

func TestLeftAndExpire(t *testing.T) {
	s := newSite()
	v := s.look(t)
	if d := v.Left(noon.Add(hour)); d != hour {
		t.Errorf("%s left of an hour", d)
	}
	if d := v.Left(noon.Add(-hour)); d != 0 {
		t.Errorf("%s left of what is over", d)
	}
	if !v.MayExpire(noon) || v.MayExpire(noon.Add(1)) {
		t.Error("what ends at the instant is over, a nanosecond later it is not")
	}
}

func TestOver(t *testing.T) {
	for name, c := range map[string]struct {
		acts []act
		end  time.Time
		ago  time.Duration
		over bool
	}{
		"nothing is known":                   {[]act{lose}, noon.Add(-hour), 0, false},
		"the mark reached it":                {[]act{reboot("b2", y2000)}, noon, 0, true},
		"the mark passed it":                 {[]act{reboot("b2", y2000)}, noon.Add(-hour), hour, true},
		"the mark has not":                   {[]act{reboot("b2", y2000)}, noon.Add(1), 0, false},
		"another boot's time does not count": {[]act{reboot("b2", noon.Add(hour)), pass(day)}, noon.Add(minute), 0, false},
		"boot time passed it after a jump":   {[]act{set(y2000), pass(2000 * minute)}, noon.Add(1998 * minute), minute, true},
		"the drift is taken off":             {[]act{set(y2046), pass(2000 * minute)}, noon.Add(1999 * minute), 0, true},
		"and no more than it":                {[]act{set(y2046), pass(2000 * minute)}, noon.Add(1999*minute + 1), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite()
			s.look(t)
			for _, do := range c.acts {
				do(s)
			}
			if ago, over := s.state.Over(s.reading(), c.end); over != c.over || ago != c.ago {
				t.Errorf("over %t for %s, want %t for %s", over, ago, c.over, c.ago)
			}
		})
	}
}

func TestOutdated(t *testing.T) {
	for name, c := range map[string]struct {
		acts []act
		want bool
	}{
		"seconds later":               {[]act{pass(59 * time.Second)}, false},
		"a minute later":              {[]act{pass(minute)}, true},
		"the clock jumped":            {[]act{step(hour)}, true},
		"trusted by another word":     {[]act{step(hour), look, acknowledge("ann")}, true},
		"trusted by a better word":    {[]act{lose, goodHardware, unsynced, look, synced}, true},
		"not trusted, seconds later":  {[]act{step(hour), look, pass(59 * time.Second)}, false},
		"not trusted, a minute later": {[]act{step(hour), look, pass(minute)}, true},
		"back to a clone":             {[]act{clone, lead("n2"), look, lead("n1")}, true},
		"back to a node":              {[]act{lead("n2"), look, lead("n1")}, true},
		"an acknowledgement":          {[]act{acknowledge("ann")}, true},
		"another node":                {[]act{lead("n2")}, true},
		"another boot":                {[]act{reboot("b2", noon)}, true},
		"no longer synchronised":      {[]act{unsynced}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite()
			s.look(t)
			if !(clock.State{}).Outdated(s.state, minute) {
				t.Error("the first State was not worth writing")
			}
			for _, do := range c.acts[:len(c.acts)-1] {
				do(s)
			}
			written := s.state
			c.acts[len(c.acts)-1](s)
			s.look(t)
			if got := written.Outdated(s.state, minute); got != c.want {
				t.Errorf("outdated %t", got)
			}
		})
	}
}

// clone gives n2 the clocks of n1.
func clone(s *site) {
	*s.nodes["n2"] = *s.nodes["n1"]
	s.nodes["n2"].boot = "clone"
}

func look(s *site) { s.shown, s.state = clock.Decide(s.state, s.reading(), s.rules) }
