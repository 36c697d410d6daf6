// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package boot_test

import (
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/boot"
)

func newTimer(t *testing.T) *boot.Timer {
	t.Helper()
	timer, err := boot.NewTimer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = timer.Close() })
	return timer
}

// waits sets the timer to go off after each of the durations, and expects the last to hold.
func waits(t *testing.T, timer *boot.Timer, after ...time.Duration) {
	t.Helper()
	var due boot.Instant
	for _, d := range after {
		due = boot.Now().Add(d)
		if err := timer.Set(due); err != nil {
			t.Fatal(err)
		}
	}
	if err := timer.Wait(); err != nil {
		t.Fatal(err)
	}
	if late := boot.Now().Sub(due); late < 0 || late > 5*time.Second {
		t.Errorf("the timer went off %s late", late)
	}
}

func TestTimerGoesOffWhenItIsDue(t *testing.T) {
	timer := newTimer(t)
	waits(t, timer, 20*time.Millisecond)
	waits(t, timer, time.Hour, 20*time.Millisecond)
	waits(t, timer, time.Millisecond, 60*time.Millisecond)
}

func TestTimerThatIsOverdueGoesOff(t *testing.T) {
	timer := newTimer(t)
	for _, at := range []boot.Instant{boot.Now() - 1, 1, 0, -1, -1 << 62} {
		if err := timer.Set(at); err != nil {
			t.Fatal(err)
		}
		if err := timer.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTimerIsMovedWhileItIsWaitedFor(t *testing.T) {
	timer := newTimer(t)
	if err := timer.Set(boot.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	went := make(chan error, 1)
	go func() { went <- timer.Wait() }()
	if err := timer.Set(boot.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := <-went; err != nil {
		t.Fatal(err)
	}
}

func TestClosingEndsTheWait(t *testing.T) {
	timer := newTimer(t)
	went := make(chan error, 1)
	go func() { went <- timer.Wait() }()
	if err := timer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-went; err == nil {
		t.Error("a closed timer went off")
	}
}

// TestNowAllocatesNothing because it is read for each piece of data that passes a relay.
func TestNowAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { boot.Now() }); n != 0 {
		t.Errorf("reading the clock allocates %v times", n)
	}
}
