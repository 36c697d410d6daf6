// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package session

import (
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/boot"
	"github.com/zonewarden/zonewarden/internal/session/until"
)

// TestAnAlarmForAnEndThatWasMovedIsNoEnd: it went off while the message that moves it was
// looked at.
func TestAnAlarmForAnEndThatWasMovedIsNoEnd(t *testing.T) {
	timer, err := boot.NewTimer()
	if err != nil {
		t.Fatal(err)
	}
	term, err := until.Begin(make(ed25519.PublicKey, ed25519.PublicKeySize), "w", "p", boot.Now(), time.Hour, func(boot.Instant) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := timer.Set(boot.Now()); err != nil {
		t.Fatal(err)
	}
	watched := make(chan error, 1)
	go func() { watched <- watch(timer, term) }()
	select {
	case err := <-watched:
		t.Errorf("ended an hour early: %v", err)
	case <-time.After(50 * time.Millisecond):
		_ = timer.Close()
		if err := <-watched; errors.Is(err, ErrEnd) {
			t.Error("a broken timer is taken for the end")
		}
	}
}
