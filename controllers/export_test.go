// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/ed25519"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/audit"
	nodeclock "github.com/zonewarden/zonewarden/internal/clock"
)

// SetupSegmentationAt sets up the passes over the zones with a clock of the caller's own.
func SetupSegmentationAt(mgr ctrl.Manager, at Place, c clock.PassiveClock) error {
	return setupSegmentation(mgr, c, newTimekeeper(mgr, at, nil, nil), newTrail(mgr, at, TrailOptions{}))
}

// SetupSegmentationOn sets them up on a node of the caller's own, whose clocks are
// looked at when it starts and with every tick.
func SetupSegmentationOn(mgr ctrl.Manager, at Place, read func() (nodeclock.Reading, error), ticks <-chan time.Time) error {
	return setupSegmentation(mgr, clock.RealClock{}, newTimekeeper(mgr, at, read, ticks), newTrail(mgr, at, TrailOptions{}))
}

// SetupOn sets up all that the operator does on a node of the caller's own, whose clocks
// are looked at when it starts and with every tick.
func SetupOn(mgr ctrl.Manager, at Place, o Options, read func() (nodeclock.Reading, error), ticks <-chan time.Time) error {
	return setup(mgr, at, o, newTimekeeper(mgr, at, read, ticks), newTrail(mgr, at, o.Trail))
}

// Watch is what the controller of windows has of the others: the trail and the time.
type Watch struct {
	trail *trail
	time  *timekeeper
}

// NewWatch is on a node of the caller's own, with bounds for the trail of the caller's own.
// The trail is looked at when it starts and with every tick.
func NewWatch(
	mgr ctrl.Manager, at Place, o TrailOptions, segment, total int, looks <-chan time.Time,
	read func() (nodeclock.Reading, error), ticks <-chan time.Time,
) *Watch {
	t := newTrail(mgr, at, o)
	t.segment, t.total, t.ticks = segment, total, looks
	if t.syslog != nil {
		t.syslog.every = 20 * time.Millisecond
	}
	return &Watch{trail: t, time: newTimekeeper(mgr, at, read, ticks)}
}

// Setup sets up the passes over the zones with it.
func (w *Watch) Setup(mgr ctrl.Manager) error {
	return setupSegmentation(mgr, clock.RealClock{}, w.time, w.trail)
}

// Read is the trail's.
func (w *Watch) Read(ctx context.Context) (map[types.UID]access.Trail, audit.Head, error) {
	return w.trail.read(ctx)
}

// Append is the trail's.
func (w *Watch) Append(
	ctx context.Context, owed func(map[types.UID]access.Trail, []audit.Entry) []audit.Record,
) error {
	return w.trail.append(ctx, w.time.stamp(), owed)
}

// KeepFor is the trail's.
func (w *Watch) KeepFor(uids map[types.UID]bool) { w.trail.keepFor(uids) }

// SessionKey is the trail's.
func (w *Watch) SessionKey(ctx context.Context) (ed25519.PrivateKey, error) {
	return w.trail.sessionKey(ctx)
}

// Now is the timekeeper's.
func (w *Watch) Now() access.Clock { return w.time.now() }

// Verdict is the timekeeper's.
func (w *Watch) Verdict() nodeclock.Verdict { return w.time.verdict() }

// Stamp is the timekeeper's.
func (w *Watch) Stamp() audit.Record { return w.time.stamp() }
