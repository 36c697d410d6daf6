// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/config/admission"
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
		w.eventually("the guard is gone", func() error { return w.Delete(w.ctx(), probe, client.DryRunAll) })
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
