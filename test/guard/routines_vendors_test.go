// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// byFactors are callers of their own: how somebody has authenticated is not in a certificate.
const (
	approverByOTP = name("approver, authenticated by otp")
	approverByPwd = name("approver, authenticated by pwd")
)

// accessSettings are what a Site may say about vendor access, one after the other, and what
// comes of it.
var accessSettings = []struct {
	name   string
	access string // a merge patch of spec.access
	as     name
	try    request
	want   outcome
	by     string
}{
	{"longest: 13h", `{"longest":"13h"}`, planner, create(window("long", "planner", "2026-11-23T12:00", "2026-11-23T21:00")), accepted, ""},
	{"longest: 13h, and a second more", `{}`, planner, create(window("long", "planner", "2026-11-23T12:00", "2026-11-23T21:00:01")), refusedByGuard, byWindowLimits},
	{"longest: 90m", `{"longest":"90m"}`, planner, create(window("long", "planner")), refusedByGuard, byWindowLimits},
	{"breakGlass.longest: 1h", `{"longest":"12h","breakGlass":{"longest":"1h"}}`, night, create(window("glass", "night", glass, withGlass)), refusedByGuard, byWindowLimits},
	{"breakGlass.longest: 1h does not matter to others", `{}`, planner, create(window("long", "planner")), accepted, ""},
	{"wholeZone: Allow", `{"breakGlass":{"longest":"4h"},"wholeZone":"Allow"}`, planner, create(window("wide", "planner", "assets: [drive-pump-01a]", "wholeZone: true")), accepted, ""},
	{"sharedIdentities: Allow, to be let in", `{"wholeZone":"Deny","sharedIdentities":"Allow"}`, planner, create(window("robot", "planner", "[tech-1]", `["system:serviceaccount:vendor:operator"]`)), accepted, ""},
	{"sharedIdentities: Allow, to ask", `{}`, argo, create(window("synced", "system:serviceaccount:argocd:argocd-application-controller")), accepted, ""},
	{"sharedIdentities: Allow, to approve", `{}`, desk, decide("pump-01a", "desk", "approver: approver", "approver: system:serviceaccount:vendor:desk"), accepted, ""},
	{"sharedIdentities: Allow, every verb is still none", `{}`, argo, decide("pump-01a", "synced", "approver: approver", "approver: system:serviceaccount:argocd:argocd-application-controller"), refusedByGuard, byApprovals},
	{"factors: [otp], approving without", `{"sharedIdentities":"Deny","factors":["otp"]}`, approver, decide("pump-01a", "mine"), refusedByGuard, byLimits},
	{"factors: [otp], approving by another", `{}`, approverByPwd, decide("pump-01a", "mine", "decision:", "factors: [pwd]\n  decision:"), refusedByGuard, byLimits},
	{"factors: [otp], saying so without", `{}`, approverByPwd, decide("pump-01a", "mine", "decision:", "factors: [otp]\n  decision:"), refusedByGuard, byApprovals},
	{"factors: [otp], approving with, and not saying so", `{}`, approverByOTP, decide("pump-01a", "mine"), refusedByGuard, byLimits},
	{"factors: [otp], approving with", `{}`, approverByOTP, decide("pump-01a", "mine", "decision:", "factors: [pwd, otp]\n  decision:"), accepted, ""},
	{"factors: [otp], denying without", `{}`, approver, decide("pump-01a", "mine", "Approve", "Deny"), accepted, ""},
	{"factors: [otp], revoking without", `{}`, approver, decide("pump-01a", "mine", "Approve", "Revoke"), accepted, ""},
	{"factors: [otp], arming without", `{}`, shift, decide("pump-01a", "mine", "approver: approver", "approver: shift", "Approve", "Arm"), accepted, ""},
	{"factors: none, approving without", `{"factors":null}`, approver, decide("pump-01a", "mine"), accepted, ""},
}

// tryAccessSettings stores no request. The API server learns of a changed Site a moment
// later.
func tryAccessSettings(t *testing.T) {
	for who, factors := range map[name][]string{approverByOTP: {"pwd", "otp"}, approverByPwd: {"pwd"}} {
		c, err := attested("approver", factors...)
		if err != nil {
			t.Fatal(err)
		}
		site.callers[who] = c
	}
	for _, s := range accessSettings {
		t.Run(s.name, func(t *testing.T) {
			if err := merge(zonewarden, "Site", "site", `{"spec":{"access":`+s.access+`}}`)(t.Context(), site.callers[administrator]); err != nil {
				t.Fatal(err)
			}
			err := site.eventually(s.name, func() error {
				err := s.try(t.Context(), site.callers[s.as].dryRun())
				if got := accessOutcome(err); got != s.want || s.by != "" && policyOf(err) != s.by {
					return fmt.Errorf("%s, want it %s %s: %w", got, s.want, s.by, err)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// routinesOfAccess are what people and programs have to be able to do about vendor access.
var routinesOfAccess = []routine{
	{name: "ask for a window, once, recurring, with offsets", as: planner, do: each(
		create(window("asked", "planner", glass, "latestEnd: \"2026-11-23T14:00\"\n  activation: WhenArmed\n  work: {")),
		create(window("weekly", "planner", `start: "2026-11-23T08:00"`, "recurring: {schedule: 0 8 * * MON, duration: 4h, lastDay: 2027-06-30}", `end: "2026-11-23T12:00"`, "")),
		create(window("abroad", "planner", "2026-11-23T08:00", "2026-11-23T08:00:00+09:00", "2026-11-23T12:00", "2026-11-23T02:59Z")))},
	{name: "ask for oneself, look, withdraw", as: technician, do: each(create(window("mine", "tech-1")), call("GET", "/apis/zonewarden.io/v1alpha1/vendoraccesswindows/mine", ""), remove(zonewarden, "VendorAccessWindow", "mine"))},
	{name: "ask and say nothing of a form that two of its times share", as: planner, do: each(create(window("mixed-forms", "planner", "2026-11-23T12:00", "2026-11-23T11:00Z")), remove(zonewarden, "VendorAccessWindow", "mixed-forms"))},
	{name: "approve, and approve again to extend", as: approver, do: each(decide("asked", "asked-1"), decide("asked", "asked-2", "decision:", "until: \"2026-11-23T14:00\"\n  reason: parameter download\n  decision:"))},
	{name: "approve as the second person", as: foreman, do: decide("asked", "asked-3", "approver: approver", "approver: foreman")},
	{name: "approve the one window that one may", as: smallApprover, do: decide("small", "small-1", "approver: approver", "approver: small-approver")},
	{name: "deny", as: approver, do: decide("abroad", "abroad-1", "Approve", "Deny")},
	{name: "arm, and revoke", as: shift, do: each(decide("asked", "asked-4", "approver: approver", "approver: shift", "decision: Approve", "decision: Arm\n  until: \"2026-11-23T13:00\""),
		decide("asked", "asked-5", "approver: approver", "approver: shift", "Approve", "Revoke"))},
	{name: "annotate a window, an approval and a vendor", as: clerk, do: each(merge(zonewarden, "VendorAccessWindow", "asked", `{"metadata":{"annotations":{"note":"seen"},"labels":{"a":"b"}}}`),
		merge(zonewarden, "Approval", "asked-1", `{"metadata":{"annotations":{"note":"seen"}}}`), merge(zonewarden, "Vendor", "acme", `{"metadata":{"annotations":{"note":"seen"}}}`))},
	{name: "withdraw a request, and its approvals go with it", as: planner, do: remove(zonewarden, "VendorAccessWindow", "asked"), then: approvalsGone("asked-1", "asked-2", "asked-3", "asked-4", "asked-5")},
	{
		name: "delete the window of somebody else, in the foreground, and its approvals go with it", as: shift, do: remove(zonewarden, "VendorAccessWindow", "abroad", client.PropagationPolicy(metav1.DeletePropagationForeground)),
		then: all(approvalsGone("abroad-1"), isGone(zonewarden, "VendorAccessWindow", "abroad")),
	},
	{name: "delete many windows as a collection", as: administrator, do: removeAll(zonewarden, "VendorAccessWindow", "", client.MatchingFields{"metadata.name": "weekly"}), then: isGone(zonewarden, "VendorAccessWindow", "weekly")},
	{name: "break glass, and withdraw", as: night, do: each(create(window("glass", "night", glass, withGlass)), remove(zonewarden, "VendorAccessWindow", "glass"))},
	{name: "lock a vendor, a person, a zone, everything; lift what another has locked", as: shift, do: each(
		create(lock("person", "vendor: acme", "person: tech-1")), create(lock("zone", "vendor: acme", "zone: cell-1")), create(lock("everything", "vendor: acme", "everything: true")),
		remove(zonewarden, "AccessLock", "person"), remove(zonewarden, "AccessLock", "zone"), remove(zonewarden, "AccessLock", "everything"))},
	{name: "lift the lock that another has made", as: foreman, do: each(remove(zonewarden, "AccessLock", "acme-out"), create(lock("acme-out", "by: shift", "by: foreman")))},
	{name: "lock, deny and revoke as a program", as: desk, do: each(create(lock("alarm", "by: shift", "by: system:serviceaccount:vendor:desk")), remove(zonewarden, "AccessLock", "alarm"),
		decide("small", "small-2", "approver: approver", "approver: system:serviceaccount:vendor:desk", "Approve", "Deny"),
		decide("small", "small-3", "approver: approver", "approver: system:serviceaccount:vendor:desk", "Approve", "Revoke"))},
	{name: "apply Vendors: make, change, prune", as: argo, do: each(create(vendor("synced")), applyAs(parse(vendor("synced"))[0], "argocd"),
		merge(zonewarden, "Vendor", "synced", `{"spec":{"contractEnd":"2028-06-30"}}`), remove(zonewarden, "Vendor", "synced", client.PropagationPolicy(metav1.DeletePropagationForeground)))},
	{name: "declare a vendor and end its contract", as: siteAdmin, do: each(create(vendor("declared")), merge(zonewarden, "Vendor", "declared", `{"spec":{"contractEnd":"2026-01-01"}}`), remove(zonewarden, "Vendor", "declared"))},
	{name: "write the statuses of vendor access", as: operator, do: each(merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"status":{"phase":"Revoked","reason":"Revoked","sessions":{"live":0}}}`, "status"),
		merge(zonewarden, "Approval", "approved", `{"status":{"observedGeneration":1}}`, "status"), merge(zonewarden, "Vendor", "acme", `{"status":{"open":0,"waiting":1}}`, "status"),
		merge(zonewarden, "AccessLock", "acme-out", `{"status":{"windows":1}}`, "status"))},
	{name: "acknowledge the clock in one's own name", as: siteAdmin, do: each(merge(zonewarden, "Site", "site", acknowledge("site-administrator")), merge(zonewarden, "Site", "site", `{"spec":{"title":"ww-17"}}`))},
	{name: "change the Site while somebody's word about the clock stands, and take it out", as: argo, do: each(merge(zonewarden, "Site", "site", `{"spec":{"title":null}}`),
		merge(zonewarden, "Site", "site", `{"spec":{"access":{"clock":{"acknowledged":null}}}}`))},
}

func vendor(name string) string {
	return fmt.Sprintf(`
apiVersion: zonewarden.io/v1alpha1
kind: Vendor
metadata: {name: %s}
spec: {company: Acme, people: [{user: tech-2, name: T}], contractEnd: "2027-06-30"}`, name)
}

func doAccessRoutines(t *testing.T) {
	for _, r := range routinesOfAccess {
		t.Run(r.name+", as "+string(r.as), func(t *testing.T) {
			if err := r.do(t.Context(), site.callers[r.as]); err != nil {
				t.Errorf("%s: %v", accessOutcome(err), err)
			}
			finishRoutine(t, r)
		})
	}
	t.Logf("%d routines\n%s", len(routinesOfAccess), tableOf(routinesOfAccess))
}

// approvalsGone waits until the garbage collector has removed approvals.
func approvalsGone(names ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, name := range names {
			if err := site.gone(ctx, zonewarden, "Approval", name); err != nil {
				return err
			}
		}
		return nil
	}
}

// hasNoStatus looks at a window.
func hasNoStatus(ctx context.Context, name string) error {
	o := object(zonewarden, "VendorAccessWindow", name)
	if err := site.callers[administrator].Get(ctx, key(name), o); err != nil {
		return err
	}
	if status, ok := o.Object["status"]; ok {
		return fmt.Errorf("it has the status %v", status)
	}
	return nil
}
