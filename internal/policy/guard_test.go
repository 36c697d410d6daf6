// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/admintier"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// countingGuard counts the zones that it is asked for.
type countingGuard struct {
	policy.Backend
	policy.Guarder
	zones []string
}

func (c *countingGuard) Guard(s *topology.Site, z *topology.Zone, n []topology.Neighbour) ([]*policy.Object, []v1alpha1.Finding) {
	c.zones = append(c.zones, z.Name)
	return c.Guarder.Guard(s, z, n)
}

func loadCase(t *testing.T, name string) topology.Snapshot {
	t.Helper()
	s, err := policytest.LoadSnapshot(filepath.Join("testdata", name, "in.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// guardObjects are the guards by kind and zone, without what tells one of the Admin tier
// from others of its zone.
func guardObjects(set policy.Set) (names []string) {
	for _, o := range set.Objects {
		if o.Part == policy.PartGuard {
			zone, _, _ := strings.Cut(o.Name, ".")
			names = append(names, o.GVK.Kind+"/"+zone)
		}
	}
	return names
}

// TestGuardOnlyWhereAsked: nothing of a guard is made, looked at or said unless the Site
// asks for its layer, and then for zones in Enforce that have workloads.
func TestGuardOnlyWhereAsked(t *testing.T) {
	const datapath, admin = "CiliumClusterwideNetworkPolicy/guard-", "ClusterNetworkPolicy/guard-"
	tests := map[string]struct {
		layers []v1alpha1.GuardLayer
		want   []string
	}{
		"no layer":   {nil, nil},
		"admission":  {[]v1alpha1.GuardLayer{v1alpha1.GuardAdmission}, nil},
		"datapath":   {[]v1alpha1.GuardLayer{v1alpha1.GuardDatapath}, []string{datapath}},
		"admin tier": {[]v1alpha1.GuardLayer{v1alpha1.GuardAdminTier}, []string{admin}},
		"both":       {[]v1alpha1.GuardLayer{v1alpha1.GuardAdminTier, v1alpha1.GuardDatapath}, []string{datapath, admin}},
	}
	// Each has one zone in Enforce with workloads; others observe, or are devices only.
	plants := map[string]string{"observe-beside-enforce": "cell-filtration", "devices-only": "supervision"}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			for plant, zone := range plants {
				s := loadCase(t, plant)
				s.Site.Spec.Guard.Layers = tc.layers
				var want []string
				for _, object := range tc.want {
					want = append(want, object+zone)
				}
				if diff := cmp.Diff(want, guardObjects(newCompiler(cilium.Backend{}).Compile(topology.Resolve(s)))); diff != "" {
					t.Errorf("%s (-want +got):\n%s", plant, diff)
				}
			}
		})
	}
}

// TestGuardsComeLast: floors first, or a guard stands while what it belongs to does not.
func TestGuardsComeLast(t *testing.T) {
	s := loadCase(t, "several-responders")
	s.Site.Spec.Guard.Layers = []v1alpha1.GuardLayer{v1alpha1.GuardDatapath, v1alpha1.GuardAdminTier}
	var parts []policy.Part
	for _, o := range newCompiler(cilium.Backend{}).Compile(topology.Resolve(s)).Objects {
		parts = append(parts, o.Part)
	}
	if !slices.IsSorted(parts) || parts[len(parts)-1] != policy.PartGuard || parts[0] == policy.PartGuard {
		t.Errorf("the parts are in the order %v", parts)
	}
}

// TestGuardsAreRemembered: a change of one conduit makes the guards of the zones that it
// joins anew, and no others.
func TestGuardsAreRemembered(t *testing.T) {
	s := loadCase(t, "several-responders")
	s.Site.Spec.Guard.Layers = []v1alpha1.GuardLayer{v1alpha1.GuardDatapath, v1alpha1.GuardAdminTier}
	datapath := &countingGuard{Backend: cilium.Backend{}, Guarder: cilium.Backend{}}
	admin := &countingGuard{Guarder: admintier.Guard{}}
	c := policy.NewCompiler(datapath).WithAdminTier(admin)
	compiles := func(what string, want ...string) {
		t.Helper()
		datapath.zones, admin.zones = nil, nil
		c.Compile(topology.Resolve(s))
		if diff := cmp.Diff([][]string{want, want}, [][]string{datapath.zones, admin.zones}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	var all []string
	for _, z := range topology.Resolve(s).Zones {
		if z.Enforce && len(z.Workloads) > 0 {
			all = append(all, z.Name)
		}
	}
	if len(all) < 3 {
		t.Fatalf("only zones %v", all)
	}
	compiles("at first", all...)
	compiles("nothing")
	s.Conduits[0].Spec.Suspended = true
	joined := []string{s.Conduits[0].Spec.Initiator.Zone}
	for _, r := range s.Conduits[0].Spec.Responders {
		joined = append(joined, r.Zone)
	}
	joined = slices.DeleteFunc(joined, func(z string) bool { return !slices.Contains(all, z) })
	slices.Sort(joined)
	compiles("a conduit", joined...)
	s.Site.Spec.Guard.Layers = nil
	compiles("no layer")
}

// TestGuardGoesWithItsZone: the stamp that lets a floor go lets the guard go.
func TestGuardGoesWithItsZone(t *testing.T) {
	s := loadCase(t, "two-zones-one-conduit")
	s.Site.Spec.Guard.Layers = []v1alpha1.GuardLayer{v1alpha1.GuardDatapath, v1alpha1.GuardAdminTier}
	s.Zones[0].Annotations = map[string]string{v1alpha1.AnnotationAllowRelease: "the plant is closed"}
	set := newCompiler(cilium.Backend{}).Compile(topology.Resolve(s))
	stamped := 0
	for _, o := range set.Objects {
		has := strings.Contains(string(o.JSON()), v1alpha1.AnnotationRelease)
		if want := o.Part != policy.PartConduit && o.Source.Name == s.Zones[0].Name; has != want {
			t.Errorf("%s %s of %s: stamped for release %t, want %t", o.GVK.Kind, o.Name, o.Source, has, want)
		}
		if has && o.Part == policy.PartGuard {
			stamped++
		}
	}
	if stamped != 2 {
		t.Errorf("%d guards are stamped", stamped)
	}
	if words := strings.Join(inWords(set).Objects, "\n"); strings.Contains(words, notItsOwn) {
		t.Error(words)
	}
}

// TestLayersThatNothingMakes: a layer that the cluster does not have is said at the Site.
func TestLayersThatNothingMakes(t *testing.T) {
	s := loadCase(t, "two-zones-one-conduit")
	s.Site.Spec.Guard.Layers = []v1alpha1.GuardLayer{v1alpha1.GuardDatapath, v1alpha1.GuardAdminTier}
	set := policy.NewCompiler(backends["networkpolicy"]).Compile(topology.Resolve(s))
	findings := set.Findings[topology.ObjectRef{Kind: topology.KindSite, Name: topology.SiteName}]
	if len(guardObjects(set)) > 0 || len(findings) != 2 {
		t.Fatalf("objects %v, findings %v", guardObjects(set), findings)
	}
	for i, layer := range []string{"Datapath", "AdminTier"} {
		f := findings[i]
		if f.Path != "spec.guard.layers" || f.Severity != v1alpha1.SeverityWarning || f.Reason != v1alpha1.ReasonBackendCannot || !strings.Contains(f.Message, layer) {
			t.Errorf("finding %+v", f)
		}
	}
}

// TestGuardIsPure: the same model gives the same objects, and stays as it is.
func TestGuardIsPure(t *testing.T) {
	for dir, s := range guardCases(t) {
		model := topology.Resolve(s)
		before := snapshotOf(&plant{zones: model.Zones, conduits: model.Conduits})
		for name, l := range layers {
			first := objectsInWords(guardsOf(l.guarder, model))
			if diff := cmp.Diff(first, objectsInWords(guardsOf(l.guarder, topology.Resolve(s)))); diff != "" {
				t.Errorf("%s, %s (-first +again):\n%s", dir, name, diff)
			}
		}
		if diff := cmp.Diff(before, snapshotOf(&plant{zones: model.Zones, conduits: model.Conduits})); diff != "" {
			t.Errorf("%s: the model changed: %s", dir, diff)
		}
	}
}
