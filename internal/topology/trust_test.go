// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// TestTrusts: by the labels of its pods a workload is in a zone, and trusts those at the other
// ends of its conduits and no others.
func TestTrusts(t *testing.T) {
	closed := func(z *v1alpha1.Zone) { z.Spec.InternalTraffic = v1alpha1.PermissionDeny }
	only := func(s string) conduitOption {
		return func(c *v1alpha1.ConduitSpec) { c.Initiator.Workloads = sel(s) }
	}
	zones := []*v1alpha1.Zone{
		zone("a", closed), zone("b"), zone("c", closed),
		zone("half", of(podsIn(sel("cell=1"), "shared"))),
	}
	conduits := []*v1alpha1.Conduit{
		conduit("a-b", "a", "b"),
		conduit("narrow", "c", "b", only("app=client")),
		conduit("half-a", "half", "a"),
		conduit("off", "a", "c", func(c *v1alpha1.ConduitSpec) { c.Suspended = true }),
	}
	m := Resolve(Snapshot{
		Now: now, Site: site(), Zones: zones, Conduits: conduits,
		Namespaces: []Namespace{
			namespace("a", "scope=ot"), namespace("b", "scope=ot"), namespace("c", "scope=ot"), namespace("shared", "scope=ot"),
		},
	})
	for _, test := range []struct {
		name   string
		party  Party
		zone   string
		trusts []string
	}{
		{"initiator and responder", Party{Namespace: "a", Labels: set("app=x")}, "a", []string{"b", "half"}},
		{"a whole namespace", Party{Namespace: "a"}, "a", []string{"b", "half"}},
		{"traffic within the zone", Party{Namespace: "b", Labels: set("app=x")}, "b", []string{"a", "b", "c"}},
		{"the end is narrowed to it", Party{Namespace: "c", Labels: set("app=client")}, "c", []string{"b"}},
		{"the end is narrowed to others", Party{Namespace: "c", Labels: set("app=other")}, "c", nil},
		{"not all of the namespace is meant", Party{Namespace: "c"}, "c", nil},
		{"part of a namespace", Party{Namespace: "shared", Labels: set("cell=1")}, "half", []string{"a", "half"}},
		{"the rest of it", Party{Namespace: "shared", Labels: set("cell=2")}, "", nil},
		{"no labels is not every label", Party{Namespace: "shared", Labels: map[string]string{}}, "", nil},
		{"a namespace of several", Party{Namespace: "shared"}, "", nil},
		{"a namespace of none", Party{Namespace: "office"}, "", nil},
	} {
		in := ""
		if z := m.ZoneOfParty(test.party); z != nil {
			in = z.Name
		}
		if diff := cmp.Diff(test.trusts, m.Trusts(test.party)); diff != "" || in != test.zone {
			t.Errorf("%s: zone %q, want %q; trusts (-want +got):\n%s", test.name, in, test.zone, diff)
		}
	}
}
