// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/controllers"
)

// install applies a folder of config as kustomize builds it, until the test is over.
// Namespaces stay, as everywhere here.
func (w *world) install(folder string) {
	w.t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "../config/"+folder)
	w.must(err)
	for _, r := range resources.Resources() {
		raw, err := r.AsYAML()
		w.must(err)
		o := &unstructured.Unstructured{}
		w.must(yaml.Unmarshal(raw, &o.Object))
		w.must(w.Apply(w.ctx(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("test"), client.ForceOwnership))
		if o.GetKind() != "Namespace" {
			w.t.Cleanup(func() { w.must(client.IgnoreNotFound(w.Delete(w.ctx(), o))) })
		}
	}
}

// requests are what a user asked for and was refused, and all that was asked for.
type requests struct {
	mu            sync.Mutex
	refused, made []string
}

func (r *requests) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(q *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(q)
		what := q.Method + " " + q.URL.Path
		r.mu.Lock()
		defer r.mu.Unlock()
		if err == nil && response.StatusCode == http.StatusForbidden {
			r.refused = append(r.refused, what)
		}
		r.made = append(r.made, what)
		return response, err
	})
}

// vendorSafeRole makes a role that windows may grant, and waits until the operator holds it.
func (a *accessWorld) vendorSafeRole(name string) {
	a.t.Helper()
	look := &rbacv1.ClusterRole{
		ObjectMeta: objectMeta(name),
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch"}}},
	}
	look.Labels = map[string]string{v1alpha1.LabelVendorSafe: "true"}
	a.make(look)
	a.t.Cleanup(func() { a.must(a.Delete(a.ctx(), look)) })
	a.eventually("what windows may grant is aggregated", func() error {
		granter := &rbacv1.ClusterRole{}
		a.must(a.Get(a.ctx(), client.ObjectKey{Name: "zonewarden-window-granter"}, granter))
		if len(granter.Rules) == 0 {
			return errors.New("the role has no rules")
		}
		return nil
	})
}

// TestTheRoleIsEnoughForWindows carries a relay and a session pod with rights in the cluster
// through opening and closing, by the rights that config/rbac and config/access give the
// operator's account and no others. Nothing that it asks is refused.
func TestTheRoleIsEnoughForWindows(t *testing.T) {
	t.Parallel()
	a, m := newAccessWorld(t), thisBoot()
	a.install("rbac")
	a.install("access")
	a.vendorSafeRole("acme-look")
	s := site()
	a.change(s, func() {
		s.Spec.Access.SessionPods = &v1alpha1.SessionPodRules{Image: "registry.example/tools@sha256:" + strings.Repeat("0", 64)}
	})
	user, err := a.plane.AddUser("system:serviceaccount:zonewarden-system:zonewarden", "system:serviceaccounts", "system:serviceaccounts:zonewarden-system")
	a.must(err)
	asked := &requests{}
	user.Wrap(asked.wrap)
	o := a.run(user, func(mgr ctrl.Manager) error {
		return controllers.SetupOn(mgr, here, controllers.Options{Pods: controllers.PodSource{
			Image: "zonewarden", Labels: map[string]string{"app.kubernetes.io/name": "zonewarden"},
		}}, m.read, m.ticks)
	})

	latest := m.wall().Add(3 * time.Hour)
	end := ends(m.wall().Add(time.Hour))
	relay := a.request("relay", time.Hour, end, func(s *v1alpha1.VendorAccessWindowSpec) { s.LatestEnd = new(instant(latest)) })
	session := a.request("session", time.Hour, end, func(s *v1alpha1.VendorAccessWindowSpec) {
		s.Grant = v1alpha1.GrantSessionPod
		s.Kubernetes = &v1alpha1.KubernetesRights{Roles: []v1alpha1.WindowRole{{Namespace: "cell-1", Role: "acme-look"}}, Credential: v1alpha1.CredentialToken}
	})
	for _, w := range []*v1alpha1.VendorAccessWindow{relay, session} {
		a.decide(w, owner, v1alpha1.DecisionApprove)
		a.opened(w)
	}
	a.stands(relay.Name, ofRelay(relay.Name))
	a.stands(session.Name, ofSession(session.Name))

	// Another end sets the fuse anew.
	a.decide(relay, "other-owner@plant.example", v1alpha1.DecisionApprove, latest.Add(-time.Hour).Truncate(time.Second))
	a.eventually("the end is moved", func() error {
		if live := a.opened(relay); !live.Status.End.Time.Equal(latest.Add(-time.Hour).Truncate(time.Second)) {
			return fmt.Errorf("it ends at %s", live.Status.End)
		}
		return nil
	})
	a.quiet(o)
	for _, w := range []*v1alpha1.VendorAccessWindow{relay, session} {
		a.decide(w, shift, v1alpha1.DecisionRevoke)
		a.becomes(w, v1alpha1.WindowRevoked)
		a.stands(w.Name, nil)
	}
	a.quiet(o)
	asked.mu.Lock()
	defer asked.mu.Unlock()
	slices.Sort(asked.refused)
	if refused := slices.Compact(asked.refused); len(refused) > 0 {
		t.Errorf("of %d requests were refused:\n%s", len(asked.made), strings.Join(refused, "\n"))
	}
}

// ofSession is all that a session pod with a right in a zone's namespace consists of.
func ofSession(window string) []string {
	return []string{
		"*v1.Job cell-1/window-" + window,
		"*v1.Job zonewarden-access/window-" + window,
		"*v1.Pod zonewarden-access/window-" + window,
		"*v1.Role zonewarden-access/window-" + window,
		"*v1.Role zonewarden-access/window-" + window + ".token",
		"*v1.RoleBinding cell-1/window-" + window + ".acme-look",
		"*v1.RoleBinding zonewarden-access/window-" + window,
		"*v1.RoleBinding zonewarden-access/window-" + window + ".token",
		"*v1.Secret zonewarden-access/window-" + window,
		"*v1.ServiceAccount zonewarden-access/window-" + window,
		"CiliumNetworkPolicy zonewarden-access/window-" + window,
	}
}
