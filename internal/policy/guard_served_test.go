// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/policy/admintier"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

// TestAPIServerTakesGuards applies every golden guard of both layers, and some at the
// limits of the kinds, to a real API server, as internal/apply does: strictly, with the
// rules of the definitions. What it stores is what was sent.
func TestAPIServerTakesGuards(t *testing.T) {
	crds, err := controlplane.CiliumCRDs()
	if err != nil {
		t.Fatal(err)
	}
	adminTier, err := controlplane.AdminTierCRD()
	if err != nil {
		t.Fatal(err)
	}
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDPaths: []string{crds, adminTier}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.New(plane.Config(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]*topology.Model{"hub": hub(60)}
	for dir, s := range guardCases(t) {
		models[filepath.Base(dir)] = topology.Resolve(s)
	}
	for name, model := range models {
		for _, guarder := range []layer{{guarder: cilium.Backend{}}, {guarder: admintier.Guard{}}} {
			for _, o := range guardsOf(guarder.guarder, model) {
				requireStored(t, c, name, o.JSON())
			}
		}
	}
}

func requireStored(t *testing.T, c client.Client, plant string, raw []byte) {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(raw, &u.Object); err != nil {
		t.Fatal(err)
	}
	want, name := specOf(t, u), u.GetName()
	u.SetManagedFields(nil)
	unstructured.RemoveNestedField(u.Object, "status")
	ctx := context.WithoutCancel(t.Context())
	err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("test"), client.ForceOwnership)
	if err != nil {
		t.Errorf("%s: %s is refused: %v", plant, name, err)
		return
	}
	if got := specOf(t, u); got != want {
		t.Errorf("%s: %s is stored otherwise:\n%s\n%s", plant, name, want, got)
	}
}

func specOf(t *testing.T, u *unstructured.Unstructured) string {
	t.Helper()
	raw, err := json.Marshal([]any{u.Object["spec"], u.Object["specs"]})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
