// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

const vendorAccess = "samples/vendor-access"

// requests are the samples that people write in their own name.
func requests(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(vendorAccess, "requests", "*.yaml"))
	must(t, err)
	readme, err := os.ReadFile(filepath.Join(vendorAccess, "README.md"))
	must(t, err)
	var out []*unstructured.Unstructured
	for _, f := range files {
		raw, err := os.ReadFile(f)
		must(t, err)
		o := &unstructured.Unstructured{}
		must(t, yaml.UnmarshalStrict(raw, &o.Object))
		out = append(out, o)
		if !strings.Contains(string(readme), "(requests/"+filepath.Base(f)+")") {
			t.Errorf("the README does not know %s", f)
		}
	}
	if len(out) < 6 {
		t.Errorf("%d requests", len(out))
	}
	return out
}

// silent sets controller-runtime's logger, which is one for all tests.
var silent = sync.OnceFunc(func() { ctrl.SetLogger(logr.Discard()) })

// withOurKinds starts an API server that knows our kinds.
func withOurKinds(t *testing.T) client.Client {
	t.Helper()
	silent()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDPaths: []string{"crd"}})
	must(t, err)
	t.Cleanup(func() { must(t, plane.Stop()) })
	c, err := client.New(plane.Config(), client.Options{Scheme: clientgoscheme.Scheme})
	must(t, err)
	return c
}

// TestTheAPIServerTakesTheVendorSamples, with the fields that they have and no others.
func TestTheAPIServerTakesTheVendorSamples(t *testing.T) {
	t.Parallel()
	c := withOurKinds(t)
	for _, raw := range render(t, vendorAccess) {
		o := &unstructured.Unstructured{}
		must(t, yaml.Unmarshal(raw, &o.Object))
		if o.GroupVersionKind().Group == v1alpha1.GroupVersion.Group {
			send(t, c, o)
		}
	}
	for _, o := range requests(t) {
		send(t, c, o)
	}
}

// TestVendorSamplesNameWhatIsThere: vendors, people, jump hosts, zones and assets.
func TestVendorSamplesNameWhatIsThere(t *testing.T) {
	t.Parallel()
	objects := render(t, vendorAccess)
	site := as[v1alpha1.Site](t, objects, "Site/site")
	for _, o := range requests(t) {
		if o.GetKind() != "VendorAccessWindow" {
			continue
		}
		w := &v1alpha1.VendorAccessWindow{}
		must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, w))
		if !slices.ContainsFunc(site.Spec.Access.JumpHosts, func(j v1alpha1.JumpHost) bool { return j.Name == w.Spec.Through }) {
			t.Errorf("%s comes through %s", w.Name, w.Spec.Through)
		}
		v := as[v1alpha1.Vendor](t, objects, "Vendor/"+w.Spec.Vendor)
		for _, p := range w.Spec.People {
			if !slices.ContainsFunc(v.Spec.People, func(known v1alpha1.VendorPerson) bool { return known.User == p }) {
				t.Errorf("%s lets in %s, who is not of %s", w.Name, p, v.Name)
			}
		}
		for _, r := range w.Spec.Reach {
			as[v1alpha1.Zone](t, objects, "Zone/"+r.Zone)
			if !slices.Contains(v.Spec.Zones, r.Zone) {
				t.Errorf("%s reaches %s, which %s may not ask for", w.Name, r.Zone, v.Name)
			}
			for _, name := range r.Assets {
				if a := as[v1alpha1.Asset](t, objects, "Asset/"+name); a.Labels["plant.example/zone"] != r.Zone {
					t.Errorf("%s reaches %s in %s", w.Name, name, r.Zone)
				}
			}
		}
	}
}
