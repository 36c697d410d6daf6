// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// routinesOfNodes are those of kubelets and the scheduler.
var routinesOfNodes = []routine{
	{name: "bind a pod to its node, as the scheduler does", as: scheduler, do: bind("cell-1/pump", "{labels: {topology.kubernetes.io/zone: a}}")},
	{name: "report a pod's status, and its service's slice is filled", as: node, do: patched(types.StrategicMergePatchType, "v1", "Pod", "cell-1/pump",
		`{"status":{"phase":"Running","podIP":"10.42.0.7","podIPs":[{"ip":"10.42.0.7"}],"conditions":[{"type":"Ready","status":"True"}]}}`, "status"), then: sliceHolds("pump", "10.42.0.7")},
	{
		name: "report a static pod, with a zone's label and on the node's network (mirror pod)", as: node, do: mirrorPod,
		undo: remove("v1", "Pod", "cell-1/static-node-1", client.GracePeriodSeconds(0)),
	},
	{name: "drain a node: cordon, evict, uncordon (kubectl drain)", as: nodeKeeper, do: drain, undo: remove("v1", "Pod", "cell-1/bound", client.GracePeriodSeconds(0))},
	{name: "read metrics by the proxy to a node", as: networkEditor, do: connect(http.MethodGet, "/api/v1/nodes/node-1/proxy/metrics/cadvisor")},
}

// drain empties the node as kubectl does. A pod that is bound ends when its kubelet says
// so, and there is none.
func drain(ctx context.Context, c *caller) error {
	keeper := site.callers[administrator]
	if err := each(create("apiVersion: v1\nkind: Pod\nmetadata: {name: bound, namespace: cell-1}\nspec: {containers: [{name: c, image: i}]}"), bind("cell-1/bound", "{}"))(ctx, keeper); err != nil {
		return err
	}
	if err := each(
		merge("v1", "Node", "node-1", `{"spec":{"unschedulable":true}}`), evict("bound"),
		merge("v1", "Node", "node-1", `{"spec":{"unschedulable":null}}`))(ctx, c); err != nil {
		return err
	}
	p := &corev1.Pod{}
	if err := keeper.Get(ctx, key("cell-1/bound"), p); err != nil {
		return err
	}
	if p.DeletionTimestamp == nil {
		return errors.New("the pod was not evicted")
	}
	return nil
}

// evict asks for the eviction of a pod of cell-1.
func evict(pod string) request {
	return send(http.MethodPost, "/api/v1/namespaces/cell-1/pods/"+pod+"/eviction",
		map[string]any{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": map[string]any{"name": pod, "namespace": "cell-1"}})
}

// mirrorPod reports a static pod, as the kubelet does: owned by its node.
func mirrorPod(ctx context.Context, c *caller) error {
	n := &corev1.Node{}
	if err := c.Get(ctx, client.ObjectKey{Name: "node-1"}, n); err != nil {
		return err
	}
	p := parse(`
apiVersion: v1
kind: Pod
metadata:
  name: static-node-1
  namespace: cell-1
  labels: {plant.example/cell: "1"}
  annotations: {kubernetes.io/config.mirror: "1", kubernetes.io/config.hash: "1", kubernetes.io/config.source: file}
spec: {nodeName: node-1, hostNetwork: true, containers: [{name: c, image: i}]}`)[0]
	controller := true
	p.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: n.Name, UID: n.UID, Controller: &controller}})
	return c.Create(ctx, p)
}

const certificate = `
apiVersion: v1
kind: Secret
metadata: {name: opcua, namespace: cell-1}
type: kubernetes.io/tls
data: {tls.crt: b2xk, tls.key: b2xk}`

// routinesOfPeople are those of tenants, developers, authors and administrators in scope.
var routinesOfPeople = []routine{
	{name: "NetworkPolicy that denies all", as: developer, do: create(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: cell-1}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [], egress: []}`), undo: remove(networking, "NetworkPolicy", "cell-1/deny")},
	{name: "annotate a policy from before the guard", as: tenant, do: each(merge(networking, "NetworkPolicy", "cell-1/from-before", `{"metadata":{"annotations":{"a":"b"}}}`),
		merge(ciliumV2, "CiliumNetworkPolicy", "cell-1/from-before", `{"metadata":{"annotations":{"a":"b"}}}`))},
	{name: "narrow a policy from before the guard to nothing", as: tenant, do: merge(networking, "NetworkPolicy", "cell-1/from-before", `{"spec":{"ingress":[]}}`)},
	{name: "delete policies from before the guard", as: tenant, do: each(remove(networking, "NetworkPolicy", "cell-1/from-before"), remove(ciliumV2, "CiliumNetworkPolicy", "cell-1/from-before"))},
	{
		name: "pod, Deployment, ClusterIP Service and ConfigMap without anything special", as: developer, do: each(
			create(with(pod(onNode), "hostNetwork: true", "hostNetwork: false")),
			create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: {metadata: {labels: {app: spoof}}, spec: {containers: [{name: c, image: i}]}}}")),
			create(with(service, "NS", "cell-1", "TYPE", "ClusterIP")),
			create("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: recipe, namespace: cell-1}")),
		undo: each(remove("v1", "Pod", "cell-1/spoof", client.GracePeriodSeconds(0)), remove("apps/v1", "Deployment", "cell-1/spoof"), remove("v1", "Service", "cell-1/open"), remove("v1", "ConfigMap", "cell-1/recipe")),
	},
	{name: "label and annotate a pod by other keys, and delete it", as: developer, do: each(
		merge("v1", "Pod", "cell-1/unbound", `{"metadata":{"labels":{"team":"a"},"annotations":{"prometheus.io/scrape":"true"}}}`), remove("v1", "Pod", "cell-1/unbound", client.GracePeriodSeconds(0)))},
	{name: "read a pod's log", as: developer, do: connect(http.MethodGet, pump+"/log")},
	{name: "evict a pod", as: developer, do: each(create("apiVersion: v1\nkind: Pod\nmetadata: {name: drained, namespace: cell-1}\nspec: {containers: [{name: c, image: i}]}"),
		evict("drained"))},
	{name: "Secret with a certificate: make, renew, delete", as: developer, do: each(create(certificate),
		merge("v1", "Secret", "cell-1/opcua", `{"data":{"tls.crt":"bmV3"}}`), remove("v1", "Secret", "cell-1/opcua"))},
	{name: "annotate a NodePort from before the guard", as: developer, do: merge("v1", "Service", "cell-1/from-before", `{"metadata":{"annotations":{"a":"b"}}}`)},
	{name: "edit a ClusterIP Service", as: developer, do: merge("v1", "Service", "cell-1/pump", `{"spec":{"ports":[{"name":"a","port":9000},{"name":"b","port":9001}]}}`)},
	{name: "ControllerRevision of another kind (KubeVirt)", as: tenant, do: create(`
apiVersion: apps/v1
kind: ControllerRevision
metadata:
  name: vm
  namespace: cell-1
  ownerReferences: [{apiVersion: kubevirt.io/v1, kind: VirtualMachine, name: vm, uid: 00000000-0000-0000-0000-000000000000, controller: true}]
revision: 1
data: {}`), undo: ignoringAbsence(remove("apps/v1", "ControllerRevision", "cell-1/vm"))},
	{name: "label one's namespace by other keys (Rancher, pod security)", as: tenant, do: merge("v1", "Namespace", "cell-1",
		`{"metadata":{"labels":{"field.cattle.io/projectId":"p-1","pod-security.kubernetes.io/enforce":"baseline","team":"a"}}}`)},
	{name: "namespace out of scope", as: landlord, do: create("apiVersion: v1\nkind: Namespace\nmetadata: {name: free, labels: {team: a}}"), undo: remove("v1", "Namespace", "free")},
	{name: "Conduit within one's own zone: make, change, delete", as: author, do: each(create(conduitOf("own", "cell-1", "cell-1")),
		merge(zonewarden, "Conduit", "own", `{"spec":{"suspended":true}}`), remove(zonewarden, "Conduit", "own"))},
	{name: "Conduit that joins 24 zones, one by one allowed", as: wideAuthor, do: create(conduitOf("wide", "z-24", zonesUpTo(23)...)), undo: remove(zonewarden, "Conduit", "wide")},
	{name: "Conduit that joins 33 zones, all allowed at once", as: siteAdmin, do: create(conduitOf("widest", "cell-1", zonesUpTo(32)...)), undo: remove(zonewarden, "Conduit", "widest")},
	{name: "annotate a Conduit of others", as: author, do: merge(zonewarden, "Conduit", "history", `{"metadata":{"annotations":{"note":"seen"}}}`)},
	{name: "take a finalizer from before the guard off, and delete its Conduit", as: siteAdmin, do: each(merge(zonewarden, "Conduit", "from-before", `{"metadata":{"labels":{"a":"b"}}}`),
		merge(zonewarden, "Conduit", "from-before", `{"metadata":{"finalizers":[]}}`), remove(zonewarden, "Conduit", "from-before"))},
	{name: "delete a Zone in Observe, and an enforced one after it was announced", as: siteAdmin, do: each(
		create(with(swallow, "swallow", "trial", "[cell-1, cell-2, historian]", "[trial]")), remove(zonewarden, "Zone", "trial"),
		create(with(swallow, "swallow", "scrapped", "[cell-1, cell-2, historian]", "[scrapped]", "owner: me", "owner: me\n  enforcement: Enforce")),
		merge(zonewarden, "Zone", "scrapped", `{"metadata":{"annotations":{"zonewarden.io/allow-release":"cell is scrapped"}}}`), remove(zonewarden, "Zone", "scrapped"))},
	{
		name: "give the audit trail its next key, and remove a damaged trail", as: siteAdmin, do: each(
			merge("v1", "Secret", trailKey, `{"data":{"next.pem":"bWluZQ==","begun":null}}`), remove("v1", "ConfigMap", trailHead)),
		undo: create("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: zonewarden-audit, namespace: zonewarden-system}"),
	},
}

func ignoringAbsence(r request) request {
	return func(ctx context.Context, c *caller) error { return client.IgnoreNotFound(r(ctx, c)) }
}
