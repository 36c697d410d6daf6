// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

const folder = "../../config/argocd/health"

func TestConfigMapIsUpToDate(t *testing.T) {
	t.Parallel()
	have, err := os.ReadFile("../../config/argocd/argocd-cm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want, err := ConfigMap(folder)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(have)); diff != "" {
		t.Errorf("config/argocd/argocd-cm.yaml is not what the checks say; run \"go run ./hack/argocd\" (-want +got):\n%s", diff)
	}
}

// TestEveryKindHasACheck: a kind without one is Healthy to Argo CD from its creation on.
func TestEveryKindHasACheck(t *testing.T) {
	t.Parallel()
	definitions, err := filepath.Glob("../../config/crd/zonewarden.io_*.yaml")
	if err != nil || len(definitions) == 0 {
		t.Fatalf("there are no definitions: %v", err)
	}
	text, err := ConfigMap(folder)
	if err != nil {
		t.Fatal(err)
	}
	var configMap struct{ Data map[string]string }
	if err := yaml.Unmarshal([]byte(text), &configMap); err != nil {
		t.Fatal(err)
	}
	for _, file := range definitions {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd struct {
			Spec struct{ Names struct{ Kind string } }
		}
		if err := yaml.Unmarshal(raw, &crd); err != nil {
			t.Fatal(err)
		}
		key := "resource.customizations.health.zonewarden.io_" + crd.Spec.Names.Kind
		if configMap.Data[key] == "" {
			t.Errorf("there is no %s", key)
		}
		delete(configMap.Data, key)
	}
	for key := range configMap.Data {
		t.Errorf("%s is of no kind", key)
	}
}
