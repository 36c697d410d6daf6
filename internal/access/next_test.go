// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/access"
)

// TestNextIsNeverLate: between now and the next instant that is named nothing changes
// but the time, and at instants that are not named neither.
func TestNextIsNeverLate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		for range one(t, 3, 10, 20) {
			h.happen(t)
			h.operate(t)
		}
		f := h.facts()
		d := access.Decide(f)
		f.Trail.Records = append(slices.Clip(f.Trail.Records), d.Records...)
		f.Standing = standing(d)
		d = access.Decide(f)
		horizon := f.Clock.Now.Add(5 * 24 * time.Hour)
		if !d.Next.IsZero() {
			horizon = d.Next
		}
		if d.Next.Before(f.Clock.Now) && !d.Next.IsZero() {
			t.Fatalf("next %s is before now %s", d.Next, f.Clock.Now)
		}
		span := int(horizon.Sub(f.Clock.Now) / time.Second)
		for range 5 {
			if span == 0 {
				break
			}
			later := f
			later.Clock.Now = f.Clock.Now.Add(time.Duration(rapid.IntRange(0, span-1).Draw(t, "seconds")) * time.Second)
			got := access.Decide(later)
			got.Next = d.Next
			if d.Phase.Terminal() { // which is not looked at again for who armed it once
				got.Conditions, got.ArmedBy, got.Ignored, got.DecidedBy = d.Conditions, d.ArmedBy, d.Ignored, d.DecidedBy
				got.Refused, got.Unresolved = d.Refused, d.Unresolved
			}
			if diff := cmp.Diff(d, got); diff != "" {
				t.Fatalf("at %s, before %s: %s", later.Clock.Now, d.Next, diff)
			}
		}
	})
}
