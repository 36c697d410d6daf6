// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// beat of a watch: a probe every few milliseconds on every pair.
const beat = 5 * time.Millisecond

// watch sends packets between pairs of hosts all the time, whether or not they pass,
// and knows of each pair whether it passed when the watch began.
type watch struct {
	before *expectation
	pairs  []*stage.Stream
}

// watchPairs starts a watch of every pair of these hosts that involves a pod, and
// returns when the pairs that should pass do.
func (w *waterWorks) watchPairs(hosts []*stage.Host, port stage.Port) *watch {
	w.t.Helper()
	x := &watch{before: expect(w.t, w.Stage)}
	for _, from := range hosts {
		for _, to := range hosts {
			if from == to || !from.IsPod() && !to.IsPod() {
				continue
			}
			s, err := stage.Knock(from, to, port, beat)
			must(w.t, err)
			w.t.Cleanup(s.Close)
			x.pairs = append(x.pairs, s)
		}
	}
	var wrong []string
	stage.Until(w.t, settles, "every pair that should pass does, and no other", func() bool {
		wrong = nil
		for _, s := range x.pairs {
			passes := time.Since(s.Up.Last()) < 20*beat
			if x.before.passes(s.From, s.To, s.Port) != passes {
				wrong = append(wrong, fmt.Sprintf("%s: passed=%t", s, passes))
			}
		}
		return len(wrong) == 0
	}, func() string { return strings.Join(wrong, ", ") })
	for _, s := range x.pairs {
		s.Forget()
	}
	return x
}

// judge ends a watch: what passed before and should pass now has lost no packet, and
// from where nothing passed and should pass now nothing came. Between the two anything
// may have happened. It returns the most packets that a pair that should pass has lost.
func (x *watch) judge(t *testing.T, what string, now *expectation, mostMissing int) (most int) {
	t.Helper()
	kept, shut, longest := 0, 0, time.Duration(0)
	for _, s := range x.pairs {
		was, is := x.before.passes(s.From, s.To, s.Port), now.passes(s.From, s.To, s.Port)
		missing, paused := s.Up.Loss()
		switch {
		case was && is:
			kept++
			longest, most = max(longest, paused), max(most, missing)
			if missing > mostMissing || time.Since(s.Up.Last()) > 5*time.Second {
				t.Errorf("%s: %s lost %d packets, paused %s, last packet %s ago", what, s, missing, paused, time.Since(s.Up.Last()))
			}
		case !was && !is:
			shut++
			if !s.Up.First().IsZero() {
				t.Errorf("%s: a packet passed from %s", what, s)
			}
		}
		s.Close()
	}
	record(t, what, "%d pairs kept passing and lost at most %d packets, longest pause %s; %d pairs kept shut", kept, most, inMS(longest), shut)
	if kept == 0 || shut == 0 {
		t.Errorf("%s: nothing was watched", what)
	}
	return most
}

// carriesOn waits until a watch has seen what a change that is over can still do.
func (x *watch) carriesOn(t *testing.T) {
	t.Helper()
	since := time.Now()
	stage.Until(t, 10*time.Second, fmt.Sprintf("half a second has passed since %s", since), func() bool {
		return time.Since(since) > 500*time.Millisecond
	})
}
