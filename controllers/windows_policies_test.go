// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
)

var ofWindow = map[string]string{
	v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue, v1alpha1.LabelKind: apply.KindWindow, v1alpha1.LabelName: "acme",
}

// TestPoliciesOfWindowsAreLeftAlone: segmentation does not take what windows open for its
// own, to be pruned, nor for a hole that somebody made. Without our label it is one.
func TestPoliciesOfWindowsAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.livePlant()
	plain := allowAll()
	plain.Name, plain.Labels = "window-acme", ofWindow
	cilium := func(name string, labels map[string]string) *unstructured.Unstructured {
		u := manifest(t, "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: cell, name: "+name+"}\n"+
			"spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}\n")
		u.SetLabels(labels)
		return u
	}
	window := cilium("window-acme", ofWindow)
	w.make(plain, window)
	// It looks again when somebody else's comes, which is all that it then finds.
	w.make(cilium("hole", map[string]string{v1alpha1.LabelKind: apply.KindWindow}))
	w.exposed("cell", v1alpha1.ReasonForeignPolicy, "CiliumNetworkPolicy/cell/hole")
	z := zone("cell")
	w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(z), z))
	for _, f := range z.Status.Findings {
		if f.Reason == v1alpha1.ReasonForeignPolicy && strings.Contains(f.Message, "window-acme") {
			t.Errorf("a window is reported: %s", f.Message)
		}
	}
	w.must(w.Delete(w.ctx(), cilium("hole", nil)))
	w.clean("cell")
	s := site()
	w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(s), s))
	if s.Status.Held.Count > 0 {
		t.Errorf("%d objects are held", s.Status.Held.Count)
	}
	for _, o := range []client.Object{&networkingv1.NetworkPolicy{}, cilium("window-acme", nil)} {
		if err := w.Get(w.ctx(), client.ObjectKey{Namespace: "cell", Name: "window-acme"}, o); err != nil {
			t.Error(fmt.Errorf("it was pruned: %w", err))
		}
	}
}
