// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/clock"
)

// unjudged is the verdict before the first look, and while what was kept is not known.
func unjudged() clock.Verdict {
	return clock.Verdict{Reason: clock.UnknownState, Message: "the clocks were not judged yet"}
}

// judge looks at the clocks and judges them, and gives what is to be kept. Times are in UTC.
func (k *timekeeper) judge(rules clock.Rules) (clock.Verdict, clock.State, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.declared = rules
	v, _, err := k.lookNow()
	return v, k.state, err
}

// lookNow needs the lock: a reading is judged by what was known when it was taken. What
// cannot be read is a reading that is not complete.
func (k *timekeeper) lookNow() (clock.Verdict, clock.Reading, error) {
	reading, err := k.read()
	if err != nil {
		reading = clock.Reading{}
	}
	reading.Wall = reading.Wall.UTC()
	v, next := clock.Decide(k.state, reading, k.declared)
	k.state = next
	return v, reading, err
}

// current judges the clocks as they read now, by the Site's rules as the last look found
// them. Until that look nothing is trusted, and so on a replica that does not lead.
func (k *timekeeper) current() (clock.Verdict, clock.Reading) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.known || k.last == nil {
		reading, err := k.read()
		if err != nil {
			reading = clock.Reading{}
		}
		reading.Wall = reading.Wall.UTC()
		return unjudged(), reading
	}
	v, reading, _ := k.lookNow() // an error is a verdict as well
	return v, reading
}

// verdict says whether time is trusted, and what it is, now.
func (k *timekeeper) verdict() clock.Verdict {
	v, _ := k.current()
	return v
}

// now is the verdict as a window is decided by it. While time is not trusted it is what the
// wall clock reads, by which nothing opens and nothing is over for good.
func (k *timekeeper) now() access.Clock {
	v, reading := k.current()
	c := access.Clock{MayGrant: v.MayGrant(), MayExpire: v.Trusted(), Now: v.Now, Reason: string(v.Reason)}
	if !v.Trusted() {
		c.Now = reading.Wall
	}
	return c
}

// stamp is when, and by which clock, for the audit trail.
func (k *timekeeper) stamp() audit.Record {
	v, reading := k.current()
	return audit.Record{At: reading.Wall, Clock: audit.Clock{
		Trusted: v.Trusted(), Reason: string(v.Reason), BootID: reading.BootID, SinceBoot: reading.SinceBoot,
	}}
}

func (k *timekeeper) knows() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known
}

// forget makes the next look read what was kept.
func (k *timekeeper) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known = false
}
