// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/access"
)

// TestIdle: nothing passes for as long as it may.
func TestIdle(t *testing.T) {
	idle := window(func(w *access.Window) { w.IdleTimeout = 15 * time.Minute })
	last := func(clock string) edit {
		return func(f *access.Facts) { f.Sessions = access.Sessions{Counted: true, LastPacket: monday(clock)} }
	}
	never := func(f *access.Facts) { f.Sessions = access.Sessions{Counted: true} }
	for _, c := range []struct {
		name, clock string
		edits       []edit
		ends        bool
		next        string
	}{
		{"nothing passed yet", "08:14:59", []edit{opened("08:00"), never}, false, "08:15"},
		{"nothing ever passed", "08:15", []edit{opened("08:00"), never}, true, ""},
		{"something passed", "09:14:59", []edit{opened("08:00"), last("09:00")}, false, "09:15"},
		{"then nothing", "09:15", []edit{opened("08:00"), last("09:00")}, true, ""},
		{"before it was opened again", "10:10", []edit{opened("10:00"), last("08:59")}, false, "10:15"},
		{"nobody counts", "11:00", []edit{opened("08:00")}, false, "12:00"},
		{"not open yet", "11:00", []edit{never}, false, "12:00"},
		{"a packet of the future", "09:00", []edit{opened("08:00"), last("23:00")}, false, "09:15"},
		{"opened in the future", "09:00", []edit{opened("11:00"), never}, false, "09:15"},
		{"the clock may not expire", "11:00", []edit{opened("08:00"), never, func(f *access.Facts) { f.Clock.MayExpire = false }}, false, "12:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := access.Decide(approved(c.clock, append([]edit{idle}, c.edits...)...))
			if c.ends {
				want(t, d, access.Expired, access.ReasonIdle)
				if len(kinds(d, access.RecordEnded)) != 1 {
					t.Errorf("recorded %+v", d.Records)
				}
				return
			}
			want(t, d, access.Active, access.ReasonOpen)
			if !d.Next.Equal(monday(c.next)) {
				t.Errorf("next %s, want %s", d.Next, c.next)
			}
		})
	}
	// While the clock lets nobody in nothing can pass, which is nobody's idleness.
	held := approved("11:00", idle, opened("08:00"), never, func(f *access.Facts) { f.Clock.MayGrant = false })
	want(t, access.Decide(held), access.Approved, access.ReasonClockUntrusted)
	// Without a timeout it may be idle for ever.
	want(t, access.Decide(approved("11:59", opened("08:00"), never)), access.Active, access.ReasonOpen)
}

// TestBreakGlass: one person, four hours, no safety zone, and a review that is owed.
func TestBreakGlass(t *testing.T) {
	glass := window(func(w *access.Window) { w.BreakGlass = true })
	review := with(approval("r", "owner-b", access.Approve, "15:00"), nil)

	f, d := carryOut(t, approved("09:00", nobodyApproved, glass))
	wantEnd(t, d, monday("12:00"))
	if !d.ReviewOwed || d.Needs != 0 {
		t.Errorf("opened without approval and review: %+v", d)
	}
	f.Clock.Now = monday("12:00")
	f, d = carryOut(t, f)
	want(t, d, access.Expired, access.ReasonEndReached)
	if !d.ReviewOwed {
		t.Error("its end did away with the review")
	}
	mine := f
	with(approval("r", "shift-1", access.Approve, "13:00"), nil)(&mine)
	with(approval("s", "tech-1", access.Approve, "13:00"), nil)(&mine)
	mine.Clock.Now = monday("13:00")
	if !access.Decide(mine).ReviewOwed {
		t.Error("the requester reviewed it")
	}
	f.Clock.Now = monday("15:00")
	review(&f)
	f, d = carryOut(t, f)
	want(t, d, access.Expired, access.ReasonEndReached)
	if d.ReviewOwed || f.Trail.Records[len(f.Trail.Records)-1].By != "owner-b" {
		t.Errorf("reviewed, and owed: %+v", f.Trail.Records)
	}
	f.Approvals = nil
	if d := access.Decide(f); d.ReviewOwed || len(d.Records) > 0 {
		t.Errorf("the review is forgotten with its Approval: %+v", d)
	}

	longer := window(func(w *access.Window) { w.End = "2026-11-23T12:00:01" })
	want(t, access.Decide(approved("09:00", glass, longer)), access.Requested, access.ReasonTooLong)
	site := func(longest, glass time.Duration) edit {
		return func(f *access.Facts) { f.Site.Longest, f.Site.BreakGlassLongest = longest, glass }
	}
	want(t, access.Decide(approved("09:00", glass, longer, site(24*time.Hour, 24*time.Hour))), access.Requested, access.ReasonTooLong)
	want(t, access.Decide(approved("09:00", glass, site(24*time.Hour, 3*time.Hour))), access.Requested, access.ReasonTooLong)
	want(t, access.Decide(approved("09:00", glass, site(3*time.Hour, 0))), access.Requested, access.ReasonTooLong)
	armed := window(func(w *access.Window) { w.Activation = access.WhenArmed })
	want(t, access.Decide(approved("09:00", glass, longer, armed)), access.Requested, access.ReasonTooLong)

	// It ends with the contract as well.
	night := func(f *access.Facts) {
		f.Window.Start, f.Window.End, f.Window.LatestEnd = "2026-11-23T22:00", "2026-11-24T01:00", ""
		f.Vendor.ContractEnd = "2026-11-23"
	}
	wantEnd(t, access.Decide(approved("22:30", glass, night)), on("2026-11-24T00:00"))

	// An Approve is its review and extends nothing; Deny, Revoke and locks hold.
	extend := with(approval("a", "owner-b", access.Approve, "09:00"), until("2026-11-23T14:00"))
	wantEnd(t, access.Decide(approved("10:00", nobodyApproved, glass, extend)), monday("12:00"))
	deny := with(approval("no", "owner-b", access.Deny, "08:00"), nil)
	if d := access.Decide(approved("09:00", nobodyApproved, glass, deny)); d.Phase != access.Denied || d.ReviewOwed {
		t.Errorf("denied before it was open: %s, review owed: %v", d.Phase, d.ReviewOwed)
	}
	want(t, access.Decide(approved("09:00", glass, locked(access.Lock{Vendor: "acme"}))), access.Locked, access.ReasonLocked)
	if access.Decide(approved("09:00")).ReviewOwed {
		t.Error("a window that was approved needs a review")
	}
}

func TestLocks(t *testing.T) {
	for _, c := range []struct {
		lock  access.Lock
		holds bool
	}{
		{access.Lock{Everything: true}, true},
		{access.Lock{}, true}, // one that names nothing is not one that holds nothing
		{access.Lock{Vendor: "acme"}, true},
		{access.Lock{Vendor: "other"}, false},
		{access.Lock{Person: "tech-1"}, true},
		{access.Lock{Person: "TECH-1"}, true},
		{access.Lock{Person: "tech-2"}, false},
		{access.Lock{Person: "owner-a"}, false},
		{access.Lock{Zone: "cell-pumping"}, true},
		{access.Lock{Zone: "plant"}, true}, // the zone that it is part of
		{access.Lock{Zone: "cell-dosing"}, false},
	} {
		others := []edit{locked(access.Lock{Vendor: "other"}), locked(c.lock)}
		if d := access.Decide(approved("09:00", others...)); (d.Phase == access.Locked) != c.holds {
			t.Errorf("%+v: %s, %s", c.lock, d.Phase, d.Message)
		}
	}
	// Lifted: what was not open goes on, what was open stays ended.
	red := locked(access.Lock{Name: "red", Everything: true})
	for _, open := range []bool{false, true} {
		f := approved("09:00", red)
		if open {
			opened("08:00")(&f)
		}
		f, _ = carryOut(t, f)
		f.Locks = nil
		if d := access.Decide(f); (d.Phase == access.Active) == open {
			t.Errorf("open under the lock: %v, after it %s", open, d.Phase)
		}
	}
	// Of a zone that nothing is known of as well.
	f := approved("09:00", locked(access.Lock{Zone: "cell-pumping"}))
	f.Zones = nil
	want(t, access.Decide(f), access.Locked, access.ReasonLocked)
}
