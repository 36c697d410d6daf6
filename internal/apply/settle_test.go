// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// TestWaitsBetweenKinds: between the writes of one kind and those of another, and
// nowhere else.
func TestWaitsBetweenKinds(t *testing.T) {
	const settled = "(settled)"
	ccnp, group1, group2 := "apply CiliumClusterwideNetworkPolicy/", "apply CiliumCIDRGroup/zone-g", "apply CiliumCIDRGroup/zone-h"
	tests := []struct {
		name        string
		old, wanted objects
		want        []string
	}{
		{"one kind", objects{allows("c", "a"), allows("d", "b")}, objects{allows("c", "b"), allows("d", "a")}, list(
			ccnp+"conduit-c", ccnp+"conduit-d", ccnp+"conduit-c", ccnp+"conduit-d",
		)},
		{"a new group before what names it", nil, objects{group("g", 1), allows("c", "a@g")}, list(group1, settled, ccnp+"conduit-c")},
		{
			"a group gains, and a rule that names it comes",
			objects{emptyGroup("g")},
			objects{group("g", 1), allows("c", "a@g")},
			list(group1, settled, ccnp+"conduit-c"),
		},
		{
			"a group loses, and a rule that named it goes",
			objects{group("g", 1), allows("c", "a@g", "b")},
			objects{emptyGroup("g"), allows("c", "b")},
			list(ccnp+"conduit-c", settled, group1),
		},
		{
			"groups exchange addresses beside policies that do not come or go by their names",
			objects{group("g", 1), group("h", 2), allows("c", "a@g", "b")},
			objects{group("g", 2), group("h", 1), allows("c", "a@g", "x")},
			list(group1, group2, settled, ccnp+"conduit-c", ccnp+"conduit-c", settled, group1, group2),
		},
		{
			"groups exchange addresses beside policies that do, and new and old ones come and go with them",
			objects{group("g", 1), group("h", 2), group("i", 3), allows("c", "a@g")},
			objects{group("g", 2), group("h", 1), group("j", 3), allows("c", "b@g")},
			list(ccnp+"conduit-c", settled, "apply CiliumCIDRGroup/zone-j", group1, group2, group1, group2, "delete CiliumCIDRGroup/zone-i", settled, ccnp+"conduit-c"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(tt.old)
			change(t, s, nil, tt.wanted...)
			if diff := cmp.Diff(tt.want, s.log); diff != "" {
				t.Errorf("(-want +have)\n%s", diff)
			}
		})
	}
}

// TestWaitsFromOnePassToTheNext: agents may not have seen the last write of one when
// the next begins, nor one of which nobody knows whether it was made.
func TestWaitsFromOnePassToTheNext(t *testing.T) {
	s := newStore(list(group("g", 1), allows("c", "a@g")))
	w := s.writer()
	carry := func(p *apply.Plan) {
		w.Carry(t.Context(), p, func(string) []topology.ObjectRef { return nil })
	}
	carry(&apply.Plan{Groups: create(group("g", 2))})
	carry(&apply.Plan{Conduits: create(allows("d", "a@g"))})
	want := list("apply CiliumCIDRGroup/zone-g", "(settled)", "apply CiliumClusterwideNetworkPolicy/conduit-d")
	if diff := cmp.Diff(want, s.log); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
	s.log = nil
	s.refuse("apply", "zone-g", 1)
	carry(&apply.Plan{Groups: create(group("g", 1)), Conduits: create(allows("e", "a"))})
	want = list("(settled)", "(settled)", "apply CiliumClusterwideNetworkPolicy/conduit-e")
	if diff := cmp.Diff(want, s.log); diff != "" {
		t.Errorf("refused (-want +have)\n%s", diff)
	}
}

// TestKindWrittenLastComesFirst: a change of backend that was stopped halfway writes
// both kinds in one step.
func TestKindWrittenLastComesFirst(t *testing.T) {
	s := newStore(list(allows("c", "a"), plainFloor("z", "*", "p"), plainAllow("d", "a", "q")))
	in := apply.Input{
		Desired: list(plainFloor("z", "*", "p"), plainAllow("e", "a", "q")), Observed: s.observed(),
		Declared: inForce(zoneRef("z"), conduitRef("c"), conduitRef("d"), conduitRef("e")),
	}
	s.writer().Carry(t.Context(), apply.NewPlan(in), func(string) []topology.ObjectRef { return nil })
	want := list("apply NetworkPolicy/plant/conduit-e", "delete NetworkPolicy/plant/conduit-d", "(settled)", "delete CiliumClusterwideNetworkPolicy/conduit-c")
	if diff := cmp.Diff(want, s.log); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
}
