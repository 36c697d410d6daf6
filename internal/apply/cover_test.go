// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// plain is a NetworkPolicy of a namespace for the pods labelled app=pods, all with
// "*", which isolates them and lets each of peers in.
func plain(name, pods string, part policy.Part, source topology.ObjectRef, peers ...string) *policy.Object {
	selector := map[string]any{}
	if pods != "*" {
		selector["matchLabels"] = map[string]any{"app": pods}
	}
	spec := map[string]any{"podSelector": selector, "policyTypes": []any{"Ingress", "Egress"}}
	var rules []any
	for _, p := range peers {
		rules = append(rules, map[string]any{"from": []any{map[string]any{
			"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": p}},
		}}})
	}
	if rules != nil {
		spec["ingress"] = rules
	}
	u := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	u.SetGroupVersionKind(apply.GVKNetworkPolicy)
	u.SetNamespace("plant")
	u.SetName(name)
	return policy.NewObject(u, part, source, uid, nil)
}

func plainFloor(zone, pods string, peers ...string) *policy.Object {
	return plain("zone-"+zone, pods, policy.PartFloor, zoneRef(zone), peers...)
}

func plainAllow(conduit, pods string, peers ...string) *policy.Object {
	return plain("conduit-"+conduit, pods, policy.PartConduit, conduitRef(conduit), peers...)
}

// said are the writes in words: a NetworkPolicy by its peers, a cover by the pods that
// it selects, what is deleted with a minus.
func (s *store) said() []string {
	var out []string
	for _, e := range s.events {
		name := e.key.Name
		if strings.HasPrefix(name, "cover.") {
			name = "cover"
		}
		if e.object.Unstructured == nil {
			out = append(out, "-"+name)
			continue
		}
		words := []string{name + ":"}
		if name == "cover" {
			selector, _, _ := unstructured.NestedMap(e.object.Object, "spec", "podSelector")
			types, _, _ := unstructured.NestedStringSlice(e.object.Object, "spec", "policyTypes")
			words = append(words, fmt.Sprint(selector["matchExpressions"], types))
		}
		rules, _, _ := unstructured.NestedSlice(e.object.Object, "spec", "ingress")
		for _, r := range rules {
			from, _, _ := unstructured.NestedSlice(r.(map[string]any), "from")
			for _, p := range from {
				peer, _, _ := unstructured.NestedString(p.(map[string]any), "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name")
				words = append(words, peer)
			}
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

func (s *store) wantsSaid(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.said(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("writes (-want +have)\n%s", diff)
	}
}

const (
	everyPod  = "cover: <nil> [Ingress Egress]"
	otherPods = "cover: [map[key:app operator:NotIn values:[a]]] [Ingress Egress]"
)

func TestCoversComeAndGo(t *testing.T) {
	tests := []struct {
		name        string
		old, wanted objects
		want        []string
	}{
		{
			"pods begin to be isolated", nil,
			objects{plainAllow("c", "a", "p"), plainFloor("z", "*", "q")},
			list(everyPod, "conduit-c: p", "zone-z: q", "-cover"),
		},
		{
			"pods cease to be isolated",
			objects{plainAllow("c", "a", "p"), plainFloor("z", "*", "q")},
			nil,
			list(everyPod, "-conduit-c", "-zone-z", "-cover"),
		},
		{"one object alone isolates", nil, objects{plainFloor("z", "*", "q")}, list("zone-z: q")},
		{"one object alone isolated", objects{plainFloor("z", "*", "q")}, nil, list("-zone-z")},
		{
			"some are isolated already",
			objects{plainFloor("y", "a", "p")},
			objects{plainFloor("y", "a", "p"), plainAllow("c", "*", "p"), plainFloor("z", "*", "q")},
			list(otherPods, "conduit-c: p", "zone-z: q", "-cover"),
		},
		{
			"some stay isolated",
			objects{plainFloor("y", "a", "p"), plainAllow("c", "*", "p"), plainFloor("z", "*", "q")},
			objects{plainFloor("y", "a", "p")},
			list(otherPods, "-conduit-c", "-zone-z", "-cover"),
		},
		{
			"all are taken over",
			objects{plainFloor("y", "*", "p")},
			objects{plainAllow("c", "a", "p"), plainFloor("z", "*", "q")},
			list("conduit-c: p", "zone-z: q", "-zone-y"),
		},
		{
			"some begin before others cease",
			objects{plainFloor("y", "a", "p"), plainAllow("c", "a", "p")},
			objects{plainFloor("z", "b", "q"), plainAllow("d", "b", "p")},
			list(
				"cover: [map[key:app operator:In values:[b]]] [Ingress Egress]", "conduit-d: p", "zone-z: q", "-cover",
				"cover: [map[key:app operator:In values:[a]]] [Ingress Egress]", "-conduit-c", "-zone-y", "-cover",
			),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(tt.old)
			c := change(t, s, nil, tt.wanted...)
			s.wantsSaid(t, tt.want...)
			if len(c.result.Failed) > 0 || len(c.result.Outcomes) != len(tt.want) {
				t.Errorf("failed %v, %d outcomes", c.result.Failed, len(c.result.Outcomes))
			}
		})
	}
}

// TestFloorsOfCiliumCountForCovers: what it denies before and after must not be
// opened by a cover, also when it is held and nothing of it changes.
func TestFloorsOfCiliumCountForCovers(t *testing.T) {
	s := newStore(list(denies("x", "plant")))
	in := apply.Input{
		Desired: list(plainAllow("c", "a", "p"), plainFloor("z", "*", "q")), Declared: inForce(zoneRef("z"), conduitRef("c")),
		Observed: s.observed(),
	}
	p := apply.NewPlan(in)
	if len(p.Held) != 1 || !p.Clusterwide {
		t.Fatalf("%+v", inWords(p))
	}
	s.writer().Carry(t.Context(), p, func(string) []topology.ObjectRef { return nil })
	s.wantsSaid(t, "cover: <nil> [Egress]", "conduit-c: p", "zone-z: q", "-cover") // its rule is for one direction
}

// TestLeftCoversGo, whatever has become of the declaration that they stood in for.
func TestLeftCoversGo(t *testing.T) {
	s := newStore(nil)
	s.refuses = func(verb string, _ apply.Key) bool { return verb == "delete" }
	change(t, s, nil, plainAllow("c", "a", "p"), plainFloor("z", "*", "q"))
	s.events = nil
	s.refuses = func(string, apply.Key) bool { return false }
	p := apply.NewPlan(apply.Input{Observed: s.observed()})
	if got := inWords(p); len(got.Covers) != 1 || len(got.Held) != 2 || p.Writes() != 1 {
		t.Fatalf("%+v", got)
	}
	s.writer().Carry(t.Context(), p, func(string) []topology.ObjectRef { return nil })
	s.wantsSaid(t, "-cover")
}

func TestCoversHoldWhatDependsOnThem(t *testing.T) {
	both := objects{plainAllow("c", "a", "p"), plainFloor("z", "*", "q")}
	isCover := func(key apply.Key) bool { return strings.HasPrefix(key.Name, "cover.") }
	tests := []struct {
		name        string
		old, wanted objects
		refuses     func(verb string, key apply.Key) bool
		want        []string
	}{
		{
			"nothing isolates before the cover stands", nil, both,
			func(verb string, key apply.Key) bool { return verb == "apply" && isCover(key) }, nil,
		},
		{
			"the cover stays while something is missing", nil, both,
			func(verb string, key apply.Key) bool { return verb == "apply" && key.Name == "conduit-c" }, list(everyPod, "zone-z: q"),
		},
		{
			"nothing goes before the cover stands", both, nil,
			func(verb string, key apply.Key) bool { return verb == "apply" && isCover(key) }, nil,
		},
		{
			"the cover stays while something still isolates", both, nil,
			func(verb string, key apply.Key) bool { return verb == "delete" && key.Name == "zone-z" }, list(everyPod, "-conduit-c"),
		},
		{
			"nobody ceases to be isolated while anything failed", append(objects{allows("k", "a")}, both...),
			objects{allows("k", "b")},
			func(verb string, key apply.Key) bool { return verb == "apply" && key.Name == "conduit-k" }, nil,
		},
		{
			"nothing is written where nobody knows what stands", both,
			objects{plainAllow("c", "a", "p"), plainFloor("z", "*", "r")},
			func(verb string, _ apply.Key) bool { return verb == "list" }, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(tt.old)
			s.refuses = tt.refuses
			c := change(t, s, nil, tt.wanted...)
			s.wantsSaid(t, tt.want...)
			if !errors.Is(c.result.Err(), errRefused) {
				t.Errorf("does not try again: %v", c.result.Failed)
			}
		})
	}
}

// TestClosingConduitGoesUncovered: who deletes or suspends it wants it closed.
func TestClosingConduitGoesUncovered(t *testing.T) {
	s := newStore(objects{plainAllow("c", "a", "p"), plainFloor("z", "*", "q")})
	s.refuses = func(verb string, key apply.Key) bool { return verb == "apply" && strings.HasPrefix(key.Name, "cover.") }
	declared := inForce(zoneRef("z"))
	declared[conduitRef("c")] = apply.Declaration{UID: uid, InForce: true, Suspended: true}
	p := apply.NewPlan(apply.Input{Observed: s.observed(), Declared: declared})
	s.writer().Carry(t.Context(), p, func(string) []topology.ObjectRef { return nil })
	s.wantsSaid(t, "-conduit-c")
}

func TestNetworkPoliciesTakeSteps(t *testing.T) {
	tests := []struct {
		name        string
		old, wanted objects
		want        []string
	}{
		{"one is one write", objects{plainFloor("z", "*", "q", "r")}, objects{plainFloor("z", "*", "r", "s")}, list("zone-z: r s")},
		{
			"those of one zone are one write each",
			objects{plainFloor("z", "a", "q"), plain("zone-z.2", "b", policy.PartFloor, zoneRef("z"), "q")},
			objects{plainFloor("z", "a", "r"), plain("zone-z.2", "b", policy.PartFloor, zoneRef("z"), "r")},
			list("zone-z: r", "zone-z.2: r"),
		},
		{
			"not where they say different things to one pod",
			objects{plainFloor("z", "a", "q"), plain("zone-z.2", "*", policy.PartFloor, zoneRef("z"), "r")},
			objects{plainFloor("z", "a", "r"), plain("zone-z.2", "*", policy.PartFloor, zoneRef("z"), "q")},
			list("zone-z: q r", "zone-z.2: r q", "zone-z: r", "zone-z.2: q"),
		},
		{
			"those of two zones grow first",
			objects{plainFloor("y", "a", "q"), plainFloor("z", "b", "q")},
			objects{plainFloor("y", "a", "r"), plainFloor("z", "b", "q", "r")},
			list("zone-y: q r", "zone-z: q r", "zone-y: r"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(tt.old)
			change(t, s, nil, tt.wanted...)
			s.wantsSaid(t, tt.want...)
		})
	}
}

// TestNetworkPoliciesOfOthersAreNotCarriedAlong, nor ours with other pods, which we
// never write under one name.
func TestNetworkPoliciesOfOthersAreNotCarriedAlong(t *testing.T) {
	foreign := []metav1.ManagedFieldsEntry{{Manager: "kubectl-edit", FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`)}}
	for name, old := range map[string]*policy.Object{"edited": plainFloor("y", "a", "evil"), "of other pods": plainFloor("y", "b", "evil")} {
		t.Run(name, func(t *testing.T) {
			s := newStore(list(old, plainFloor("x", "c", "q"), plainFloor("z", "d", "q")))
			if name == "edited" {
				s.fields = map[apply.Key][]metav1.ManagedFieldsEntry{apply.KeyOf(old): foreign}
			}
			change(t, s, nil, plainFloor("x", "c", "r"), plainFloor("y", "a", "r"), plainFloor("z", "d", "r"))
			s.wantsSaid(t, "zone-y: r", "zone-x: q r", "zone-z: q r", "zone-x: r", "zone-z: r")
		})
	}
}

// TestTooInvolvedForCovers: it says so, and goes on without.
func TestTooInvolvedForCovers(t *testing.T) {
	var said []string
	log := funcr.New(func(_, args string) { said = append(said, args) }, funcr.Options{})
	// Pods that are none of these forty are a product of forty demands.
	var zones objects
	for i := range 40 {
		u := plainFloor(fmt.Sprint(i), "*", "q")
		content := u.Manifest.(*unstructured.Unstructured)
		labels := map[string]any{}
		for j := range 3 {
			labels[fmt.Sprintf("l%d-%d", i, j)] = "x"
		}
		if err := unstructured.SetNestedMap(content.Object, labels, "spec", "podSelector", "matchLabels"); err != nil {
			t.Fatal(err)
		}
		zones = append(zones, policy.NewObject(content, policy.PartFloor, zoneRef(fmt.Sprint(i)), uid, nil))
	}
	s := newStore(zones)
	c := changeWith(t, s, log, nil, append(zones, plainAllow("c", "a", "p"), plainFloor("z", "*", "q"))...)
	s.wantsSaid(t, "conduit-c: p", "zone-z: q")
	if len(c.result.Failed) > 0 || !strings.Contains(strings.Join(said, " "), `"namespace"="plant"`) {
		t.Errorf("failed %v, said %q", c.result.Failed, said)
	}
}
