// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package session

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-logr/logr"

	"github.com/zonewarden/zonewarden/internal/session/boot"
	"github.com/zonewarden/zonewarden/internal/session/until"
)

// Grace is how long the work may take to return once it is over.
const Grace = 200 * time.Millisecond

// ErrEnd is why the work's context ends when all went well.
var ErrEnd = errors.New("the end was reached")

// Config is what a process needs to know to be told its end.
type Config struct {
	// Operator is the only one that it listens to.
	Operator ed25519.PublicKey
	// Window and Pod are UIDs.
	Window, Pod string
	// Start is when the process started, and First its end after that, until it is told.
	Start boot.Instant
	First time.Duration
	// Control is where it is told.
	Control net.Listener
	// Status is what it tells of itself.
	Status func() until.Status
}

// Run works until the end, or until the context ends, which both are no error.
func Run(ctx context.Context, c Config, work func(context.Context) error) error {
	ctx, over := context.WithCancelCause(ctx)
	defer over(nil)
	timer, err := boot.NewTimer()
	if err != nil {
		return err
	}
	defer func() { _ = timer.Close() }()
	term, err := until.Begin(c.Operator, c.Window, c.Pod, c.Start, c.First, func(end boot.Instant) {
		if err := timer.Set(end); err != nil {
			over(err)
		}
	})
	if err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	go func() { over(watch(timer, term)) }()
	go func() { over(serve(ctx, &c, term)) }()
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		// Of no consequence where it is over already.
		over(fmt.Errorf("the work ended early: %w", cmp.Or(work(ctx), errEarly)))
	}()
	<-ctx.Done()
	wait(worked)
	return why(ctx)
}

var errEarly = errors.New("it had nothing more to do")

// watch returns when the end was reached.
func watch(timer *boot.Timer, term *until.Term) error {
	for {
		if err := timer.Wait(); err != nil {
			return err
		}
		// It may have gone off for an end that was moved a moment ago.
		if boot.Now() >= term.End() {
			return ErrEnd
		}
	}
}

func serve(ctx context.Context, c *Config, term *until.Term) error {
	log := logr.FromContextOrDiscard(ctx)
	s := until.Server{Term: term, Now: boot.Now, Status: c.Status}
	s.Random = rand.Reader //nolint:forbidigo // a number that nobody can guess
	s.Noted = func(from net.Addr, err error) {
		switch {
		case err != nil:
			log.Info("a message that changed nothing", "from", from, "why", err.Error())
		default:
			log.Info("the end was moved", "from", from, "remaining", term.End().Sub(boot.Now()).String())
		}
	}
	return s.Serve(ctx, c.Control)
}

// wait gives the work its grace.
func wait(worked <-chan struct{}) {
	grace := time.NewTimer(Grace)
	defer grace.Stop()
	select {
	case <-worked:
	case <-grace.C:
	}
}

// why is nil where the end was reached or the caller's context ended.
func why(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, ErrEnd) && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
