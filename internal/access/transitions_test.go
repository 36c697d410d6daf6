// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"slices"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/access"
)

// What happens in the transitions.
var (
	armable    = window(func(w *access.Window) { w.Activation = access.WhenArmed })
	arm        = with(approval("arm", "shift-2", access.Arm, "08:30"), until("2026-11-23T10:00"))
	deny       = with(approval("no", "owner-b", access.Deny, "07:30"), nil)
	revoke     = with(approval("stop", "owner-b", access.Revoke, "07:30"), nil)
	everything = locked(access.Lock{Name: "red", Everything: true})
)

type transition struct {
	name   string
	facts  access.Facts
	phase  access.Phase
	reason access.Reason
	ends   bool
}

// transitions has every way from one phase to another.
var transitions = []transition{
	{"asked for", approved("07:00", nobodyApproved), access.Requested, access.ReasonNeedsApproval, false},
	{"asked for, in its time", approved("09:00", nobodyApproved), access.Requested, access.ReasonNeedsApproval, false},
	{"approved before its start", approved("07:59"), access.Approved, access.ReasonNotYet, false},
	{"its start", approved("08:00"), access.Active, access.ReasonOpen, false},
	{"approved in its time", approved("11:00", nobodyApproved, with(approval("late", "owner-a", access.Approve, "10:30"), nil)), access.Active, access.ReasonOpen, false},
	{"just before its end", approved("11:59:59", opened("08:00")), access.Active, access.ReasonOpen, false},
	{"its end", approved("12:00", opened("08:00")), access.Expired, access.ReasonEndReached, true},
	{"never approved", approved("12:00", nobodyApproved), access.Expired, access.ReasonMissed, true},
	{"start and end missed", approved("18:00"), access.Expired, access.ReasonMissed, true},
	{"denied before anybody approved", approved("07:45", nobodyApproved, deny), access.Denied, access.ReasonDenied, true},
	{"denied after it was approved", approved("07:45", deny), access.Denied, access.ReasonDenied, true},
	{"denied while open", approved("09:00", deny, opened("08:00")), access.Revoked, access.ReasonDenied, true},
	{"revoked before it was open", approved("07:45", revoke), access.Revoked, access.ReasonRevoked, true},
	{"revoked while open", approved("09:00", revoke, opened("08:00")), access.Revoked, access.ReasonRevoked, true},
	{"revoked, past its end", approved("12:00", revoke), access.Revoked, access.ReasonRevoked, true},
	{"standing without a record, past its end", approved("12:00", func(f *access.Facts) { f.Standing = []string{""} }), access.Revoked, access.ReasonNoAuditRecord, true},
	{"revoked and denied", approved("07:45", deny, revoke), access.Revoked, access.ReasonRevoked, true},
	{"deleted", approved("09:00", opened("08:00"), window(func(w *access.Window) { w.Deleted = true })), access.Revoked, access.ReasonDeleted, true},
	{"replaced", approved("09:00", opened("08:00"), func(f *access.Facts) { f.ReplacedBy = "other" }), access.Revoked, access.ReasonReplaced, true},
	{"locked before it is open", approved("09:00", everything), access.Locked, access.ReasonLocked, false},
	{"locked before it is approved", approved("09:00", nobodyApproved, everything), access.Locked, access.ReasonLocked, false},
	{"locked while open", approved("09:00", everything, opened("08:00")), access.Revoked, access.ReasonLocked, true},
	{"locked while its grant stands and is recorded", approved("09:00", everything, opened("08:00"), func(f *access.Facts) {
		f.Trail.Records = append(f.Trail.Records, access.Record{Kind: access.RecordClosed, UID: "w1"})
	}), access.Revoked, access.ReasonLocked, true},
	{"locked past its end", approved("12:00", everything), access.Expired, access.ReasonMissed, true},
	{"not armed", approved("09:00", armable), access.Approved, access.ReasonNotArmed, false},
	{"armed", approved("09:00", armable, arm), access.Active, access.ReasonOpen, false},
	{"armed without what approving has to prove", approved("09:00", armable, nobodyApproved,
		func(f *access.Facts) { f.Site.Factors = []string{"hwk"} },
		with(approval("a1", "owner-a", access.Approve, "07:00"), func(a *access.Approval) { a.Factors = []string{"hwk"} }), arm), access.Active, access.ReasonOpen, false},
	{"armed, and the clock not trusted", approved("09:00", armable, arm, untrusted), access.Armed, access.ReasonClockUntrusted, false},
	{"armed and not approved", approved("09:00", nobodyApproved, armable, arm), access.Requested, access.ReasonNeedsApproval, false},
	{"past what it was armed for", approved("10:00", armable, arm, opened("08:30")), access.Approved, access.ReasonNotArmed, false},
	{"armed again", approved("10:30", armable, arm, opened("08:30"), with(approval("more", "shift-2", access.Arm, "10:20"), nil)), access.Active, access.ReasonOpen, false},
	{"armed, past its end", approved("12:00", armable, arm, opened("08:30")), access.Expired, access.ReasonEndReached, true},
	{"the clock not trusted, before", approved("07:30", untrusted), access.Approved, access.ReasonNotYet, false},
	{"the clock not trusted, open", approved("09:00", untrusted, opened("08:00")), access.Approved, access.ReasonClockUntrusted, false},
	{"the clock behind what was said", approved("09:00", nobodyApproved, with(approval("a1", "owner-a", access.Approve, "09:01"), nil), untrusted), access.Approved, access.ReasonClockUntrusted, false},
	{"the clock not trusted, past its end", approved("12:00", untrusted, opened("08:00")), access.Approved, access.ReasonClockUntrusted, false},
	{"the clock not trusted, never approved and past its end", approved("12:00", nobodyApproved, untrusted), access.Requested, access.ReasonNeedsApproval, false},
	{"the clock not trusted, locked while open, past its end", approved("12:00", untrusted, everything, opened("08:00")), access.Revoked, access.ReasonLocked, true},
	{"the clock not trusted, revoked", approved("09:00", untrusted, revoke, opened("08:00")), access.Revoked, access.ReasonRevoked, true},
	{"the clock not trusted, locked while open", approved("09:00", untrusted, everything, opened("08:00")), access.Revoked, access.ReasonLocked, true},
	{"the clock may expire and not grant", approved("12:00", func(f *access.Facts) { f.Clock.MayGrant = false }), access.Expired, access.ReasonMissed, true},
	{"the clock may grant and not expire", approved("12:00", opened("08:00"), func(f *access.Facts) { f.Clock.MayExpire = false }), access.Approved, access.ReasonClockUntrusted, false},
	{"the trail not known", approved("09:00", func(f *access.Facts) { f.Trail = access.Trail{} }), access.Approved, access.ReasonTrailUnknown, false},
	{"the trail not known, its grant standing", approved("09:00", func(f *access.Facts) { f.Trail, f.Standing = access.Trail{}, []string{""} }), access.Approved, access.ReasonTrailUnknown, false},
	{"standing without a record", approved("09:00", func(f *access.Facts) { f.Standing = []string{""} }), access.Revoked, access.ReasonNoAuditRecord, true},
	{"standing without a record, and not approved", approved("09:00", nobodyApproved, func(f *access.Facts) { f.Standing = []string{""} }), access.Revoked, access.ReasonNoAuditRecord, true},
	{"standing, with the record of a window that had its name", approved("09:00", opened("08:00"), func(f *access.Facts) { f.Trail.Records[0].UID = "w0" }), access.Revoked, access.ReasonNoAuditRecord, true},
	{"nothing at all", access.Facts{}, access.Requested, access.ReasonNoSite, false},
}

func TestTransitions(t *testing.T) {
	for _, c := range transitions {
		t.Run(c.name, func(t *testing.T) {
			d := access.Decide(c.facts)
			want(t, d, c.phase, c.reason)
			ends := kinds(d, access.RecordEnded)
			if (len(ends) > 0) != c.ends {
				t.Errorf("ends for good: %v, want %v", ends, c.ends)
			}
			for _, r := range ends {
				if r.Phase != c.phase || r.Reason != c.reason || r.UID != c.facts.Window.UID {
					t.Errorf("recorded %+v, want %s, %s", r, c.phase, c.reason)
				}
			}
			if c.facts.Trail.Known {
				carryOut(t, c.facts)
			}
		})
	}
}

// TestTerminalStatesStay: nothing but the record of the end is left, or everything is
// as it was when the window was open.
func TestTerminalStatesStay(t *testing.T) {
	for _, end := range []struct {
		phase  access.Phase
		reason access.Reason
	}{
		{access.Denied, access.ReasonDenied},
		{access.Revoked, access.ReasonRevoked},
		{access.Revoked, access.ReasonLocked},
		{access.Expired, access.ReasonEndReached},
		{access.Expired, access.ReasonIdle},
	} {
		later := with(approval("again", "owner-b", access.Approve, "09:00"), until("2026-11-23T14:00"))
		for _, f := range []access.Facts{
			approved("09:30", ended(end.phase, end.reason)),
			approved("09:30", opened("08:00"), ended(end.phase, end.reason), later),
			approved("07:30", ended(end.phase, end.reason), untrusted),
			approved("09:30", ended(end.phase, end.reason), opened("09:00")),
			approved("09:30", ended(end.phase, end.reason), ended(access.Active, access.ReasonOpen)),
			approved("09:30", ended(end.phase, end.reason), window(func(w *access.Window) { w.Deleted = true })),
		} {
			d := access.Decide(f)
			want(t, d, end.phase, end.reason)
			if len(kinds(d, access.RecordEnded)) > 0 {
				t.Errorf("%s ends twice: %v", end.phase, d.Records)
			}
			if !d.Next.IsZero() {
				t.Errorf("%s may change at %s", end.phase, d.Next)
			}
		}
	}
	for _, r := range []access.Record{{}, {Phase: access.Active, Reason: access.ReasonOpen}, {Phase: access.Expired, Reason: "?"}} {
		want(t, access.Decide(approved("09:00", ended(r.Phase, r.Reason))), access.Revoked, access.ReasonUnknownRecordedAs)
	}
}

// TestRecordsAreOfOneWindow: one by the same name, made again, neither inherits the end of
// the first nor its opening.
func TestRecordsAreOfOneWindow(t *testing.T) {
	before := func(kind access.RecordKind) edit {
		return func(f *access.Facts) {
			f.Trail.Records = append(f.Trail.Records, access.Record{Kind: kind, Window: "acme-drives", UID: "w0", Phase: access.Revoked, Reason: access.ReasonRevoked})
		}
	}
	d := access.Decide(approved("09:00", before(access.RecordOpened), before(access.RecordEnded)))
	want(t, d, access.Active, access.ReasonOpen)
	if len(kinds(d, access.RecordOpened)) != 1 {
		t.Errorf("recorded %+v", d.Records)
	}
}

// TestOpeningIsRecordedFirst: without the record nothing may be granted.
func TestOpeningIsRecordedFirst(t *testing.T) {
	d := access.Decide(approved("09:00"))
	opening := kinds(d, access.RecordOpened)
	if len(opening) != 1 || opening[0].Due != access.BeforeOpening || !opening[0].At.Equal(monday("09:00")) || !opening[0].Until.Equal(monday("12:00")) {
		t.Errorf("opening is recorded as %+v", opening)
	}
	for _, r := range d.Records {
		if r.Kind != access.RecordOpened && r.Due != access.AtOnce {
			t.Errorf("%s keeps the opening waiting", r.Kind)
		}
	}
	if got := len(kinds(d, access.RecordRequested)) + len(kinds(d, access.RecordDecided)); got != 2 {
		t.Errorf("%d records of the request and of the approval, want 2", got)
	}
	if len(d.Records) != 3 {
		t.Errorf("recorded %+v", d.Records)
	}
	_, d = carryOut(t, approved("09:00"))
	if len(d.Records) > 0 {
		t.Errorf("owed twice: %v", d.Records)
	}
}

// TestWhatIsHeldIsRecorded: what an untrusted clock closes may open again, with a record
// of both.
func TestWhatIsHeldIsRecorded(t *testing.T) {
	f, _ := carryOut(t, approved("09:00"))
	untrusted(&f)
	f, d := carryOut(t, f)
	if d.Grant != nil || len(d.Records) > 0 || f.Trail.Records[len(f.Trail.Records)-1].Kind != access.RecordClosed {
		t.Errorf("held: %+v, trail %+v", d, f.Trail.Records)
	}
	f.Locks = []access.Lock{{Name: "red", Everything: true}}
	want(t, access.Decide(f), access.Locked, access.ReasonLocked)
	f.Locks, f.Clock = nil, access.Clock{MayGrant: true, MayExpire: true, Now: monday("10:00")}
	want(t, access.Decide(f), access.Active, access.ReasonOpen)
	if got := kinds(access.Decide(f), access.RecordOpened); len(got) != 1 {
		t.Errorf("opened again without a record: %v", got)
	}
}

// TestOverlappingWindows: two windows to one target end by themselves, neither by the
// other's end nor held by it.
func TestOverlappingWindows(t *testing.T) {
	other := func(f *access.Facts) {
		f.Window.Name, f.Window.UID = "acme-more", "w2"
		f.Window.Start, f.Window.End = "2026-11-23T10:00", "2026-11-23T13:00"
		f.Approvals[0].Of.Name, f.Approvals[0].Of.UID = "acme-more", "w2"
	}
	var trail []access.Record
	for _, c := range []struct {
		clock         string
		first, second access.Phase
	}{
		{"09:00", access.Active, access.Approved},
		{"11:00", access.Active, access.Active},
		{"12:00", access.Expired, access.Active},
		{"13:00", access.Expired, access.Expired},
	} {
		// Both read one trail, and each the other's approvals as well.
		both := func(f *access.Facts) { f.Trail.Records = slices.Clone(trail) }
		a, b := approved(c.clock, both), approved(c.clock, other, both)
		a.Approvals, b.Approvals = append(a.Approvals, b.Approvals...), append(b.Approvals, a.Approvals...)
		first, second := access.Decide(a), access.Decide(b)
		if first.Phase != c.first || second.Phase != c.second {
			t.Errorf("%s: %s and %s, want %s and %s", c.clock, first.Phase, second.Phase, c.first, c.second)
		}
		trail = append(append(trail, first.Records...), second.Records...)
	}
}

func TestGrantPassesOnWhatIsAskedFor(t *testing.T) {
	f := approved("09:00", window(func(w *access.Window) {
		w.MaxSessions, w.IdleTimeout, w.Grant, w.Through = 7, time.Hour, access.SessionPod, ""
	}))
	g := access.Decide(f).Grant
	if g == nil || g.MaxSessions != 7 || g.IdleTimeout != time.Hour || g.Kind != access.SessionPod ||
		g.Vendor != "acme" || !slices.Equal(g.People, []string{"tech-1"}) || len(g.Reach) != 1 || g.Reach[0].Zone != "cell-pumping" {
		t.Errorf("granted %+v", g)
	}
}
