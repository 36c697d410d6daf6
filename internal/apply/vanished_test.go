// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/topology"
)

func TestDeclaredObjects(t *testing.T) {
	zones := inForce(zoneRef("a"))
	checkPlans(t, []planCase{
		{
			"in force, and something else does its work",
			apply.Input{
				Observed: seenAll(floor("a", 1), group("a", 1), allow("c", 1)),
				Declared: inForce(zoneRef("a"), conduitRef("c")),
			},
			owed{Removals: list("conduit-c replaced", "zone-a replaced", "zone-a replaced")},
		},
		{
			"not in force", apply.Input{
				Observed: seenAll(floor("a", 1), allow("c", 1)),
				Declared: map[topology.ObjectRef]apply.Declaration{zoneRef("a"): {UID: uid}, conduitRef("c"): {UID: uid}},
			}, owed{},
		},
		{
			"made anew, in force, not wanted",
			apply.Input{
				Observed: seenAll(floor("a", 1)), Declared: declared(zones, zoneRef("a"), apply.Declaration{UID: "uid-2", InForce: true}),
			},
			owed{Held: list("zone-a " + v1alpha1.ReasonOrphaned)},
		},
		{
			"made anew, not in force",
			apply.Input{
				Observed: seenAll(floor("a", 1)), Declared: declared(zones, zoneRef("a"), apply.Declaration{UID: "uid-2"}),
			},
			owed{Held: list("zone-a " + v1alpha1.ReasonOrphaned)},
		},
		{
			"conduit made anew, not wanted",
			apply.Input{
				Observed: seenAll(allow("c", 1)), ConduitCRD: serving(),
				Declared: declared(zones, conduitRef("c"), apply.Declaration{UID: "uid-2", InForce: true}),
			},
			owed{Removals: list("conduit-c")},
		},
	})
}

func TestGoneZones(t *testing.T) {
	orphan := "zone-a " + v1alpha1.ReasonOrphaned
	one := func(o apply.Observed) apply.Input {
		return apply.Input{Observed: list(o), Declared: inForce(zoneRef("b"), conduitRef("c")), ConduitCRD: serving()}
	}
	nobodys := seen(floor("a", 1))
	nobodys.Source, nobodys.SourceUID = topology.ObjectRef{}, ""
	checkPlans(t, []planCase{
		{"not announced", one(seen(floor("a", 1))), owed{Held: list(orphan)}},
		{"announced of another", one(released(seen(floor("a", 1)), "uid-2")), owed{Held: list(orphan)}},
		{"announced", one(released(seen(floor("a", 1)), uid)), owed{Removals: list("zone-a")}},
		{"group, not announced", one(seen(group("a", 1))), owed{Held: list(orphan)}},
		{"group, announced", one(released(seen(group("a", 1)), uid)), owed{Removals: list("zone-a")}},
		{"of nothing that it says", one(nobodys), owed{Held: list(orphan)}},
	})
}

func TestGoneConduit(t *testing.T) {
	held := owed{Held: list("conduit-c " + v1alpha1.ReasonOrphaned)}
	removed := owed{Removals: list("conduit-c")}
	anew := apply.CRDState{Serving: true, Created: start.Add(time.Second)}
	made := func(in apply.Input, conduit types.UID, at time.Time) apply.Input {
		in.Made = map[types.UID]time.Time{conduit: at}
		return in
	}
	one := func(crd apply.CRDState) apply.Input {
		return apply.Input{Observed: seenAll(allow("c", 1)), Declared: inForce(conduitRef("d")), ConduitCRD: crd}
	}
	checkPlans(t, []planCase{
		{"its kind is served", one(serving()), removed},
		{"its kind is not served", one(apply.CRDState{UID: "crd", Created: start.Add(-time.Hour)}), held},
		{"nothing is known of its kind", one(apply.CRDState{}), held},
		{"its kind was made in the same second", one(apply.CRDState{Serving: true, Created: start}), removed},
		{"its kind was made anew since", one(anew), held},
		{"its kind was made anew, the conduit before", made(one(anew), uid, start), held},
		{"its kind was made anew, the conduit after that", made(one(anew), uid, anew.Created), removed},
		{"its kind was made anew, another conduit after that", made(one(anew), "uid-2", anew.Created), held},
	})
}

// TestManyGone: how many conduits went, with how many objects each, and how many are left.
func TestManyGone(t *testing.T) {
	tests := []struct {
		gone, objects, left int
		held                bool
	}{
		{gone: 1, objects: 1, left: 0, held: false},
		{gone: 2, objects: 1, left: 0, held: true},
		{gone: 2, objects: 1, left: 1, held: false},
		{gone: 10, objects: 1, left: 1, held: false},
		{gone: 10, objects: 3, left: 1, held: false},
		{gone: 11, objects: 1, left: 1000, held: true},
		{gone: 1, objects: 11, left: 0, held: false},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d of %d with %d", tt.gone, tt.gone+tt.left, tt.objects), func(t *testing.T) {
			in := vanished(tt.gone, tt.objects, tt.left)
			p := apply.NewPlan(in)
			wantHeld, wantRemoved := 0, tt.gone*tt.objects
			if tt.held {
				wantHeld, wantRemoved = wantRemoved, 0
			}
			// The zone's deletion was announced, whatever happens to conduits.
			if len(p.Held) != wantHeld || len(p.Removals) != wantRemoved+1 {
				t.Errorf("%d held and %d removed, want %d and %d", len(p.Held), len(p.Removals), wantHeld, wantRemoved+1)
			}
			for _, h := range p.Held {
				if h.Reason != v1alpha1.ReasonMassDisappearance {
					t.Errorf("%s is held for %s", h.Key, h.Reason)
				}
			}
		})
	}
}

// vanished has, besides the conduits, a zone whose deletion was announced.
func vanished(gone, objects, left int) apply.Input {
	in := apply.Input{ConduitCRD: serving(), Declared: inForce(zoneRef("b"))}
	in.Observed = list(released(seen(floor("a", 1)), uid))
	for i := range gone {
		for j := range objects {
			o := seen(allow(fmt.Sprintf("gone-%02d", i), 1))
			o.Key.Namespace = fmt.Sprintf("plant-%d", j)
			in.Observed = append(in.Observed, o)
		}
	}
	for i := range left {
		in.Declared[conduitRef(fmt.Sprintf("left-%d", i))] = apply.Declaration{UID: uid, InForce: true}
	}
	return in
}

func TestConfirmLetsExactlyTheHeldGo(t *testing.T) {
	in := vanished(11, 1, 5)
	in.Observed = append(in.Observed, seen(floor("b", 1)), seen(floor("c", 1)), seen(group("c", 1)))
	in.Declared[zoneRef("b")] = apply.Declaration{UID: uid}
	first := apply.NewPlan(in)
	if len(first.Held) != 13 || len(first.Removals) != 1 {
		t.Fatalf("held %d, removed %d", len(first.Held), len(first.Removals))
	}
	in.Confirmed = first.HeldDigest
	confirmed := inWords(apply.NewPlan(in))
	want := owed{}
	for i := range 11 {
		want.Removals = append(want.Removals, fmt.Sprintf("conduit-gone-%02d", i))
	}
	want.Removals = append(want.Removals, "zone-a", "zone-c", "zone-c")
	if diff := cmp.Diff(want, confirmed); diff != "" {
		t.Errorf("confirmed: (-want +have)\n%s", diff)
	}
	for name, change := range map[string]func(*apply.Input){
		"another one is held":          func(in *apply.Input) { in.Observed = append(in.Observed, seen(floor("d", 1))) },
		"one fewer is held":            func(in *apply.Input) { in.Observed = in.Observed[:len(in.Observed)-1] },
		"one of them is a new object":  func(in *apply.Input) { in.Observed[3].UID = "live-again" },
		"the digest is somebody's own": func(in *apply.Input) { in.Confirmed = "yes" },
	} {
		t.Run(name, func(t *testing.T) {
			stale := in
			stale.Observed = append([]apply.Observed(nil), in.Observed...)
			change(&stale)
			if p := apply.NewPlan(stale); len(p.Held) < 12 || len(p.Removals) != 1 {
				t.Errorf("held %d, removed %d", len(p.Held), len(p.Removals))
			}
		})
	}
}

func TestAssetsVanished(t *testing.T) {
	other := serving()
	other.UID = "crd-2"
	tests := []struct {
		name        string
		before, now int
		under       types.UID
		crd         apply.CRDState
		want        bool
	}{
		{"none went", 5, 5, "crd", serving(), false},
		{"more came", 5, 6, "crd", serving(), false},
		{"none went, the definition did", 5, 5, "crd", apply.CRDState{}, false},
		{"one went", 5, 4, "crd", serving(), false},
		{"the only one went", 1, 0, "crd", serving(), false},
		{"all of two went", 2, 0, "crd", serving(), true},
		{"ten went", 20, 10, "crd", serving(), false},
		{"eleven went", 21, 10, "crd", serving(), true},
		{"one went with the definition", 1, 0, "crd", apply.CRDState{}, true},
		{"one went, the definition is going", 5, 4, "crd", apply.CRDState{UID: "crd"}, true},
		{"one went, the definition is another", 5, 4, "crd", other, true},
		{"one went, counted before definitions were noted", 5, 4, "", other, false},
		{"back from none", 0, 3, "crd", other, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := apply.AssetsVanished(tt.before, tt.now, tt.under, tt.crd); got != tt.want {
				t.Errorf("%t", got)
			}
		})
	}
}
