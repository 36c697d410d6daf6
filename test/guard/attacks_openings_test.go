// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// attacksOnOpenings are all attempts where the Site has openings, by what they are after.
var attacksOnOpenings = []chapter{
	{"Open in nobody's name, or in another's", attacksOnAuthors},
	{"Lift a deny", attacksOnDenies},
	{"Turn openings off, or lead round them by the Site", attacksOnTheSitesOpenings},
	{"Approve what others may not", attacksByOpeningApproval},
	{"Say that something is in force", attacksOnDeclaredStatus},
}

// Parts of refusals.
const (
	sayAuthorStays = "changes only with it"
	sayObserve     = "putting a zone into Observe lifts its deny"
	sayDelete      = "deleting a zone lifts its deny"
	sayRelease     = "lets a zone's deny go with it"
	saySite        = "a person with the verb approve on sites/site"
	sayPersons     = "is approved by persons"
	sayInForce     = "is what Zonewarden holds in force"
)

// sayAuthor is what to write.
func sayAuthor(as name) string { return "zonewarden.io/author=" + userOf(as) }

const (
	widened   = `{"flows":[{"port":1,"endPort":65535,"transport":"TCP"}]}`
	observed  = `{"enforcement":"Observe"}`
	swallowed = `{"members":{"workloads":[{"namespaces":["office"]}]}}`
	moreCells = `{"metadata":{"labels":{"plant.example/zone":"cell-1"}}}`
)

// attacksOnAuthors write what opens something without saying who does, or say that it was
// somebody else, who then does not approve it, or no longer.
var attacksOnAuthors = []attack{
	{name: "Conduit without its author", as: argo, do: create(conduitOf("mine", "historian", "cell-1")), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "Conduit without its author", as: hub, do: create(conduitOf("mine", "historian", "cell-1")), want: refusedByGuard, by: byOpenings, says: sayAuthor(hub)},
	{name: "Conduit without its author", as: engineer, do: create(conduitOf("mine", "historian", "cell-1")), want: refusedByGuard, by: byOpenings, says: sayAuthor(engineer)},
	{name: "Conduit without its author", as: siteAdmin, do: create(conduitOf("mine", "historian", "cell-1")), want: refusedByGuard, by: byOpenings, says: sayAuthor(siteAdmin)},
	{name: "Conduit without its author", as: administrator, do: create(conduitOf("mine", "historian", "cell-1")), want: refusedByGuard, by: byOpenings, says: sayAuthor(administrator)},
	{name: "Conduit without its author, by server-side apply", as: argo, do: applyAs(parse(conduitOf("mine", "historian", "cell-1"))[0], "argocd"), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "Conduit whose author is empty", as: engineer, do: create(annotated(conduitOf("mine", "historian", "cell-1"), authorAnnotation, "")), want: refusedByGuard, by: byOpenings, says: sayAuthor(engineer)},
	{name: "Conduit in the name of somebody else", as: argo, do: create(written(engineer, conduitOf("mine", "historian", "cell-1"))), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "Conduit in the name of the hub, to approve it oneself", as: engineer, do: create(written(argo, conduitOf("mine", "historian", "cell-1"))), want: refusedByGuard, by: byOpenings, says: sayAuthor(engineer)},
	{name: "Conduit by a generated name, without its author", as: engineer, do: create(strings.Replace(conduitOf("mine", "historian", "cell-1"), "name: mine", "generateName: mine-", 1)), want: refusedByGuard, by: byOpenings, says: sayAuthor(engineer)},
	{name: "Zone without its author", as: engineer, do: create(zoneOf("mine", "Observe")), want: refusedByGuard, by: byOpenings, says: sayAuthor(engineer)},
	{name: "Zone that swallows others, without its author", as: argo, do: create(swallow), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "Asset without its author", as: engineer, do: create(assetOf("mine")), want: refusedByGuard, by: byOpenings, says: sayAuthor(engineer)},
	{name: "Asset in the name of somebody else", as: argo, do: create(written(engineer, assetOf("mine"))), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "open more ports of a Conduit that somebody else wrote", as: argo, do: merge(zonewarden, "Conduit", "opened", `{"spec":`+widened+`}`), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "the same in the name of that one", as: argo, do: merge(zonewarden, "Conduit", "opened", change(engineer, widened)), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "the same by server-side apply", as: argo, do: applyAs(parse(written(engineer, strings.Replace(conduitOf("opened", "historian", "cell-1"), "9000", "9001", 1)))[0], "argocd"), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "the same, and take the author off", as: engineer, do: merge(zonewarden, "Conduit", "opened", `{"metadata":{"annotations":{"`+authorAnnotation+`":null}},"spec":`+widened+`}`), want: refusedByGuard, by: byOpenings, says: sayAuthor(engineer)},
	{name: "change a Conduit from before the Site had openings, without its author", as: engineer, do: merge(zonewarden, "Conduit", "history", `{"spec":`+widened+`}`), want: refusedByGuard, by: byOpenings, says: sayAuthor(engineer)},
	{name: "take pods into a zone without its author", as: engineer, do: merge(zonewarden, "Zone", "cell-1", `{"spec":`+swallowed+`}`), want: refusedByGuard, by: byOpenings, says: sayAuthor(engineer)},
	{name: "give an Asset another address in the name of somebody else", as: applier, do: merge(zonewarden, "Asset", "plc-2", change(engineer, `{"addresses":["10.20.1.99"]}`)), want: refusedByGuard, by: byOpenings, says: sayAuthor(applier)},
	{name: "move an Asset into another zone by its labels, without its author", as: argo, do: merge(zonewarden, "Asset", "plc-2", moreCells), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "take an Asset out of its zone by its labels, without its author", as: argo, do: merge(zonewarden, "Asset", "plc-2", `{"metadata":{"labels":null}}`), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "move an Asset from before, without its author", as: engineer, do: merge(zonewarden, "Asset", "plc-1", `{"metadata":{"labels":{"plant.example/zone":"historian"}}}`), want: refusedByGuard, by: byOpenings, says: sayAuthor(engineer)},

	{name: "become the author afterwards, so that the other may approve", as: argo, do: merge(zonewarden, "Conduit", "opened", annotate(authorAnnotation, userOf(argo))), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "the same by server-side apply of the same spec", as: argo, do: applyAs(parse(written(argo, conduitOf("opened", "historian", "cell-1")))[0], "argocd"), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "the same as its only person", as: siteAdmin, do: merge(zonewarden, "Zone", "watched", annotate(authorAnnotation, userOf(siteAdmin))), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "make somebody else the author afterwards", as: engineer, do: merge(zonewarden, "Conduit", "opened", annotate(authorAnnotation, userOf(security))), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "make somebody else the author afterwards", as: administrator, do: merge(zonewarden, "Asset", "plc-2", annotate(authorAnnotation, userOf(security))), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "take the author off afterwards", as: engineer, do: merge(zonewarden, "Conduit", "opened", annotate(authorAnnotation, "null")), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "take the author off by writing the whole object", as: engineer, do: rewrite(zonewarden, "Conduit", "opened"), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "name an author of what was there before", as: engineer, do: merge(zonewarden, "Conduit", "history", annotate(authorAnnotation, userOf(engineer))), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "become the author of what is changed and waits", as: argo, do: merge(zonewarden, "Conduit", "waiting", annotate(authorAnnotation, userOf(argo))), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "the same by server-side apply of the same spec", as: siteAdmin, do: applyAs(parse(written(siteAdmin, widerConduit("waiting")))[0], "kubectl"), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "become the author of an Asset whose labels wait", as: argo, do: merge(zonewarden, "Asset", "plc-4", annotate(authorAnnotation, userOf(argo))), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "become the author of an Asset of whose labels nothing is known", as: argo, do: merge(zonewarden, "Asset", "plc-5", annotate(authorAnnotation, userOf(argo))), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "make somebody else the author of what is in force", as: argo, do: merge(zonewarden, "Conduit", "settled", annotate(authorAnnotation, userOf(security))), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "make somebody else the author of what is in force", as: administrator, do: merge(zonewarden, "Zone", "settled", annotate(authorAnnotation, userOf(security))), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "make somebody else the author of what is in force", as: engineer, do: merge(zonewarden, "Asset", "plc-3", annotate(authorAnnotation, userOf(security))), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "take the author off what is in force", as: argo, do: merge(zonewarden, "Conduit", "settled", annotate(authorAnnotation, "null")), want: refusedByGuard, by: byOpenings, says: sayAuthorStays},
	{name: "open more ports of what is in force, in its author's name", as: argo, do: merge(zonewarden, "Conduit", "settled", change(engineer, widened)), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "open more ports of what is in force, and leave its author", as: argo, do: merge(zonewarden, "Conduit", "settled", `{"spec":`+widened+`}`), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "move an Asset that is in force, and leave its author", as: argo, do: merge(zonewarden, "Asset", "plc-3", moreCells), want: refusedByGuard, by: byOpenings, says: sayAuthor(argo)},
	{name: "make somebody else the author by the status", as: operator, do: each(merge(zonewarden, "Conduit", "opened", annotate(authorAnnotation, "nobody"), "status"), authorIs("Conduit", "opened", engineer)), want: accepted, because: "the API server takes only the status from there"},
}

// authorIs looks at an object.
func authorIs(kind, of string, want name) request {
	return func(ctx context.Context, _ *caller) error {
		o := object(zonewarden, kind, of)
		if err := site.callers[administrator].Get(ctx, key(of), o); err != nil {
			return err
		}
		if got := o.GetAnnotations()[authorAnnotation]; got != userOf(want) {
			return fmt.Errorf("its author is %q", got)
		}
		return nil
	}
}

// attacksOnDenies take a zone's deny away, as no person who may.
var attacksOnDenies = []attack{
	{name: "put a zone into Observe", as: argo, do: merge(zonewarden, "Zone", "cell-1", change(argo, observed)), want: refusedByGuard, by: byOpenings, says: sayObserve},
	{name: "put a zone into Observe", as: applier, do: merge(zonewarden, "Zone", "cell-1", change(applier, observed)), want: refusedByGuard, by: byOpenings, says: sayObserve},
	{name: "put a zone into Observe", as: hub, do: merge(zonewarden, "Zone", "cell-1", change(hub, observed)), want: refusedByGuard, by: byOpenings, says: sayObserve},
	{name: "put a zone into Observe without the verb", as: engineer, do: merge(zonewarden, "Zone", "cell-1", change(engineer, observed)), want: refusedByGuard, by: byOpenings, says: "verb approve on zones/cell-1"},
	{name: "put another zone into Observe than one may", as: ownerOfCell1, do: merge(zonewarden, "Zone", "historian", change(ownerOfCell1, observed)), want: refusedByGuard, by: byOpenings, says: "verb approve on zones/historian"},
	{name: "put a zone into Observe, and say not who", as: siteAdmin, do: merge(zonewarden, "Zone", "cell-1", `{"spec":`+observed+`}`), want: refusedByGuard, by: byOpenings, says: sayAuthor(siteAdmin)},
	{name: "put a zone into Observe by leaving the mode out", as: argo, do: merge(zonewarden, "Zone", "cell-1", change(argo, `{"enforcement":null}`)), want: refusedByGuard, by: byOpenings, says: sayObserve},
	{name: "put a zone into Observe by server-side apply", as: argo, do: applyAs(parse(written(argo, zoneOf("announced", "Observe")))[0], "argocd"), want: refusedByGuard, by: byOpenings, says: sayObserve},
	{name: "put a zone into Observe in the name of the controller manager", as: controllers, do: merge(zonewarden, "Zone", "cell-1", change(controllers, observed)), want: refusedByGuard, by: byOpenings, says: sayObserve},
	{name: "delete a Zone in Observe", as: argo, do: remove(zonewarden, "Zone", "watched"), want: refusedByGuard, by: byOpenings, says: sayDelete},
	{name: "prune a Zone that was announced", as: argo, do: remove(zonewarden, "Zone", "announced"), want: refusedByGuard, by: byOpenings, says: sayDelete},
	{name: "prune a Zone that was announced", as: applier, do: remove(zonewarden, "Zone", "announced"), want: refusedByGuard, by: byOpenings, says: sayDelete},
	{name: "prune a Zone that was announced", as: hub, do: remove(zonewarden, "Zone", "announced"), want: refusedByGuard, by: byOpenings, says: sayDelete},
	{name: "delete a Zone without the verb", as: engineer, do: remove(zonewarden, "Zone", "announced"), want: refusedByGuard, by: byOpenings, says: "verb approve on zones/announced"},
	{name: "delete another Zone than one may", as: ownerOfCell1, do: remove(zonewarden, "Zone", "announced"), want: refusedByGuard, by: byOpenings, says: "verb approve on zones/announced"},
	{name: "delete Zones as a collection", as: argo, do: removeAll(zonewarden, "Zone", "", client.MatchingFields{"metadata.name": "announced"}), want: refusedByGuard, by: byOpenings, says: sayDelete},
	{name: "delete a Zone as garbage (an owner that is gone)", as: keeper, do: remove(zonewarden, "Zone", "announced"), want: refusedByGuard, by: byOpenings, says: sayDelete},
	{name: "announce that a Zone may go", as: argo, do: merge(zonewarden, "Zone", "cell-1", annotate("zonewarden.io/allow-release", "scrapped")), want: refusedByGuard, by: byOpenings, says: sayRelease},
	{name: "announce that a Zone may go", as: applier, do: merge(zonewarden, "Zone", "cell-1", annotate("zonewarden.io/allow-release", "scrapped")), want: refusedByGuard, by: byOpenings, says: sayRelease},
	{name: "announce that a Zone may go, without the verb", as: engineer, do: merge(zonewarden, "Zone", "cell-1", annotate("zonewarden.io/allow-release", "scrapped")), want: refusedByGuard, by: byOpenings, says: "verb approve on zones/cell-1"},
	{name: "give another reason why a Zone may go", as: engineer, do: merge(zonewarden, "Zone", "announced", annotate("zonewarden.io/allow-release", "sold")), want: refusedByGuard, by: byOpenings, says: sayRelease},
	{name: "Zone that is born with leave to go", as: argo, do: create(annotated(written(argo, zoneOf("mine", "Enforce")), "zonewarden.io/allow-release", "scrapped")), want: refusedByGuard, by: byOpenings, says: sayRelease},
}

// attacksOnTheSitesOpenings have the Site ask for less.
var attacksOnTheSitesOpenings = []attack{
	{name: "turn openings off", as: argo, do: merge(zonewarden, "Site", "site", `{"spec":{"openings":null}}`), want: refusedByGuard, by: byOpeningsSite, says: saySite},
	{name: "turn openings off", as: applier, do: merge(zonewarden, "Site", "site", `{"spec":{"openings":null}}`), want: refusedByGuard, by: byOpeningsSite, says: saySite},
	{name: "turn openings off", as: hub, do: merge(zonewarden, "Site", "site", `{"spec":{"openings":null}}`), want: refusedByGuard, by: byOpeningsSite, says: saySite},
	{name: "turn openings off", as: engineer, do: merge(zonewarden, "Site", "site", `{"spec":{"openings":null}}`), want: refusedByGuard, by: byOpeningsSite, says: saySite},
	{name: "turn openings off", as: security, do: merge(zonewarden, "Site", "site", `{"spec":{"openings":null}}`), want: refusedByRBAC},
	{name: "turn openings off by writing a Site without them", as: argo, do: replaceSite(func(spec map[string]any) { delete(spec, "openings") }), want: refusedByGuard, by: byOpeningsSite, says: saySite},
	{name: "ask from a higher level on", as: argo, do: merge(zonewarden, "Site", "site", `{"spec":{"openings":{"approvedFrom":4}}}`), want: refusedByGuard, by: byOpeningsSite, says: "changing the spec of a Site"},
	{name: "strike oneself from guard.neverExempt", as: hub, do: merge(zonewarden, "Site", "site", `{"spec":{"guard":{"neverExempt":null}}}`), want: refusedByGuard, by: byOpeningsSite, says: saySite},
	{name: "have another address count as DNS", as: argo, do: merge(zonewarden, "Site", "site", `{"spec":{"platform":{"dns":{"addresses":["10.9.0.53"]}}}}`), want: refusedByGuard, by: byOpeningsSite, says: saySite},
	{name: "loosen the rules", as: argo, do: merge(zonewarden, "Site", "site", `{"spec":{"rules":{"directITToOT":"Warn"}}}`), want: refusedByGuard, by: byOpeningsSite, says: saySite},
	{name: "leave zones out of the scope", as: engineer, do: merge(zonewarden, "Site", "site", `{"spec":{"scope":{"namespaceSelector":{"matchLabels":{"a":"b"}}}}}`), want: refusedByGuard, by: byOpeningsSite, says: saySite},
	{name: "confirm a prune", as: argo, do: merge(zonewarden, "Site", "site", annotate("zonewarden.io/confirm-prune", "sha256:0")), want: refusedByGuard, by: byOpeningsSite, says: "confirming a prune"},
	{name: "confirm a prune", as: engineer, do: merge(zonewarden, "Site", "site", annotate("zonewarden.io/confirm-prune", "sha256:0")), want: refusedByGuard, by: byOpeningsSite, says: "confirming a prune"},
	{
		name: "delete the Site, annotated as meant", as: argo, do: each(merge(zonewarden, "Site", "site", annotate("zonewarden.io/allow-release", "mine")), remove(zonewarden, "Site", "site")),
		want: refusedByGuard, by: byOpeningsSite, says: "deleting a Site", undo: merge(zonewarden, "Site", "site", annotate("zonewarden.io/allow-release", "null")),
	},
	{name: "delete the Site as garbage (an owner that is gone)", as: keeper, do: remove(zonewarden, "Site", "site"), want: refusedByGuard, by: byOpeningsSite + "|" + byDeclarations, says: "deleting"},
}

// replaceSite writes the Site as a whole, with another spec.
func replaceSite(edit func(spec map[string]any)) request {
	return func(ctx context.Context, c *caller) error {
		o := object(zonewarden, "Site", "site")
		if err := c.Get(ctx, key("site"), o); err != nil {
			return err
		}
		edit(o.Object["spec"].(map[string]any))
		return c.Update(ctx, o)
	}
}

// attacksByOpeningApproval decide as a program, without the right, or in another's name.
var attacksByOpeningApproval = []attack{
	{name: "approve as an account with every verb", as: argo, do: approve(argo, "Conduit", "opened", "mine"), want: refusedByGuard, by: byApprovals + "|" + byLimits, says: "approve"},
	{name: "deny as an account with every verb", as: argo, do: approve(argo, "Conduit", "opened", "mine", "decision: Approve", "decision: Deny"), want: refusedByGuard, by: byApprovals, says: "needs the verb approve on conduits/opened"},
	{name: "approve a Conduit as a service account that has the verb", as: applier, do: approve(applier, "Conduit", "opened", "mine"), want: refusedByGuard, by: byLimits, says: sayPersons},
	{name: "approve a Zone as a service account that has the verb", as: applier, do: approve(applier, "Zone", "watched", "mine"), want: refusedByGuard, by: byLimits, says: "what a Zone opens"},
	{name: "approve an Asset as a service account that has the verb", as: applier, do: approve(applier, "Asset", "plc-2", "mine"), want: refusedByGuard, by: byLimits, says: "what an Asset opens"},
	{name: "approve as a hub's user that has the verb", as: hub, do: approve(hub, "Conduit", "opened", "mine"), want: refusedByGuard, by: byLimits, says: sayPersons},
	{name: "approve a Conduit with the right to write approvals, and no verb", as: engineer, do: approve(engineer, "Conduit", "opened", "mine", "requester: engineer", "requester: hub"), want: refusedByGuard, by: byApprovals, says: "the decision Approve needs the verb approve on conduits/opened"},
	{name: "approve a Zone with that, and no verb", as: engineer, do: approve(engineer, "Zone", "watched", "mine", "requester: engineer", "requester: hub"), want: refusedByGuard, by: byApprovals, says: "verb approve on zones/watched"},
	{name: "approve an Asset with that, and no verb", as: engineer, do: approve(engineer, "Asset", "plc-2", "mine", "requester: engineer", "requester: hub"), want: refusedByGuard, by: byApprovals, says: "verb approve on assets/plc-2"},
	{name: "deny with that, and no verb", as: engineer, do: approve(engineer, "Conduit", "opened", "mine", "requester: engineer", "requester: hub", "decision: Approve", "decision: Deny"), want: refusedByGuard, by: byApprovals, says: "the decision Deny needs the verb approve"},
	{name: "approve with the verb on windows", as: windowApprover, do: approve(windowApprover, "Conduit", "opened", "mine"), want: refusedByGuard, by: byApprovals, says: "verb approve on conduits/opened"},
	{name: "approve another zone than one may", as: ownerOfCell1, do: approve(ownerOfCell1, "Zone", "historian", "mine"), want: refusedByGuard, by: byApprovals, says: "verb approve on zones/historian"},
	{name: "approve a Conduit by the name of the zone that one may", as: ownerOfCell1, do: approve(ownerOfCell1, "Conduit", "opened", "mine", "name: OBJECT", "name: cell-1"), want: refusedByGuard, by: byApprovals, says: "verb approve on conduits/cell-1"},
	{name: "approve as site administrator, who declares", as: siteAdmin, do: approve(siteAdmin, "Zone", "watched", "mine"), want: refusedByRBAC},
	{name: "approve in the name of somebody else", as: security, do: approve(security, "Conduit", "opened", "mine", "APPROVER", "foreman"), want: refusedByGuard, by: byApprovals, says: "write security"},
	{name: "approve what one wrote", as: security, do: approve(security, "Conduit", "opened", "mine", "requester: engineer", "requester: security"), want: refusedByDefinition, says: "approver and requester must differ"},
	{
		name: "approve what one wrote as if somebody else had", as: security, do: approve(security, "Conduit", "opened", "mine", "requester: engineer", "requester: foreman"), want: accepted,
		because: "admission sees one object; the operator counts only approvals whose requester is the author", undo: removeAsGarbage("mine"),
	},
	{name: "approval that nothing owns", as: security, do: approve(security, "Conduit", "opened", "mine", "  ownerReferences: [{apiVersion: zonewarden.io/v1alpha1, kind: KIND, name: OBJECT, uid: UID}]\n", ""), want: refusedByGuard, by: byApprovals, says: "metadata.ownerReferences"},
	{name: "approval that an object of another kind owns", as: security, do: approve(security, "Conduit", "opened", "mine", "v1alpha1, kind: KIND", "v1alpha1, kind: Zone"), want: refusedByGuard, by: byApprovals, says: "metadata.ownerReferences"},
	{name: "arm what a Conduit opens", as: security, do: approve(security, "Conduit", "opened", "mine", "decision: Approve", "decision: Arm"), want: refusedByDefinition, says: "approved or denied, for good"},
	{name: "factor that the API server does not attest", as: security, do: approve(security, "Conduit", "opened", "mine", "decision:", "factors: [otp]\n  decision:"), want: refusedByGuard, by: byApprovals, says: "spec.factors"},
	{name: "delete a Deny", as: engineer, do: each(asSecurity(approve(security, "Conduit", "opened", "denied", "decision: Approve", "decision: Deny")), remove(zonewarden, "Approval", "denied")), want: refusedByGuard, by: byApprovals, says: "it goes with what it is about", undo: removeAsGarbage("denied")},
}

// inForce is a status by which a conduit that opens everything was accepted, and approved.
const inForce = `{"status":{"lastGood":{"generation":1,"approvedBy":["security"],"spec":{"initiator":{"zone":"historian"},"responders":[{"zone":"cell-1"}],
	"flows":[{"port":1,"endPort":65535,"transport":"TCP"}],"why":{"need":"n","riskOwner":"r"}}}}}`

// attacksOnDeclaredStatus put into a status what the operator would take for accepted. They hold
// without openings too.
var attacksOnDeclaredStatus = []attack{
	{name: "have another spec of a Conduit in force, as approved", as: argo, do: merge(zonewarden, "Conduit", "opened", inForce, "status"), want: refusedByGuard, by: byOpeningsStatus, says: sayInForce},
	{name: "have another spec of a Conduit in force, as approved", as: controllers, do: merge(zonewarden, "Conduit", "opened", inForce, "status"), want: refusedByGuard, by: byOpeningsStatus, says: sayInForce},
	{name: "have another spec of a Conduit in force, as approved", as: siteAdmin, do: merge(zonewarden, "Conduit", "opened", inForce, "status"), want: refusedByRBAC},
	{name: "have another spec of a Conduit in force, as approved", as: statusClerk, do: merge(zonewarden, "Conduit", "opened", inForce, "status"), want: refusedByGuard, by: byOpeningsStatus, says: sayInForce},
	{name: "say that a Zone was looked at", as: statusClerk, do: merge(zonewarden, "Zone", "cell-1", `{"status":{"observedGeneration":7}}`, "status"), want: refusedByGuard, by: byOpeningsStatus, says: sayInForce},
	{name: "say that an Asset was looked at, by writing the whole status", as: argo, do: replaceStatus("Asset", "plc-2"), want: refusedByGuard, by: byOpeningsStatus, says: sayInForce},
}

// replaceStatus writes the status of an object as a whole.
func replaceStatus(kind, of string) request {
	return func(ctx context.Context, c *caller) error {
		o := object(zonewarden, kind, of)
		if err := c.Get(ctx, key(of), o); err != nil {
			return err
		}
		o.Object["status"] = map[string]any{"observedGeneration": int64(7)}
		return c.SubResource("status").Update(ctx, o)
	}
}

// asSecurity is a request of the approver, in the midst of somebody else's.
func asSecurity(r request) request {
	return func(ctx context.Context, _ *caller) error { return r(ctx, site.callers[security]) }
}

// removeAsGarbage removes an approval as the garbage collector does.
func removeAsGarbage(approval string) request {
	return impersonating(accounts[keeper][0], remove(zonewarden, "Approval", approval))
}
