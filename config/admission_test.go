// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/config/admission"
	"github.com/zonewarden/zonewarden/internal/guard"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

// A definition of ours is deleted only where that was announced; those of others are
// none of our business.
func TestADefinitionIsNotDeletedByMistake(t *testing.T) {
	t.Parallel()
	silent()
	cilium, err := controlplane.CiliumCRDs()
	must(t, err)
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDPaths: []string{"crd", cilium}})
	must(t, err)
	t.Cleanup(func() { must(t, plane.Stop()) })
	scheme := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(scheme))
	must(t, apiextensionsv1.AddToScheme(scheme))
	c, err := client.New(plane.Config(), client.Options{Scheme: scheme})
	must(t, err)
	for _, raw := range render(t, "admission") {
		o := &unstructured.Unstructured{}
		must(t, yaml.Unmarshal(raw, &o.Object))
		send(t, c, o)
	}
	awaitRefusal(t, c, definition("assets.zonewarden.io"))

	for name, tt := range map[string]struct {
		annotation string
		refused    bool
	}{
		"zones.zonewarden.io":                   {refused: true},
		"conduits.zonewarden.io":                {annotation: "", refused: true},
		"workloadcertificates.zonewarden.io":    {refused: true},
		"sites.zonewarden.io":                   {annotation: "leaving Zonewarden"},
		"ciliumcidrgroups.cilium.io":            {},
		"ciliumegressgatewaypolicies.cilium.io": {},
	} {
		d := definition(name)
		must(t, c.Get(t.Context(), client.ObjectKeyFromObject(d), d))
		if tt.annotation != "" {
			d.Annotations[v1alpha1.AnnotationAllowRelease] = tt.annotation
			must(t, c.Update(t.Context(), d))
		}
		err := c.Delete(t.Context(), d)
		if refused := apierrors.IsForbidden(err); refused != tt.refused || err != nil && !refused {
			t.Errorf("deleting %s: %v, want it refused: %t", name, err, tt.refused)
		}
		if tt.refused && !strings.Contains(err.Error(), v1alpha1.AnnotationAllowRelease) {
			t.Errorf("deleting %s: the refusal does not say what to do: %v", name, err)
		}
	}
}

func definition(name string) *apiextensionsv1.CustomResourceDefinition {
	return &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// awaitRefusal asks until the API server has taken the policy up, which it does about a
// second after it was created.
func awaitRefusal(t *testing.T, c client.Client, o client.Object) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		err := c.Delete(ctx, o, client.DryRunAll)
		if apierrors.IsForbidden(err) {
			return true, nil
		}
		return false, err
	})
	if err != nil {
		t.Fatalf("waiting until the API server takes the admission policy up: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatKustomizeWritesIsTheGuard: kubectl apply -k and Argo CD send what Kustomize writes
// as YAML, which is not letter by letter what was read.
func TestWhatKustomizeWritesIsTheGuard(t *testing.T) {
	t.Parallel()
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "default")
	must(t, err)
	written, err := resources.AsYaml()
	must(t, err)
	var shipped, standing []guard.Object
	for _, raw := range admission.Manifests() {
		var o guard.Object
		must(t, yaml.Unmarshal(raw, &o))
		shipped = append(shipped, o)
	}
	for doc := range strings.SplitSeq(string(written), "\n---\n") {
		var o guard.Object
		must(t, yaml.Unmarshal([]byte(doc), &o))
		standing = append(standing, o)
	}
	if d := guard.Compare(shipped, standing); !d.None() {
		t.Errorf("the operator would say that the guard was changed: %+v", d)
	}
}
