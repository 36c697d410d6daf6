// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/session"
	"github.com/zonewarden/zonewarden/internal/session/boot"
	"github.com/zonewarden/zonewarden/internal/session/until"
)

const (
	window = "window"
	pod    = "pod"
)

var operator = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

func config(t *testing.T, first time.Duration) session.Config {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return session.Config{
		Operator: operator.Public().(ed25519.PublicKey), Window: window, Pod: pod,
		Start: boot.Now(), First: first, Control: l,
		Status: func() until.Status { return until.Status{Processes: 7} },
	}
}

func obedient(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// tell moves the end, and returns an instant that the new end is not before.
func tell(t *testing.T, c *session.Config, remaining time.Duration) boot.Instant {
	t.Helper()
	earliest := boot.Now().Add(remaining)
	conn, err := net.Dial("tcp", c.Control.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = until.Tell(t.Context(), conn, operator, window, pod, func() time.Duration { return remaining })
	if err != nil && !errors.Is(err, until.ErrNoReply) {
		t.Fatal(err)
	}
	return earliest
}

// over expects that Run returned without an error, not before the instant and soon after.
func over(t *testing.T, done <-chan error, end boot.Instant) {
	t.Helper()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if late := boot.Now().Sub(end); late < -time.Millisecond || late > 5*time.Second {
		t.Errorf("it ended %s late", late)
	}
}

func run(t *testing.T, c *session.Config, work func(context.Context) error) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- session.Run(t.Context(), *c, work) }()
	return done
}

func TestOutOfTouchTheFirstBoundHolds(t *testing.T) {
	c := config(t, 50*time.Millisecond)
	over(t, run(t, &c, obedient), c.Start.Add(c.First))
}

func TestTheFirstBoundCountsFromTheStart(t *testing.T) {
	c := config(t, time.Hour)
	c.Start = boot.Now().Add(-2 * time.Hour) // such as a machine that slept
	over(t, run(t, &c, obedient), boot.Now())
}

func TestTheLastEndThatWasToldHolds(t *testing.T) {
	c := config(t, 10*time.Second)
	done := run(t, &c, obedient)
	tell(t, &c, time.Hour)
	tell(t, &c, 2*time.Second)
	end := tell(t, &c, 2500*time.Millisecond)
	over(t, done, end)
}

func TestARevocationEndsAtOnce(t *testing.T) {
	c := config(t, time.Hour)
	done := run(t, &c, obedient)
	over(t, done, tell(t, &c, 0))
}

func TestWorkThatHangsKeepsNothing(t *testing.T) {
	c := config(t, 20*time.Millisecond)
	release := make(chan struct{})
	defer close(release)
	over(t, run(t, &c, func(context.Context) error {
		<-release
		return nil
	}), c.Start.Add(c.First))
}

func TestTheContextEndsIt(t *testing.T) {
	c := config(t, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	var worked atomic.Bool
	cancel()
	if err := session.Run(ctx, c, func(ctx context.Context) error {
		<-ctx.Done()
		worked.Store(true)
		return nil
	}); err != nil || !worked.Load() {
		t.Errorf("error %v, the work has ended: %t", err, worked.Load())
	}
}

func TestWhatGoesWrongEndsIt(t *testing.T) {
	broken := errors.New("broken")
	c := config(t, time.Hour)
	if err := <-run(t, &c, func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("work that failed: %v", err)
	}
	c = config(t, time.Hour)
	if err := <-run(t, &c, func(context.Context) error { return nil }); err == nil {
		t.Error("work that ended by itself: no error")
	}
	c = config(t, time.Hour)
	_ = c.Control.Close()
	if err := <-run(t, &c, obedient); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a control port that is gone: %v", err)
	}
	c = config(t, 0)
	if err := <-run(t, &c, obedient); err == nil {
		t.Error("no first bound: no error")
	}
}

func TestItSaysWhatItIs(t *testing.T) {
	c := config(t, time.Hour)
	done := run(t, &c, obedient)
	conn, err := net.Dial("tcp", c.Control.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := until.Ask(t.Context(), conn, operator, window, pod)
	if err != nil || s.Processes != 7 || s.Remaining > time.Hour || s.Remaining < 59*time.Minute {
		t.Errorf("status %+v, %v", s, err)
	}
	over(t, done, tell(t, &c, 0))
}
