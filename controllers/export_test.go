// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"time"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	nodeclock "github.com/zonewarden/zonewarden/internal/clock"
)

// SetupSegmentationAt is SetupSegmentation with a clock of the caller's own.
func SetupSegmentationAt(mgr ctrl.Manager, at Place, c clock.PassiveClock) error {
	return setupSegmentation(mgr, c, newTimekeeper(mgr, at, nil, nil), newTrail(mgr, at, TrailOptions{}), nil)
}

// SetupSegmentationOn is SetupSegmentation on a node of the caller's own, whose clocks are
// looked at when it starts and with every tick.
func SetupSegmentationOn(mgr ctrl.Manager, at Place, read func() (nodeclock.Reading, error), ticks <-chan time.Time) error {
	return setupSegmentation(mgr, clock.RealClock{}, newTimekeeper(mgr, at, read, ticks), newTrail(mgr, at, TrailOptions{}), nil)
}
