// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var clusterwidePolicy = schema.GroupVersionKind{Group: "cilium.io", Version: "v2", Kind: "CiliumClusterwideNetworkPolicy"}

func fromUnstructured(raw, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(raw.(map[string]any), into)
}

// policy is a Cilium policy by name.
func policy(name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(clusterwidePolicy)
	o.SetName(name)
	return o
}

// stands says whether a Cilium policy is there.
func (w *waterWorks) stands(name string) bool {
	w.t.Helper()
	o := policy(name)
	err := w.Get(w.ctx(), client.ObjectKeyFromObject(o), o)
	if !apierrors.IsNotFound(err) {
		must(w.t, err)
	}
	return err == nil
}
