// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"time"

	"github.com/zonewarden/zonewarden/internal/wall"
)

// Edge says what a local time is for, which decides where a clock is turned.
type Edge = wall.Edge

// The edges of a window, which is never longer than meant.
const (
	AsStart = wall.AsStart
	AsEnd   = wall.AsEnd
)

// ParseMoment reads 2026-11-23T08:00, with or without seconds: local in loc, or with an
// offset (Z, +01:00).
func ParseMoment(s string, loc *time.Location, edge Edge) (time.Time, error) {
	return wall.ParseMoment(s, loc, edge)
}

// EndOfDay is the instant at which a day is over: 2027-06-30 in loc.
func EndOfDay(date string, loc *time.Location) (time.Time, error) {
	return wall.EndOfDay(date, loc)
}
