// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/config/admission"
	"github.com/zonewarden/zonewarden/internal/guard"
)

// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingadmissionpolicies;validatingadmissionpolicybindings,verbs=get;list;watch

// admissionKinds are the kinds that the guard at admission is made of.
var admissionKinds = []schema.GroupVersionKind{
	{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "ValidatingAdmissionPolicy"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "ValidatingAdmissionPolicyBinding"},
}

// guardLabel marks the objects of the guard at admission.
const guardLabel, guardAtAdmission = "zonewarden.io/guard", "admission"

// maxDifferences that the Site's condition names.
const maxDifferences = 5

// shippedGuard is what config/admission holds.
var shippedGuard = sync.OnceValue(func() []guard.Object {
	var out []guard.Object
	for _, raw := range admission.Manifests() {
		var o guard.Object
		if err := yaml.Unmarshal(raw, &o); err != nil {
			panic(fmt.Sprintf("reading a manifest that was compiled in: %v", err))
		}
		out = append(out, o)
	}
	return out
})

// guardMemory is the last comparison, and the versions of the objects compared. There is
// nothing to be compared again while they stay.
type guardMemory struct {
	versions string
	found    guard.Differences
}

// fetchGuard compares the admission policies of the cluster with those that were shipped.
func (s *Segmentation) fetchGuard(ctx context.Context) (guard.Differences, error) {
	var standing []guard.Object
	var versions strings.Builder
	for _, gvk := range admissionKinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
		if err := s.cache.List(ctx, list, shared); err != nil {
			return guard.Differences{}, fmt.Errorf("listing %s: %w", gvk.Kind, err)
		}
		slices.SortFunc(list.Items, func(a, b unstructured.Unstructured) int { return strings.Compare(a.GetName(), b.GetName()) })
		for i := range list.Items {
			standing = append(standing, list.Items[i].Object)
			fmt.Fprintf(&versions, "%s/%s ", list.Items[i].GetUID(), list.Items[i].GetResourceVersion())
		}
	}
	if s.guard.versions != versions.String() || versions.Len() == 0 {
		s.guard = guardMemory{versions: versions.String(), found: guard.Compare(shippedGuard(), standing)}
	}
	return s.guard.found, nil
}

// guardStatus says on the Site whether the layers that it asks for are in place.
func (c conditions) guardStatus(o *outcome, layers []v1alpha1.GuardLayer) {
	missing := o.unavailableLayers(layers)
	unlike := slices.Concat(o.admission.Missing, o.admission.Changed)
	atAdmission := slices.Contains(layers, v1alpha1.GuardAdmission)
	set := func(is bool, reason, format string, args ...any) {
		c.set(v1alpha1.ConditionGuarded, is, reason, fmt.Sprintf(format, args...))
	}
	switch {
	case len(layers) == 0:
		set(false, v1alpha1.ReasonNoGuard, "spec.guard.layers is empty: one policy of anybody opens a zone")
	case atAdmission && !o.admission.None():
		more := ""
		if len(unlike) > maxDifferences {
			more = fmt.Sprintf(" and %d more", len(unlike)-maxDifferences)
			unlike = unlike[:maxDifferences]
		}
		set(false, v1alpha1.ReasonGuardChanged, "%d admission policies or bindings are missing and %d are not as shipped: %s%s; apply config/admission again",
			len(o.admission.Missing), len(o.admission.Changed), strings.Join(unlike, ", "), more)
	case len(missing) > 0:
		set(false, v1alpha1.ReasonGuardUnavailable, "%s cannot be had with this backend in this cluster; see status.findings", strings.Join(missing, ", "))
	case len(o.budget.Unguarded) > 0:
		set(false, v1alpha1.ReasonBudgetExceeded, "the denies of %d zones do not fit into their policy maps, first %s", len(o.unguardedZones()), o.budget.Unguarded[0].Zone)
	default:
		set(true, v1alpha1.ReasonGuarded, "in place: %s", joinLayers(layers))
	}
}

// unguardedZones are those for which a layer does not fit.
func (o *outcome) unguardedZones() []string {
	var zones []string
	for _, u := range o.budget.Unguarded {
		zones = append(zones, u.Zone)
	}
	return slices.Compact(zones)
}

// unavailableLayers are those that the Site asks for and nothing here can make.
func (o *outcome) unavailableLayers(layers []v1alpha1.GuardLayer) []string {
	notMade := map[v1alpha1.GuardLayer]bool{
		v1alpha1.GuardDatapath:  o.backend.chosen != v1alpha1.BackendCilium,
		v1alpha1.GuardAdminTier: !o.backend.adminTier,
	}
	var out []string
	for _, layer := range []v1alpha1.GuardLayer{v1alpha1.GuardDatapath, v1alpha1.GuardAdminTier} {
		if slices.Contains(layers, layer) && (notMade[layer] || o.backend.settings.Lacks(layer) != "") {
			out = append(out, string(layer))
		}
	}
	return out
}

func joinLayers(layers []v1alpha1.GuardLayer) string {
	names := make([]string, 0, len(layers))
	for _, l := range layers {
		names = append(names, string(l))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
