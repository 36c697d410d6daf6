// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/common"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/openings"
)

// manager is the account by which Argo CD syncs, and so the author of what it does.
const manager = "system:serviceaccount:kube-system:argocd-manager"

// written marks what is of our kinds as the hub's.
func (g git) written() git {
	out := g
	for _, o := range g.only("Zone/", "Conduit/", "Asset/") {
		out = out.change(o.GetKind()+"/"+o.GetName(), set(manager, "metadata", "annotations", v1alpha1.AnnotationAuthor))
	}
	return out
}

// TestWhatWaitsHoldsItsWave: on a site that asks for approvals a conduit into a zone that is to
// be enforced waits for a person of the site, and the zone does not begin to deny before.
func TestWhatWaitsHoldsItsWave(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := watchPolicies(t, s)
	a := newApplication(t, s, "ww-17-plant")
	a.watcher = w
	main := git(fleet(t, "ww-17")).written()
	const before = "cell-pumping dmz site-historian supervision"
	dosing := git(fleet(t, "ww-19")).only("Namespace/ww-dosing", "Asset/plc-dosing-01", "Zone/cell-dosing")
	main = main.with(dosing...).change("Zone/cell-dosing", observing).written()
	a.do(step{"a new site in Observe", main.zones(observing), 1, "", nil})
	a.do(step{"it is enforced, but for one zone", main, 1, before, nil})
	main = main.change("Site/site", set(map[string]any{"approvedFrom": int64(2)}, "spec", "openings"))
	a.do(step{"the Site asks for approvals", main, 1, before, nil})

	main = main.change("Zone/cell-dosing", enforced).with(git(fleet(t, "ww-19")).only("Conduit/scada-dosing")...).written()
	w.expect(main)
	at := outcome{phase: common.OperationRunning, started: metav1.Now()}
	eventually(t, "the conduit is Suspended", func() error {
		at = a.look(main, at)
		return a.hasHealth(main, "Conduit/scada-dosing", health.HealthStatusSuspended)
	})
	for range 5 {
		at = a.look(main, at)
	}
	if at.phase != common.OperationRunning || strings.Join(w.denyingNow(), " ") != before {
		t.Fatalf("zones that deny before anybody has approved: %v; %s", w.denyingNow(), at)
	}

	s.approve(t, "scada-dosing")
	eventually(t, "the sync ends", func() error {
		if at = a.look(main, at); !at.phase.Completed() {
			return fmt.Errorf("it goes on: %s", at)
		}
		return nil
	})
	if at.phase != common.OperationSucceeded {
		t.Errorf("it ends as %s", at)
	}
	a.becomes(main, nil)
	if early := w.tooEarly(); len(early) > 0 || !strings.Contains(strings.Join(w.denyingNow(), " "), "cell-dosing") {
		t.Errorf("denied before they were written: %v; zones that deny: %v", early, w.denyingNow())
	}
}

// hasHealth says what an object's health is where it is another.
func (a *application) hasHealth(of git, object string, want health.HealthStatusCode) error {
	a.t.Helper()
	found, _ := a.compare(of)
	for _, live := range found.Live {
		if live == nil || name(live) != object {
			continue
		}
		is, err := health.GetResourceHealth(live, a.health)
		if err == nil && is.Status != want {
			err = fmt.Errorf("%s is %s: %s", object, is.Status, is.Message)
		}
		return err
	}
	return fmt.Errorf("there is no %s", object)
}

// approve is what a person of the site does, who has the role for it and has authenticated as
// the sample's Site asks.
func (s *site) approve(t *testing.T, conduit string) {
	t.Helper()
	const who = "bert@example.com"
	config := rest.CopyConfig(s.plane.Config())
	config.Impersonate = rest.ImpersonationConfig{UserName: who, Extra: map[string][]string{"zonewarden.io/amr": {"mfa"}}}
	binding := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": map[string]any{"name": "bert"},
		"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "zonewarden-opening-approver"},
		"subjects": []any{map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": who}},
	}}
	must(t, s.admin.Create(t.Context(), binding))
	scheme := runtime.NewScheme()
	must(t, v1alpha1.AddToScheme(scheme))
	bert, err := client.New(config, client.Options{Scheme: scheme})
	must(t, err)
	var c v1alpha1.Conduit
	eventually(t, "bert may read", func() error { return bert.Get(t.Context(), client.ObjectKey{Name: conduit}, &c) })
	hash, err := openings.HashConduit(&c)
	must(t, err)
	must(t, bert.Create(t.Context(), &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Name: "of-" + conduit, OwnerReferences: []metav1.OwnerReference{{
			APIVersion: v1alpha1.GroupVersion.String(), Kind: "Conduit", Name: conduit, UID: c.UID,
		}}},
		Spec: v1alpha1.ApprovalSpec{
			Of:        v1alpha1.ApprovedObject{Kind: v1alpha1.ApprovedConduit, Name: conduit, UID: string(c.UID), Generation: c.Generation, SpecHash: hash},
			Requester: manager, Approver: who, Decision: v1alpha1.DecisionApprove, Factors: []v1alpha1.Factor{"mfa"},
		},
	}))
}
