// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package until

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/boot"
)

// NonceLife is how long a number that was drawn is good for.
const NonceLife = 5 * time.Second

// What is wrong with a message. None of them changes anything.
var (
	// ErrSignature is a message that the operator did not sign for this window, this pod
	// and this number.
	ErrSignature = errors.New("not signed by the operator for this window, pod and number")
	// ErrSpent is a second message over one number.
	ErrSpent = errors.New("the number was used")
	// ErrExpired is a message over a number that was drawn too long ago.
	ErrExpired = errors.New("the number has expired")
	// ErrSuperseded is a message over a number drawn before another message moved the end.
	ErrSuperseded = errors.New("the end was moved since the number was drawn")
	// ErrOver is a message to a process whose end was reached.
	ErrOver = errors.New("the end was reached")
)

// Term is how long a process may run. Its methods may be called from any goroutine.
type Term struct {
	key         ed25519.PublicKey
	window, pod string
	moved       func(boot.Instant)

	mu    sync.Mutex
	end   boot.Instant
	moves uint64
}

// Begin starts a term: it ends at start plus first, unless it is told otherwise. Each time
// the end moves, moved is called with it, in the order of the moves.
func Begin(key ed25519.PublicKey, window, pod string, start boot.Instant, first time.Duration, moved func(boot.Instant)) (*Term, error) {
	switch {
	case len(key) != ed25519.PublicKeySize:
		return nil, fmt.Errorf("the operator's key has %d bytes, not %d", len(key), ed25519.PublicKeySize)
	case window == "":
		return nil, errors.New("no UID of the window")
	case pod == "":
		return nil, errors.New("no UID of the pod")
	case first <= 0 || first > MostRemaining:
		return nil, fmt.Errorf("a first bound of %s is not between zero and %s", first, MostRemaining)
	}
	t := &Term{key: key, window: window, pod: pod, moved: moved, end: start.Add(first)}
	moved(t.end)
	return t, nil
}

// End is the instant at which the process has to be gone.
func (t *Term) End() boot.Instant {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.end
}

// Challenge is one number and what is known about it.
type Challenge struct {
	nonce  Nonce
	issued boot.Instant
	moves  uint64
	spent  bool
}

// Challenge begins an exchange. The nonce must come from a source that nobody can guess.
func (t *Term) Challenge(nonce Nonce, now boot.Instant) *Challenge {
	t.mu.Lock()
	defer t.mu.Unlock()
	return &Challenge{nonce: nonce, issued: now, moves: t.moves}
}

// Answer takes what came back, and moves the end if that is what it says.
// It tells whether a status was asked for.
func (t *Term) Answer(c *Challenge, message []byte, now boot.Instant) (wantsStatus bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.spent {
		return false, ErrSpent
	}
	// Before anything can go wrong: a number is good for one try, not for one success.
	c.spent = true
	r, err := parseRequest(message)
	if err != nil {
		return false, err
	}
	switch {
	case !ed25519.Verify(t.key, text(t.window, t.pod, c.nonce, r.verb, millis(r.remaining)), r.signature):
		return false, ErrSignature
	case now < c.issued || now.Sub(c.issued) > NonceLife:
		return false, ErrExpired
	case now >= t.end:
		return false, ErrOver
	case r.verb == verbStatus:
		return true, nil
	case c.moves != t.moves:
		return false, ErrSuperseded
	}
	t.end = c.issued.Add(r.remaining)
	t.moves++
	t.moved(t.end)
	return false, nil
}
