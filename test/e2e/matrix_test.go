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

// Patience of a probe. What should pass gets a second, longer try before it counts as
// stopped; one packet that should not pass is a leak at once.
const (
	quick     = 150 * time.Millisecond
	patient   = 3 * time.Second
	abreast   = 192
	shownMost = 20
)

// tally is what came of a matrix.
type tally struct {
	probed, passed, dropped atomic.Int64
	mu                      sync.Mutex
	disagreements           []string
}

func (c *tally) String() string {
	return fmt.Sprintf("%d probed, %d passed, %d dropped, %d disagreements with the model",
		c.probed.Load(), c.passed.Load(), c.dropped.Load(), len(c.disagreements))
}

type try struct {
	from, to *stage.Host
	port     stage.Port
}

// probe tries every pair of hosts and every port in use, and compares with the model.
// Two devices do not reach each other through this cluster and are left out.
func (w *waterWorks) probe() *tally {
	w.t.Helper()
	e := expect(w.t, w.Stage)
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
	for _, from := range w.hosts {
		for _, to := range w.hosts {
			if from == to || !from.IsPod() && !to.IsPod() {
				continue
			}
			for _, port := range ports {
				tries <- try{from, to, port}
			}
		}
	}
	close(tries)
	workers.Wait()
	return c
}

func (c *tally) judge(x try, want bool) {
	got := stage.Dial(x.from, x.to, x.port, quick)
	if want && !got.Passed {
		got = stage.Dial(x.from, x.to, x.port, patient)
	}
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
