// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// Patience of a probe. What should pass gets a second, longer try, and more when the
// others are done, before it counts as stopped: a busy machine may not come round to
// answer for seconds. One packet that should not pass is a leak at once.
const (
	quick     = 150 * time.Millisecond
	patient   = 3 * time.Second
	oftenMost = 3
	lateMost  = 50
	abreast   = 192
	shownMost = 20
)

// tally is what came of a matrix.
type tally struct {
	probed, passed, dropped atomic.Int64
	mu                      sync.Mutex
	disagreements           []string
	// late are those that should pass and did not while others were tried.
	late []try
}

func (c *tally) String() string {
	out := fmt.Sprintf("%d probed, %d passed, %d dropped, %d disagreements with the model",
		c.probed.Load(), c.passed.Load(), c.dropped.Load(), len(c.disagreements))
	if n := len(c.late); n > 0 {
		out += fmt.Sprintf(", %d tried again", n)
	}
	return out
}

type try struct {
	from, to *stage.Host
	port     stage.Port
}

// probe tries every pair of hosts and every port in use, and compares with the model.
// Two devices do not reach each other through this cluster and are left out.
func (w *waterWorks) probe() *tally {
	w.t.Helper()
	return expect(w.t, w.Stage).probe(w.hosts, func(try) bool { return true })
}

// probe tries those pairs of hosts and ports that are asked for.
func (e *expectation) probe(hosts []*stage.Host, asked func(try) bool) *tally {
	tries := make(chan try)
	c := &tally{}
	var workers sync.WaitGroup
	for range abreast {
		workers.Go(func() {
			for x := range tries {
				c.judge(x, e.passes(x.from, x.to, x.port))
			}
		})
	}
	ports := e.ports()
	for _, from := range hosts {
		for _, to := range hosts {
			if from == to || !from.IsPod() && !to.IsPod() {
				continue
			}
			for _, port := range ports {
				if x := (try{from, to, port}); asked(x) {
					tries <- x
				}
			}
		}
	}
	close(tries)
	workers.Wait()
	c.tryAgain()
	return c
}

// tryAgain gives what should pass and did not a last chance, some of it patiently.
func (c *tally) tryAgain() {
	for i, x := range c.late {
		if i < lateMost {
			c.count(x, true, x.again())
		} else {
			c.count(x, true, stage.Dial(x.from, x.to, x.port, quick))
		}
	}
}

// again tries what should pass when nothing else is tried.
func (x try) again() stage.Outcome {
	var got stage.Outcome
	for range oftenMost {
		if got = stage.Dial(x.from, x.to, x.port, patient); got.Passed {
			break
		}
	}
	return got
}

func (c *tally) judge(x try, want bool) {
	got := stage.Dial(x.from, x.to, x.port, quick)
	if want && !got.Passed {
		got = stage.Dial(x.from, x.to, x.port, patient)
	}
	if want && !got.Passed {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.late = append(c.late, x)
		return
	}
	c.count(x, want, got)
}

func (c *tally) count(x try, want bool, got stage.Outcome) {
	c.probed.Add(1)
	if got.Passed {
		c.passed.Add(1)
	} else {
		c.dropped.Add(1)
	}
	if got.Passed != want {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.disagreements = append(c.disagreements, fmt.Sprintf("%s to %s %s: passed=%t, the model says %t (%v)",
			x.from, x.to, x.port, got.Passed, want, got.Err))
	}
}

// agree fails the test for every disagreement.
func (c *tally) agree(t *testing.T) {
	t.Helper()
	record(t, "pairs of hosts by port", "%s", c)
	if n := len(c.disagreements); n > 0 {
		t.Errorf("%d disagreements:\n%s", n, strings.Join(c.disagreements[:min(n, shownMost)], "\n"))
	}
	if c.passed.Load() == 0 || c.dropped.Load() == 0 {
		t.Error("nothing passed or nothing was dropped, so nothing was shown")
	}
}

// The water works: what should pass passes, and nothing else.
func TestTheMatrixHoldsOnPackets(t *testing.T) {
	w := plant(t)
	w.probe().agree(t)
}
