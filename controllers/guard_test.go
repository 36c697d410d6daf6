// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/config/admission"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

// shipped are the objects of the guard at admission.
func (w *world) shipped() []*unstructured.Unstructured {
	w.t.Helper()
	var out []*unstructured.Unstructured
	for _, raw := range admission.Manifests() {
		o := &unstructured.Unstructured{}
		w.must(yaml.Unmarshal(raw, &o.Object))
		out = append(out, o)
	}
	return out
}

// guarded puts the guard at admission into the cluster until the test ends, and a while
// longer: the API server forgets it a moment after it is gone.
func (w *world) guarded() {
	w.t.Helper()
	probe := zone("deleted")
	w.t.Cleanup(func() {
		for _, o := range w.shipped() {
			w.must(client.IgnoreNotFound(w.Delete(w.ctx(), o)))
		}
		// Each of its policies is forgotten by itself.
		w.eventually("the guard is gone", func() error {
			return errors.Join(w.Delete(w.ctx(), probe, client.DryRunAll), w.Create(w.ctx(), windowOf("forgotten", time.Hour), client.DryRunAll))
		})
	})
	w.make(namespace("deleted"), probe)
	for _, o := range w.shipped() {
		w.must(w.Create(w.ctx(), o))
	}
	w.eventually("the guard holds", func() error {
		if err := w.Delete(w.ctx(), probe, client.DryRunAll); !apierrors.IsForbidden(err) {
			return fmt.Errorf("an enforced zone may be deleted, or cannot be for another reason: %w", err)
		}
		return nil
	})
}

// The Site says whether the guard that it asks for is in place, and what of it is not.
func TestTheSiteSaysWhetherItIsGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.plant()
	s := site()
	if message := w.condition(s, v1alpha1.ConditionGuarded, metav1.ConditionFalse, v1alpha1.ReasonGuardChanged); !strings.Contains(message, "are missing") {
		t.Errorf("without any guard: %s", message)
	}
	w.guarded()
	if message := w.condition(s, v1alpha1.ConditionGuarded, metav1.ConditionTrue, v1alpha1.ReasonGuarded); !strings.Contains(message, "Admission") {
		t.Errorf("with the guard: %s", message)
	}
	for _, o := range w.shipped() {
		if o.GetKind() != "ValidatingAdmissionPolicy" {
			continue
		}
		w.must(w.Patch(w.ctx(), o, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"failurePolicy":"Ignore"}}`))))
		if message := w.condition(s, v1alpha1.ConditionGuarded, metav1.ConditionFalse, v1alpha1.ReasonGuardChanged); !strings.Contains(message, o.GetName()) {
			t.Errorf("with %s failing open: %s", o.GetName(), message)
		}
		w.must(w.Patch(w.ctx(), o, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"failurePolicy":"Fail"}}`))))
		w.condition(s, v1alpha1.ConditionGuarded, metav1.ConditionTrue, v1alpha1.ReasonGuarded)
		break
	}
	w.change(s, func() { s.Spec.Guard.Layers = []v1alpha1.GuardLayer{} })
	w.condition(s, v1alpha1.ConditionGuarded, metav1.ConditionFalse, v1alpha1.ReasonNoGuard)
	w.change(s, func() { s.Spec.Guard.Layers = []v1alpha1.GuardLayer{v1alpha1.GuardAdmission, v1alpha1.GuardAdminTier} })
	w.condition(s, v1alpha1.ConditionGuarded, metav1.ConditionFalse, v1alpha1.ReasonGuardUnavailable)
}

// The layer AdminTier comes with the definition of its kind, is put back when somebody
// deletes it, follows what is declared, and goes with the layer.
func TestTheAdminTierIsGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.plant()
	s := site()
	layers := func(l ...v1alpha1.GuardLayer) { w.change(s, func() { s.Spec.Guard.Layers = l }) }
	layers(v1alpha1.GuardAdminTier)
	w.condition(s, v1alpha1.ConditionGuarded, metav1.ConditionFalse, v1alpha1.ReasonGuardUnavailable)

	w.defineAdminTier()
	w.condition(s, v1alpha1.ConditionGuarded, metav1.ConditionTrue, v1alpha1.ReasonGuarded)
	guards := []string{"ClusterNetworkPolicy/guard-cell.da3167f577b2", "ClusterNetworkPolicy/guard-supervision.fe6a4c8b9664"}
	w.havePolicies(slices.Concat(plantPolicies, guards)...)

	first := w.policies()[guards[0]]
	w.must(w.Delete(w.ctx(), first))
	w.eventually("the guard is back", func() error {
		if now := w.policies()[guards[0]]; now == nil || now.GetUID() == first.GetUID() {
			return errors.New("it is not")
		}
		return nil
	})
	w.condition(s, v1alpha1.ConditionDrift, metav1.ConditionTrue, v1alpha1.ReasonForeignEdit)

	w.make(conduit("more", "cell", "supervision", "modbus-tcp"))
	w.eventually("the new conduit's port is passed", func() error {
		for _, name := range guards {
			if rules := fmt.Sprint(w.policies()[name].Object["spec"]); !strings.Contains(rules, "502") {
				return fmt.Errorf("not in %s: %s", name, rules)
			}
		}
		return nil
	})

	layers(v1alpha1.GuardAdmission)
	w.havePolicies(append(slices.Clone(plantPolicies), "CiliumClusterwideNetworkPolicy/conduit-more")...)
}

// defineAdminTier defines ClusterNetworkPolicy until the test ends.
func (w *world) defineAdminTier() {
	w.t.Helper()
	file, err := controlplane.AdminTierCRD()
	w.must(err)
	installed, err := envtest.InstallCRDs(w.plane.Config(), envtest.CRDInstallOptions{Paths: []string{file}, MaxTime: patience})
	w.must(err)
	w.t.Cleanup(func() { w.must(w.Delete(w.ctx(), installed[0])) })
}
