// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// fromGit reads the objects of a file of config/argocd.
func fromGit(t *testing.T, name string) []*unstructured.Unstructured {
	t.Helper()
	raw, err := os.ReadFile(root("config", "argocd", name))
	must(t, err)
	return objects(t, string(raw))
}

// TestTheFleetInstallsTheChart: the values of the ApplicationSet render, with its image and
// without a Site, and the project of Argo CD lets through what comes of them, also where they
// turn on what the chart has besides. Argo CD refuses a whole sync for one object that is not.
func TestTheFleetInstallsTheChart(t *testing.T) {
	t.Parallel()
	generators, _, _ := unstructured.NestedSlice(fromGit(t, "applicationset.yaml")[0].Object, "spec", "generators")
	values, found, _ := unstructured.NestedMap(generators[0].(map[string]any), "clusters", "template", "spec", "source", "helm", "valuesObject")
	if !found {
		t.Fatal("the first generator has no values for the chart")
	}
	raw, err := yaml.Marshal(values)
	must(t, err)
	file := filepath.Join(t.TempDir(), "values.yaml")
	must(t, os.WriteFile(file, raw, 0o600))

	projects := fromGit(t, "project.yaml")
	i := slices.IndexFunc(projects, func(o *unstructured.Unstructured) bool { return o.GetName() == "zonewarden-operator" })
	if i < 0 {
		t.Fatal("there is no project of the operator")
	}
	image, _, _ := unstructured.NestedString(values, "image", "repository")
	seen, elsewhere := false, map[string]bool{}
	for _, o := range slices.Concat(rendered(t, "--values", file), rendered(t, append(slices.Clone(everything), "--values", file)...)) {
		elsewhere[o.GetNamespace()] = true
		if o.GetKind() == "Site" {
			t.Error("the chart makes a Site, which comes with the plant")
		}
		if o.GetKind() == "Deployment" {
			containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
			got, _, _ := unstructured.NestedString(containers[0].(map[string]any), "image")
			seen = len(got) > len(image) && got[:len(image)] == image
		}
		if !permitted(projects[i], o) {
			t.Errorf("the project does not let through %s", key(o))
		}
	}
	if !seen {
		t.Errorf("the operator's image is not %s", image)
	}
	if !elsewhere["zonewarden-node"] || !elsewhere["zonewarden-access"] {
		t.Errorf("nothing was rendered for a namespace of its own: %v", elsewhere)
	}
}

// permitted says whether an AppProject lets an object through, as Argo CD reads it: what is
// in no namespace by its kind, everything else by where it goes.
func permitted(project, o *unstructured.Unstructured) bool {
	matches := func(field, key string, want func(map[string]any) bool) bool {
		list, _, _ := unstructured.NestedSlice(project.Object, "spec", field)
		return slices.ContainsFunc(list, func(item any) bool {
			entry, ok := item.(map[string]any)
			return ok && entry[key] != nil && want(entry)
		})
	}
	if o.GetNamespace() == "" {
		return matches("clusterResourceWhitelist", "kind", func(entry map[string]any) bool {
			return entry["kind"] == o.GetKind() && entry["group"] == o.GroupVersionKind().Group
		})
	}
	return matches("destinations", "namespace", func(entry map[string]any) bool { return entry["namespace"] == o.GetNamespace() }) &&
		matches("namespaceResourceWhitelist", "kind", func(entry map[string]any) bool {
			return (entry["kind"] == "*" || entry["kind"] == o.GetKind()) && (entry["group"] == "*" || entry["group"] == o.GroupVersionKind().Group)
		})
}
