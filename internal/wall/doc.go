// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package wall counts on the clock on the wall: local times, and schedules of them, of a
// place where the clock is turned twice a year.
//
// The contract:
//
//   - Everything is a function of its arguments: no clock, no time zone of the machine.
//   - A reading that a clock never shows is the first instant after it. One that it shows
//     twice is what its Edge says.
//   - An occurrence is known by its reading, so that no turn of a clock makes the same
//     one happen twice. Its duration is elapsed time.
//   - Intervals contain their start and not their end.
package wall
