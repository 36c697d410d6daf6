// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	byPods            = "zonewarden-pods"
	byPodStatus       = "zonewarden-pod-status"
	byBindings        = "zonewarden-bindings"
	byScope           = "zonewarden-scope-labels"
	byZones           = "zonewarden-zone-labels"
	byNamespaceStatus = "zonewarden-namespace-status"
)

const (
	podWithLabel = `
apiVersion: v1
kind: Pod
metadata: {name: spoof, namespace: cell-1, labels: {plant.example/cell: "2"}}
spec: {containers: [{name: c, image: i}]}`
	moved = `{"metadata":{"labels":{"plant.example/cell":"2"}}}`
)

// attacksByLabel move a pod or a namespace into another zone, or out of all.
var attacksByLabel = []attack{
	{name: "pod with a zone's label", as: tenant, do: create(podWithLabel), want: refusedByGuard, by: byPods, says: "the labels plant.example/cell decide in which zone"},
	{name: "pod with a zone's label", as: developer, do: create(podWithLabel), want: refusedByGuard, by: byPods, says: "assign on sites/site"},
	{name: "pod with a zone's label", as: argo, do: create(podWithLabel), want: refusedByGuard, by: byPods, says: "assign on sites/site"},
	{name: "pod with a zone's label", as: vendorSA, do: create(podWithLabel), want: refusedByGuard, by: byPods, says: "assign on sites/site"},
	{name: "pod with a zone's label that seems to be a node's static pod", as: tenant, do: create(with(podWithLabel, "labels:", `annotations: {kubernetes.io/config.mirror: "1"}, labels:`, "spec: {", "spec: {nodeName: node-1, ")), want: refusedByGuard, by: byPods, says: "assign on sites/site"},
	{
		name: "pod with a label that a Conduit of the same zone is narrowed to", as: developer, do: create(with(podWithLabel, `plant.example/cell: "2"`, "app: pump")), want: accepted,
		because: "the boundary is the zone: what is narrowed further is for its own people to keep", undo: remove("v1", "Pod", "cell-1/spoof", client.GracePeriodSeconds(0)),
	},
	{name: "change a zone's label on a pod", as: tenant, do: merge("v1", "Pod", "cell-1/pump", moved), want: refusedByGuard, by: byPods, says: "assign on sites/site"},
	{name: "take a zone's label off a pod", as: tenant, do: merge("v1", "Pod", "cell-1/pump", `{"metadata":{"labels":{"plant.example/cell":null}}}`), want: refusedByGuard, by: byPods, says: "assign on sites/site"},
	{name: "change a zone's label on a pod by its status", as: tenant, do: merge("v1", "Pod", "cell-1/pump", moved, "status"), want: refusedByGuard, by: byPodStatus, says: "change the pod itself"},
	{name: "change a zone's label on a pod by its status", as: vendorSA, do: merge("v1", "Pod", "cell-1/pump", moved, "status"), want: refusedByGuard, by: byPodStatus, says: "change the pod itself"},
	{name: "change a zone's label on a pod by its status", as: argo, do: merge("v1", "Pod", "cell-1/pump", moved, "status"), want: refusedByGuard, by: byPodStatus, says: "change the pod itself"},
	{name: "set a zone's label by binding a pod to a node", as: argo, do: bind("cell-1/unbound", `{labels: {plant.example/cell: "2"}}`), want: refusedByGuard, by: byBindings, says: "change the pod itself"},
	{name: "set a zone's label by binding a pod to a node", as: tenant, do: bind("cell-1/unbound", `{labels: {plant.example/cell: "2"}}`), want: refusedByGuard, by: byBindings, says: "change the pod itself"},
	{name: "set a zone's label by binding a pod, the old way", as: tenant, do: send(http.MethodPost, "/api/v1/namespaces/cell-1/bindings", &corev1.Binding{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Binding"},
		ObjectMeta: metav1.ObjectMeta{Name: "unbound", Namespace: "cell-1", Labels: map[string]string{"plant.example/cell": "2"}},
		Target:     corev1.ObjectReference{Kind: "Node", Name: "node-1"},
	}), want: refusedByGuard, by: byBindings, says: "change the pod itself"},

	{name: "take the scope's label off one's namespace", as: tenant, do: merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"zonewarden.io/scope":null}}}`), want: refusedByGuard, by: byScope, says: "assign on sites/site"},
	{name: "set a label by which the scope excludes", as: tenant, do: merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"plant.example/retired":"yes"}}}`), want: refusedByGuard, by: byScope, says: "plant.example/retired"},
	{name: "take the scope's label off by the namespace's status", as: tenant, do: merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"zonewarden.io/scope":null}}}`, "status"), want: refusedByGuard, by: byNamespaceStatus, says: "change the namespace itself"},
	{name: "take the scope's label off by the namespace's status", as: argo, do: merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"zonewarden.io/scope":null}}}`, "status"), want: refusedByGuard, by: byNamespaceStatus, says: "change the namespace itself"},
	{name: "take the scope's label off by the namespace's finalize", as: tenant, do: finalize("cell-1", "zonewarden.io/scope"), want: refusedByGuard, by: byNamespaceStatus, says: "change the namespace itself"},
	{name: "take the scope's label off a namespace", as: landlord, do: merge("v1", "Namespace", "historian", `{"metadata":{"labels":{"zonewarden.io/scope":null}}}`), want: refusedByGuard, by: byScope, says: "assign on sites/site"},
	{name: "take the scope's label off a namespace", as: argo, do: merge("v1", "Namespace", "historian", `{"metadata":{"labels":{"zonewarden.io/scope":null}}}`), want: refusedByGuard, by: byScope, says: "assign on sites/site"},
	{name: "move one's namespace into another zone", as: tenant, do: merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"plant.example/zone":"historian"}}}`), want: refusedByGuard, by: byZones, says: "zone cell-1 selects namespaces by a label"},
	{name: "move one's namespace into another zone, by a selector with expressions", as: tenant, do: merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"plant.example/area":"b"}}}`), want: refusedByGuard, by: byZones, says: "zone cell-2 selects namespaces by a label"},
	{name: "move a namespace by a label of a zone whose last edit was not accepted", as: tenant, do: merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"plant.example/line":"3"}}}`), want: refusedByGuard, by: byZones, says: "zone packing selects namespaces by a label"},
	{name: "move a namespace into another zone", as: argo, do: merge("v1", "Namespace", "historian", `{"metadata":{"labels":{"plant.example/zone":"cell-1"}}}`), want: refusedByGuard, by: byScope, says: "let a site administrator set the label"},
	{name: "take a zone's label off a namespace", as: argo, do: merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"plant.example/zone":null}}}`), want: refusedByGuard, by: byScope, says: "let a site administrator set the label"},
	{name: "namespace with the scope's labels", as: landlord, do: create(`
apiVersion: v1
kind: Namespace
metadata: {name: cell-9, labels: {zonewarden.io/scope: ot}}`), want: refusedByGuard, by: byScope, says: "assign on sites/site"},
	{name: "namespace with a zone's label", as: landlord, do: create(`
apiVersion: v1
kind: Namespace
metadata: {name: cell-9, labels: {plant.example/zone: cell-1}}`), want: refusedByGuard, by: byZones, says: "zone cell-1 selects"},
	{name: "make a namespace that is gone anew, under the name that a zone lists", as: landlord, do: create(`
apiVersion: v1
kind: Namespace
metadata: {name: historian-standby}`), want: refusedByGuard, by: byZones, says: "zone historian names the namespace historian-standby: take another name"},
	{name: "make a namespace under a name that a zone selects", as: landlord, do: create(`
apiVersion: v1
kind: Namespace
metadata: {name: packing}`), want: refusedByGuard, by: byZones, says: "zone packing names the namespace packing"},
	{
		name: "delete one's own namespace, to make it anew", as: tenant, do: dry(remove("v1", "Namespace", "cell-1")), want: accepted,
		because: "its pods go first (Kubernetes 1.33), cluster-wide floors stay, and making it anew is refused",
	},
	{name: "declare an address of the office as a device (Asset)", as: tenant, do: create("apiVersion: zonewarden.io/v1alpha1\nkind: Asset\nmetadata: {name: mine, labels: {plant.example/zone: cell-1}}\n" +
		"spec: {tag: mine, addresses: [10.9.0.5], role: PLC}"), want: refusedByRBAC},
	{name: "move a device into another zone by its label (Asset)", as: tenant, do: merge(zonewarden, "Asset", "plc-1", `{"metadata":{"labels":{"plant.example/zone":"historian"}}}`), want: refusedByRBAC},
	{name: "move a device into another zone by its label (Asset)", as: author, do: merge(zonewarden, "Asset", "plc-1", `{"metadata":{"labels":{"plant.example/zone":"historian"}}}`), want: refusedByRBAC},
}

// finalize takes a label off a namespace by its subresource finalize, which takes whole
// objects only.
func finalize(name, label string) request {
	return func(ctx context.Context, c *caller) error {
		ns := &corev1.Namespace{}
		if err := c.Get(ctx, client.ObjectKey{Name: name}, ns); err != nil {
			return err
		}
		delete(ns.Labels, label)
		ns.APIVersion, ns.Kind = "v1", "Namespace"
		return send(http.MethodPut, "/api/v1/namespaces/"+name+"/finalize", ns)(ctx, c)
	}
}
