// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/test/controlplane"
)

// TestTheAPIServerTakesTheManifests as kubectl would send them, one folder after
// the other, and the pod of the node agent in its namespace.
func TestTheAPIServerTakesTheManifests(t *testing.T) {
	t.Parallel()
	silent()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.New(plane.Config(), client.Options{Scheme: clientgoscheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"default", "node"} {
		for _, o := range kustomized(t, folder) {
			send(t, c, o)
		}
	}
	// A DaemonSet is stored whatever its pods may; only a pod meets pod security.
	send(t, c, &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: nodeNamespace, Name: "agent"},
		Spec:       nodePod(t),
	})
}

func send(t *testing.T, c client.Client, o client.Object) {
	t.Helper()
	create := client.WithFieldValidation(c, metav1.FieldValidationStrict).Create
	err := create(t.Context(), o)
	// The API server looks for new kinds twice a minute, and refuses until then what the guard
	// would judge.
	for by := time.Now().Add(90 * time.Second); err != nil && strings.Contains(err.Error(), "paramKind") && time.Now().Before(by); err = create(t.Context(), o) {
		time.Sleep(time.Second)
	}
	if err != nil {
		t.Errorf("%s %s: %v", o.GetObjectKind().GroupVersionKind().Kind, o.GetName(), err)
	}
}
