// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"testing"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// TestWindowsAreLeftAlone: what carries out a window has no declaration here, and is
// neither pruned nor held as an orphan, also when orphans are confirmed.
func TestWindowsAreLeftAlone(t *testing.T) {
	if apply.KindWindow != access.KindWindow {
		t.Fatalf("windows are called %s and %s", apply.KindWindow, access.KindWindow)
	}
	window := policy.NewObject(networkPolicy("window-acme", 1), policy.PartConduit, topology.ObjectRef{Kind: apply.KindWindow, Name: "acme"}, uid, nil)
	orphan := floor("gone", 1)
	in := apply.Input{Observed: seenAll(window)}
	checkPlans(t, []planCase{
		{"alone", in, owed{}},
		{"beside an orphan", apply.Input{Observed: seenAll(window, orphan)}, owed{Held: list("zone-gone Orphaned")}},
	})
	confirmed := apply.NewPlan(apply.Input{Observed: seenAll(window, orphan)}).HeldDigest
	p := apply.NewPlan(apply.Input{Observed: seenAll(window, orphan), Confirmed: confirmed})
	if len(p.Removals) != 1 || p.Removals[0].Key.Name != "zone-gone" {
		t.Errorf("what goes is %v", p.Removals)
	}
	for want, labels := range map[bool]map[string]string{
		true:  {v1alpha1.LabelManagedBy: "zonewarden", v1alpha1.LabelKind: "VendorAccessWindow"},
		false: {v1alpha1.LabelManagedBy: "helm", v1alpha1.LabelKind: "VendorAccessWindow"},
	} {
		if apply.OfWindow(labels) != want {
			t.Errorf("%v is of a window: %v", labels, !want)
		}
	}
	if apply.OfWindow(orphan.Manifest.GetLabels()) {
		t.Error("a floor is of a window")
	}
}
