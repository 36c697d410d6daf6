// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// oneAtATime: kustomize keeps the schemas that patches are merged by in variables of its
// package, and two runs at once race for them.
var oneAtATime sync.Mutex

// kustomized are the objects that `kubectl apply -k` sends of a folder here, in its order.
func kustomized(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatalf("rendering config/%s: %v", folder, err)
	}
	var out []*unstructured.Unstructured
	for _, r := range resources.Resources() {
		content, err := r.Map()
		if err != nil {
			t.Fatalf("decoding %s: %v", r.GetName(), err)
		}
		out = append(out, &unstructured.Unstructured{Object: content})
	}
	return out
}
