// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

var errRefused = errors.New("refused by the API server")

func (s *server) wantWrites(want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.wrote(), cmpopts.EquateEmpty()); diff != "" {
		s.t.Errorf("writes (-want +have)\n%s", diff)
	}
}

// wantFailed checks what failed for one declaration.
func (s *server) wantFailed(r *apply.Result, ref topology.ObjectRef, want error) {
	s.t.Helper()
	if got := r.Failed[ref]; len(got) != 1 || !errors.Is(got[0], want) {
		s.t.Errorf("%s: %v, want %v", ref, got, want)
	}
}

func TestStepsInOrder(t *testing.T) {
	s := newServer(t)
	left := apply.Observed{Key: apply.Key{Kind: "NetworkPolicy", Namespace: "plant", Name: "cover.1"}, Source: zoneRef("left"), UID: "live"}
	r := s.carry(&apply.Plan{
		Floors: create(floor("a", 1)), Conduits: create(allow("c", 1)),
		Guards: create(guard("a", "x")), Groups: create(group("g", 1)),
		Covers:   list(apply.Removal{Observed: left, Part: policy.PartCover}),
		Removals: list(replace(allow("old", 1)), replace(floor("old", 1)), replace(guard("old", "y")), replace(group("old", 1))),
	}, nil)
	s.wantWrites("apply zone-g", "apply guard-a", "apply conduit-c", "apply zone-a", "delete cover.1",
		"delete conduit-old", "delete zone-old", "delete guard-old", "delete zone-old")
	if err := r.Err(); err != nil || len(r.Failed) > 0 {
		t.Errorf("failed: %v %v", err, r.Failed)
	}
	a := floor("a", 1)
	want := list(
		apply.Outcome{Key: apply.KeyOf(a), Source: zoneRef("a"), Verb: apply.VerbApply, Digest: a.Digest, Version: "8"},
		apply.Outcome{Key: left.Key, Source: zoneRef("left"), Verb: apply.VerbDelete},
	)
	if diff := cmp.Diff(want, list(r.Outcomes[3], r.Outcomes[4])); diff != "" {
		t.Errorf("outcomes (-want +have)\n%s", diff)
	}
}

func TestFailedConduitPostponesItsZones(t *testing.T) {
	s := newServer(t)
	s.fails["apply conduit-c"] = errRefused
	drifted := update(floor("drifted", 1))
	drifted.Drift = true
	r := s.carry(&apply.Plan{
		Conduits: create(allow("c", 1), allow("d", 1)),
		Floors:   append(create(floor("a", 1), floor("b", 1)), update(floor("e", 1)), drifted),
	}, map[string][]topology.ObjectRef{
		"a": {conduitRef("d"), conduitRef("c")}, "b": {conduitRef("d")},
		"e": {conduitRef("c")}, "drifted": {conduitRef("c")},
	})
	written := s.wrote()
	slices.Sort(written)
	want := list("apply conduit-c", "apply conduit-d", "apply zone-b", "apply zone-drifted")
	if diff := cmp.Diff(want, written); diff != "" {
		t.Errorf("writes (-want +have)\n%s", diff)
	}
	s.wantFailed(r, conduitRef("c"), errRefused)
	s.wantFailed(r, zoneRef("a"), apply.ErrPostponed)
	s.wantFailed(r, zoneRef("e"), apply.ErrPostponed)
	if err := r.Err(); len(r.Failed) != 3 || !errors.Is(err, errRefused) || errors.Is(err, apply.ErrPostponed) {
		t.Errorf("tries again for %v of %v", err, r.Failed)
	}
	for _, o := range r.Outcomes {
		if o.Drift != (o.Source.Name == "drifted") {
			t.Errorf("drift: %+v", o)
		}
	}
}

func TestWhatFailedKeepsWhatStands(t *testing.T) {
	tests := []struct {
		name  string
		fails string
		plan  apply.Plan
		want  []string
	}{
		{
			"the old stays until the new is there", "apply conduit-c",
			apply.Plan{Conduits: create(allow("c", 1)), Removals: list(replace(allow("c", 1)), replace(allow("d", 1)))},
			list("apply conduit-c", "delete conduit-d"),
		},
		{
			"what nothing replaces goes", "apply conduit-c",
			apply.Plan{Conduits: create(allow("c", 1)), Removals: list(remove(allow("d", 1)))},
			list("apply conduit-c", "delete conduit-d"),
		},
		{
			"floors and groups stay while anything failed", "apply conduit-c",
			apply.Plan{Conduits: create(allow("c", 1)), Removals: list(remove(floor("a", 1)), replace(floor("b", 1)), remove(group("g", 1)))},
			list("apply conduit-c"),
		},
		{
			"a floor stays while an allow cannot go", "delete conduit-c",
			apply.Plan{Removals: list(remove(allow("c", 1)), remove(floor("a", 1)))},
			list("delete conduit-c"),
		},
		{
			"a group stays while a floor cannot go", "delete zone-a",
			apply.Plan{Removals: list(remove(floor("a", 1)), remove(group("g", 1)))},
			list("delete zone-a"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			s.fails[tt.fails] = errRefused
			r := s.carry(&tt.plan, nil)
			s.wantWrites(tt.want...)
			if !errors.Is(r.Err(), errRefused) {
				t.Errorf("does not try again: %v", r.Err())
			}
		})
	}
}

func TestNamesThatAreTaken(t *testing.T) {
	ours := map[string]string{v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue, v1alpha1.LabelKind: "Zone"}
	tests := []struct {
		name    string
		live    map[string]string
		source  string
		lookup  error
		update  bool
		failure error
		retried bool
		written bool
	}{
		{name: "by nobody", written: true},
		{name: "by us", live: ours, written: true},
		{name: "by another", live: map[string]string{"app": "x"}, failure: apply.ErrForeign},
		{
			name: "by something that we manage and did not write", live: map[string]string{v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue},
			failure: apply.ErrForeign,
		},
		{name: "by ours, without its label", live: map[string]string{}, source: uid, written: true},
		{name: "by another's, without its label", live: map[string]string{}, source: "another", failure: apply.ErrForeign},
		{name: "nobody knows", lookup: errRefused, failure: errRefused, retried: true},
		{name: "by what we observed", live: ours, update: true, written: true},
	}
	kinds := map[string]*policy.Object{"get zone-a": denies("a", "x"), "list plant": floor("a", 1)}
	for call, o := range kinds {
		for _, tt := range tests {
			t.Run(tt.name+", "+o.GVK.Kind, func(t *testing.T) {
				s := newServer(t)
				s.fails[call] = tt.lookup
				if tt.live != nil {
					s.live["zone-a"], s.source["zone-a"] = tt.live, tt.source
				}
				w, want := create(o)[0], list(call)
				if tt.update {
					w = update(o)
				}
				if tt.update && o.GVK.Kind == "CiliumClusterwideNetworkPolicy" {
					want = nil // one write of what the cache knows
				}
				if tt.written {
					want = append(want, "apply zone-a")
				}
				r := s.carry(&apply.Plan{Floors: list(w)}, nil)
				if diff := cmp.Diff(want, s.calls); diff != "" {
					t.Errorf("calls (-want +have)\n%s", diff)
				}
				if tt.failure != nil {
					s.wantFailed(r, zoneRef("a"), tt.failure)
				}
				if (len(r.Failed) > 0) != (tt.failure != nil) || (r.Err() != nil) != tt.retried {
					t.Errorf("failed %v, tries again for %v", r.Failed, r.Err())
				}
			})
		}
	}
}

func TestDeletesWhatWasSeenAndNothingElse(t *testing.T) {
	s := newServer(t)
	s.fails["delete conduit-c"] = apierrors.NewNotFound(networkingv1.Resource("networkpolicies"), "conduit-c")
	s.fails["delete conduit-d"] = apierrors.NewConflict(networkingv1.Resource("networkpolicies"), "conduit-d", errRefused)
	r := s.carry(&apply.Plan{Removals: list(remove(allow("c", 1)), remove(allow("d", 1)))}, nil)
	for i, o := range []*policy.Object{allow("c", 1), allow("d", 1)} {
		want := seen(o)
		p := s.deletes[i].Preconditions
		if p == nil || p.UID == nil || *p.UID != want.UID || p.ResourceVersion == nil || *p.ResourceVersion != want.ResourceVersion {
			t.Errorf("%s is deleted with %+v", want.Key, p)
		}
	}
	if len(r.Outcomes) != 1 || r.Outcomes[0].Key.Name != "conduit-c" || !apierrors.IsConflict(errors.Unwrap(r.Failed[conduitRef("d")][0])) {
		t.Errorf("done %+v, failed %v", r.Outcomes, r.Failed)
	}
}

func TestAppliesAsOwnerOfWhatIsDeclared(t *testing.T) {
	s := newServer(t)
	s.carry(&apply.Plan{Groups: create(group("g", 1)), Floors: create(floor("a", 1))}, nil)
	for i, o := range s.options {
		u := s.applied[i]
		if o.FieldManager != apply.FieldManager || o.Force == nil || !*o.Force {
			t.Errorf("%s is applied with %+v", u.GetName(), o)
		}
		for _, path := range [][]string{{"status"}, {"metadata", "creationTimestamp"}, {"metadata", "resourceVersion"}, {"metadata", "uid"}} {
			if v, there, _ := unstructured.NestedFieldNoCopy(u.Object, path...); there {
				t.Errorf("%s is applied with %v: %v", u.GetName(), path, v)
			}
		}
	}
	for i, o := range []*policy.Object{group("g", 1), floor("a", 1)} {
		if got := policy.DigestOf(s.applied[i].Object); got != o.Digest {
			t.Errorf("%s is not what was planned: %v", apply.KeyOf(o), s.applied[i].Object)
		}
	}
}
