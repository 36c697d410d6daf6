// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package clock_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/clock"
)

// noon is true time when a story begins.
var noon = time.Date(2026, time.August, 1, 12, 0, 0, 0, time.UTC)

// site is one or two nodes and an operator that looks at the clock of one.
type site struct {
	nodes map[string]*machine
	on    string
	state clock.State
	rules clock.Rules
	shown clock.Verdict
}

type machine struct {
	boot  string
	wall  time.Time
	since time.Duration
	sync  bool
}

func newSite() *site {
	return &site{on: "n1", nodes: map[string]*machine{
		"n1": {boot: "boot-1", wall: noon, since: time.Hour, sync: true},
		"n2": {boot: "boot-2", wall: noon.Add(-5 * time.Second), since: 9 * time.Hour, sync: true},
	}}
}

func (s *site) here() *machine { return s.nodes[s.on] }

func (s *site) reading() clock.Reading {
	m := s.here()
	return clock.Reading{Wall: m.wall, SinceBoot: m.since, BootID: m.boot, Synchronised: m.sync, Node: s.on}
}

// look decides, keeps the State as a restart would find it, and checks what holds of every
// verdict.
func (s *site) look(t *testing.T) clock.Verdict {
	t.Helper()
	before := s.state
	v, next := clock.Decide(s.state, s.reading(), s.rules)
	if !cmp.Equal(before, s.state) {
		t.Fatal("Decide changed the State that it was given")
	}
	s.state, s.shown = reread(t, next), v
	if diff := cmp.Diff(next, s.state); diff != "" {
		t.Fatalf("the State does not survive being written:\n%s", diff)
	}
	if v.Reason == "" || v.Message == "" {
		t.Fatalf("a verdict without reason or sentence: %+v", v)
	}
	refuses := !v.MayGrant() && !v.MayExpire(time.Time{}) && v.Left(noon.AddDate(100, 0, 0)) == 0
	if refuses == v.Trusted() {
		t.Fatalf("trusted is %t, refuses everything is %t", v.Trusted(), refuses)
	}
	if !v.Trusted() && !next.Mark.Equal(before.Mark) {
		t.Fatalf("an untrusted look moved the mark from %s to %s", before.Mark, next.Mark)
	}
	return v
}

func reread(t *testing.T, s clock.State) clock.State {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("writing the State: %v", err)
	}
	var read clock.State
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatalf("reading the State: %v", err)
	}
	return read
}

// An act is what happens at the site.
type act func(*site)

func pass(d time.Duration) act {
	return func(s *site) {
		for _, m := range s.nodes {
			m.wall, m.since = m.wall.Add(d), m.since+d
		}
	}
}

// set is what date(1) does: the kernel takes its word of synchronisation back.
func set(wall time.Time) act {
	return func(s *site) { s.here().wall, s.here().sync = wall, false }
}

func step(d time.Duration) act { return func(s *site) { set(s.here().wall.Add(d))(s) } }

func sync(wall time.Time) act {
	return func(s *site) { s.here().wall, s.here().sync = wall, true }
}

func synced(s *site)   { s.here().sync = true }
func unsynced(s *site) { s.here().sync = false }

func reboot(id string, wall time.Time) act {
	return func(s *site) { *s.here() = machine{boot: id, wall: wall, since: 20 * time.Second} }
}

func lead(node string) act { return func(s *site) { s.on = node } }

func lose(s *site) { s.state = clock.State{} }

func goodHardware(s *site) { s.rules.HardwareClockGood = true }
func badHardware(s *site)  { s.rules.HardwareClockGood = false }

// acknowledge is a person who copies what the status shows.
func acknowledge(by string) act {
	return func(s *site) {
		m := s.here()
		s.rules.Acknowledged = append(s.rules.Acknowledged, clock.Acknowledgement{
			BootID: m.boot, By: by, Saw: clock.Instant{Wall: m.wall.Truncate(time.Second), SinceBoot: m.since.Truncate(time.Second)},
		})
	}
}
