// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// routinesOfOpenings have to go on working where the Site has openings.
var routinesOfOpenings = []routine{
	{name: "Conduit in one's own name: make, change, delete", as: engineer, do: each(create(written(engineer, conduitOf("mine", "historian", "cell-1"))),
		merge(zonewarden, "Conduit", "mine", change(engineer, `{"flows":[{"port":9001,"transport":"TCP"}]}`)), merge(zonewarden, "Conduit", "mine", `{"spec":`+widened+`}`), remove(zonewarden, "Conduit", "mine"))},
	{
		name: "Zone and Asset in one's own name, and move the Asset", as: engineer, do: each(create(written(engineer, zoneOf("mine", "Observe"))), merge(zonewarden, "Zone", "mine", change(engineer, `{"enforcement":"Enforce"}`)),
			create(written(engineer, assetOf("mine"))), merge(zonewarden, "Asset", "mine", moreCells), merge(zonewarden, "Asset", "mine", `{"spec":{"addresses":["10.20.1.13"]}}`), remove(zonewarden, "Asset", "mine")),
		undo: each(merge(zonewarden, "Zone", "mine", annotate("zonewarden.io/allow-release", "test")), remove(zonewarden, "Zone", "mine")),
	},
	{
		name: "Conduits, Zones and Assets in one's own name, by server-side apply: make, change, prune", as: argo, do: each(
			applyAs(parse(written(argo, conduitOf("synced", "historian", "cell-1")))[0], "argocd"), applyAs(parse(written(argo, conduitOf("synced", "historian", "cell-2")))[0], "argocd"),
			applyAs(parse(written(argo, zoneOf("synced", "Observe")))[0], "argocd"), applyAs(parse(written(argo, zoneOf("synced", "Enforce")))[0], "argocd"),
			applyAs(parse(written(argo, assetOf("synced")))[0], "argocd"), applyAs(parse(written(argo, strings.Replace(assetOf("synced"), "historian", "cell-1", 1)))[0], "argocd"),
			remove(zonewarden, "Conduit", "synced", client.PropagationPolicy(metav1.DeletePropagationForeground)), remove(zonewarden, "Asset", "synced")),
		undo: each(merge(zonewarden, "Zone", "synced", annotate("zonewarden.io/allow-release", "test")), remove(zonewarden, "Zone", "synced")),
	},
	{name: "apply the same again, and what kubectl apply remembers of it", as: engineer, do: each(applyAs(parse(written(engineer, conduitOf("opened", "historian", "cell-1")))[0], "kubectl"),
		merge(zonewarden, "Conduit", "opened", annotate("kubectl.kubernetes.io/last-applied-configuration", "{}")), merge(zonewarden, "Conduit", "opened", annotate("kubectl.kubernetes.io/last-applied-configuration", "null")))},
	{
		name: "change what somebody else wrote, as its author from then on", as: argo, do: each(merge(zonewarden, "Conduit", "opened", change(argo, `{"flows":[{"port":9001,"transport":"TCP"}]}`)), authorIs("Conduit", "opened", argo)),
		undo: impersonating("engineer", merge(zonewarden, "Conduit", "opened", change(engineer, `{"flows":[{"port":9000,"transport":"TCP"}]}`))),
	},
	{
		name: "become the first author of what has none, by a word of it", as: engineer, do: each(
			merge(zonewarden, "Conduit", "history", change(engineer, `{"why":{"need":"says who wrote it"}}`)), authorIs("Conduit", "history", engineer),
			merge(zonewarden, "Zone", "cell-1", change(engineer, `{"description":"says who wrote it"}`)), authorIs("Zone", "cell-1", engineer),
			merge(zonewarden, "Asset", "plc-1", change(engineer, `{"location":"says who wrote it"}`)), authorIs("Asset", "plc-1", engineer)),
		undo: each(merge(zonewarden, "Conduit", "history", change(administrator, `{"why":{"need":"process values"}}`)),
			merge(zonewarden, "Zone", "cell-1", change(administrator, `{"description":null}`)), merge(zonewarden, "Asset", "plc-1", change(administrator, `{"location":null}`))),
	},
	{name: "sync Conduits, Zones and Assets that somebody else wrote and that are in force, by server-side apply of the same", as: argo, do: each(
		applyAs(parse(written(argo, conduitOf("settled", "historian", "cell-1")))[0], "argocd"), authorIs("Conduit", "settled", argo),
		applyAs(parse(written(argo, zoneOf("settled", "Observe")))[0], "argocd"), authorIs("Zone", "settled", argo),
		applyAs(parse(written(argo, assetOf("plc-3")))[0], "argocd"), authorIs("Asset", "plc-3", argo))},
	{
		name: "compare and sync a Conduit that a person has suspended by hand, by what Git does not say, once that is in force", as: argo, do: each(
			applyAs(parse(written(argo, conduitOf("settled", "historian", "cell-1")))[0], "argocd"),
			impersonating("engineer", merge(zonewarden, "Conduit", "settled", change(engineer, `{"suspended":true}`))), settles("Conduit", "settled"),
			dry(applyAs(parse(written(argo, conduitOf("settled", "historian", "cell-1")))[0], "argocd")), authorIs("Conduit", "settled", engineer),
			applyAs(parse(written(argo, conduitOf("settled", "historian", "cell-1")))[0], "argocd"), authorIs("Conduit", "settled", argo), isSuspended("settled")),
	},
	{
		name: "sync that a zone is in Observe, where a person has lifted its deny before, once that is in force", as: argo, do: each(
			impersonating("engineer", create(written(engineer, zoneOf("lifted", "Enforce")))), settles("Zone", "lifted"),
			impersonating("site-administrator", merge(zonewarden, "Zone", "lifted", change(siteAdmin, observed))), settles("Zone", "lifted"),
			applyAs(parse(written(argo, zoneOf("lifted", "Observe")))[0], "argocd"), authorIs("Zone", "lifted", argo)),
		undo: remove(zonewarden, "Zone", "lifted"),
	},
	{name: "label and annotate by other keys", as: engineer, do: each(merge(zonewarden, "Conduit", "opened", annotate("note", "seen")), merge(zonewarden, "Conduit", "history", annotate("note", "seen")),
		merge(zonewarden, "Conduit", "opened", `{"metadata":{"labels":{"team":"a"}}}`), merge(zonewarden, "Zone", "cell-1", `{"metadata":{"labels":{"team":"a"}}}`), merge(zonewarden, "Zone", "cell-1", annotate("zonewarden.io/verify", "now")), merge(zonewarden, "Zone", "announced", annotate("note", "seen")),
		merge(zonewarden, "Asset", "plc-2", annotate("note", "seen")), merge(zonewarden, "Asset", "plc-1", annotate("note", "seen")), merge(zonewarden, "Site", "site", annotate("note", "seen")))},
	{name: "track Zones and the Site by labels and annotations", as: argo, do: each(merge(zonewarden, "Zone", "cell-1", annotate("argocd.argoproj.io/tracking-id", "x")), merge(zonewarden, "Site", "site", annotate("argocd.argoproj.io/tracking-id", "x")),
		merge(zonewarden, "Site", "site", `{"metadata":{"labels":{"team":"a"}}}`), replaceSite(func(map[string]any) {}))},
	{name: "write the statuses of Zones, Conduits, Assets and the Site", as: operator, do: each(merge(zonewarden, "Zone", "cell-1", `{"status":{"observedGeneration":1,"workloads":0,"assets":0,"conduits":0}}`, "status"),
		merge(zonewarden, "Conduit", "opened", `{"status":{"observedGeneration":1}}`, "status"), merge(zonewarden, "Asset", "plc-2", `{"status":{"observedGeneration":1}}`, "status"), merge(zonewarden, "Site", "site", `{"status":{"observedGeneration":1}}`, "status"))},
	{name: "lift the deny of a zone at once, and put it back", as: siteAdmin, do: each(merge(zonewarden, "Zone", "cell-1", change(siteAdmin, observed)), merge(zonewarden, "Zone", "cell-1", `{"spec":{"enforcement":"Enforce"}}`))},
	{name: "lift the deny of the one zone that one may", as: ownerOfCell1, do: each(merge(zonewarden, "Zone", "cell-1", change(ownerOfCell1, observed)), merge(zonewarden, "Zone", "cell-1", `{"spec":{"enforcement":"Enforce"}}`))},
	{name: "lift the deny of a zone", as: administrator, do: each(merge(zonewarden, "Zone", "cell-1", change(administrator, observed)), merge(zonewarden, "Zone", "cell-1", `{"spec":{"enforcement":"Enforce"}}`))},
	{name: "have a zone deny again that a person had lifted", as: argo, do: each(impersonating("site-administrator", merge(zonewarden, "Zone", "cell-1", change(siteAdmin, observed))), merge(zonewarden, "Zone", "cell-1", change(argo, `{"enforcement":"Enforce"}`)))},
	{name: "announce that a Zone may go, and delete it", as: siteAdmin, do: each(create(written(siteAdmin, zoneOf("scrapped", "Enforce"))), merge(zonewarden, "Zone", "scrapped", annotate("zonewarden.io/allow-release", "scrapped")), remove(zonewarden, "Zone", "scrapped"))},
	{name: "delete a Zone in the foreground", as: siteAdmin, do: each(create(written(siteAdmin, zoneOf("scrapped", "Observe"))), remove(zonewarden, "Zone", "scrapped", client.PropagationPolicy(metav1.DeletePropagationForeground))), then: isGone(zonewarden, "Zone", "scrapped")},
	{name: "take back that a Zone may go", as: engineer, do: merge(zonewarden, "Zone", "announced", annotate("zonewarden.io/allow-release", "null")), undo: merge(zonewarden, "Zone", "announced", annotate("zonewarden.io/allow-release", "scrapped"))},
	{name: "change the Site, confirm a prune and take that back", as: siteAdmin, do: each(merge(zonewarden, "Site", "site", `{"spec":{"title":"ww-17"}}`), merge(zonewarden, "Site", "site", `{"spec":{"title":null}}`),
		merge(zonewarden, "Site", "site", annotate("zonewarden.io/confirm-prune", "sha256:0")), merge(zonewarden, "Site", "site", annotate("zonewarden.io/confirm-prune", "null")))},
	{name: "track a Site where a person has confirmed a prune, and take that off", as: argo, do: each(impersonating("site-administrator", merge(zonewarden, "Site", "site", annotate("zonewarden.io/confirm-prune", "sha256:0"))),
		merge(zonewarden, "Site", "site", annotate("note", "synced")), merge(zonewarden, "Site", "site", annotate("zonewarden.io/confirm-prune", "null")))},
	{
		name: "approve a Conduit, a Zone, an Asset", as: security, do: each(approve(security, "Conduit", "opened", "conduit-1"), approve(security, "Zone", "watched", "zone-1"), approve(security, "Asset", "plc-2", "asset-1")),
		undo: each(removeAsGarbage("conduit-1"), removeAsGarbage("zone-1"), removeAsGarbage("asset-1")),
	},
	{name: "approve the one zone that one may", as: ownerOfCell1, do: approve(ownerOfCell1, "Zone", "cell-1", "zone-2"), undo: removeAsGarbage("zone-2")},
	{name: "deny as a person, and as a program", as: security, do: each(approve(security, "Conduit", "opened", "no-1", "decision: Approve", "decision: Deny"),
		impersonating(openingsAccounts[applier][0], approve(applier, "Conduit", "opened", "no-2", "decision: Approve", "decision: Deny"))), undo: each(removeAsGarbage("no-1"), removeAsGarbage("no-2"))},
	{name: "delete a Conduit, and its approvals go with it", as: engineer, do: each(create(written(engineer, conduitOf("short", "historian", "cell-1"))), asSecurity(approve(security, "Conduit", "short", "short-1")), remove(zonewarden, "Conduit", "short")), then: approvalsGone("short-1")},
	{name: "Conduit that joins 33 zones, and another change of it", as: siteAdmin, do: each(create(written(siteAdmin, conduitOf("wide", "cell-1", zonesUpTo(32)...))), merge(zonewarden, "Conduit", "wide", `{"spec":`+widened+`}`), remove(zonewarden, "Conduit", "wide"))},
	{name: "Zone of 16 selectors with 64 namespaces each, and a change of it", as: siteAdmin, do: each(create(written(siteAdmin, largeZone)), merge(zonewarden, "Zone", "large", `{"spec":{"owner":"IT"}}`), remove(zonewarden, "Zone", "large"))},
}

// isSuspended looks at a Conduit.
func isSuspended(of string) request {
	return func(ctx context.Context, _ *caller) error {
		o := object(zonewarden, "Conduit", of)
		if err := site.callers[administrator].Get(ctx, key(of), o); err != nil {
			return err
		}
		if is, _, _ := unstructured.NestedBool(o.Object, "spec", "suspended"); !is {
			return errors.New("it is not suspended")
		}
		return nil
	}
}

// largeZone has as many selectors and namespaces as a zone may.
var largeZone = strings.Replace(zoneOf("large", "Observe"), "{namespaces: [large]}", strings.Join(slices.Repeat([]string{"{namespaces: " + many(64, "large-%d") + "}"}, 16), ", "), 1)
