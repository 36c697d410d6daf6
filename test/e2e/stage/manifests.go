// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// Manifests builds a folder of this repository as `kubectl apply -k` does.
func Manifests(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(repository, folder))
	if err != nil {
		t.Fatalf("building %s: %v", folder, err)
	}
	var out []*unstructured.Unstructured
	for _, r := range resources.Resources() {
		o := &unstructured.Unstructured{}
		raw, err := r.MarshalJSON()
		if err := errors.Join(err, o.UnmarshalJSON(raw)); err != nil {
			t.Fatalf("building %s: %v", folder, err)
		}
		out = append(out, o)
	}
	return out
}

// Parse reads YAML documents.
func Parse(t *testing.T, documents string) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for doc := range strings.SplitSeq(documents, "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &o.Object); err != nil {
			t.Fatalf("reading a manifest: %v\n%s", err, doc)
		}
		out = append(out, o)
	}
	return out
}

// Apply applies objects, in order, as a user with all rights.
func (s *Stage) Apply(t *testing.T, objects ...*unstructured.Unstructured) {
	t.Helper()
	for _, o := range objects {
		// The answer is not written into the object: it may be applied again.
		if err := s.WithWatch.Apply(context.WithoutCancel(t.Context()), client.ApplyConfigurationFromUnstructured(o.DeepCopy()),
			client.FieldOwner("e2e"), client.ForceOwnership); err != nil {
			t.Fatalf("applying %s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
}

// Remove deletes objects that may be gone already.
func (s *Stage) Remove(t *testing.T, objects ...*unstructured.Unstructured) {
	t.Helper()
	for _, o := range objects {
		if err := s.Delete(context.WithoutCancel(t.Context()), o.DeepCopy()); client.IgnoreNotFound(err) != nil {
			t.Fatalf("deleting %s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
}

// Programs is the folder with ours, kubectl's plugin among them.
func Programs() string { return built() }

// Kubectl is the program.
func Kubectl() string { return built("kube", "kubectl") }

// Kubectl runs kubectl as a user with all rights.
func (s *Stage) Kubectl(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), built("kube", "kubectl"), append([]string{"--kubeconfig", s.Kubeconfig}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+s.folder) // where it caches what the server serves
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("kubectl %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// File writes objects to a file for kubectl.
func (s *Stage) File(t *testing.T, objects ...*unstructured.Unstructured) string {
	t.Helper()
	var docs []string
	for _, o := range objects {
		raw, err := yaml.Marshal(o.Object)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, string(raw))
	}
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%s.yaml", objects[0].GetName()))
	if err := os.WriteFile(path, []byte(strings.Join(docs, "---\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
