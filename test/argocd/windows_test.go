// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"testing"
	"time"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
)

// edit is a change of the facts that a window is decided on.
type edit func(*access.Facts)

// decided is the status of a window from ten to fourteen o'clock, as the state machine
// decides it at noon: one person approved, nothing is wrong.
func decided(edits ...edit) v1alpha1.VendorAccessWindowStatus {
	f := access.Facts{
		Window: access.Window{
			Name: "acme-drives", UID: "w1", Generation: 1, Created: noon.Add(-6 * time.Hour),
			Requester: "shift-1", Vendor: "acme", People: []string{"tech-1"}, WorkReason: "trips",
			Start: "2026-11-23T10:00Z", End: "2026-11-23T14:00Z", Through: "jumphost-1",
			Grant: access.Relay, Activation: access.Automatic, MaxSessions: 2,
			Reach: []access.Reach{{Zone: "cell", Assets: []string{"PU-101A"}, Flows: 1}},
		},
		Approvals: []access.Approval{says("a1", access.Approve)},
		Vendor: &access.Vendor{
			Name: "acme", ContractEnd: "2027-06-30", Zones: []string{"cell"}, People: []access.Person{{User: "tech-1"}},
		},
		Site:  &access.Site{Location: time.UTC, JumpHosts: []string{"jumphost-1"}, Approvals: 1},
		Zones: map[string]access.Zone{"cell": {Assets: []string{"PU-101A"}}},
		Trail: access.Trail{Known: true},
		Clock: access.Clock{MayGrant: true, MayExpire: true, Now: noon},
	}
	for _, e := range edits {
		e(&f)
	}
	d := access.Decide(f)
	s := v1alpha1.VendorAccessWindowStatus{Status: of(), Phase: v1alpha1.WindowPhase(d.Phase), Reason: string(d.Reason)}
	if !d.End.IsZero() {
		s.LocalEnd = d.End.Format("2006-01-02 15:04 MST")
	}
	for _, c := range d.Conditions {
		status := metav1.ConditionFalse
		if c.True {
			status = metav1.ConditionTrue
		}
		s.Conditions = append(s.Conditions, said(c.Type, status, string(c.Reason), c.Message))
	}
	return s
}

// says is an approval of the window, given two hours before noon.
func says(name string, decision access.Verdict) access.Approval {
	return access.Approval{
		Name: name, UID: "uid-" + name, Created: noon.Add(-2 * time.Hour), Requester: "shift-1", Approver: "owner-" + name, Decision: decision,
		Of: access.Reference{Kind: access.KindWindow, Name: "acme-drives", UID: "w1", Generation: 1},
	}
}

func at(d time.Duration) edit { return func(f *access.Facts) { f.Clock.Now = noon.Add(d) } }
func nobody(f *access.Facts)  { f.Approvals = nil }
func armable(f *access.Facts) { f.Window.Activation = access.WhenArmed }
func also(decision access.Verdict) edit {
	return func(f *access.Facts) { f.Approvals = append(f.Approvals, says("b1", decision)) }
}

func emergency(f *access.Facts) { f.Approvals, f.Window.BreakGlass = nil, true }

func wasOpen(f *access.Facts) {
	f.Trail.Records = append(f.Trail.Records, access.Record{
		Kind: access.RecordOpened, UID: "w1", At: noon.Add(-2 * time.Hour), Phase: access.Active,
	})
}

// having adds conditions that the operator sets beside the decision.
func having(s v1alpha1.VendorAccessWindowStatus, more ...metav1.Condition) v1alpha1.VendorAccessWindowStatus {
	s.Conditions = append(s.Conditions, more...)
	return s
}

func TestVendorAccessWindow(t *testing.T) {
	t.Parallel()
	const wait, good, bad = health.HealthStatusSuspended, health.HealthStatusHealthy, health.HealthStatusDegraded
	states := []state{
		{name: "nobody approved", status: decided(nobody), is: wait, says: []string{"Requested, NeedsApproval: 0 of 1"}},
		{name: "to come", status: decided(func(f *access.Facts) { f.Window.Start = "2026-11-23T13:00Z" }), is: wait, says: []string{"Approved, NotYet"}},
		{name: "to be armed", status: decided(armable), is: wait, says: []string{"Approved, NotArmed"}},
		{
			name: "locked", status: decided(func(f *access.Facts) { f.Locks = []access.Lock{{Name: "stop", Everything: true}} }),
			is: wait, says: []string{"Locked, Locked: AccessLock stop"},
		},
		{
			name: "no time to trust", status: decided(func(f *access.Facts) { f.Clock.MayGrant, f.Clock.MayExpire = false, false }),
			is: wait, says: []string{"ClockUntrusted"},
		},
		{name: "armed, and no time to trust", status: decided(armable, also(access.Arm), func(f *access.Facts) { f.Clock.MayGrant = false }), is: wait, says: []string{"Armed, ClockUntrusted"}},
		{name: "open", status: decided(), is: good, says: []string{"Active, Open", "until 2026-11-23 14:00"}},
		{name: "armed and open", status: decided(armable, also(access.Arm)), is: good, says: []string{"Active"}},
		{
			name: "open, and ends by us alone", status: having(decided(), no(v1alpha1.ConditionEndsWithoutOperator, v1alpha1.ReasonNotByItself)),
			is: good, says: []string{"EndsWithoutOperator=False", "NotByItself"},
		},
		{name: "emergency", status: decided(emergency, wasOpen), is: good, says: []string{"Active", "ReviewOwed=True"}},
		{name: "emergency that nobody reviewed", status: decided(emergency, wasOpen, at(4*time.Hour)), is: wait, says: []string{"Expired", "ReviewOwed"}},
		{name: "over", status: decided(wasOpen, at(3*time.Hour)), is: good, says: []string{"Expired, EndReached"}},
		{name: "over and never open", status: decided(at(3 * time.Hour)), is: good, says: []string{"Expired, Missed"}},
		{name: "denied", status: decided(nobody, also(access.Deny)), is: good, says: []string{"Denied, Denied: denied by"}},
		{name: "revoked", status: decided(also(access.Revoke)), is: good, says: []string{"Revoked, Revoked: revoked by"}},
		{
			name: "over, and not proved", status: having(decided(wasOpen, at(3*time.Hour)), no(v1alpha1.ConditionTerminated, v1alpha1.ReasonEnding)),
			is: health.HealthStatusProgressing, says: []string{"Expired", "Ending"},
		},
		{name: "over, and proved", status: having(decided(wasOpen, at(3*time.Hour)), yes(v1alpha1.ConditionTerminated, v1alpha1.ReasonProvedOver)), is: good, says: []string{"Expired"}},
		{name: "nobody is named", status: decided(func(f *access.Facts) { f.Window.People = nil }), is: bad, says: []string{"NobodyNamed: spec.people"}},
		{name: "no such vendor", status: decided(func(f *access.Facts) { f.Vendor = nil }), is: bad, says: []string{"UnknownVendor"}},
	}
	failed := decided()
	failed.Findings = []v1alpha1.Finding{{Severity: v1alpha1.SeverityError, Path: "spec.grant", Reason: v1alpha1.ReasonWriteFailed, Message: "no room"}}
	states = append(states,
		state{name: "open, and not written", status: failed, is: bad, says: []string{"WriteFailed: no room"}},
		state{name: "new", is: health.HealthStatusProgressing},
		state{name: "looked at and not decided", status: v1alpha1.VendorAccessWindowStatus{Status: of()}, is: health.HealthStatusProgressing})
	runStates(t, "VendorAccessWindow", states)
}
