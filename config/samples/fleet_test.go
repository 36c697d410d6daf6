// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package samples

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// fleetSites are those of the sample, with their zones in Observe and what warns.
var fleetSites = map[string]struct {
	backend   v1alpha1.Backend
	observing []string
	enforced  []string
	title     string
	jumpHost  string
}{
	"ww-17": {v1alpha1.BackendCilium, nil, []string{"cell-pumping", "dmz", "site-historian", "supervision"}, "Water works 17, North", "10.17.5.10"},
	"ww-18": {v1alpha1.BackendNetwork, []string{"cell-pumping"}, []string{"dmz", "site-historian", "supervision"}, "Water works 18, Harbour", "10.18.5.10"},
	"ww-19": {v1alpha1.BackendCilium, []string{"cell-dosing", "cell-pumping", "dmz", "site-historian", "supervision"}, nil, "Water works 19, Hill", "10.19.5.10"},
}

// overlays that were rendered, one at a time: Kustomize keeps schemas in variables of its
// package.
var overlays struct {
	sync.Mutex
	texts map[string]string
}

// overlay is what a site's folder renders to, as Argo CD and kubectl apply -k have it.
func overlay(t *testing.T, site string) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for doc := range strings.SplitSeq(overlayText(t, site), "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &o.Object); err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

func overlayText(t *testing.T, site string) string {
	t.Helper()
	overlays.Lock()
	defer overlays.Unlock()
	if text, is := overlays.texts[site]; is {
		return text
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "fleet/sites/"+site)
	if err != nil {
		t.Fatalf("rendering %s: %v", site, err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	if overlays.texts == nil {
		overlays.texts = map[string]string{}
	}
	overlays.texts[site] = string(text)
	return string(text)
}

// resolved is the model of a site of the fleet. Vendors are no part of it.
func resolved(t *testing.T, objects []*unstructured.Unstructured) (*plant, *topology.Model) {
	t.Helper()
	p := &plant{schemas: loadSchemas(t), created: created}
	p.snapshot.Now = today
	for _, o := range objects {
		if o.GetKind() == "Vendor" {
			continue
		}
		raw, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.add(raw); err != nil {
			t.Fatalf("%s: %v", o.GetName(), err)
		}
	}
	return p, topology.Resolve(p.snapshot)
}

func TestFleetIsAccepted(t *testing.T) {
	t.Parallel()
	for site, want := range fleetSites {
		t.Run(site, func(t *testing.T) {
			t.Parallel()
			p, m := resolved(t, overlay(t, site))
			var warnings, observing, enforced []string
			for _, ref := range p.refs {
				v := m.Verdicts[ref]
				if v == nil || !v.Accepted() {
					t.Errorf("%s is not accepted: %+v", ref, v)
					continue
				}
				for _, f := range v.Findings {
					warnings = append(warnings, fmt.Sprintf("%s %s %s", ref, f.Severity, f.Reason))
				}
			}
			if diff := cmp.Diff([]string{"Conduit/panel-drives Warning Cleartext"}, warnings); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			for _, z := range m.Zones {
				if z.Enforce {
					enforced = append(enforced, z.Name)
				} else {
					observing = append(observing, z.Name)
				}
			}
			slices.Sort(observing)
			slices.Sort(enforced)
			if diff := cmp.Diff([][]string{want.observing, want.enforced}, [][]string{observing, enforced}); diff != "" {
				t.Errorf("zones in Observe and in Enforce (-want +got):\n%s", diff)
			}
			s := p.snapshot.Site.Spec
			if s.ID != site || s.Title != want.title || s.Backend != want.backend || string(s.Access.JumpHosts[0].Addresses[0]) != want.jumpHost {
				t.Errorf("the Site is %s, %q, %s, %v", s.ID, s.Title, s.Backend, s.Access.JumpHosts)
			}
			for _, a := range p.snapshot.Assets {
				if m.AssetZones[a.Name] == "" {
					t.Errorf("asset %s is in no zone", a.Name)
				}
			}
		})
	}
}

// TestFleetHasNoPlaceholders: each value of the base that a site has to give is given.
func TestFleetHasNoPlaceholders(t *testing.T) {
	t.Parallel()
	addresses := map[string]string{}
	for site := range fleetSites {
		for _, o := range overlay(t, site) {
			raw, err := o.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			for _, placeholder := range []string{"192.0.2.", "placeholder", "site-values"} {
				if strings.Contains(string(raw), placeholder) {
					t.Errorf("%s: %s %s has %q left", site, o.GetKind(), o.GetName(), placeholder)
				}
			}
			of, _, _ := unstructured.NestedStringSlice(o.Object, "spec", "addresses")
			for _, a := range of {
				if other := addresses[a]; other != "" {
					t.Errorf("%s is an address at %s and at %s", a, other, site)
				}
				addresses[a] = site
			}
		}
	}
}

// TestFleetWaves: conduits are applied before any zone that denies, and a zone that does not
// before them; what others need comes first.
func TestFleetWaves(t *testing.T) {
	t.Parallel()
	want := map[string]string{"Namespace": "0", "Site": "0", "Asset": "1", "Conduit": "2", "Vendor": "3"}
	for site := range fleetSites {
		for _, o := range overlay(t, site) {
			wave := want[o.GetKind()]
			if o.GetKind() == "Zone" {
				mode, _, _ := unstructured.NestedString(o.Object, "spec", "enforcement")
				wave = map[string]string{"Observe": "1", "Enforce": "3"}[mode]
			}
			if got := o.GetAnnotations()["argocd.argoproj.io/sync-wave"]; got != wave || wave == "" {
				t.Errorf("%s: %s %s is in wave %q, not %q", site, o.GetKind(), o.GetName(), got, wave)
			}
			options := o.GetAnnotations()["argocd.argoproj.io/sync-options"]
			keeps := map[string]string{"Zone": "Prune=confirm,", "Site": "Prune=false,", "Namespace": "Prune=false,"}[o.GetKind()] + "Delete=false"
			if options != keeps {
				t.Errorf("%s: %s %s has the options %q, not %q", site, o.GetKind(), o.GetName(), options, keeps)
			}
		}
	}
}
