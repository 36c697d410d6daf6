// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
)

// What tools put on the objects that they apply: Argo CD by either way of tracking, Helm,
// kubectl, Flux. They prune whatever carries it and is not in Git.
var (
	trackingLabels = map[string]string{
		"app.kubernetes.io/instance": "ww-17-plant", "argocd.argoproj.io/instance": "ww-17-plant", "kustomize.toolkit.fluxcd.io/name": "ww-17",
	}
	trackingAnnotations = map[string]string{
		"argocd.argoproj.io/tracking-id": "ww-17-plant:zonewarden.io/Zone:cell-1", "argocd.argoproj.io/sync-wave": "3",
		"kubectl.kubernetes.io/last-applied-configuration": "{}", "meta.helm.sh/release-name": "ww-17",
	}
)

// tracked marks an object as a tool would.
func tracked(o client.Object) client.Object {
	labels := maps.Clone(trackingLabels)
	maps.Copy(labels, o.GetLabels())
	annotations := maps.Clone(trackingAnnotations)
	maps.Copy(annotations, o.GetAnnotations())
	o.SetLabels(labels)
	o.SetAnnotations(annotations)
	return o
}

// everything that the API server has, by kind, namespace and name.
func (w *world) everything() map[string]*unstructured.Unstructured {
	w.t.Helper()
	d, err := discovery.NewDiscoveryClientForConfig(w.plane.Config())
	w.must(err)
	lists, err := d.ServerPreferredResources()
	w.must(err)
	out := map[string]*unstructured.Unstructured{}
	for _, list := range lists {
		for _, r := range list.APIResources {
			if !slices.Contains(r.Verbs, "list") {
				continue
			}
			u := &unstructured.UnstructuredList{}
			u.SetAPIVersion(list.GroupVersion)
			u.SetKind(r.Kind + "List")
			err := w.List(w.ctx(), u)
			if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
				continue
			}
			w.must(err)
			for i := range u.Items {
				o := &u.Items[i]
				out[fmt.Sprintf("%s %s/%s", o.GetKind(), o.GetNamespace(), o.GetName())] = o
			}
		}
	}
	return out
}

// marked are the objects that carry a mark of a tool, but for those that a test made so.
func marked(objects map[string]*unstructured.Unstructured, made ...string) []string {
	var out []string
	for key, o := range objects {
		if slices.Contains(made, key) {
			continue
		}
		for _, m := range []map[string]string{o.GetLabels(), o.GetAnnotations()} {
			for k := range m {
				if trackingLabels[k] == m[k] && m[k] != "" || trackingAnnotations[k] != "" || strings.Contains(k, "argocd.argoproj.io") {
					out = append(out, key+" has "+k)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestWhatIsGeneratedIsNoTools: nothing that the operator makes carries what a tool marked
// the declaration with. So no tool takes it for its own, and none prunes it.
func TestWhatIsGeneratedIsNoTools(t *testing.T) {
	t.Parallel()
	for _, backend := range []v1alpha1.Backend{v1alpha1.BackendCilium, v1alpha1.BackendNetwork} {
		t.Run(string(backend), func(t *testing.T) {
			a := newAccessWorld(t)
			s := site()
			a.change(s, func() {
				s.Spec.Backend = backend
				s.Spec.Access.SessionPods = &v1alpha1.SessionPodRules{Image: "registry.example/tools@sha256:" + strings.Repeat("0", 64)}
				tracked(s)
			})
			look := &rbacv1.ClusterRole{
				ObjectMeta: metav1.ObjectMeta{Name: "acme-look", Labels: map[string]string{v1alpha1.LabelVendorSafe: "true"}},
				Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}}},
			}
			a.make(look)
			t.Cleanup(func() { a.must(a.Delete(a.ctx(), look)) })
			for _, o := range []client.Object{zone("cell-1"), asset("drive", "", ""), &v1alpha1.Vendor{ObjectMeta: objectMeta("acme")}} {
				a.change(o, func() { tracked(o) })
			}
			a.make(namespace("office"), tracked(zone("office")), tracked(conduit("office-cell", "office", "cell-1", "https")))
			a.startAll()
			relay, session := windowOf("relay", time.Hour), windowOf("session", time.Hour)
			session.Spec.Grant = v1alpha1.GrantSessionPod
			session.Spec.Kubernetes = &v1alpha1.KubernetesRights{
				Roles: []v1alpha1.WindowRole{{Namespace: "cell-1", Role: look.Name}}, Credential: v1alpha1.CredentialToken,
			}
			for _, w := range []*v1alpha1.VendorAccessWindow{relay, session} {
				a.make(tracked(w))
				a.make(tracked(asked(w)))
				a.opened(w)
			}
			a.settled()

			all := a.everything()
			for _, kind := range []string{"Job", "Pod", "Service", "Role", "RoleBinding", "Secret", "ServiceAccount"} {
				if !slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(key string) bool { return strings.HasPrefix(key, kind+" zonewarden-access/window-") }) {
					t.Errorf("no %s of a window was looked at", kind)
				}
			}
			a.noToolOwns(all)
		})
	}
}

// TestWhatCertificatesNeedIsNoTools: the same of keys, bundles, authorities and what is
// handed to people.
func TestWhatCertificatesNeedIsNoTools(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	s := site()
	w.change(s, func() { tracked(s) })
	for _, n := range certificateNamespaces {
		z := zone(n)
		w.change(z, func() { tracked(z) })
	}
	w.startAll()
	for _, n := range certificateNamespaces {
		w.make(tracked(certificateOf(n)))
	}
	for _, n := range certificateNamespaces {
		w.ready(n)
	}
	all := w.everything()
	if all["Secret cell/server-tls"] == nil {
		t.Error("no Secret of a certificate was looked at")
	}
	w.noToolOwns(all)
}

// declaredKinds are those that a tool may own.
var declaredKinds = []string{"Site", "Zone", "Conduit", "Asset", "Vendor", "VendorAccessWindow", "Approval", "WorkloadCertificate"}

// noToolOwns anything that is not declared.
func (w *world) noToolOwns(all map[string]*unstructured.Unstructured) {
	w.t.Helper()
	ours := 0
	var made []string
	for key, o := range all {
		if o.GetLabels()[v1alpha1.LabelManagedBy] == v1alpha1.LabelManagedByValue {
			ours++
		}
		if slices.Contains(declaredKinds, o.GetKind()) {
			made = append(made, key)
		}
	}
	if ours < 4 {
		w.t.Errorf("only %d generated objects were looked at", ours)
	}
	if diff := cmp.Diff([]string(nil), marked(all, made...)); diff != "" {
		w.t.Errorf("marked (-want +got):\n%s", diff)
	}
	w.onlyStatusIsOurs(all, made)
}

// asked is an approval of a window that is not made yet.
func asked(w *v1alpha1.VendorAccessWindow) *v1alpha1.Approval {
	return &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Name: "approved-" + w.Name, OwnerReferences: []metav1.OwnerReference{{
			APIVersion: v1alpha1.GroupVersion.String(), Kind: "VendorAccessWindow", Name: w.Name, UID: w.UID,
		}}},
		Spec: v1alpha1.ApprovalSpec{
			Of:        v1alpha1.ApprovedObject{Kind: v1alpha1.ApprovedWindow, Name: w.Name, UID: string(w.UID), Generation: w.Generation},
			Requester: w.Spec.Requester, Approver: "owner@plant.example", Decision: v1alpha1.DecisionApprove,
		},
	}
}

// onlyStatusIsOurs: of what is declared the operator owns the status and nothing else, so
// that a tool that compares specs finds no difference that the operator made.
func (w *world) onlyStatusIsOurs(all map[string]*unstructured.Unstructured, declared []string) {
	w.t.Helper()
	spoken := 0
	for _, key := range declared {
		for _, m := range all[key].GetManagedFields() {
			if m.Manager != apply.FieldManager {
				continue
			}
			spoken++
			var fields map[string]any
			w.must(json.Unmarshal(m.FieldsV1.GetRawBytes(), &fields))
			if owned := slices.Collect(maps.Keys(fields)); m.Subresource != "status" || !slices.Equal(owned, []string{"f:status"}) {
				w.t.Errorf("%s: the operator owns %v by subresource %q", key, owned, m.Subresource)
			}
		}
	}
	if spoken < 6 {
		w.t.Errorf("the operator has spoken of %d declared objects only", spoken)
	}
}
