// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"errors"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// refuse refuses a call, or every one by that name, from its nth time on.
func (s *store) refuse(verb, name string, nth int) {
	s.refuses = func(v string, key apply.Key) bool {
		if key.Name != name && key.String() != name || verb != "" && v != verb {
			return false
		}
		nth--
		return nth <= 0
	}
}

func joined(zone string, conduits ...string) map[string][]topology.ObjectRef {
	out := map[string][]topology.ObjectRef{}
	for _, c := range conduits {
		out[zone] = append(out[zone], conduitRef(c))
	}
	return out
}

// holdCase is a change in which a call is refused.
type holdCase struct {
	name        string
	old, wanted objects
	joins       map[string][]topology.ObjectRef
	verb, call  string
	nth         int
	want        []string
	waits       []topology.ObjectRef
}

type objects = []*policy.Object

func checkHolds(t *testing.T, cases []holdCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(tt.old)
			s.joins = tt.joins
			s.refuse(tt.verb, tt.call, tt.nth)
			c := change(t, s, nil, tt.wanted...)
			c.wants(t, tt.want...)
			for _, ref := range tt.waits {
				if got := c.result.Failed[ref]; len(got) != 1 || !errors.Is(got[0], apply.ErrPostponed) {
					t.Errorf("%s does not wait: %v", ref, c.result.Failed)
				}
			}
			if len(c.result.Failed) != len(tt.waits)+1 {
				t.Errorf("failed %v", c.result.Failed)
			}
		})
	}
}

// TestFloorsWaitForWhatFailed, where they would let somebody go, cut or open.
func TestFloorsWaitForWhatFailed(t *testing.T) {
	checkHolds(t, []holdCase{
		{
			"no floor lets go while another has not grown, what it allows goes",
			objects{denies("w", "c/1", "d"), denies("y", "a", "b"), denies("z", "x")},
			objects{denies("w", "c/2", "d"), denies("y", "a"), denies("z", "x", "b")},
			nil, "apply", "zone-z", 1,
			list("zone-w: c/1 d c/2", "zone-w: c/2 d"),
			list(zoneRef("y")),
		},
		{
			"the one that changes at once is carried along when something new failed",
			objects{denies("y", "a", "b")},
			objects{denies("x", "b"), denies("y", "a")},
			nil, "apply", "zone-x", 1,
			nil,
			list(zoneRef("y")),
		},
		{
			"a floor keeps what another one, that could not let go, denies",
			objects{denies("y", "a!", "k"), denies("z", "a/1", "m")},
			objects{denies("y", "k"), denies("z", "m")},
			nil, "apply", "zone-y", 1,
			list("zone-z: a/1? m"),
			list(zoneRef("z")),
		},
		{
			"a floor does not start to deny members of a zone that waits",
			nil,
			objects{allows("c", "a"), denies("x", "n/1"), denies("y", "a!", "k"), denies("z", "a/1")},
			joined("z", "c"), "apply", "conduit-c", 1,
			list("zone-x: n/1?", "zone-y: a? k?", "zone-z: a/1?", "zone-x: n/1"),
			list(zoneRef("y"), zoneRef("z")),
		},
	})
}

// TestConduitsWaitForWhatFailed, where that may be what replaces them.
func TestConduitsWaitForWhatFailed(t *testing.T) {
	checkHolds(t, []holdCase{
		{
			"a conduit of the same zone keeps what it has, another does not",
			objects{allows("c", "a"), allows("e", "e")},
			objects{allows("c", "b"), allows("d", "a"), allows("e", "f")},
			joined("z", "c", "d"), "apply", "conduit-d", 1,
			list("conduit-c: a b", "conduit-e: e f", "conduit-e: f"),
			list(conduitRef("c")),
		},
		{
			"a conduit keeps what a floor that cannot go denies",
			objects{allows("c", "b", "x"), allows("d", "q", "x"), denies("z", "b")},
			objects{allows("c", "x"), allows("d", "x")},
			nil, "delete", "zone-z", 1,
			list("conduit-d: x"),
			list(conduitRef("c")),
		},
		{
			"a conduit keeps everything when nobody knows what that floor denies",
			objects{allows("c", "b", "x"), allows("d", "q", "x"), denies("z", "b")},
			objects{allows("c", "x"), allows("d", "x")},
			nil, "", "zone-z", 1,
			nil,
			list(conduitRef("c"), conduitRef("d")),
		},
	})
}

// TestGroupsWaitForWhatFailed, where rules would meet addresses that are not theirs.
func TestGroupsWaitForWhatFailed(t *testing.T) {
	checkHolds(t, []holdCase{
		{
			"a group of a zone that a failed conduit joins keeps its addresses",
			objects{group("g", 1), group("h", 1), allows("c", "a")},
			objects{group("g", 2), group("h", 2), allows("c", "b")},
			joined("g", "c"), "apply", "conduit-c", 1,
			list("zone-g: 10.0.1.0/24 10.0.2.0/24", "zone-h: 10.0.1.0/24 10.0.2.0/24", "zone-h: 10.0.2.0/24"),
			list(zoneRef("g")),
		},
		{
			"a group does not change under a rule that could not be replaced",
			objects{group("g", 1), allows("c", "a@g")},
			objects{group("g", 2), allows("c", "b@g")},
			nil, "apply", "conduit-c", 1,
			nil,
			list(zoneRef("g")),
		},
		{
			"rules carry the addresses until the group is as desired",
			objects{group("g", 1), denies("g", "a@g"), allows("c", "a@g")},
			objects{group("g", 2), denies("g", "b@g"), allows("c", "b@g")},
			joined("g", "c"), "apply", "CiliumCIDRGroup/zone-g", 2,
			list("conduit-c: a@10.0.1.0/24 b@10.0.2.0/24", "zone-g: a@10.0.1.0/24 b@10.0.2.0/24?", "zone-g: 10.0.1.0/24 10.0.2.0/24",
				"zone-g: a@10.0.1.0/24 b@10.0.2.0/24", "zone-g: a@10.0.1.0/24? b@10.0.2.0/24"),
			list(conduitRef("c")),
		},
	})
}

// TestGuardsWaitForWhatFailed: what one no longer denies another one may be to deny.
func TestGuardsWaitForWhatFailed(t *testing.T) {
	checkHolds(t, []holdCase{
		{
			"none denies less while one does not deny more",
			objects{guard("x", "a", "b"), guard("y", "d")},
			objects{guard("x", "a"), guard("y", "b")},
			nil, "apply", "guard-y", 1,
			nil,
			list(zoneRef("x")),
		},
		{
			"one denies no less while what it denies still passes elsewhere",
			objects{allows("c", "a"), guard("x", "a", "b"), guard("y", "d", "e")},
			objects{allows("c", "b"), guard("x", "a"), guard("y", "d")},
			joined("x", "c"), "apply", "conduit-c", 1,
			list("guard-y: d"),
			list(zoneRef("x")),
		},
	})
}

// TestGroupWaitsForRulesThatGo: alone it is one write; not beside a conduit that goes
// and names it.
func TestGroupWaitsForRulesThatGo(t *testing.T) {
	s := newStore(list(group("g", 1), allows("c", "a@g")))
	change(t, s, nil, group("g", 2)).wants(t,
		"conduit-c: a@10.0.1.0/24", "zone-g: 10.0.1.0/24 10.0.2.0/24", "zone-g: 10.0.2.0/24")
	s = newStore(list(group("g", 1), allows("c", "a@g")))
	change(t, s, nil, group("g", 2), allows("c", "a@g")).wants(t, "zone-g: 10.0.2.0/24")
	s = newStore(list(group("g", 1), allows("c", "a@g", "b")))
	change(t, s, nil, group("g", 2), allows("c", "b")).wants(t,
		"conduit-c: a@10.0.1.0/24 b", "zone-g: 10.0.1.0/24 10.0.2.0/24", "zone-g: 10.0.2.0/24", "conduit-c: b")
}

// TestRuleWithoutAddressesIsForNobody: an entry without peers would be for
// everybody, and a direction without entries would not be denied.
func TestRuleWithoutAddressesIsForNobody(t *testing.T) {
	s := newStore(list(emptyGroup("g"), group("h", 1), denies("g", "a@g", "c@h")))
	change(t, s, nil, group("g", 2), emptyGroup("h"), denies("g", "b@g", "d@h")).wants(t,
		"zone-g: a c@h b@g? d?", "zone-g: 10.0.2.0/24", "zone-g: a c@h b@g d", "zone-g: a? c@h? b@g d", "zone-h:", "zone-g: b@g d@h")
	for _, at := range s.states() {
		for _, o := range at.objects {
			specs, _, _ := unstructured.NestedSlice(o.(*unstructured.Unstructured).Object, "specs")
			for _, spec := range specs {
				ingress := spec.(map[string]any)["ingress"].([]any)
				if len(ingress) != 1 || len(ingress[0].(map[string]any)) > 0 && fmt.Sprint(ingress[0]) == "map[fromCIDRSet:[]]" {
					t.Errorf("a rule with %v", ingress)
				}
			}
		}
	}
}

func emptyGroup(zone string) *policy.Object {
	u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"externalCIDRs": []any{}}}}
	u.SetGroupVersionKind(apply.GVKCIDRGroup)
	u.SetName("zone-" + zone)
	return policy.NewObject(u, policy.PartAssets, zoneRef(zone), uid, nil)
}

// TestWhatWasTakenAwayDeniesAtOnce: put back, a floor does not wait for others.
func TestWhatWasTakenAwayDeniesAtOnce(t *testing.T) {
	s := newStore(nil)
	gone := denies("y", "a!", "k")
	change(t, s, known(gone), gone, denies("z", "a/1")).wants(t, "zone-z: a/1?", "zone-y: a k", "zone-z: a/1")
}
