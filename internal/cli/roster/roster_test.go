// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

var update = flag.Bool("update", false, "write the golden files anew")

// night is 03:12:40 at the plant.
var night = time.Date(2026, 11, 23, 2, 12, 40, 0, time.UTC)

func ago(d time.Duration) *metav1.Time { return &metav1.Time{Time: night.Add(-d)} }

func ahead(d time.Duration) *metav1.Time { return ago(-d) }

func is(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message}
}

func window(name string, phase v1alpha1.WindowPhase, reason string, edits ...func(*v1alpha1.VendorAccessWindow)) v1alpha1.VendorAccessWindow {
	w := v1alpha1.VendorAccessWindow{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.VendorAccessWindowSpec{
			Requester: "planner-1", Vendor: "acme", People: []v1alpha1.NamedUser{"tech-1@acme.example"}, Through: "jumphost-1",
			Reach: []v1alpha1.Reach{{Zone: "cell-pumping", Assets: []string{"drive-a", "drive-b"}}},
		},
		Status: v1alpha1.VendorAccessWindowStatus{Phase: phase, Reason: reason, Since: ago(14 * time.Minute)},
	}
	for _, e := range edits {
		e(&w)
	}
	return w
}

func conditions(c ...metav1.Condition) func(*v1alpha1.VendorAccessWindow) {
	return func(w *v1alpha1.VendorAccessWindow) { w.Status.Conditions = c }
}

func between(start, end *metav1.Time) func(*v1alpha1.VendorAccessWindow) {
	return func(w *v1alpha1.VendorAccessWindow) { w.Status.Start, w.Status.End = start, end }
}

func approved(w *v1alpha1.VendorAccessWindow) {
	w.Status.DecidedBy = []v1alpha1.WindowDecision{
		{Approver: "ops-1", Decision: "Approve"}, {Approver: "shift-2", Decision: "Arm"}, {Approver: "ops-1", Decision: "Approve"},
	}
	w.Status.ArmedBy = "shift-2"
	w.Status.Sessions = &v1alpha1.WindowSessions{Live: 2, LastPacket: ago(time.Second)}
}

func ended(due time.Duration, proved bool) func(*v1alpha1.VendorAccessWindow) {
	return func(w *v1alpha1.VendorAccessWindow) {
		w.Status.Ending = &v1alpha1.WindowEnding{Due: *ago(due)}
		if proved {
			w.Status.Ending.Proved, w.Status.Ending.Lateness = ago(due), "0.2s"
		}
	}
}

func without(operator, server metav1.ConditionStatus) func(*v1alpha1.VendorAccessWindow) {
	return conditions(is(v1alpha1.ConditionEndsWithoutOperator, operator, "r", ""), is(v1alpha1.ConditionEndsWithoutAPIServer, server, "r", ""))
}

// plant has a window in every state that differs on the screen.
func plant() roster.Facts {
	return roster.Facts{
		Now: night,
		Site: &v1alpha1.Site{
			Spec: v1alpha1.SiteSpec{ID: "ww-17", TimeZone: "Europe/Berlin"},
			Status: v1alpha1.SiteStatus{Status: v1alpha1.Status{Conditions: []metav1.Condition{
				is(v1alpha1.ConditionClockTrusted, metav1.ConditionFalse, "JumpedBack", ""), is(v1alpha1.ConditionAuditIntact, metav1.ConditionFalse, "TrailDamaged", ""),
			}}},
		},
		Vendors: []v1alpha1.Vendor{{ObjectMeta: metav1.ObjectMeta{Name: "acme"}, Spec: v1alpha1.VendorSpec{Company: "Acme"}}},
		Assets:  []v1alpha1.Asset{{ObjectMeta: metav1.ObjectMeta{Name: "drive-a"}, Spec: v1alpha1.AssetSpec{Tag: "PU-101A-VFD"}}},
		Locks: []v1alpha1.AccessLock{{
			ObjectMeta: metav1.ObjectMeta{Name: "l"}, Spec: v1alpha1.AccessLockSpec{Zone: "cell-dosing", By: "shift-1", Reason: "r"},
		}},
		Windows: []v1alpha1.VendorAccessWindow{
			window("open", "Active", "Open", between(ago(time.Hour), ahead(107*time.Minute+time.Second)), approved, without("True", "True")),
			window("needs-server", "Active", "Open", between(ago(time.Hour), ahead(30*time.Second)), without("True", "False")),
			window("source-address", "Active", "Open", between(ago(time.Hour), ahead(50*time.Hour)), without("False", "False"),
				func(w *v1alpha1.VendorAccessWindow) { w.Spec.BreakGlass = true }),
			window("lingers", "Expired", "EndReached", between(ago(3*time.Hour), ago(time.Minute)), ended(time.Minute, false),
				conditions(is(v1alpha1.ConditionTerminated, metav1.ConditionFalse, "Ending", "its pod still answers"))),
			window("nothing-known", "Active", "Open"),
			window("ending", "Revoked", "Revoked", conditions(is(v1alpha1.ConditionTerminated, metav1.ConditionFalse, "Ending", ""))),
			window("new", "", ""),
			window("half", "Requested", "NeedsApproval", conditions(is("Approved", metav1.ConditionFalse, "NeedsApproval", "1 of 2 persons approved: ops-1"))),
			window("dormant", "Approved", "NotArmed", between(ago(time.Hour), ahead(time.Hour))),
			window("draws\nlines\x1b[2J\u202e", "Locked", "Locked", func(w *v1alpha1.VendorAccessWindow) {
				w.Spec.Vendor = "un\tknown"
				w.Spec.Reach = []v1alpha1.Reach{{Zone: "z", WholeZone: true}, {Zone: "z", Workloads: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "a"}}}}
			}),
			window("weekly", "Approved", "NotYet", between(ahead(100*time.Hour), ahead(102*time.Hour)), ended(5*time.Hour, true)),
			window("revoked", "Revoked", "Revoked", ended(14*time.Minute, true)),
			window("denied", "Denied", "Denied"),
			window("unproved", "Expired", "EndReached", between(ago(30*time.Hour), ago(23*time.Hour)), ended(23*time.Hour, false)),
			window("unsaid", "Expired", "EndReached"),
			window("long-ago", "Expired", "EndReached", ended(25*time.Hour, true), func(w *v1alpha1.VendorAccessWindow) { w.Status.Since = ago(25 * time.Hour) }),
			window("owed", "Expired", "EndReached", ended(30*time.Hour, true), func(w *v1alpha1.VendorAccessWindow) { w.Status.Since = ago(30 * time.Hour) },
				conditions(is("ReviewOwed", metav1.ConditionTrue, "ReviewOwed", ""))),
		},
		Notes: []string{"plant tags: you may not read them"},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	roster.Build(plant()).Text(&out, zone)
	path := filepath.Join("testdata", "night.txt")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("%s (-golden +got):\n%s", path, diff)
	}
	for _, r := range out.String() {
		if r != '\n' && (r < ' ' || r == '\u202e') {
			t.Errorf("%q is printed", r)
		}
	}
}

// What is not known is not shown as none.
func TestNothingKnown(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	roster.Build(roster.Facts{Now: night, LocksUnknown: true}).Text(&out, time.UTC)
	if want := "no Site   Mon 2026-11-23 02:12:40 UTC   clock not known   lock not known\n"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("%s", out.String())
	}
}

// Nobody who is let in is left out, whatever else is known.
func TestWhoIsIn(t *testing.T) {
	t.Parallel()
	r := roster.Build(plant())
	var in []string
	for _, w := range r.In {
		in = append(in, w.Name)
	}
	if diff := cmp.Diff([]string{"unproved", "lingers", "needs-server", "open", "source-address", "ending", "nothing-known"}, in); diff != "" {
		t.Errorf("in (-want +got):\n%s", diff)
	}
	if n := len(r.Waiting); n != 5 {
		t.Errorf("%d wait", n)
	}
	for _, w := range r.Ended {
		if w.Name == "lingers" || w.Name == "long-ago" {
			t.Errorf("%s is shown as ended", w.Name)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 59*time.Second + 999*time.Millisecond: "59s", time.Minute: "1m", 59 * time.Minute: "59m",
		time.Hour: "1h00", 107 * time.Minute: "1h47", 47*time.Hour + 59*time.Minute: "47h59", 48 * time.Hour: "2d",
	} {
		if got := roster.Span(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

// TestApprovalsOfOtherKinds: a conduit may have the name of a window, and its approvals are
// none of the window.
func TestApprovalsOfOtherKinds(t *testing.T) {
	w := window("acme-drives", v1alpha1.WindowRequested, "WaitingForApproval")
	w.UID = "0d4a1f6e-93c5-4b7e-a1f2-5c8d7e6f9a0b"
	of := func(kind v1alpha1.ApprovedKind) v1alpha1.Approval {
		return v1alpha1.Approval{
			ObjectMeta: metav1.ObjectMeta{Name: "of-" + string(kind)},
			Spec:       v1alpha1.ApprovalSpec{Of: v1alpha1.ApprovedObject{Kind: kind, Name: w.Name, UID: string(w.UID), Generation: 1}, Approver: "ops-1", Decision: "Approve"},
		}
	}
	got := roster.About(&w, []v1alpha1.Approval{of("Conduit"), of("VendorAccessWindow"), of("Zone"), of("Asset")}, roster.Known{}, night)
	if len(got.Decisions) != 1 || got.Decisions[0].Approval != "of-VendorAccessWindow" {
		t.Errorf("its decisions are %+v", got.Decisions)
	}
}
