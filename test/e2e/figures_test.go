// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"time"
)

// figures are times that were measured.
type figures []time.Duration

// at is the smallest time that a share of all times does not exceed.
func (f figures) at(share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(f))
	return sorted[max(0, min(len(sorted)-1, int(share*float64(len(sorted))+0.999)-1))]
}

func (f figures) String() string {
	if len(f) == 0 {
		return "none"
	}
	return fmt.Sprintf("n=%d p50 %s p99 %s max %s", len(f), inMS(f.at(0.5)), inMS(f.at(0.99)), inMS(slices.Max(f)))
}

func inMS(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
