// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	byRoom       = "zonewarden-access-namespace"
	byWindowPods = "zonewarden-window-pods"
	bySecurity   = "zonewarden-access-security"
)

const (
	windowPod = "/api/v1/namespaces/zonewarden-access/pods/window-acme"
	rbac      = "rbac.authorization.k8s.io/v1"
	elsewhere = "put it into another namespace"
)

const debugRestricted = `{"spec":{"ephemeralContainers":[{"name":"debug","image":"busybox",
	"securityContext":{"runAsNonRoot":true,"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"RuntimeDefault"}}}]}}`

const roomPod = `
apiVersion: v1
kind: Pod
metadata: {name: spoof, namespace: zonewarden-access, labels: {zonewarden.io/kind: VendorAccessWindow, zonewarden.io/name: acme}}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers: [{name: c, image: i, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]`

const roomBinding = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: more, namespace: zonewarden-access}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: window-acme}
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: squatter}]`

const forTheRegistry = `
apiVersion: v1
kind: Secret
type: kubernetes.io/dockerconfigjson
metadata: {name: registry, namespace: zonewarden-access}
stringData: {.dockerconfigjson: "{}"}`

const fuseOf = `
apiVersion: batch/v1
kind: Job
metadata: {name: window-mine, namespace: cell-1, labels: {app.kubernetes.io/managed-by: zonewarden, zonewarden.io/kind: VendorAccessWindow}}
spec: {parallelism: 0, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}`

// attacksOnOpenWindows stay in longer, get in beside somebody, or borrow what a window may do.
var attacksOnOpenWindows = []attack{
	{name: "a pod with the labels of a window's", as: squatter, do: create(roomPod), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a pod with the labels of a window's", as: argo, do: create(roomPod), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a pod with the labels of a window's", as: siteAdmin, do: create(roomPod), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a pod with the labels of a window's", as: vendorSA, do: create(roomPod), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a Deployment that makes pods there", as: squatter, do: create(with(deployed("spoof"), "cell-1", "zonewarden-access")), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "label a window's pod for another window", as: squatter, do: merge("v1", "Pod", "zonewarden-access/window-acme", `{"metadata":{"labels":{"zonewarden.io/name":"other"}}}`), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "shorten or lift the deadline of a window's pod", as: squatter, do: merge("v1", "Pod", "zonewarden-access/window-acme", `{"spec":{"activeDeadlineSeconds":1}}`), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "take the owner off a window's pod", as: squatter, do: merge("v1", "Pod", "zonewarden-access/window-acme", `{"metadata":{"finalizers":["a.example/b"]}}`), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "delete a window's pod", as: squatter, do: remove("v1", "Pod", "zonewarden-access/window-acme"), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "open a window's Service to the outside", as: squatter, do: merge("v1", "Service", "zonewarden-access/window-acme", `{"spec":{"type":"NodePort"}}`), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "lead a window's Service elsewhere", as: squatter, do: merge("v1", "Service", "zonewarden-access/window-acme", `{"spec":{"selector":{"a":"b"}}}`), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a Service beside it", as: squatter, do: create(with(service, "NS", "zonewarden-access", "TYPE", "NodePort")), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a NetworkPolicy that allows all to windows' pods", as: squatter, do: create(with(allowAll, "NS", "zonewarden-access")), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a NetworkPolicy that allows all to windows' pods", as: networkEditor, do: create(with(allowAll, "NS", "zonewarden-access")), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a NetworkPolicy that allows all to windows' pods", as: siteAdmin, do: create(with(allowAll, "NS", "zonewarden-access")), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a CiliumNetworkPolicy that allows all to windows' pods", as: networkEditor, do: create(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: allow-all, namespace: zonewarden-access}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}`), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "edit a window's policy", as: networkEditor, do: merge(networking, "NetworkPolicy", "zonewarden-access/window-acme", `{"spec":{"ingress":[{}]}}`), want: refusedByGuard, by: byRoom + "|" + byOwn, says: "Zonewarden alone"},
	{name: "delete the default deny of windows' pods", as: networkEditor, do: remove(networking, "NetworkPolicy", "zonewarden-access/default-deny"), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "delete every policy there", as: networkEditor, do: removeAll(networking, "NetworkPolicy", "zonewarden-access"), want: refusedByGuard, by: byRoom + "|" + byOwn, says: "Zonewarden alone"},
	{name: "delete the default deny of windows' pods", as: siteAdmin, do: remove(networking, "NetworkPolicy", "zonewarden-access/default-deny"), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "open the default deny of windows' pods", as: networkEditor, do: merge(networking, "NetworkPolicy", "zonewarden-access/default-deny", `{"spec":{"ingress":[{}]}}`), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "open the default deny of windows' pods", as: argo, do: merge(networking, "NetworkPolicy", "zonewarden-access/default-deny", `{"spec":{"ingress":[{}]}}`), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "bind oneself to a session pod's Role", as: squatter, do: create(roomBinding), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "bind oneself to a session pod's Role", as: argo, do: create(roomBinding), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "add oneself to a session pod's people", as: squatter, do: merge(rbac, "RoleBinding", "zonewarden-access/window-acme",
		`{"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"squatter"}]}`), want: refusedByGuard, by: byRoom + "|" + byOwn, says: "Zonewarden alone"},
	{name: "give the operator's Role there more rights", as: squatter, do: merge(rbac, "Role", "zonewarden-access/zonewarden-windows", `{"rules":[]}`), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a Secret for a token there", as: squatter, do: create("apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\nmetadata: {name: token, namespace: zonewarden-access, annotations: {kubernetes.io/service-account.name: default}}"), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a Secret for a token there", as: siteAdmin, do: create("apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\nmetadata: {name: token, namespace: zonewarden-access, annotations: {kubernetes.io/service-account.name: default}}"), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a registry's Secret of one's own", as: squatter, do: create(forTheRegistry), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a registry's Secret of one's own", as: argo, do: create(forTheRegistry), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "a ConfigMap by the name of the root certificates", as: squatter, do: merge("v1", "ConfigMap", "zonewarden-access/kube-root-ca.crt", `{"data":{"ca.crt":"mine"}}`), want: refusedByGuard, by: byRoom, says: elsewhere},
	{name: "attach to a window's pod", as: squatter, do: connect(http.MethodPost, windowPod+"/attach?stdout=true"), want: refusedByGuard, by: byWindowPods, says: "enter on sites/site"},
	{name: "port-forward to a window's pod", as: squatter, do: connect(http.MethodPost, windowPod+"/portforward"), want: refusedByGuard, by: byWindowPods, says: "enter on sites/site"},
	{name: "port-forward to a window's pod", as: argo, do: connect(http.MethodPost, windowPod+"/portforward"), want: refusedByGuard, by: byWindowPods, says: "enter on sites/site"},
	{name: "proxy to a window's pod", as: squatter, do: connect(http.MethodGet, windowPod+"/proxy/"), want: refusedByGuard, by: byWindowPods, says: "enter on sites/site"},
	{name: "proxy to a window's Service", as: squatter, do: connect(http.MethodGet, "/api/v1/namespaces/zonewarden-access/services/window-acme:502/proxy/"), want: refusedByGuard, by: byWindowPods, says: "enter on sites/site"},
	{name: "a shell beside the relay (kubectl debug)", as: squatter, do: merge("v1", "Pod", "zonewarden-access/window-acme", debugRestricted, "ephemeralcontainers"), want: refusedByGuard, by: byWindowPods, says: "enter on sites/site"},
	{name: "attach to one's own window's pod", as: insider, do: connect(http.MethodPost, windowPod+"/attach?stdout=true"), want: refusedByRBAC},
	{name: "exec into another pod there", as: insider, do: connect(http.MethodPost, "/api/v1/namespaces/zonewarden-access/pods/other/exec?command=sh"), want: refusedByRBAC},
	{name: "take pod security off the namespace", as: squatter, do: merge("v1", "Namespace", "zonewarden-access", `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`), want: refusedByGuard, by: bySecurity, says: "assign on sites/site"},
	{name: "take pod security off the namespace", as: argo, do: merge("v1", "Namespace", "zonewarden-access", `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":null}}}`), want: refusedByGuard, by: bySecurity, says: "assign on sites/site"},
	{name: "hold the namespace to pod security of an old version", as: landlord, do: merge("v1", "Namespace", "zonewarden-access", `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce-version":"v1.19"}}}`), want: refusedByGuard, by: bySecurity, says: "assign on sites/site"},
	{name: "make a fuse burn longer", as: tenant, do: merge("batch/v1", "Job", "cell-1/window-acme", `{"spec":{"activeDeadlineSeconds":9999999}}`), want: refusedByGuard, by: byOwn, says: "Zonewarden alone"},
	{name: "make a fuse burn longer", as: argo, do: merge("batch/v1", "Job", "cell-1/window-acme", `{"spec":{"activeDeadlineSeconds":9999999}}`), want: refusedByGuard, by: byOwn, says: "Zonewarden alone"},
	{name: "stop a fuse (suspend)", as: developer, do: merge("batch/v1", "Job", "cell-1/window-acme", `{"spec":{"suspend":true}}`), want: refusedByGuard, by: byOwn, says: "Zonewarden alone"},
	{name: "have a fuse run pods", as: tenant, do: merge("batch/v1", "Job", "cell-1/window-acme", `{"spec":{"parallelism":1}}`), want: refusedByGuard, by: byOwn, says: "Zonewarden alone"},
	{name: "keep a fuse by a finalizer", as: tenant, do: merge("batch/v1", "Job", "cell-1/window-acme", `{"metadata":{"finalizers":["a.example/b"]}}`), want: refusedByGuard, by: byOwn, says: "Zonewarden alone"},
	{name: "take the label off a fuse", as: tenant, do: merge("batch/v1", "Job", "cell-1/window-acme", `{"metadata":{"labels":{"app.kubernetes.io/managed-by":null}}}`), want: refusedByGuard, by: byOwn, says: "Zonewarden alone"},
	{name: "delete a fuse and orphan what it owns", as: tenant, do: remove("batch/v1", "Job", "cell-1/window-acme", client.PropagationPolicy(metav1.DeletePropagationOrphan)), want: refusedByGuard, by: byOwn, says: "Zonewarden alone"},
	{name: "a fuse of one's own", as: tenant, do: create(fuseOf), want: refusedByGuard, by: byOwn, says: "Zonewarden alone"},
	{name: "a RoleBinding that looks like a window's", as: tenant, do: create(with(roomBinding, "name: more, namespace: zonewarden-access", "name: more, namespace: cell-1, labels: {app.kubernetes.io/managed-by: zonewarden}", "window-acme", "everything")), want: refusedByGuard, by: byOwn, says: "Zonewarden alone"},
}

// routinesOfOpenWindows are what keeps windows going, and closes them.
var routinesOfOpenWindows = []routine{
	{name: "exec into one's own window's pod", as: insider, do: each(ignoringNodes(connect(http.MethodPost, windowPod+"/exec?command=sh")), ignoringNodes(connect(http.MethodGet, windowPod+"/exec?command=sh")))},
	{name: "look into a window's pod", as: siteAdmin, do: ignoringNodes(connect(http.MethodPost, windowPod+"/portforward"))},
	{name: "a load balancer's finalizer on a window's Service", as: administrator, do: each(
		merge("v1", "Service", "zonewarden-access/window-acme", `{"metadata":{"finalizers":["service.kubernetes.io/load-balancer-cleanup"]}}`),
		merge("v1", "Service", "zonewarden-access/window-acme", `{"metadata":{"finalizers":null}}`))},
	{name: "a private registry's Secret for windows' pods, which changes and goes", as: siteAdmin, do: each(create(forTheRegistry),
		merge("v1", "Secret", "zonewarden-access/registry", `{"stringData":{".dockerconfigjson":"{\"auths\":{}}"}}`),
		remove("v1", "Secret", "zonewarden-access/registry"))},
	{name: "install what windows need once more", as: argo, do: applyAgain("../../config/access")},
	{name: "the scheduler binds a window's pod", as: scheduler, do: bind("zonewarden-access/window-acme", "{}")},
	{name: "a node deletes a window's pod that has ended", as: node, do: seen(remove("v1", "Pod", "zonewarden-access/window-acme", client.GracePeriodSeconds(0))), then: isGone("v1", "Pod", "zonewarden-access/window-acme")},
	{name: "the namespace has an account and root certificates, made with the guard on", as: operator, do: nothing, then: all(isThere("v1", "ServiceAccount", "zonewarden-access/default"), isThere("v1", "ConfigMap", "zonewarden-access/kube-root-ca.crt"))},
	{name: "a labelled fuse's time is over: it goes, and what it owns in both namespaces", as: operator, do: labelledFuse, then: all(
		isGone("batch/v1", "Job", "cell-1/window-burnt"), isGone(networking, "NetworkPolicy", "cell-1/window-burnt"),
		isGone("batch/v1", "Job", "zonewarden-access/window-burnt"), isGone("v1", "Pod", "zonewarden-access/window-burnt"), isGone("v1", "Service", "zonewarden-access/window-burnt"))},
	{name: "close a window at night without the operator: delete what leads to it", as: siteAdmin, do: remove("v1", "Service", "zonewarden-access/window-acme")},
}

func nothing(context.Context, *caller) error { return nil }

// seen tries a request of a node until the API server has seen that the pod is bound to it.
func seen(do request) request {
	return func(ctx context.Context, c *caller) error {
		return site.eventually("the binding is seen", func() error { return do(ctx, c) })
	}
}

// applyAgain applies a folder as it stands.
func applyAgain(folder string) request {
	return func(ctx context.Context, c *caller) error {
		objects, err := kustomized(folder)
		if err != nil {
			return err
		}
		for _, o := range objects {
			if err := applyAs(o, "again")(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}
}

// isThere waits for an object.
func isThere(apiVersion, kind, path string) func(context.Context) error {
	return func(ctx context.Context) error {
		return site.eventually(path+" is there", func() error {
			return site.callers[administrator].Get(ctx, key(path), object(apiVersion, kind, path))
		})
	}
}

// labelledFuse makes two fuses as the operator does, with what they own, for a second.
func labelledFuse(ctx context.Context, c *caller) error {
	owners := map[string][]metav1.OwnerReference{}
	for _, o := range append(manifests("testdata/windows.yaml"), parse(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: window-acme, namespace: cell-1, labels: {app.kubernetes.io/managed-by: zonewarden, zonewarden.io/kind: VendorAccessWindow}}
spec: {podSelector: {matchLabels: {app: pump}}, policyTypes: [Ingress]}`)...) {
		if o.GetKind() == "Role" || o.GetKind() == "RoleBinding" {
			continue
		}
		o.SetName("window-burnt")
		if o.GetKind() == "Job" {
			if err := unstructured.SetNestedField(o.Object, int64(1), "spec", "activeDeadlineSeconds"); err != nil {
				return err
			}
		} else {
			o.SetOwnerReferences(owners[o.GetNamespace()])
		}
		made := o.DeepCopy()
		if err := c.Create(ctx, made); err != nil {
			return err
		}
		if o.GetKind() == "Job" {
			owners[o.GetNamespace()] = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: "window-burnt", UID: made.GetUID()}}
		}
	}
	return nil
}
