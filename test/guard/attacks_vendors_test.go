// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// attacksOnAccess are all attempts on vendor access, by what they are after.
var attacksOnAccess = []chapter{
	{"Ask for more than one may", attacksByWindow},
	{"Change what was asked for", attacksOnWindows},
	{"Decide what is not one's own to decide", attacksByApproval},
	{"Undo what was decided", attacksOnApprovals},
	{"Lock, and lift a lock", attacksOnLocks},
	{"Say what is not so", attacksOnStatus},
}

// until21 is a second later than the Site's 12 hours allow; the others are parts of refusals.
const (
	until21  = "2026-11-23T20:00:01"
	sayWho   = "write your own user name"
	sayLong  = "spec.access.longest is 12h"
	sayAlone = "spec.access.breakGlass.longest is 4h"
	sayShare = "spec.access.sharedIdentities"
	sayStays = "the spec of a window does not change"
	sayLock  = "need the verb lock on accesslocks"
)

// Words of a window, and others with break-glass.
const (
	glass     = "work: {"
	withGlass = "breakGlass: true\n  work: {"
)

// attacksByWindow ask in another's name, for too long, for too much.
var attacksByWindow = []attack{
	{name: "window in the name of somebody else", as: planner, do: create(window("forged", "approver")), want: refusedByGuard, by: byWindows, says: "write planner"},
	{name: "window in the name of a person of the plant", as: technician, do: create(window("forged", "planner")), want: refusedByGuard, by: byWindows, says: "write tech-1"},
	{name: "window in the name of nobody", as: planner, do: create(window("forged", `""`)), want: refusedByDefinition, says: "spec.requester"},
	{name: "window in the operator's own name", as: operator, do: create(window("forged", "system:serviceaccount:zonewarden-system:zonewarden")), want: refusedByRBAC},
	{name: "window that Git asks for", as: argo, do: create(window("synced", "system:serviceaccount:argocd:argocd-application-controller")), want: refusedByGuard, by: byWindowLimits, says: sayShare},
	{name: "window that Git asks for in a person's name", as: argo, do: create(window("synced", "planner")), want: refusedByGuard, by: byWindows + "|" + byWindowLimits, says: "spec."},
	{name: "window for a service account", as: planner, do: create(window("robot", "planner", "[tech-1]", `["system:serviceaccount:vendor:operator"]`)), want: refusedByGuard, by: byWindowLimits, says: sayShare},
	{name: "window for a group", as: planner, do: create(window("group", "planner", "[tech-1]", `["system:authenticated"]`)), want: refusedByDefinition, says: "spec.people[0]"},
	{name: "window without an end", as: planner, do: create(window("forever", "planner", `end: "2026-11-23T12:00"`, "")), want: refusedByDefinition, says: "give start and end"},
	{name: "window that is longer than the Site allows", as: planner, do: create(window("long", "planner", "2026-11-23T12:00", until21)), want: refusedByGuard, by: byWindowLimits, says: sayLong},
	{name: "window that may be extended to longer than that", as: planner, do: create(window("long", "planner", glass, "latestEnd: \""+until21+"\"\n  work: {")), want: refusedByGuard, by: byWindowLimits, says: sayLong},
	{name: "window that is longer, with offsets", as: planner, do: create(window("long", "planner", "2026-11-23T08:00", "2026-11-23T08:00+01:00", "2026-11-23T12:00", "2026-11-23T19:01:00Z")), want: refusedByGuard, by: byWindowLimits, says: sayLong},
	{name: "recurring window whose occurrences are longer", as: planner, do: create(window("long", "planner", `start: "2026-11-23T08:00"`, "recurring: {schedule: 0 8 * * MON, duration: 12h1s, lastDay: 2027-06-30}",
		`end: "2026-11-23T12:00"`, "")), want: refusedByGuard, by: byWindowLimits, says: sayLong},
	{name: "window to a whole zone", as: planner, do: create(window("wide", "planner", "assets: [drive-pump-01a]", "wholeZone: true")), want: refusedByGuard, by: byWindowLimits, says: "spec.access.wholeZone"},
	{name: "break-glass without the verb", as: planner, do: create(window("glass", "planner", glass, withGlass)), want: refusedByGuard, by: byWindows, says: "needs the verb break-glass"},
	{name: "break-glass without the verb", as: technician, do: create(window("glass", "tech-1", glass, withGlass)), want: refusedByGuard, by: byWindows, says: "needs the verb break-glass"},
	{name: "break-glass by an account with every verb", as: argo, do: create(window("glass", "system:serviceaccount:argocd:argocd-application-controller", glass, withGlass)), want: refusedByGuard, by: byWindows + "|" + byWindowLimits, says: "spec."},
	{name: "break-glass for longer than one person may", as: night, do: create(window("glass", "night", glass, withGlass, "2026-11-23T12:00", "2026-11-23T12:00:01")), want: refusedByGuard, by: byWindowLimits, says: sayAlone},
	{name: "break-glass that may be extended to longer than that", as: night, do: create(window("glass", "night", glass, "latestEnd: \"2026-11-23T12:30\"\n  "+withGlass)), want: refusedByGuard, by: byWindowLimits, says: sayAlone},
	{name: "window that is born with a status", as: clerk, do: each(create(window("active", "clerk")+"\nstatus: {phase: Active}"), func(ctx context.Context, _ *caller) error {
		return hasNoStatus(ctx, "active")
	}), want: accepted, because: "the API server drops the status", undo: remove(zonewarden, "VendorAccessWindow", "active")},
	{name: "more of the Site's leave", as: planner, do: merge(zonewarden, "Site", "site", `{"spec":{"access":{"longest":"999h"}}}`), want: refusedByRBAC},
	{name: "a longer contract, and another zone", as: technician, do: merge(zonewarden, "Vendor", "acme", `{"spec":{"contractEnd":"2099-12-31","zones":["cell-1","cell-2"]}}`), want: refusedByRBAC},
}

// attacksOnWindows edit what was approved, or keep a window from going.
var attacksOnWindows = []attack{
	{name: "later end of a window after it was approved", as: planner, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"spec":{"end":"2026-11-23T18:00"}}`), want: refusedByRBAC},
	{name: "later end of a window after it was approved", as: clerk, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"spec":{"end":"2026-11-23T18:00"}}`), want: refusedByDefinition, says: sayStays},
	{name: "later end of a window after it was approved", as: administrator, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"spec":{"end":"2026-11-23T18:00"}}`), want: refusedByDefinition, says: sayStays},
	{name: "another requester, to approve it oneself", as: clerk, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"spec":{"requester":"clerk"}}`), want: refusedByDefinition, says: sayStays},
	{name: "other people, other targets", as: clerk, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"spec":{"people":["me"],"reach":[{"zone":"cell-1","wholeZone":true,"flows":[{"protocol":"modbus-tcp"}]}]}}`), want: refusedByDefinition, says: sayStays},
	{name: "break-glass afterwards", as: clerk, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"spec":{"breakGlass":true}}`), want: refusedByDefinition, says: sayStays},
	{name: "finalizer, so that a deleted window stays", as: clerk, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"metadata":{"finalizers":["example.com/stay"]}}`), want: refusedByGuard, by: byDeclarations, says: "leave metadata.finalizers out"},
	{name: "owner, by whose end the window goes", as: clerk, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"mine","uid":"`+noSuchUID+`"}]}}`), want: refusedByGuard, by: byWindows, says: "leave metadata.ownerReferences out"},
	{name: "window that is born with an owner", as: planner, do: create(owned(window("born", "planner"))), want: refusedByGuard, by: byWindows, says: "leave metadata.ownerReferences out"},
	{name: "delete a window and orphan its approvals", as: planner, do: remove(zonewarden, "VendorAccessWindow", "pump-01a", client.PropagationPolicy(metav1.DeletePropagationOrphan)), want: refusedByGuard, by: byWindows, says: "without --cascade=orphan"},
	{name: "delete a window and orphan its approvals, the old way", as: planner, do: call("DELETE", "/apis/zonewarden.io/v1alpha1/vendoraccesswindows/pump-01a",
		`{"apiVersion":"v1","kind":"DeleteOptions","orphanDependents":true}`), want: refusedByGuard, by: byWindows, says: "without --cascade=orphan"},
	{name: "delete the window of somebody else", as: technician, do: remove(zonewarden, "VendorAccessWindow", "pump-01a"), want: refusedByGuard, by: byWindows, says: "verb revoke"},
	{name: "delete the windows of others as a collection", as: clerk, do: removeAll(zonewarden, "VendorAccessWindow", "", client.MatchingFields{"metadata.name": "pump-01a"}), want: refusedByGuard, by: byWindows, says: "verb revoke"},
	{name: "prune the window of somebody else", as: argo, do: remove(zonewarden, "VendorAccessWindow", "pump-01a"), want: refusedByGuard, by: byWindows, says: "verb revoke"},
	{name: "delete the definition, and with it every record", as: administrator, do: remove("apiextensions.k8s.io/v1", "CustomResourceDefinition", "vendoraccesswindows.zonewarden.io"), want: refusedByGuard, by: byDefinitions, says: "annotate it first"},
}

// attacksByApproval decide in another's name, on one's own request, without the right, or
// on something else than one may.
var attacksByApproval = []attack{
	{name: "approve one's own request", as: foreman, do: each(create(window("own", "foreman")), decide("own", "own", "planner", "foreman", "approver: approver", "approver: foreman")), want: refusedByDefinition, says: "approver and requester must differ", undo: remove(zonewarden, "VendorAccessWindow", "own")},
	{name: "arm one's own request", as: foreman, do: each(create(window("own", "foreman")), decide("own", "own", "planner", "foreman", "approver: approver", "approver: foreman", "Approve", "Arm")), want: refusedByDefinition, says: "approver and requester must differ", undo: remove(zonewarden, "VendorAccessWindow", "own")},
	{name: "approve one's own request in the name of another approver", as: foreman, do: each(create(window("own", "foreman")), decide("own", "own", "planner", "foreman")), want: refusedByGuard, by: byApprovals, says: "write foreman", undo: remove(zonewarden, "VendorAccessWindow", "own")},
	{
		name: "approve one's own request as if somebody else had asked", as: foreman, do: each(create(window("own", "foreman")), decide("own", "own", "approver: approver", "approver: foreman")), want: accepted,
		because: "admission sees one object; the operator counts only approvals whose requester is the window's", undo: remove(zonewarden, "VendorAccessWindow", "own"),
	},
	{name: "approve in the name of somebody else", as: foreman, do: decide("pump-01a", "forged"), want: refusedByGuard, by: byApprovals, says: "write foreman"},
	{name: "approve", as: planner, do: decide("pump-01a", "planned", "approver: approver", "approver: planner", "requester: planner", "requester: tech-1"), want: refusedByRBAC},
	{name: "approve", as: technician, do: decide("pump-01a", "mine", "approver: approver", "approver: tech-1"), want: refusedByRBAC},
	{name: "approve with the right to write approvals, and no verb", as: clerk, do: decide("pump-01a", "mine", "approver: approver", "approver: clerk"), want: refusedByGuard, by: byApprovals, says: "needs the verb approve on vendoraccesswindows/pump-01a"},
	{name: "approve with the verbs arm and revoke", as: shift, do: decide("pump-01a", "mine", "approver: approver", "approver: shift"), want: refusedByGuard, by: byApprovals, says: "needs the verb approve"},
	{name: "deny with the verbs arm and revoke", as: shift, do: decide("pump-01a", "mine", "approver: approver", "approver: shift", "Approve", "Deny"), want: refusedByGuard, by: byApprovals, says: "needs the verb approve"},
	{name: "arm with the verb approve", as: approver, do: decide("pump-01a", "mine", "Approve", "Arm"), want: refusedByGuard, by: byApprovals, says: "needs the verb arm"},
	{name: "revoke with the verb approve on the window", as: smallApprover, do: decide("small", "mine", "approver: approver", "approver: small-approver", "Approve", "Revoke"), want: refusedByGuard, by: byApprovals, says: "needs the verb revoke"},
	{name: "approve another window than one may", as: smallApprover, do: decide("pump-01a", "mine", "approver: approver", "approver: small-approver"), want: refusedByGuard, by: byApprovals, says: "vendoraccesswindows/pump-01a"},
	{
		name: "approve another window than one may, by its UID under the name of one's own", as: smallApprover, do: decideOn("small", "pump-01a", "mixed", "approver: approver", "approver: small-approver"), want: accepted,
		because: "the operator counts only approvals whose name and UID are one window's, and the garbage collector removes it", undo: awaitGone("mixed"),
	},
	{name: "approve as an account with every verb", as: argo, do: decide("pump-01a", "synced", "approver: approver", "approver: system:serviceaccount:argocd:argocd-application-controller"), want: refusedByGuard, by: byApprovals + "|" + byLimits, says: "approve"},
	{name: "approve as a service account that has the verb", as: desk, do: decide("pump-01a", "desk", "approver: approver", "approver: system:serviceaccount:vendor:desk"), want: refusedByGuard, by: byLimits, says: sayShare},
	{name: "arm as a service account that has the verb", as: desk, do: decide("pump-01a", "desk", "approver: approver", "approver: system:serviceaccount:vendor:desk", "Approve", "Arm"), want: refusedByGuard, by: byLimits, says: sayShare},
	{name: "approval that nothing owns", as: approver, do: decide("pump-01a", "free", "ownerReferences: [{apiVersion: zonewarden.io/v1alpha1, kind: VendorAccessWindow, name: WINDOW, uid: UID}]", ""), want: refusedByGuard, by: byApprovals, says: "metadata.ownerReferences"},
	{name: "approval that another window owns", as: approver, do: decide("pump-01a", "free", "name: WINDOW, uid: UID}]", "name: small, uid: UID}]"), want: refusedByGuard, by: byApprovals, says: "metadata.ownerReferences"},
	{name: "approval that another UID owns", as: approver, do: decide("pump-01a", "free", "name: WINDOW, uid: UID}]", "name: WINDOW, uid: "+noSuchUID+"}]"), want: refusedByGuard, by: byApprovals, says: "metadata.ownerReferences"},
	{name: "approval with a second owner that keeps it", as: approver, do: decide("pump-01a", "free", "uid: UID}]", "uid: UID}, {apiVersion: v1, kind: Namespace, name: default, uid: "+noSuchUID+"}]"), want: refusedByGuard, by: byApprovals, says: "metadata.ownerReferences"},
	{name: "approval by name only", as: approver, do: decide("pump-01a", "free", "uid: UID, generation: 1", "generation: 1"), want: refusedByDefinition, says: "spec.of.uid"},
	{name: "approval of a window that was there before by that name", as: approver, do: decideOn("pump-01a", "", "replayed"), want: accepted, because: "the operator counts no approval of another UID, and the garbage collector removes it", undo: awaitGone("replayed")},
	{name: "approval that is born with a finalizer", as: approver, do: decide("pump-01a", "free", "name: NAME", "name: NAME\n  finalizers: [example.com/stay]"), want: refusedByGuard, by: byDeclarations, says: "leave metadata.finalizers out"},
	{name: "factor that the API server does not attest", as: approver, do: decide("pump-01a", "mine", "decision:", "factors: [hwk]\n  decision:"), want: refusedByGuard, by: byApprovals, says: "spec.factors"},
	{name: "Deny that ends", as: approver, do: decide("pump-01a", "mine", "decision: Approve", "decision: Deny\n  until: \"2026-11-23T09:00\""), want: refusedByDefinition, says: "until goes with Approve and Arm only"},
}

// attacksOnApprovals take back what others decided.
var attacksOnApprovals = []attack{
	{name: "turn a Revoke into an Approve", as: clerk, do: merge(zonewarden, "Approval", "revoked", `{"spec":{"decision":"Approve"}}`), want: refusedByDefinition, says: "an approval does not change"},
	{name: "approve until later", as: clerk, do: merge(zonewarden, "Approval", "approved", `{"spec":{"until":"2026-11-23T18:00"}}`), want: refusedByDefinition, says: "an approval does not change"},
	{name: "have an Approve count for another window", as: clerk, do: merge(zonewarden, "Approval", "approved", `{"spec":{"of":{"name":"small"}}}`), want: refusedByDefinition, says: "an approval does not change"},
	{name: "take the owner from an approval", as: clerk, do: merge(zonewarden, "Approval", "approved", `{"metadata":{"ownerReferences":null}}`), want: refusedByGuard, by: byApprovals, says: "metadata.ownerReferences"},
	{name: "give a Revoke an owner that is gone", as: clerk, do: merge(zonewarden, "Approval", "revoked", `{"metadata":{"ownerReferences":[{"apiVersion":"zonewarden.io/v1alpha1","kind":"VendorAccessWindow","name":"pump-01a","uid":"`+noSuchUID+`"}]}}`), want: refusedByGuard, by: byApprovals, says: "metadata.ownerReferences"},
	{name: "finalizer on an approval", as: clerk, do: merge(zonewarden, "Approval", "revoked", `{"metadata":{"finalizers":["example.com/stay"]}}`), want: refusedByGuard, by: byDeclarations, says: "leave metadata.finalizers out"},
	{name: "delete a Revoke", as: planner, do: remove(zonewarden, "Approval", "revoked"), want: refusedByRBAC},
	{name: "delete a Revoke of one's own", as: approver, do: remove(zonewarden, "Approval", "revoked"), want: refusedByRBAC},
	{name: "delete a Revoke", as: clerk, do: remove(zonewarden, "Approval", "revoked"), want: refusedByGuard, by: byApprovals, says: "it goes with what it is about"},
	{name: "delete a Revoke", as: argo, do: remove(zonewarden, "Approval", "revoked"), want: refusedByGuard, by: byApprovals, says: "it goes with what it is about"},
	{name: "delete a Revoke", as: administrator, do: remove(zonewarden, "Approval", "revoked"), want: refusedByGuard, by: byApprovals, says: "it goes with what it is about"},
	{name: "delete approvals as a collection", as: clerk, do: removeAll(zonewarden, "Approval", "", client.MatchingFields{"metadata.name": "revoked"}), want: refusedByGuard, by: byApprovals, says: "it goes with what it is about"},
	{name: "delete a Revoke", as: operator, do: remove(zonewarden, "Approval", "revoked"), want: refusedByRBAC},
	{name: "delete a Revoke in the name of the garbage collector", as: administrator, do: impersonating("system:serviceaccount:kube-system:generic-garbage-collector",
		remove(zonewarden, "Approval", "revoked")), want: accepted, because: "whoever may impersonate is a cluster administrator; what was decided is recorded"},
}

// attacksOnLocks lift locks, or lock in another's name.
var attacksOnLocks = []attack{
	{name: "lift a lock", as: technician, do: remove(zonewarden, "AccessLock", "acme-out"), want: refusedByRBAC},
	{name: "lift a lock", as: planner, do: remove(zonewarden, "AccessLock", "acme-out"), want: refusedByRBAC},
	{name: "lift a lock", as: clerk, do: remove(zonewarden, "AccessLock", "acme-out"), want: refusedByGuard, by: byLocks, says: sayLock},
	{name: "heal a lock away", as: argo, do: remove(zonewarden, "AccessLock", "acme-out"), want: refusedByGuard, by: byLocks, says: sayLock},
	{name: "lift all locks as a collection", as: clerk, do: removeAll(zonewarden, "AccessLock", ""), want: refusedByGuard, by: byLocks, says: sayLock},
	{name: "lock another vendor instead", as: clerk, do: merge(zonewarden, "AccessLock", "acme-out", `{"spec":{"vendor":"other"}}`), want: refusedByDefinition, says: "a lock does not change"},
	{name: "give a lock an owner that is gone", as: clerk, do: merge(zonewarden, "AccessLock", "acme-out", `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"mine","namespace":"default","uid":"`+noSuchUID+`"}]}}`), want: refusedByGuard, by: byLocks, says: sayLock},
	{name: "lock that is born with an owner", as: shift, do: create(owned(lock("owned"))), want: refusedByGuard, by: byLocks, says: "leave metadata.ownerReferences out"},
	{name: "lock in the name of somebody else", as: foreman, do: create(lock("mine")), want: refusedByGuard, by: byLocks, says: "write foreman"},
	{name: "lock without the verb", as: clerk, do: create(lock("mine", "by: shift", "by: clerk")), want: refusedByGuard, by: byLocks, says: sayLock},
	{name: "lock of nothing", as: shift, do: create(lock("none", "vendor: acme, ", "")), want: refusedByDefinition, says: "give one of vendor, person, zone, everything"},
	{name: "finalizer that keeps a lock from being lifted", as: shift, do: create(lock("stays", "{name: stays}", "{name: stays, finalizers: [example.com/stay]}")), want: refusedByGuard, by: byDeclarations, says: "leave metadata.finalizers out"},
}

// attacksOnStatus say that somebody is not in, or that an approval counts.
var attacksOnStatus = []attack{
	{name: "write the status of one's own window", as: planner, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"status":{"phase":"Active"}}`, "status"), want: refusedByRBAC},
	{name: "write the status of a window", as: clerk, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"status":{"phase":"Active"}}`, "status"), want: refusedByGuard, by: byWindowStatus, says: "nobody else writes it"},
	{name: "write the status of a window", as: argo, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"status":{"phase":"Expired"}}`, "status"), want: refusedByGuard, by: byWindowStatus, says: "nobody else writes it"},
	{name: "write the status of a window", as: administrator, do: merge(zonewarden, "VendorAccessWindow", "pump-01a", `{"status":{"phase":"Active"}}`, "status"), want: accepted, because: "has every verb; a status opens nothing, and the operator puts it right"},
	{name: "have an approval count", as: clerk, do: merge(zonewarden, "Approval", "approved", `{"status":{"observedGeneration":1}}`, "status"), want: refusedByGuard, by: byWindowStatus, says: "nobody else writes it"},
	{name: "write the status of a vendor", as: clerk, do: merge(zonewarden, "Vendor", "acme", `{"status":{"open":0,"waiting":0}}`, "status"), want: refusedByGuard, by: byWindowStatus, says: "nobody else writes it"},
	{name: "write the status of a lock", as: clerk, do: merge(zonewarden, "AccessLock", "acme-out", `{"status":{"windows":7}}`, "status"), want: refusedByGuard, by: byWindowStatus, says: "nobody else writes it"},
	{name: "say that somebody else looked at the clock", as: siteAdmin, do: merge(zonewarden, "Site", "site", acknowledge("shift")), want: refusedByGuard, by: byClock, says: sayWho},
	{name: "say that a person looked at the clock", as: argo, do: merge(zonewarden, "Site", "site", acknowledge("shift")), want: refusedByGuard, by: byClock, says: sayWho},
}

// acknowledge is a patch of the Site by which somebody vouches for the time.
func acknowledge(by string) string {
	return `{"spec":{"access":{"clock":{"acknowledged":{"bootID":"` + noSuchUID + `","by":"` + by + `","saw":{"wall":"2026-11-23T08:00:00Z","sinceBoot":"3m"}}}}}}`
}

// awaitGone waits until the garbage collector has removed an approval.
func awaitGone(name string) request {
	return func(ctx context.Context, _ *caller) error { return site.gone(ctx, zonewarden, "Approval", name) }
}
