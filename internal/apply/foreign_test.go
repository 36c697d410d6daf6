// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
)

func trim(t *testing.T, in any) *unstructured.Unstructured {
	t.Helper()
	out, err := apply.Trim(in)
	if err != nil {
		t.Fatal(err)
	}
	return out.(*unstructured.Unstructured)
}

func TestTrimStripsOurs(t *testing.T) {
	u := stored(t, stamped())
	if diff := cmp.Diff(strip(t, u), trim(t, u)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(strip(t, u), trim(t, trim(t, u))); diff != "" {
		t.Errorf("a second time: %s", diff)
	}
	if !apply.Stripped(trim(t, u)) {
		t.Error("it is not known for ours")
	}
	// In a kind that we do not write, nobody is taken for us.
	foreign, err := apply.TrimForeign(u)
	if err != nil || apply.Stripped(foreign.(*unstructured.Unstructured)) || foreign.(*unstructured.Unstructured).Object["spec"] == nil {
		t.Errorf("%v, %v", foreign, err)
	}
}

// TestTrimKeepsTheRulesOfOthers and nothing that says that they are ours.
func TestTrimKeepsTheRulesOfOthers(t *testing.T) {
	u := stored(t, stamped())
	labels := u.GetLabels()
	labels[v1alpha1.LabelManagedBy] = "helm"
	u.SetLabels(labels)
	set(t, u, "rules", "specs")
	before := u.DeepCopy()
	once := trim(t, u)
	want := map[string]any{
		"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": u.Object["spec"], "specs": "rules",
		"metadata": map[string]any{"namespace": "plant", "name": "conduit-c", "uid": "live", "resourceVersion": "42", "generation": int64(3)},
	}
	if diff := cmp.Diff(want, once.Object); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
	if diff := cmp.Diff(before, u); diff != "" {
		t.Errorf("it changed what it was given: %s", diff)
	}
	if diff := cmp.Diff(once.DeepCopy(), trim(t, once)); diff != "" {
		t.Errorf("a second time: %s", diff)
	}
	if o, err := apply.Observe(once); err == nil || apply.Stripped(once) {
		t.Errorf("taken for ours: %+v", o)
	}
	if out, err := apply.Trim(networkPolicy("zone-a", 1)); err == nil {
		t.Errorf("trimmed %+v", out)
	}
}

func TestTrimCutsGroups(t *testing.T) {
	for n, cut := range map[int]bool{0: false, 256: false, 257: true, 1000: true} {
		u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "cilium.io/v2", "kind": "CiliumCIDRGroup"}}
		u.SetName("feed")
		networks := make([]any, n)
		for i := range networks {
			networks[i] = fmt.Sprintf("10.0.%d.%d/32", i/256, i%256)
		}
		u.Object["spec"] = map[string]any{"externalCIDRs": networks}
		spec := trim(t, u).Object["spec"].(map[string]any)
		if kept := spec["externalCIDRs"].([]any); len(kept) != min(n, 256) || (len(spec) == 2) != cut {
			t.Errorf("%d: %d kept, %d fields", n, len(kept), len(spec))
		}
		if len(u.Object["spec"].(map[string]any)["externalCIDRs"].([]any)) != n {
			t.Error("it changed what it was given")
		}
	}
}

func TestCiliumsRefusalIsKept(t *testing.T) {
	condition := func(kind, status, message string) []any {
		return []any{map[string]any{"type": "Other", "status": "False"}, map[string]any{"type": kind, "status": status, "message": message}}
	}
	for name, tc := range map[string]struct {
		conditions any
		want       string
	}{
		"refused":        {condition("Valid", "False", "no such port"), "no such port"},
		"without words":  {condition("Valid", "False", ""), "it does not say why"},
		"with many":      {condition("Valid", "False", strings.Repeat("x", 600)), strings.Repeat("x", 512)},
		"taken":          {condition("Valid", "True", "Policy validation succeeded"), ""},
		"another":        {condition("Ready", "False", "no"), ""},
		"no opinion":     {nil, ""},
		"something else": {"all is well", ""},
	} {
		u := stored(t, stamped())
		u.Object["status"] = map[string]any{"conditions": tc.conditions}
		before := observe(t, stored(t, stamped()))
		got := observe(t, u)
		if got.Refused != tc.want || got.Digest != before.Digest {
			t.Errorf("%s: %q, digest %s", name, got.Refused, got.Digest)
		}
		again, err := apply.Observe(trim(t, trim(t, u)))
		if err != nil || again.Refused != tc.want {
			t.Errorf("%s, a second time: %q, %v", name, again.Refused, err)
		}
	}
}
