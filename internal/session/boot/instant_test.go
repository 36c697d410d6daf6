// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package boot_test

import (
	"math"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/boot"
)

func TestAddStaysInRange(t *testing.T) {
	tests := []struct {
		at   boot.Instant
		d    time.Duration
		want boot.Instant
	}{
		{5, 3, 8},
		{5, -8, -3},
		{math.MaxInt64 - 1, time.Hour, math.MaxInt64},
		{math.MinInt64 + 1, -time.Hour, math.MinInt64},
	}
	for _, tt := range tests {
		if got := tt.at.Add(tt.d); got != tt.want {
			t.Errorf("%d.Add(%d) = %d, want %d", tt.at, tt.d, got, tt.want)
		}
	}
}
