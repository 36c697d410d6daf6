// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
)

// monday is 08:00 on a working day of the plant.
var monday = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

// asked makes a window for two hours from now on, as planner-1.
func (p *plant) asked(t *testing.T, name string, more ...string) {
	t.Helper()
	args := append([]string{
		"access", "request", "--name", name, "--vendor", "acme-drives", "--person", "tech-1", "--reach", "drive-pump-01a",
		"--flow", "modbus-tcp", "--through", "jumphost-1", "--reason", "test", "--from", "now", "--for", "2h", "--latest", "12:00",
	}, more...)
	expect(t, p.as(t, "planner-1", "", args...), exit.OK, "asked for: "+name)
}

func (p *plant) window(t *testing.T, name string) *v1alpha1.VendorAccessWindow {
	t.Helper()
	w := &v1alpha1.VendorAccessWindow{}
	must(t, p.admin.Get(t.Context(), client.ObjectKey{Name: name}, w))
	return w
}

// approvals of a window, the oldest first.
func (p *plant) approvals(t *testing.T, name string) []v1alpha1.Approval {
	t.Helper()
	var list v1alpha1.ApprovalList
	must(t, p.admin.List(t.Context(), &list))
	uid := string(p.window(t, name).UID)
	out := slices.DeleteFunc(list.Items, func(a v1alpha1.Approval) bool { return a.Spec.Of.UID != uid })
	slices.SortFunc(out, func(a, b v1alpha1.Approval) int {
		return strings.Compare(a.ResourceVersion, b.ResourceVersion)
	})
	return out
}

func TestDecisions(t *testing.T) {
	p := shared
	fresh(t, p)
	p.setNow(monday)
	operate(t, p)
	p.asked(t, "decided")

	expect(t, p.as(t, "ops-1", "", "access", "approve", "decided"), exit.Failed, "sha256:", "[y/N]", "error: not confirmed, nothing was done")
	expect(t, p.as(t, "ops-1", "n\n", "access", "approve", "decided"), exit.Failed, "not confirmed")
	expect(t, p.as(t, "planner-1", "", "access", "approve", "decided", "--yes"), exit.Failed, `cannot create resource "approvals"`)
	expect(t, p.as(t, "shift-1", "", "access", "approve", "decided", "--yes"), exit.Failed, "error: refused: the decision Approve needs the verb approve on vendoraccesswindows/decided")
	expect(t, p.as(t, "admin", "", "access", "approve", "decided", "--yes", "--as", "planner-1", "--as-group", "system:masters"), exit.Failed, "approver and requester must differ")
	if n := len(p.approvals(t, "decided")); n != 0 {
		t.Fatalf("%d approvals", n)
	}

	expect(t, p.as(t, "ops-1", "yes\n", "access", "approve", "decided", "--until", "09:30", "--reason", "as agreed"), exit.OK,
		"Approve decided until Mon 2026-11-23 09:30 CET, as ops-1?", "Approve of decided counts. The window: Active, the window is open, ends Mon 2026-11-23 09:30 CET")
	w, a := p.window(t, "decided"), p.approvals(t, "decided")[0]
	want := v1alpha1.ApprovalSpec{
		Of:        v1alpha1.ApprovedObject{Kind: "VendorAccessWindow", Name: "decided", UID: string(w.UID), Generation: 1},
		Requester: "planner-1", Approver: "ops-1", Decision: "Approve", Until: new(v1alpha1.Moment("2026-11-23T09:30")), Reason: "as agreed",
	}
	if diff := cmp.Diff(want, a.Spec); diff != "" {
		t.Errorf("the approval (-want +got):\n%s", diff)
	}
	p.setNow(monday.Add(time.Minute))
	expect(t, p.as(t, "ops-1", "", "access", "extend", "decided", "--until", "11:00", "--yes"), exit.OK, "ends Mon 2026-11-23 11:00 CET")
	expect(t, p.as(t, "ops-1", "", "access", "extend", "decided", "--until", "12:01", "--yes"), exit.Failed, "--until: Mon 2026-11-23 12:01 CET is later than what was asked for")
	expect(t, p.as(t, "ops-1", "", "access", "extend", "decided"), exit.Failed, "--until is needed")
	expect(t, p.as(t, "shift-1", "", "access", "arm", "decided"), exit.Failed, "--for or --until is needed")
	expect(t, p.as(t, "shift-1", "", "access", "arm", "decided", "--for", "1h", "--until", "9:00"), exit.Failed, "--for, --until: give one of them")
	expect(t, p.as(t, "shift-1", "", "access", "arm", "decided", "--for", "1d"), exit.Failed, "--for: ", "write hours")
	expect(t, p.as(t, "viewer-1", "", "access", "revoke", "decided"), exit.Failed, "forbidden")
	expect(t, p.as(t, "shift-1", "", "access", "revoke", "decided"), exit.OK, "Revoke of decided counts. The window: Revoked, a person revoked it")
	expect(t, p.as(t, "ops-1", "", "access", "approve", "decided", "--yes"), exit.Failed, "window decided is over for good (Revoked")
	expect(t, p.as(t, "ops-1", "", "access", "approve", "nowhere", "--yes"), exit.Failed, `there is no window "nowhere"`)

	p.asked(t, "refused")
	expect(t, p.as(t, "ops-1", "", "access", "deny", "refused"), exit.OK, "Deny of refused counts. The window: Denied, a person denied it")
}

func TestADecisionThatDoesNotCount(t *testing.T) {
	p := shared
	fresh(t, p)
	p.setNow(monday)
	p.asked(t, "uncounted", "--from", "09:00", "--activation", "when-armed")
	expect(t, p.as(t, "ops-1", "", "access", "approve", "uncounted", "--yes", "--wait", "0s"), exit.OK, "stored: Approve of uncounted, as uncounted-")
	expect(t, p.as(t, "ops-2", "", "access", "approve", "uncounted", "--yes", "--wait", "300ms"), exit.Unknown, "the operator has not counted it within 300ms: it may be down")
	expect(t, p.as(t, "viewer-1", "", "access", "show", "uncounted"), exit.OK, "not known")
	operate(t, p)
	expect(t, p.as(t, "shift-1", "", "access", "arm", "uncounted", "--for", "2h", "--yes"), exit.Bad,
		"and it DOES NOT COUNT: ", "it was not given between the occurrence's start and end (OutsideOccurrence)")
	expect(t, p.as(t, "viewer-1", "", "access", "show", "uncounted"), exit.OK, "NO", "it was not given between the occurrence's start and end")
}

// The factors are those that the API server attests of whoever decides, --as included.
func TestFactorsAreAttested(t *testing.T) {
	p := shared
	fresh(t, p)
	p.setNow(monday)
	p.asked(t, "attested")
	expect(t, p.as(t, "admin", "", "access", "approve", "attested", "--yes", "--wait=0s", "--as", "ops-2", "--as-user-extra", "zonewarden.io/amr=mfa"), exit.OK)
	got := p.approvals(t, "attested")[0].Spec
	if diff := cmp.Diff([]v1alpha1.Factor{"mfa"}, got.Factors); diff != "" || got.Approver != "ops-2" {
		t.Errorf("by %s, factors (-want +got):\n%s", got.Approver, diff)
	}
}

// What is approved is what was shown, and not what has its name when y is typed.
func TestWhatWasShownIsApproved(t *testing.T) {
	p := shared
	fresh(t, p)
	p.setNow(monday)
	p.asked(t, "swapped")
	shown := p.window(t, "swapped")
	swap := readerFunc(func(b []byte) (int, error) {
		must(t, p.admin.Delete(t.Context(), shown))
		p.asked(t, "swapped", "--reach", "drive-pump-01b")
		return copy(b, "y\n"), nil
	})
	expect(t, p.asReading(t, "ops-1", swap, "access", "approve", "swapped", "--wait=0s"), exit.OK)
	if n := len(p.approvals(t, "swapped")); n != 0 {
		t.Errorf("%d approvals of the window that took its place", n)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestLocks(t *testing.T) {
	p := shared
	fresh(t, p)
	p.setNow(monday)
	operate(t, p)
	p.asked(t, "held")
	p.asked(t, "later", "--from", "09:00")
	expect(t, p.as(t, "ops-1", "", "access", "approve", "held", "--yes"), exit.OK, "Active")

	for says, args := range map[string][]string{
		"--vendor, --person, --zone, --all: give one of them":  {"--reason", "r"},
		"--vendor, --person, --zone, --all: give one of them ": {"--all", "--zone", "cell-pumping", "--reason", "r"},
		"--reason is needed": {"--all"},
		"refused: locking and lifting a lock need the verb lock":              nil,
		"ends 1 windows (held) and keeps 1 closed (later). Go on, as shift-1": {"--zone", "cell-pumping", "--reason", "r"},
		"ends 0 windows and keeps 0 closed. Go on, as shift-1":                {"--person", "tech-2@acme.example", "--reason", "r"},
	} {
		if args == nil {
			expect(t, p.as(t, "admin", "", "access", "lock", "--all", "--reason", "r", "--yes", "--as", "system:serviceaccount:a:b", "--as-group", "system:masters", "--as-group", "system:serviceaccounts"), exit.Failed, says)
			continue
		}
		expect(t, p.as(t, "shift-1", "", append([]string{"access", "lock"}, args...)...), exit.Failed, strings.TrimSpace(says))
	}
	expect(t, p.as(t, "viewer-1", "", "access", "locks"), exit.OK, "nothing is locked")
	expect(t, p.as(t, "shift-1", "", "access", "lock", "--person", "TECH-1@acme.example", "--reason", "left the firm", "--yes"), exit.OK,
		"locked: person TECH-1@acme.example, as person-tech-1-acme.example.", "ended: held")
	expect(t, p.as(t, "shift-1", "", "access", "lock", "--person", "tech-1@acme.example", "--reason", "again", "--yes"), exit.Failed, `--name: there is a lock "person-tech-1-acme.example" already`)
	expect(t, p.as(t, "viewer-1", "", "access", "locks"), exit.OK, "left the firm", "shift-1", "person TECH-1@acme.example")
	expect(t, p.as(t, "viewer-1", "", "access", "list"), exit.OK, "LOCKED: person TECH-1@acme.example by shift-1", "Locked")
	expect(t, p.as(t, "shift-1", "", "access", "unlock", "person-tech-1-acme.example"), exit.Failed, "lets 1 windows go on (later)", "not confirmed")
	expect(t, p.as(t, "shift-1", "", "access", "unlock", "nothing"), exit.Failed, `there is no lock "nothing"`)
	expect(t, p.as(t, "shift-1", "y\n", "access", "unlock", "person-tech-1-acme.example"), exit.OK, "unlocked: person TECH-1@acme.example")
}

// With the operator down a lock stands, and whether it ended anything is not known.
func TestALockThatEndsNothingInTime(t *testing.T) {
	p := shared
	fresh(t, p)
	p.setNow(monday)
	p.asked(t, "stuck")
	w := p.window(t, "stuck")
	w.Status.Phase = v1alpha1.WindowActive
	must(t, p.admin.Status().Update(t.Context(), w))
	expect(t, p.as(t, "shift-1", "", "access", "lock", "--all", "--reason", "r", "--yes", "--wait", "300ms"), exit.Unknown,
		"locked: everything, as everything.", "after 300ms these are still open: stuck")
}

func TestRequests(t *testing.T) {
	p := shared
	fresh(t, p)
	p.setNow(monday)
	base := []string{"access", "request", "--vendor", "blue-control", "--person", "engineer-7", "--through", "jumphost-dmz", "--reason", "weekly check"}
	weekly := append(slices.Clone(base), "--zone", "cell-dosing", "--workloads", "app=opcua-server", "--reach", "=A02+K01-PLC_01,plc-dosing-02",
		"--flow", "opcua-tcp", "--schedule", "0 8 * * MON", "--duration", "120m", "--last-day", "2027-06-28", "--grant", "session-pod",
		"--activation", "WhenArmed", "--role", "ww-dosing/vendor-logs", "-o", "yaml")

	dry := p.as(t, "planner-1", "", append(slices.Clone(weekly), "--dry-run")...)
	expect(t, dry, exit.OK)
	served := p.as(t, "planner-1", "", append(slices.Clone(weekly), "--dry-run=server")...)
	expect(t, served, exit.OK)
	var windows v1alpha1.VendorAccessWindowList
	must(t, p.admin.List(t.Context(), &windows))
	if len(windows.Items) != 0 {
		t.Fatalf("a dry run stored %d windows", len(windows.Items))
	}
	var a, b v1alpha1.VendorAccessWindow
	must(t, yaml.UnmarshalStrict([]byte(dry.out), &a))
	must(t, yaml.UnmarshalStrict([]byte(served.out), &b))
	if diff := cmp.Diff(a.Spec, b.Spec); diff != "" {
		t.Errorf("what is asked for (-client +server):\n%s", diff)
	}
	stored := p.as(t, "planner-1", "", weekly...)
	expect(t, stored, exit.OK, "name: blue-control-2026-11-23", "uid: ")
	var sample v1alpha1.VendorAccessWindow
	must(t, yaml.UnmarshalStrict([]byte(read(t, config+"/samples/vendor-access/requests/weekly.yaml")), &sample))
	want := sample.Spec
	want.Work = v1alpha1.Work{Reason: "weekly check"}
	want.Attended, want.MaxSessions = "NotRequired", 16
	want.Kubernetes.Credential = v1alpha1.CredentialNone
	slices.Reverse(want.Reach)
	if diff := cmp.Diff(want, p.window(t, "blue-control-2026-11-23").Spec); diff != "" {
		t.Errorf("the sample (-want +got):\n%s", diff)
	}
	// Of one day and vendor.
	expect(t, p.as(t, "planner-1", "", append(slices.Clone(weekly), "-o", "name")...), exit.OK, "vendoraccesswindow.zonewarden.io/blue-control-2026-11-23-2\n")
	expect(t, p.as(t, "planner-1", "", append(slices.Clone(weekly), "--name", "blue-control-2026-11-23")...), exit.Failed, `--name: there is a window "blue-control-2026-11-23" already`)
	expect(t, p.as(t, "planner-1", "", append(slices.Clone(weekly), "--dry-run=maybe")...), exit.Failed, "--dry-run: write none, client or server")
	expect(t, p.as(t, "planner-1", "", append(slices.Clone(base), "--zone", "cell-dosing", "--whole-zone", "--flow", "opcua-tcp", "--from", "now", "--for", "2h")...),
		exit.Failed, "refused: the Site does not let windows reach whole zones")
	expect(t, p.as(t, "planner-1", "", append(slices.Clone(base), "--reach", "plc-dosing-02", "--flow", "opcua-tcp", "--from", "now", "--for", "13h")...),
		exit.Failed, "refused: this is longer than the Site allows")
	expect(t, p.as(t, "planner-1", "", append(slices.Clone(base), "--reach", "plc-dosing-02", "--flow", "opcua-tcp", "--for", "1h", "--break-glass")...),
		exit.Failed, "refused: spec.breakGlass opens without an approval")
	expect(t, p.as(t, "viewer-1", "", weekly...), exit.Failed, `cannot create resource "vendoraccesswindows"`)
}

// A vendor's own people may read nothing but their window, and have to say the rest.
func TestAVendorsOwnRequest(t *testing.T) {
	p := shared
	fresh(t, p)
	p.setNow(monday)
	args := []string{
		"access", "request", "--name", "own", "--vendor", "acme-drives", "--reach", "drive-pump-01a", "--flow", "modbus-tcp",
		"--from", "09:00", "--for", "1h", "--reason", "firmware",
	}
	for _, tt := range []struct{ needs, value string }{{"--time-zone", "Europe/Berlin"}, {"--through", "jumphost-1"}, {"--zone", "cell-pumping"}} {
		expect(t, p.as(t, "tech-1@acme.example", "", args...), exit.Failed, tt.needs+" is needed")
		args = append(args, tt.needs, tt.value)
	}
	expect(t, p.as(t, "tech-1@acme.example", "", args...), exit.OK, "asked for: own")
	got := p.window(t, "own").Spec
	if diff := cmp.Diff([]v1alpha1.NamedUser{"tech-1@acme.example"}, got.People); diff != "" || *got.Start != "2026-11-23T09:00+01:00" {
		t.Errorf("from %s, people (-want +got):\n%s", *got.Start, diff)
	}
	expect(t, p.as(t, "tech-1@acme.example", "", "access", "show", "own"), exit.OK, "NOT SEEN: decisions: you may not read them", "new: not seen by the operator yet")
	expect(t, p.as(t, "tech-1@acme.example", "", "access", "list"), exit.Failed, "forbidden")
}

func TestCompletion(t *testing.T) {
	p := shared
	fresh(t, p)
	p.setNow(monday)
	operate(t, p)
	p.asked(t, "complete-open")
	p.asked(t, "complete-waiting")
	expect(t, p.as(t, "ops-1", "", "access", "approve", "complete-open", "--yes"), exit.OK)
	expect(t, p.as(t, "nobody", "", "completion", "bash"), exit.OK, "__start_kubectl-zonewarden")
	for line, want := range map[string]string{
		"access revoke ":               "complete-open\tActive acme-drives\n:4\n",
		"access revoke complete-open ": ":4\n",
		"access deny ":                 "complete-open\tActive acme-drives\ncomplete-waiting\tRequested acme-drives\n:4\n",
		"access request --vendor ":     "acme-drives\tAcme Drives Service\nblue-control\tBlue Control Systems\n:4\n",
		"access request --through ":    "jumphost-1\njumphost-dmz\n:4\n",
		"access request --grant ":      "Relay\nSessionPod\nSourceAddress\n:4\n",
		"access lock --zone ":          "cell-dosing\ncell-filtration\ncell-pumping\ndmz\nenterprise\nsafety-chlorine\nsite-historian\nsupervision\n:4\n",
		"access list -o ":              "table\njson\nyaml\n:4\n",
	} {
		got := p.as(t, "viewer-1", "", append([]string{"__complete"}, strings.Split(line, " ")...)...)
		if diff := cmp.Diff(want, got.out); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
	expect(t, p.as(t, "viewer-1", "", "__complete", "access", "request", "--reach", ""), exit.OK, "drive-pump-01a\t=A03+M01-TA_01A cell-pumping\n")
	expect(t, p.as(t, "viewer-1", "", "__complete", "access", "request", "--flow", ""), exit.OK, "modbus-tcp\t")
	// Whoever may read nothing is offered nothing, and is not told so in the middle of a line.
	if got := p.as(t, "auditor-1", "", "__complete", "access", "revoke", ""); got.out != ":4\n" {
		t.Errorf("offered %q", got.out)
	}
}

func TestWrongUse(t *testing.T) {
	p := shared
	for says, args := range map[string][]string{
		"unknown flag: --til":                      {"access", "approve", "w", "--til", "9:00"},
		"accepts 1 arg(s), received 0":             {"access", "revoke"},
		`unknown command "acces"`:                  {"acces"},
		`unknown command "lst"`:                    {"access", "lst"},
		`unknown command "verfy"`:                  {"audit", "verfy"},
		`invalid argument "x" for "--wait" flag`:   {"access", "revoke", "w", "--wait", "x"},
		`invalid argument "xml" for "-o, --output`: {"access", "list", "-o", "xml"},
	} {
		expect(t, p.as(t, "ops-1", "", args...), exit.Failed, "error: "+says, "See: kubectl zonewarden")
	}
	got := p.as(t, "nobody", "", "access", "list", "--context", "elsewhere")
	expect(t, got, exit.Failed, "error: reading the kubeconfig: ", `context "elsewhere" does not exist`)
}

// The model for programs is the same in both formats.
func TestListForPrograms(t *testing.T) {
	p := shared
	fresh(t, p)
	p.setNow(monday)
	operate(t, p)
	p.asked(t, "listed")
	expect(t, p.as(t, "ops-1", "", "access", "approve", "listed", "--yes"), exit.OK)
	j, y := p.as(t, "viewer-1", "", "access", "list", "-o", "json"), p.as(t, "viewer-1", "", "access", "list", "-o", "yaml")
	expect(t, j, exit.OK)
	expect(t, y, exit.OK)
	var a, b map[string]any
	must(t, json.Unmarshal([]byte(j.out), &a))
	must(t, yaml.Unmarshal([]byte(y.out), &b))
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the model (-json +yaml):\n%s", diff)
	}
	golden(t, "list.json", j.out)
	text := p.as(t, "viewer-1", "", "access", "list")
	expect(t, text, exit.OK)
	golden(t, "list.txt", text.out)
}
