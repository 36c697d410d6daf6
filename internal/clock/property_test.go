// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package clock_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/clock"
)

// world is what really happens, which no clock of it needs to say.
type world struct {
	now   time.Time
	nodes []*node
	lead  int
	boots int

	state, written clock.State
	every          time.Duration
	rules          clock.Rules
	// pending are acknowledgements on their way.
	pending []clock.Acknowledgement

	// highest is the highest trusted time since a person last moved it.
	highest time.Time
	// lies says that something may be called right that is not.
	lies    bool
	windows []*window
	log     []string
}

type node struct {
	name, boot string
	since      time.Duration
	wall       time.Time
	// ppm is how fast its oscillator is; wall clock and time since boot share it.
	ppm    int
	sync   bool
	synced time.Duration // since boot, when it was last told
}

// window is a grant that a state machine would make of the verdicts.
type window struct {
	start, end    time.Time
	open, expired bool
}

const worst = 500 // ppm

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	for _, n := range w.nodes {
		own := d + d*time.Duration(n.ppm)/1e6
		n.since, n.wall = n.since+own, n.wall.Add(own)
		// The kernel takes its word back when the error may have grown to 16 s.
		if n.sync && time.Second+(n.since-n.synced)*worst/1e6 >= clock.SyncError {
			n.sync = false
		}
	}
}

func (w *world) reading() clock.Reading {
	n := w.nodes[w.lead]
	return clock.Reading{Wall: n.wall, SinceBoot: n.since, BootID: n.boot, Synchronised: n.sync, Node: n.name}
}

func (w *world) boot(n *node, wall time.Time, ppm int) {
	w.boots++
	*n = node{name: n.name, boot: fmt.Sprintf("boot-%d", w.boots), wall: wall, ppm: ppm}
}

// clockError is how wrong a clock may be set: seconds to decades, both ways.
func clockError() *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		most := rapid.SampledFrom([]time.Duration{10 * time.Second, 3 * minute, 3 * minute, 3 * hour, 3 * hour, 3 * day, 30 * 365 * day}).Draw(t, "scale")
		return time.Duration(rapid.Int64Range(-int64(most), int64(most)).Draw(t, "error"))
	})
}

func someTime() *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		most := rapid.SampledFrom([]time.Duration{10 * time.Second, minute, 10 * minute, hour, hour, 6 * hour, 2 * day}).Draw(t, "scale")
		return time.Duration(rapid.Int64Range(0, int64(most)).Draw(t, "time"))
	})
}

func newWorld(t *rapid.T) *world {
	w := &world{now: noon, lies: rapid.Bool().Draw(t, "lies"), every: rapid.SampledFrom([]time.Duration{0, minute}).Draw(t, "every")}
	w.rules.Tolerance = rapid.SampledFrom([]time.Duration{0, 30 * time.Second, 2 * minute, 10 * minute}).Draw(t, "tolerance")
	w.rules.HardwareClockGood = w.lies && rapid.Bool().Draw(t, "hardware clock good")
	for _, name := range []string{"n1", "n2"} {
		n := &node{name: name}
		w.boot(n, noon.Add(clockError().Draw(t, "at first")), rapid.IntRange(-worst, worst).Draw(t, "ppm"))
		w.nodes = append(w.nodes, n)
	}
	for range 4 {
		start := noon.Add(time.Duration(rapid.Int64Range(0, int64(4*day)).Draw(t, "start")))
		w.windows = append(w.windows, &window{start: start, end: start.Add(time.Duration(rapid.Int64Range(1, int64(12*hour)).Draw(t, "length")))})
	}
	return w
}

func (w *world) tolerance() time.Duration {
	if w.rules.Tolerance == 0 {
		return clock.DefaultTolerance
	}
	return w.rules.Tolerance
}

// look takes a look and holds the verdict against the world.
func (w *world) look(t *rapid.T) {
	r, before := w.reading(), w.state
	v, next := clock.Decide(before, r, w.rules)
	w.state = next
	if w.written.Outdated(next, w.every) {
		w.written = next
	}
	w.log = append(w.log, fmt.Sprintf("%s true %s: %s reads %s sync %t: %s %s", r.BootID, w.now.Format(time.DateTime), r.Node,
		r.Wall.Format(time.DateTime), r.Synchronised, v.Reason, v.Now.Format(time.DateTime)))
	spent := len(next.Boots) > 0 && len(before.Boots) > 0 && v.Reason == clock.Acknowledged &&
		(before.Boots[0].ID != r.BootID || before.Boots[0].Trust == nil || *before.Boots[0].Trust != *next.Boots[0].Trust)
	if spent || v.Reason == clock.Acknowledged && len(before.Boots) == 0 {
		w.highest = time.Time{}
	}
	w.backwards(t, v)
	w.unconfirmed(t, before, next, r, v)
	if !w.lies {
		w.truthful(t, v, next)
	}
	w.carryOut(t, v, r)
}

// backwards: no trusted time is before one that was trusted, but for what a crash lost.
func (w *world) backwards(t *rapid.T, v clock.Verdict) {
	if !v.Trusted() {
		return
	}
	if !w.highest.IsZero() && v.Now.Before(w.highest.Add(-w.every)) {
		w.fail(t, "trusted time went back from %s to %s", w.highest, v.Now)
	}
	if v.Now.After(w.highest) {
		w.highest = v.Now
	}
}

// unconfirmed: no wall clock moves the mark that is neither synchronised nor what boot
// time says, and nothing moves it without trust.
func (w *world) unconfirmed(t *rapid.T, before, next clock.State, r clock.Reading, v clock.Verdict) {
	if !v.Trusted() {
		if !next.Mark.Equal(before.Mark) || v.MayGrant() || v.MayExpire(noon.AddDate(-100, 0, 0)) || v.Left(noon.AddDate(100, 0, 0)) != 0 {
			w.fail(t, "not trusted, and yet something was done")
		}
		return
	}
	if r.Synchronised || v.Reason == clock.Acknowledged {
		return
	}
	for _, b := range before.Boots {
		if b.ID != r.BootID || b.Node != r.Node || b.Trust == nil {
			continue
		}
		if most := b.Trust.Wall.Add(r.SinceBoot - b.Trust.SinceBoot); next.Mark.After(most) && next.Mark.After(before.Mark) {
			w.fail(t, "the mark rose to %s, boot time confirms %s", next.Mark, most)
		}
	}
}

// truthful: where all that is called right is right, trusted time is within what the
// verdict says of true time, and so is the mark, whoever set which clock to what.
func (w *world) truthful(t *rapid.T, v clock.Verdict, s clock.State) {
	if v.Trusted() && v.Now.Sub(w.now).Abs() > v.Within {
		w.fail(t, "trusted %s is off by %s, more than %s", v.Now, v.Now.Sub(w.now), v.Within)
	}
	drift := w.now.Sub(noon) * worst / 1e6
	if most := w.now.Add(clock.SyncError + w.tolerance() + drift); s.Mark.After(most) {
		w.fail(t, "the mark is at %s", s.Mark)
	}
}

// carryOut does what a state machine does with a verdict.
func (w *world) carryOut(t *rapid.T, v clock.Verdict, r clock.Reading) {
	for _, win := range w.windows {
		win.open = v.MayGrant() && !win.expired && !v.Now.Before(win.start) && v.Now.Before(win.end)
		win.expired = win.expired || v.MayExpire(win.end)
		if win.open != (v.Left(win.end) > 0 && !win.expired && !v.Now.Before(win.start)) {
			w.fail(t, "open is %t with %s left", win.open, v.Left(win.end))
		}
		if win.open && !v.Trusted() {
			w.fail(t, "open without trusted time")
		}
		if w.lies {
			continue
		}
		if win.open && w.now.After(win.end.Add(v.Within)) {
			w.fail(t, "open %s after the end", w.now.Sub(win.end))
		}
		if v.MayExpire(win.end) && w.now.Before(win.end.Add(-v.Within)) {
			w.fail(t, "expired for good %s before the end", win.end.Sub(w.now))
		}
		if _, over := w.state.Over(r, win.end); over && w.now.Before(win.end.Add(-w.mostWrong())) {
			w.fail(t, "over %s before the end", win.end.Sub(w.now))
		}
	}
}

func (w *world) mostWrong() time.Duration {
	return clock.SyncError + w.tolerance() + w.now.Sub(noon)*worst/1e6
}

func (w *world) fail(t *rapid.T, format string, args ...any) {
	for _, line := range w.log {
		t.Log(line)
	}
	t.Fatalf(format, args...)
}

// actions are all that may happen. Without lies a synchronisation and an acknowledgement
// tell the truth, late as the latter may be; clocks are set wrong all the same.
func (w *world) actions() map[string]func(*rapid.T) {
	which := func(t *rapid.T) *node {
		return w.nodes[rapid.SampledFrom([]int{w.lead, w.lead, 1 - w.lead}).Draw(t, "node")]
	}
	synchronise := func(t *rapid.T, n *node) {
		n.wall = w.now.Add(time.Duration(rapid.Int64Range(-int64(time.Second), int64(time.Second)).Draw(t, "error")))
		n.sync, n.synced = true, n.since
		if w.lies && rapid.Bool().Draw(t, "lies now") {
			n.wall = n.wall.Add(clockError().Draw(t, "lie"))
		}
	}
	watch := func(t *rapid.T) {
		for range rapid.IntRange(2, 20).Draw(t, "looks") {
			w.pass(30 * time.Second)
			w.look(t)
		}
	}
	set := func(t *rapid.T) {
		n := which(t)
		n.wall, n.sync = n.wall.Add(clockError().Draw(t, "by")), false
	}
	return map[string]func(*rapid.T){
		"pass":  func(t *rapid.T) { w.pass(someTime().Draw(t, "time")) },
		"look":  w.look,
		"watch": watch,
		"set":   set,
		"set and seen": func(t *rapid.T) {
			set(t)
			w.look(t)
		},
		"synchronise and watch": func(t *rapid.T) {
			synchronise(t, which(t))
			watch(t)
		},
		"set right": func(t *rapid.T) {
			n := which(t)
			n.wall, n.sync = w.now, false
		},
		"synchronise": func(t *rapid.T) { synchronise(t, which(t)) },
		"power cut": func(t *rapid.T) {
			n := which(t)
			stopped := n.wall
			w.pass(someTime().Draw(t, "off"))
			wall := rapid.SampledFrom([]time.Time{stopped, y2000, y2046, w.now, stopped.Add(hour), stopped.Add(-hour)}).Draw(t, "reads")
			w.boot(n, wall, n.ppm)
		},
		"lead":    func(t *rapid.T) { w.lead = rapid.IntRange(0, 1).Draw(t, "node") },
		"crash":   func(*rapid.T) { w.state = w.written },
		"vouch":   w.vouch,
		"deliver": func(*rapid.T) { w.rules.Acknowledged, w.pending = append(w.rules.Acknowledged, w.pending...), nil },
	}
}

// vouch is a person who sees what the status shows, and says that it is right.
func (w *world) vouch(t *rapid.T) {
	n := w.nodes[w.lead]
	if !w.lies && n.wall.Sub(w.now).Abs() > time.Second {
		return
	}
	by := rapid.SampledFrom([]string{"ann", "bob", ""}).Draw(t, "by")
	saw := clock.Instant{Wall: n.wall, SinceBoot: n.since}
	w.pending = append(w.pending, clock.Acknowledgement{BootID: n.boot, By: by, Saw: saw})
	if len(w.pending) > 4 {
		w.pending = w.pending[1:]
	}
}

func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(w.actions())
	})
}

// Whatever the State, the reading and the rules, there is an answer, and the next State can
// be written.
func TestTotal(t *testing.T) {
	instant := rapid.Custom(func(t *rapid.T) clock.Instant {
		return clock.Instant{Wall: time.Unix(rapid.Int64().Draw(t, "sec")/1e7, 0), SinceBoot: time.Duration(rapid.Int64().Draw(t, "since"))}
	})
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SampledFrom([]string{"", "a", "b"})
		s := clock.State{Version: rapid.IntRange(-1, 2).Draw(t, "version"), Mark: instant.Draw(t, "mark").Wall}
		for range rapid.IntRange(0, 3).Draw(t, "boots") {
			b := clock.Boot{ID: ids.Draw(t, "id"), Last: instant.Draw(t, "last"), Run: instant.Draw(t, "run")}
			if rapid.Bool().Draw(t, "trusted") {
				b.Trust = &clock.Trust{Instant: instant.Draw(t, "trust"), By: clock.HardwareClock}
			}
			s.Boots = append(s.Boots, b)
		}
		saw := clock.Acknowledgement{BootID: ids.Draw(t, "id"), By: "ann", Saw: instant.Draw(t, "saw")}
		rules := clock.Rules{
			Tolerance:         time.Duration(rapid.Int64().Draw(t, "tolerance")),
			HardwareClockGood: rapid.Bool().Draw(t, "good"), Acknowledged: []clock.Acknowledgement{saw},
		}
		i := instant.Draw(t, "reading")
		v, next := clock.Decide(s, clock.Reading{Wall: i.Wall, SinceBoot: i.SinceBoot, BootID: ids.Draw(t, "id"), Synchronised: rapid.Bool().Draw(t, "sync")}, rules)
		if v.Reason == "" || v.Message == "" {
			t.Fatalf("no answer: %+v", v)
		}
		next.Over(clock.Reading{}, noon)
		s.Outdated(next, minute)
		_, first := clock.Decide(clock.State{}, clock.Reading{Wall: i.Wall, SinceBoot: i.SinceBoot, BootID: "a", Synchronised: true}, rules)
		if _, err := json.Marshal(first); err != nil {
			t.Fatalf("writing the State: %v", err)
		}
	})
}
