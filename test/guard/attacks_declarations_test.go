// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	byDeclarations = "zonewarden-declarations"
	byDefinitions  = "zonewarden-definitions"
	byConduits     = "zonewarden-conduits"
)

// conduitOf joins zones.
func conduitOf(name, initiator string, responders ...string) string {
	ends := make([]string, 0, len(responders))
	for _, r := range responders {
		ends = append(ends, fmt.Sprintf("{zone: %s, workloads: {matchLabels: {app: tank}}}", r))
	}
	return fmt.Sprintf(`
apiVersion: zonewarden.io/v1alpha1
kind: Conduit
metadata: {name: %s}
spec:
  initiator: {zone: %s}
  responders: [%s]
  flows: [{port: 9000, transport: TCP}]
  why: {need: a way in, riskOwner: nobody}`, name, initiator, strings.Join(ends, ", "))
}

// zonesUpTo names so many zones, of which none needs to exist.
func zonesUpTo(n int) []string {
	var out []string
	for i := 1; i <= n; i++ {
		out = append(out, fmt.Sprintf("z-%02d", i))
	}
	return out
}

const swallow = `
apiVersion: zonewarden.io/v1alpha1
kind: Zone
metadata: {name: swallow}
spec:
  purdue: L2
  type: Control
  slTarget: {all: 0}
  owner: me
  members: {workloads: [{namespaces: [cell-1, cell-2, historian]}]}`

const (
	sayConnect  = "needs the verb connect on each of them"
	sayAnnotate = "annotate it first: zonewarden.io/allow-release=REASON"
)

// annotateDefinition says why Zone's is to be deleted.
func annotateDefinition(reason string) request {
	return merge("apiextensions.k8s.io/v1", "CustomResourceDefinition", "zones.zonewarden.io", `{"metadata":{"annotations":{"zonewarden.io/allow-release":`+reason+`}}}`)
}

// attacksOnDeclarations declare what is not one's own to declare, or make declarations
// vanish, or keep them from going.
var attacksOnDeclarations = []attack{
	{name: "Zone that swallows others", as: tenant, do: create(swallow), want: refusedByRBAC},
	{name: "Zone that swallows others", as: author, do: create(swallow), want: refusedByRBAC},
	{name: "Zone that swallows others", as: networkEditor, do: create(swallow), want: refusedByRBAC},
	{name: "put a zone into Observe", as: author, do: merge(zonewarden, "Zone", "cell-1", `{"spec":{"enforcement":"Observe"}}`), want: refusedByRBAC},
	{name: "delete a Zone and make another by its name", as: author, do: remove(zonewarden, "Zone", "cell-1"), want: refusedByRBAC},
	{name: "turn the guard off in the Site", as: author, do: merge(zonewarden, "Site", "site", `{"spec":{"guard":{"layers":[]}}}`), want: refusedByRBAC},
	{name: "turn the guard off in the Site", as: tenant, do: merge(zonewarden, "Site", "site", `{"spec":{"guard":{"layers":[]}}}`), want: refusedByRBAC},
	{name: "annotate a Zone as meant to be deleted", as: author, do: merge(zonewarden, "Zone", "cell-1", `{"metadata":{"annotations":{"zonewarden.io/allow-release":"mine"}}}`), want: refusedByRBAC},
	{name: "have the operator remember another version of a Conduit, by its status", as: author, do: merge(zonewarden, "Conduit", "history", `{"status":{"observedGeneration":7}}`, "status"), want: refusedByRBAC},
	{name: "say in a node's name that its packets were held (NodeReport)", as: networkEditor, do: create("apiVersion: zonewarden.io/v1alpha1\nkind: NodeReport\nmetadata: {name: node-1}\nspec: {}"), want: refusedByRBAC},
	{name: "Conduit", as: tenant, do: create(conduitOf("mine", "cell-1", "historian")), want: refusedByRBAC},
	{name: "Conduit into a zone of somebody else", as: author, do: create(conduitOf("mine", "cell-1", "historian")), want: refusedByGuard, by: byConduits, says: sayConnect},
	{name: "Conduit out of a zone of somebody else", as: author, do: create(conduitOf("mine", "historian", "cell-1")), want: refusedByGuard, by: byConduits, says: "zones/historian"},
	{name: "Conduit to one's own zone and to somebody else's", as: author, do: create(conduitOf("mine", "cell-1", "cell-1", "cell-2")), want: refusedByGuard, by: byConduits, says: "zones/cell-2"},
	{name: "Conduit to 23 zones, the last of somebody else", as: author, do: create(conduitOf("mine", "cell-1", zonesUpTo(23)...)), want: refusedByGuard, by: byConduits, says: sayConnect},
	{name: "Conduit to 32 zones (the check of each costs)", as: author, do: create(conduitOf("mine", "cell-1", zonesUpTo(32)...)), want: refusedByGuard, by: byConduits, says: "make several conduits"},
	{name: "lead one's own Conduit into a zone of somebody else", as: author, do: merge(zonewarden, "Conduit", "within-cell-1", `{"spec":{"responders":[{"zone":"historian"}]}}`), want: refusedByGuard, by: byConduits, says: "zones/historian"},
	{name: "make one's own Conduit anew by the same name, into a zone of somebody else", as: author, do: each(create(conduitOf("again", "cell-1", "cell-1")), remove(zonewarden, "Conduit", "again"),
		create(conduitOf("again", "cell-1", "historian"))), want: refusedByGuard, by: byConduits, says: "zones/historian"},
	{name: "make a Conduit between others one's own", as: author, do: merge(zonewarden, "Conduit", "history",
		`{"spec":{"initiator":{"zone":"cell-1","workloads":{"matchLabels":{"app":"pump"}}}}}`), want: refusedByGuard, by: byConduits, says: "zones/historian"},
	{name: "open more ports of a Conduit between others", as: author, do: merge(zonewarden, "Conduit", "history",
		`{"spec":{"flows":[{"port":1,"endPort":65535,"transport":"TCP"}]}}`), want: refusedByGuard, by: byConduits, says: sayConnect},
	{name: "open more ports of a Conduit between others", as: controllers, do: merge(zonewarden, "Conduit", "history",
		`{"spec":{"flows":[{"port":1,"endPort":65535,"transport":"TCP"}]}}`), want: refusedByGuard, by: byConduits, says: sayConnect},
	{name: "delete a Conduit between others", as: author, do: remove(zonewarden, "Conduit", "history"), want: refusedByGuard, by: byConduits, says: sayConnect},

	{name: "delete the Site", as: siteAdmin, do: remove(zonewarden, "Site", "site"), want: refusedByGuard, by: byDeclarations, says: sayAnnotate},
	{name: "delete an enforced Zone", as: siteAdmin, do: remove(zonewarden, "Zone", "cell-1"), want: refusedByGuard, by: byDeclarations, says: sayAnnotate},
	{name: "delete an enforced Zone", as: argo, do: remove(zonewarden, "Zone", "cell-1"), want: refusedByGuard, by: byDeclarations, says: sayAnnotate},
	{name: "delete enforced Zones as a collection", as: administrator, do: removeAll(zonewarden, "Zone", "", client.MatchingFields{"metadata.name": "historian"}), want: refusedByGuard, by: byDeclarations, says: sayAnnotate},
	{name: "delete a definition, and with it every Zone", as: administrator, do: remove("apiextensions.k8s.io/v1", "CustomResourceDefinition", "zones.zonewarden.io"), want: refusedByGuard, by: byDefinitions, says: "annotate it first"},
	{
		name: "delete a definition, annotated without a reason", as: administrator, do: each(annotateDefinition(`""`), remove("apiextensions.k8s.io/v1", "CustomResourceDefinition", "zones.zonewarden.io")),
		want: refusedByGuard, by: byDefinitions, says: "annotate it first", undo: annotateDefinition("null"),
	},
	{name: "delete a definition", as: argo, do: remove("apiextensions.k8s.io/v1", "CustomResourceDefinition", "conduits.zonewarden.io"), want: refusedByGuard, by: byDefinitions, says: "annotate it first"},
	{name: "finalizer that keeps a Conduit from going", as: author, do: merge(zonewarden, "Conduit", "within-cell-1", `{"metadata":{"finalizers":["example.com/stay"]}}`), want: refusedByGuard, by: byDeclarations, says: "leave metadata.finalizers out"},
	{name: "Conduit that is born with a finalizer", as: siteAdmin, do: create(strings.Replace(conduitOf("stays", "cell-1", "historian"),
		"{name: stays}", "{name: stays, finalizers: [example.com/stay]}", 1)), want: refusedByGuard, by: byDeclarations, says: "leave metadata.finalizers out"},
	{name: "delete a Conduit and orphan its policy", as: author, do: remove(zonewarden, "Conduit", "within-cell-1", client.PropagationPolicy(metav1.DeletePropagationOrphan)), want: refusedByGuard, by: byDeclarations, says: "without --cascade=orphan"},
	{name: "delete a Conduit and orphan its policy, the old way", as: author, do: call("DELETE", "/apis/zonewarden.io/v1alpha1/conduits/within-cell-1",
		`{"apiVersion":"v1","kind":"DeleteOptions","orphanDependents":true}`), want: refusedByGuard, by: byDeclarations, says: "without --cascade=orphan"},

	{name: "delete a policy of the guard", as: tenant, do: remove(admissions, "ValidatingAdmissionPolicy", "zonewarden-pods"), want: refusedByRBAC},
	{name: "delete a policy of the guard", as: siteAdmin, do: remove(admissions, "ValidatingAdmissionPolicy", "zonewarden-own-objects"), want: refusedByRBAC},
	{name: "edit an object between the caller and the guard (mutating webhook)", as: networkEditor, do: create("apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: mine}\nwebhooks: []"), want: refusedByRBAC},
	{name: "delete a binding of the guard", as: networkEditor, do: remove(admissions, "ValidatingAdmissionPolicyBinding", "zonewarden-foreign-policies"), want: refusedByRBAC},
	{
		name: "bind the administrators' role in one's own namespace, and use it", as: tenant, do: each(create(`
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: promote, namespace: cell-1}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: zonewarden-site-administrator}
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: tenant}]`), create(podWithLabel)), want: refusedByGuard, by: byPods, says: sayCell,
		undo: remove("rbac.authorization.k8s.io/v1", "RoleBinding", "cell-1/promote"),
	},
	{
		name: "give oneself the verbs in one's own namespace, and use them", as: tenant, do: each(create(`
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: promote, namespace: cell-1}
rules: [{apiGroups: [zonewarden.io], resources: [sites], verbs: [exempt, enforce, assign]}]`), create(`
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: promote, namespace: cell-1}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: promote}
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: tenant}]`), create(podWithLabel)), want: refusedByGuard, by: byPods, says: sayCell,
		undo: each(remove("rbac.authorization.k8s.io/v1", "RoleBinding", "cell-1/promote"), remove("rbac.authorization.k8s.io/v1", "Role", "cell-1/promote")),
	},
}
