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
		for _, at := range h.instants(t, f.Clock.Now, horizon) {
			later := f
			later.Clock.Now = at
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

// instants from one to another: some of them, and those that anything says.
func (h *history) instants(t *rapid.T, from, to time.Time) []time.Time {
	said := []int{h.contract, h.latest}
	for day := range max(1, h.days) + 1 {
		said = append(said, day*dayLong, day*dayLong+h.start, day*dayLong+h.end)
	}
	for _, s := range h.said {
		said = append(said, s.at, s.until, s.at+h.bound())
	}
	out := []time.Time{to.Add(-time.Second)}
	for range 3 {
		out = append(out, from.Add(to.Sub(from)/256*time.Duration(oneOf(t, 256))))
	}
	for _, n := range said {
		out = append(out, minutes(n))
	}
	return slices.DeleteFunc(out, func(at time.Time) bool { return at.Before(from) || !at.Before(to) })
}

// TestNext: what may change by itself is asked about when it does.
func TestNext(t *testing.T) {
	armable := window(func(w *access.Window) { w.Activation = access.WhenArmed })
	lapsing := recurring("0 8 * * *", 4*time.Hour, "2026-12-31", opened("08:00"))
	lapsing.Approvals[0].Until, lapsing.Clock.Now = "2026-11-23T10:00", monday("10:30")
	for _, c := range []struct {
		name  string
		facts access.Facts
		next  time.Time
	}{
		{"its start", approved("07:00"), monday("08:00")},
		{"its end", approved("08:00"), monday("12:00")},
		{"the end that was given", approved("08:00", with(approval("a2", "owner-b", access.Approve, "07:30"), until("2026-11-23T13:00"))), monday("13:00")},
		{"the end of an arming", approved("09:00", armable, with(approval("m", "shift-2", access.Arm, "08:30"), until("2026-11-23T10:00"))), monday("10:00")},
		{"an arming of the future", approved("08:10", armable, with(approval("m", "shift-2", access.Arm, "08:30"), nil)), monday("08:30")},
		{"an approval of the future", approved("08:10", nobodyApproved, with(approval("m", "owner-a", access.Approve, "08:30"), nil)), monday("08:30")},
		{"the next occurrence", recurring("0 8 * * *", 4*time.Hour, "2026-12-31"), monday("08:00")},
		{"the end of one whose approval is over", lapsing, monday("12:00")},
		{"nothing", approved("12:00"), time.Time{}},
	} {
		if got := access.Decide(c.facts).Next; !got.Equal(c.next) {
			t.Errorf("%s: %s, want %s", c.name, got, c.next)
		}
	}
}
