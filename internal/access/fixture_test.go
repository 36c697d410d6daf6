// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the zones that are tested, on any machine

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/access"
)

// berlin is the time zone of the plant that most tests are about.
var berlin = zone("Europe/Berlin")

func zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}

// on is an instant in Berlin: 2026-11-23T08:00.
func on(s string) time.Time {
	t, err := access.ParseMoment(s, berlin, access.AsStart)
	if err != nil {
		panic(err)
	}
	return t
}

// monday at a time of day: that of the window of most tests.
func monday(clock string) time.Time {
	t, known := mondays[clock]
	if !known {
		t = on("2026-11-23T" + clock)
		mondays[clock] = t
	}
	return t
}

var mondays = map[string]time.Time{}

// edit is a change of the facts that a test starts from.
type edit func(*access.Facts)

// approved is a window from 08:00 to 12:00, at most to 14:00, that one person approved.
func approved(clock string, edits ...edit) access.Facts {
	f := access.Facts{
		Window: access.Window{
			Name: "acme-drives", UID: "w1", Generation: 1, Created: monday("06:00"),
			Requester: "shift-1", Vendor: "acme", People: []string{"tech-1"}, WorkReason: "trips",
			Start: "2026-11-23T08:00", End: "2026-11-23T12:00", LatestEnd: "2026-11-23T14:00",
			Through: "jumphost-1", Grant: access.Relay, Activation: access.Automatic, MaxSessions: 2,
			Reach: []access.Reach{{Zone: "cell-pumping", Assets: []string{"PU-101A", "PU-101B"}, Flows: 1}},
		},
		Approvals: []access.Approval{approval("a1", "owner-a", access.Approve, "07:00")},
		Vendor: &access.Vendor{
			Name: "acme", ContractEnd: "2027-06-30", Zones: []string{"cell-pumping", "safety"},
			People: []access.Person{{User: "tech-1"}, {User: "tech-2"}, {User: "pool", Shared: true}},
		},
		Site: &access.Site{Location: berlin, JumpHosts: []string{"jumphost-1"}, Approvals: 1},
		Zones: map[string]access.Zone{
			"cell-pumping": {Within: []string{"plant"}, Assets: []string{"PU-101A", "PU-101B"}},
			"cell-dosing":  {Assets: []string{"PLC-D01"}},
			"safety":       {Safety: true, Assets: []string{"SIS-1"}},
		},
		Trail: access.Trail{Known: true},
		Clock: access.Clock{MayGrant: true, MayExpire: true, Now: monday(clock)},
	}
	for _, e := range edits {
		e(&f)
	}
	return f
}

// approval of the window, by somebody, at a time of day.
func approval(name, approver string, decision access.Verdict, clock string) access.Approval {
	return access.Approval{
		Name: name, UID: "uid-" + name, Created: monday(clock), Requester: "shift-1",
		Approver: approver, Decision: decision,
		Of: access.Reference{Kind: access.KindWindow, Name: "acme-drives", UID: "w1", Generation: 1},
	}
}

func with(a access.Approval, change func(*access.Approval)) edit {
	return func(f *access.Facts) {
		if change != nil {
			change(&a)
		}
		f.Approvals = append(f.Approvals, a)
	}
}

func until(moment string) func(*access.Approval) {
	return func(a *access.Approval) { a.Until = moment }
}

func window(change func(*access.Window)) edit {
	return func(f *access.Facts) { change(&f.Window) }
}

func nobodyApproved(f *access.Facts) { f.Approvals = nil }

func untrusted(f *access.Facts) {
	f.Clock.MayGrant, f.Clock.MayExpire, f.Clock.Reason = false, false, "the kernel is not synchronised"
}

// opened is the record of the opening at a time of day, with what stands then.
func opened(clock string) edit {
	return func(f *access.Facts) {
		f.Trail.Records = append(f.Trail.Records, access.Record{
			Kind: access.RecordOpened, UID: "w1", At: monday(clock), Phase: access.Active,
		})
		f.Standing = []string{""}
	}
}

func ended(phase access.Phase, reason access.Reason) edit {
	return func(f *access.Facts) {
		f.Trail.Records = append(f.Trail.Records, access.Record{
			Kind: access.RecordEnded, UID: "w1", Phase: phase, Reason: reason,
		})
	}
}

func locked(l access.Lock) edit {
	return func(f *access.Facts) { f.Locks = append(f.Locks, l) }
}

// carryOut does what a decision says: the records are in the trail, and what stands is
// what is granted. It gives what is decided then.
func carryOut(t *testing.T, f access.Facts) (access.Facts, access.Decision) {
	t.Helper()
	d := access.Decide(f)
	f.Trail.Records = append(slices.Clip(f.Trail.Records), d.Records...)
	f.Standing = standing(d)
	again := access.Decide(f)
	if diff := cmp.Diff(d.Grant, again.Grant); diff != "" || again.Phase != d.Phase {
		t.Errorf("carried out, %s became %s: %s", d.Phase, again.Phase, diff)
	}
	return f, again
}

func standing(d access.Decision) []string {
	if d.Grant == nil {
		return nil
	}
	return []string{d.Grant.Occurrence}
}

// kinds of records that are owed.
func kinds(d access.Decision, kind access.RecordKind) []access.Record {
	var out []access.Record
	for _, r := range d.Records {
		if r.Kind == kind {
			out = append(out, r)
		}
	}
	return out
}

// want checks where a window stands and whether something is granted.
func want(t *testing.T, d access.Decision, phase access.Phase, reason access.Reason) {
	t.Helper()
	if d.Phase != phase || d.Reason != reason {
		t.Errorf("phase %s, %s (%s), want %s, %s", d.Phase, d.Reason, d.Message, phase, reason)
	}
	if (d.Grant != nil) != (phase == access.Active) {
		t.Errorf("phase %s, granted: %v", d.Phase, d.Grant)
	}
}

// wantEnd checks until when something is granted.
func wantEnd(t *testing.T, d access.Decision, end time.Time) {
	t.Helper()
	if d.Grant == nil {
		t.Fatalf("nothing is granted: %s, %s", d.Phase, d.Message)
	}
	if !d.Grant.Until.Equal(end) {
		t.Errorf("granted until %s, want %s", d.Grant.Until, end)
	}
}
