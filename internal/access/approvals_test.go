// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"slices"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/access"
)

// TestApprovalsThatDoNotCount: each is wrong in one thing only, and named with it.
func TestApprovalsThatDoNotCount(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*access.Approval)
		field  string
		reason access.Reason
	}{
		{"another kind", func(a *access.Approval) { a.Of.Kind = "Conduit" }, "spec.of.kind", access.ReasonOtherObject},
		{"another name", func(a *access.Approval) { a.Of.Name = "acme-more" }, "spec.of.name", access.ReasonOtherObject},
		{"by name only", func(a *access.Approval) { a.Of.UID, a.Of.Generation = "", 0 }, "spec.of.uid", access.ReasonOtherUID},
		{"of a window that had the name", func(a *access.Approval) { a.Of.UID = "w0" }, "spec.of.uid", access.ReasonOtherUID},
		{"of another generation", func(a *access.Approval) { a.Of.Generation = 2 }, "spec.of.generation", access.ReasonOtherGeneration},
		{"of another requester", func(a *access.Approval) { a.Requester = "shift-2" }, "spec.requester", access.ReasonOtherRequester},
		{"by nobody", func(a *access.Approval) { a.Approver = "" }, "spec.approver", access.ReasonNoApprover},
		{"by the requester", func(a *access.Approval) { a.Approver = "shift-1" }, "spec.approver", access.ReasonSelfApproval},
		{"by the requester, spelt otherwise", func(a *access.Approval) { a.Approver = "Shift-1" }, "spec.approver", access.ReasonSelfApproval},
		{"by one of the people", func(a *access.Approval) { a.Approver = "tech-1" }, "spec.approver", access.ReasonApproverAmongThem},
		{"without a factor", func(a *access.Approval) { a.Factors = []string{"pwd", "otp"} }, "spec.factors", access.ReasonFactorMissing},
		{"being deleted", func(a *access.Approval) { a.Deleted = true }, "metadata.deletionTimestamp", access.ReasonApprovalDeleted},
		{"of later than now", func(a *access.Approval) { a.Created = monday("09:00:01") }, "metadata.creationTimestamp", access.ReasonNotCreatedYet},
		{"of an unknown decision", func(a *access.Approval) { a.Decision = "Perhaps" }, "spec.decision", access.ReasonUnknownVerdict},
		{"of no decision", func(a *access.Approval) { a.Decision = "" }, "spec.decision", access.ReasonUnknownVerdict},
		{"until no time", until("noon"), "spec.until", access.ReasonUntilInvalid},
		{"until before it starts", until("2026-11-23T08:00"), "spec.until", access.ReasonUntilOver},
		{"until before it was given", func(a *access.Approval) {
			a.Created, a.Until = monday("08:50"), "2026-11-23T08:45"
		}, "spec.until", access.ReasonUntilOver},
	} {
		t.Run(c.name, func(t *testing.T) {
			right := func(a *access.Approval) { a.Factors = []string{"pwd", "hwk"} }
			factors := func(f *access.Facts) { f.Site.Factors = []string{"hwk", "pwd"} }
			good := approval("a1", "owner-a", access.Approve, "07:00")
			want(t, access.Decide(approved("09:00", nobodyApproved, factors, with(good, right))), access.Active, access.ReasonOpen)

			d := access.Decide(approved("09:00", nobodyApproved, factors, with(good, func(a *access.Approval) { right(a); c.change(a) })))
			want(t, d, access.Requested, access.ReasonNeedsApproval)
			if len(d.Ignored) != 1 || d.Ignored[0].Field != c.field || d.Ignored[0].Reason != c.reason || d.Ignored[0].Approval != "a1" {
				t.Errorf("ignored %+v, want %s, %s", d.Ignored, c.field, c.reason)
			}
		})
	}
}

// TestWhatClosesNeedsTheWindowOnly: an objection that stops an Approve stops neither Deny
// nor Revoke, but one of another window is none of ours.
func TestWhatClosesNeedsTheWindowOnly(t *testing.T) {
	for _, decision := range []access.Verdict{access.Deny, access.Revoke} {
		sloppy := with(approval("no", "tech-1", decision, "23:00"), func(a *access.Approval) {
			a.Requester, a.Of.Generation, a.Deleted, a.Until = "", 7, true, "?"
		})
		if d := access.Decide(approved("09:00", sloppy)); d.Grant != nil || !d.Phase.Terminal() {
			t.Errorf("%s: %s, %s", decision, d.Phase, d.Message)
		}
		other := with(approval("no", "owner-b", decision, "07:30"), func(a *access.Approval) { a.Of.UID = "w0" })
		want(t, access.Decide(approved("09:00", other)), access.Active, access.ReasonOpen)
	}
}

// TestDecidingObjectsMayGo: what denied or revoked is deleted after it was seen.
func TestDecidingObjectsMayGo(t *testing.T) {
	for _, decision := range []access.Verdict{access.Deny, access.Revoke} {
		f, d := carryOut(t, approved("09:00", opened("08:00"), with(approval("no", "owner-b", decision, "08:30"), nil)))
		f.Approvals = f.Approvals[:1]
		again := access.Decide(f)
		want(t, again, d.Phase, d.Reason)
	}
	// What approved is no longer there: closed, and open again with another one.
	f, _ := carryOut(t, approved("09:00"))
	f.Approvals = nil
	f, d := carryOut(t, f)
	want(t, d, access.Requested, access.ReasonNeedsApproval)
	with(approval("a2", "owner-b", access.Approve, "09:00"), nil)(&f)
	want(t, access.Decide(f), access.Active, access.ReasonOpen)
}

func TestHowManyApprove(t *testing.T) {
	a := func(name, approver string) edit { return with(approval(name, approver, access.Approve, "07:00"), nil) }
	safety := func(f *access.Facts) {
		f.Window.Reach = append(f.Window.Reach, access.Reach{Zone: "safety", Assets: []string{"SIS-1"}, Flows: 1})
	}
	site := func(n, safety int) edit {
		return func(f *access.Facts) { f.Site.Approvals, f.Site.SafetyApprovals = n, safety }
	}
	for _, c := range []struct {
		name  string
		edits []edit
		needs int
		open  bool
	}{
		{"one of one", []edit{a("a1", "owner-a")}, 1, true},
		{"the Site says nothing", []edit{site(0, 0), a("a1", "owner-a")}, 1, true},
		{"one of two", []edit{site(2, 0), a("a1", "owner-a")}, 2, false},
		{"two of two", []edit{site(2, 0), a("a1", "owner-a"), a("a2", "owner-b")}, 2, true},
		{"one person twice", []edit{site(2, 0), a("a1", "owner-a"), a("a2", "owner-a")}, 2, false},
		{"one person in two spellings", []edit{site(2, 0), a("a1", "owner-a"), a("a2", "OWNER-A")}, 2, false},
		{"a safety zone, one person", []edit{safety, a("a1", "owner-a")}, 2, false},
		{"a safety zone, two persons", []edit{safety, a("a1", "owner-a"), a("a2", "owner-b")}, 2, true},
		{"a safety zone, and the Site says one", []edit{safety, site(1, 1), a("a1", "owner-a")}, 2, false},
		{"a safety zone, and the Site says three", []edit{safety, site(1, 3), a("a1", "owner-a"), a("a2", "owner-b")}, 3, false},
		{"a safety zone, and three for all", []edit{safety, site(3, 2), a("a1", "owner-a"), a("a2", "owner-b")}, 3, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := access.Decide(approved("09:00", append([]edit{nobodyApproved}, c.edits...)...))
			if d.Needs != c.needs || (d.Grant != nil) != c.open {
				t.Errorf("needs %d, open %v (%s), want %d, %v", d.Needs, d.Grant != nil, d.Message, c.needs, c.open)
			}
		})
	}
}

// TestEndInForce: approvers extend and shorten, never past what is allowed.
func TestEndInForce(t *testing.T) {
	two := func(f *access.Facts) { f.Site.Approvals = 2 }
	a := func(name, approver, clock, end string) edit {
		return with(approval(name, approver, access.Approve, clock), func(a *access.Approval) {
			if end != "" {
				a.Until = "2026-11-23T" + end
			}
		})
	}
	for _, c := range []struct {
		name  string
		edits []edit
		end   string
	}{
		{"the window's own", []edit{a("a1", "owner-a", "07:00", "")}, "12:00"},
		{"less", []edit{a("a1", "owner-a", "07:00", "10:00")}, "10:00"},
		{"more", []edit{a("a1", "owner-a", "07:00", "13:00")}, "13:00"},
		{"more than the latest end", []edit{a("a1", "owner-a", "07:00", "18:00")}, "14:00"},
		{"another person extends", []edit{a("a1", "owner-a", "07:00", ""), a("a2", "owner-b", "08:30", "13:00")}, "13:00"},
		{"another person gives less", []edit{a("a1", "owner-a", "07:00", ""), a("a2", "owner-b", "08:30", "10:00")}, "12:00"},
		{"the same person extends", []edit{a("a1", "owner-a", "07:00", ""), a("a2", "owner-a", "08:30", "13:00")}, "13:00"},
		{"the same person gives less", []edit{a("a1", "owner-a", "07:00", "13:00"), a("a2", "owner-a", "08:30", "10:00")}, "10:00"},
		{"the order in which they are listed", []edit{a("a2", "owner-a", "08:30", "10:00"), a("a1", "owner-a", "07:00", "13:00")}, "10:00"},
		{"in one second", []edit{a("a1", "owner-a", "07:00", "10:00"), a("a2", "owner-a", "07:00", "13:00")}, "10:00"},
		{"in one second, with the window's own", []edit{a("a1", "owner-a", "07:00", ""), a("a2", "owner-a", "07:00", "13:00")}, "12:00"},
		{"two persons, one extends", []edit{two, a("a1", "owner-a", "07:00", ""), a("a2", "owner-b", "07:00", ""), a("a3", "owner-a", "08:30", "14:00")}, "12:00"},
		{"two persons, both extend", []edit{two, a("a1", "owner-a", "07:00", ""), a("a2", "owner-b", "07:00", ""), a("a3", "owner-a", "08:30", "14:00"), a("a4", "owner-b", "08:40", "13:00")}, "13:00"},
		{"three persons, two needed", []edit{two, a("a1", "owner-a", "07:00", "11:00"), a("a2", "owner-b", "07:00", "10:00"), a("a3", "owner-c", "07:00", "14:00")}, "11:00"},
		{"without a latest end", []edit{a("a1", "owner-a", "07:00", "13:00"), window(func(w *access.Window) { w.LatestEnd = "" })}, "12:00"},
		{"the Site's bound", []edit{a("a1", "owner-a", "07:00", "14:00"), func(f *access.Facts) { f.Site.Longest = 5 * time.Hour }}, "13:00"},
		{"more than the contract", []edit{a("a1", "owner-a", "07:00", "13:00"), func(f *access.Facts) {
			f.Site.Location = zone("Asia/Tokyo") // where Monday is over at 16:00 in Berlin
			f.Window.Start, f.Window.End, f.Window.LatestEnd = "2026-11-23T08:00+01:00", "2026-11-23T15:00+01:00", "2026-11-23T19:00+01:00"
			f.Approvals[0].Until, f.Vendor.ContractEnd = "2026-11-23T18:00+01:00", "2026-11-23"
		}}, "16:00"},
		{"the contract's end", []edit{a("a1", "owner-a", "07:00", ""), func(f *access.Facts) {
			f.Vendor.ContractEnd, f.Window.Start, f.Window.End = "2026-11-22", "2026-11-22T20:00", "2026-11-23T07:59"
			f.Window.LatestEnd, f.Clock.Now = "", monday("00:00").Add(-time.Second)
			f.Approvals[0].Created = monday("00:00").Add(-time.Hour)
		}}, "00:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := approved("09:00", append([]edit{nobodyApproved}, c.edits...)...)
			d := access.Decide(f)
			wantEnd(t, d, monday(c.end))
			if !d.End.Equal(monday(c.end)) {
				t.Errorf("end in force %s, want %s", d.End, c.end)
			}
			f.Clock.Now = monday(c.end)
			want(t, access.Decide(f), access.Expired, access.ReasonMissed)
		})
	}
}

// TestExtensionWithoutACut: at no instant between the two ends is it closed.
func TestExtensionWithoutACut(t *testing.T) {
	f, _ := carryOut(t, approved("11:59"))
	with(approval("a2", "owner-b", access.Approve, "11:59"), until("2026-11-23T13:30"))(&f)
	for _, clock := range []string{"11:59", "12:00", "13:29:59"} {
		f.Clock.Now = monday(clock)
		d := access.Decide(f)
		wantEnd(t, d, monday("13:30"))
		for _, kind := range []access.RecordKind{access.RecordClosed, access.RecordOpened, access.RecordEnded} {
			if r := kinds(d, kind); len(r) > 0 {
				t.Errorf("%s: extended with a cut: %+v", clock, r)
			}
		}
	}
}

// TestExtensionTooLate: whoever extends what is over does not bring it back, also when
// nobody had seen it end.
func TestExtensionTooLate(t *testing.T) {
	late := with(approval("a2", "owner-b", access.Approve, "12:00"), until("2026-11-23T13:30"))
	d := access.Decide(approved("12:30", opened("08:00"), late))
	want(t, d, access.Expired, access.ReasonEndReached)
	if len(d.Ignored) != 1 || d.Ignored[0].Reason != access.ReasonTooLate {
		t.Errorf("ignored %+v", d.Ignored)
	}
	want(t, access.Decide(approved("12:30", nobodyApproved, late)), access.Expired, access.ReasonMissed)
	// The first of two was in time, the second was not.
	f := approved("12:30", late, func(f *access.Facts) { f.Site.Approvals = 2; f.Approvals[0].Until = "2026-11-23T14:00" })
	want(t, access.Decide(f), access.Expired, access.ReasonMissed)
}

func TestArming(t *testing.T) {
	armable := window(func(w *access.Window) { w.Activation, w.End, w.LatestEnd = access.WhenArmed, "2026-11-30T12:00", "" })
	arm := func(name, clock, end string) edit {
		return with(approval(name, "shift-2", access.Arm, clock), func(a *access.Approval) { a.Until = end })
	}
	for _, c := range []struct {
		name  string
		clock string
		edits []edit
		end   string // "" is not armed
	}{
		{"until its own end", "09:00", []edit{arm("m", "08:30", "2026-11-23T10:00")}, "10:00"},
		{"past its own end", "10:00", []edit{arm("m", "08:30", "2026-11-23T10:00")}, ""},
		{"without an end, the Site's bound", "09:00", []edit{arm("m", "08:30", "")}, "20:30"},
		{"longer than the Site's bound", "09:00", []edit{arm("m", "08:30", "2026-11-24T08:00")}, "20:30"},
		{"before the start", "09:00", []edit{arm("m", "07:59", "2026-11-23T10:00")}, ""},
		{"at the start", "09:00", []edit{arm("m", "08:00", "2026-11-23T10:00")}, "10:00"},
		{"until no time", "09:00", []edit{arm("m", "08:30", "?")}, ""},
		{"until before it was given", "09:00", []edit{arm("m", "08:30", "2026-11-23T08:30")}, ""},
		{"once more before it is over", "09:00", []edit{arm("m", "08:30", "2026-11-23T10:00"), arm("n", "08:50", "2026-11-23T11:00")}, "11:00"},
		{"once more for less", "09:00", []edit{arm("m", "08:30", "2026-11-23T10:00"), arm("n", "08:50", "2026-11-23T09:30")}, "10:00"},
		{"by the requester", "09:00", []edit{with(approval("m", "shift-1", access.Arm, "08:30"), nil)}, ""},
		{"by one of the people", "09:00", []edit{with(approval("m", "tech-1", access.Arm, "08:30"), nil)}, ""},
		{"by who approved it", "09:00", []edit{with(approval("m", "owner-a", access.Arm, "08:30"), until("2026-11-23T10:00"))}, "10:00"},
		{"past the window's end", "09:00", []edit{arm("m", "08:30", "2026-12-30T10:00"), window(func(w *access.Window) { w.End = "2026-11-23T09:30" })}, "09:30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := access.Decide(approved(c.clock, append([]edit{armable}, c.edits...)...))
			if c.end == "" {
				want(t, d, access.Approved, access.ReasonNotArmed)
				return
			}
			wantEnd(t, d, monday(c.end))
			if d.ArmedBy == "" {
				t.Error("nobody armed it")
			}
		})
	}
	// One who has to be present says so by arming.
	attended := window(func(w *access.Window) { w.Attended = true })
	want(t, access.Decide(approved("09:00", attended)), access.Approved, access.ReasonNotArmed)
	wantEnd(t, access.Decide(approved("09:00", attended, arm("m", "08:30", "2026-11-23T10:00"))), monday("10:00"))
	// An Arm is no Approve, and an automatic window needs none.
	want(t, access.Decide(approved("09:00", nobodyApproved, arm("m", "08:30", ""))), access.Requested, access.ReasonNeedsApproval)
	if d := access.Decide(approved("09:00", arm("m", "08:30", "2026-11-23T10:00"))); d.ArmedBy != "" || !d.Grant.Until.Equal(monday("12:00")) {
		t.Errorf("an automatic window was armed: %+v", d.Grant)
	}
}

// TestEachDecisionIsRecordedOnce: those that do not count as well.
func TestEachDecisionIsRecordedOnce(t *testing.T) {
	f := approved("09:00",
		with(approval("self", "shift-1", access.Approve, "07:00"), nil),
		with(approval("later", "owner-b", access.Approve, "10:00"), nil),
		with(approval("foreign", "owner-b", access.Approve, "07:00"), func(a *access.Approval) { a.Of.UID = "w0" }))
	var told []string
	for _, r := range kinds(access.Decide(f), access.RecordDecided) {
		told = append(told, r.Approval+" "+r.By+" "+string(r.Reason)+" "+r.Until.Format("15:04"))
	}
	if want := []string{"uid-a1 owner-a  12:00", "uid-self shift-1 SelfApproval 00:00"}; !slices.Equal(told, want) {
		t.Errorf("recorded %q, want %q", told, want)
	}
	f, d := carryOut(t, f)
	f.Clock.Now = monday("10:00")
	if got := kinds(access.Decide(f), access.RecordDecided); len(d.Records) > 0 || len(got) != 1 || got[0].Approval != "uid-later" {
		t.Errorf("recorded %+v", got)
	}
}
