// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
)

type planCase struct {
	name string
	in   apply.Input
	want owed
}

func checkPlans(t *testing.T, cases []planCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			p := apply.NewPlan(tt.in)
			if diff := cmp.Diff(tt.want, inWords(p)); diff != "" {
				t.Errorf("(-want +have)\n%s", diff)
			}
			if n := len(p.Groups) + len(p.Guards) + len(p.Conduits) + len(p.Floors) + len(p.Removals) + len(p.Covers); p.Writes() != n {
				t.Errorf("it counts %d writes of %d", p.Writes(), n)
			}
			if (p.HeldDigest == "") != (len(p.Held) == 0) {
				t.Errorf("%d held by digest %q", len(p.Held), p.HeldDigest)
			}
		})
	}
}

func known(o *policy.Object) map[apply.Key]string {
	return map[apply.Key]string{apply.KeyOf(o): o.Digest}
}

func TestPlanWrites(t *testing.T) {
	all := list(group("a", 1), allow("c", 1), floor("a", 1))
	checkPlans(t, []planCase{
		{"nothing at all", apply.Input{}, owed{}},
		{"equal digests", apply.Input{Desired: all, Observed: seenAll(all...), Known: known(all[2])}, owed{}},
		{
			"none is there",
			apply.Input{Desired: all},
			owed{Groups: list("zone-a new"), Conduits: list("conduit-c new"), Floors: list("zone-a new")},
		},
		{
			"all have changed",
			apply.Input{Desired: all, Observed: seenAll(group("a", 2), allow("c", 2), floor("a", 2))},
			owed{Groups: list("zone-a changed"), Conduits: list("conduit-c changed"), Floors: list("zone-a changed")},
		},
		{
			"one has changed",
			apply.Input{Desired: all, Observed: seenAll(group("a", 1), allow("c", 2), floor("a", 1))},
			owed{Conduits: list("conduit-c changed")},
		},
		{
			"the declaration was made anew",
			apply.Input{Desired: list(floorOf("a", "uid-2", 1)), Observed: seenAll(floor("a", 1))},
			owed{Floors: list("zone-a changed")},
		},
	})
}

func TestPlanTellsDrift(t *testing.T) {
	o := floor("a", 1)
	edited := seenAll(floor("a", 2))
	checkPlans(t, []planCase{
		{
			"edited by another",
			apply.Input{Desired: list(o), Observed: edited, Known: known(o)},
			owed{Floors: list("zone-a changed drift")},
		},
		{
			"removed by another",
			apply.Input{Desired: list(o), Known: known(o)},
			owed{Floors: list("zone-a new drift")},
		},
		{
			"changed by us",
			apply.Input{Desired: list(o), Observed: edited, Known: known(floor("a", 2))},
			owed{Floors: list("zone-a changed")},
		},
		{
			"after a start nobody knows",
			apply.Input{Desired: list(o), Observed: edited},
			owed{Floors: list("zone-a changed")},
		},
		{
			"another one is known",
			apply.Input{Desired: list(o), Known: known(floor("b", 1))},
			owed{Floors: list("zone-a new")},
		},
	})
}

func TestPlanRemovesInOrder(t *testing.T) {
	in := apply.Input{
		Observed: seenAll(group("a", 1), floor("b", 1), allow("d", 1), floor("a", 1), allow("c", 1), group("b", 1)),
		Declared: inForce(zoneRef("a"), zoneRef("b"), conduitRef("c"), conduitRef("d")),
	}
	var got []string
	for _, r := range apply.NewPlan(in).Removals {
		got = append(got, string(r.Part)+" "+r.Key.Name)
	}
	want := list("Conduit conduit-c", "Conduit conduit-d", "Floor zone-a", "Floor zone-b", "Assets zone-a", "Assets zone-b")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
}
