// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package boot is the clock that ends of sessions are counted by: CLOCK_BOOTTIME, which
// nobody can set, which goes on while the machine sleeps, and which starts anew with it.
//
// The contract:
//
//   - An Instant means something on the machine and in the boot that it was read in, and
//     nowhere else. It is never stored and never sent; what is sent is a duration.
//   - A Timer goes off at its instant, however the wall clock was set meanwhile, and at
//     once if the machine slept past it.
package boot

import (
	"math"
	"time"
)

// Instant is a reading of the clock, in nanoseconds since the machine started.
type Instant int64

// Add is the instant d later. It stays in range: a sum that is too large is the end of
// time, and not the distant past.
func (i Instant) Add(d time.Duration) Instant {
	switch sum := i + Instant(d); {
	case d > 0 && sum < i:
		return math.MaxInt64
	case d < 0 && sum > i:
		return math.MinInt64
	default:
		return sum
	}
}

// Sub is how much later i is than j.
func (i Instant) Sub(j Instant) time.Duration {
	return time.Duration(i - j)
}
