// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/podset"
)

// prepare finds out which changes need steps, and reads what stands of those.
func (r *run) prepare(ctx context.Context) {
	r.survey(ctx)
	r.writeLast()
	r.apart = r.denyOthers(r.floors)
	if r.atOnce = r.changesAtOnce() && !r.apart; r.atOnce {
		for _, c := range slices.Concat(r.groups, r.guards, r.conduits, r.floors) {
			c.atOnce = c.inSteps()
		}
	} else {
		r.look(ctx, slices.Concat(r.groups, r.guards, r.conduits, r.floors))
	}
	r.moved = movedBy(r.groups)
	for _, o := range r.plan.Removals {
		if r.goesInSteps(o) {
			r.leaving = append(r.leaving, r.lookAtLeaving(ctx, o))
		}
	}
	if r.tied = r.tiedGroups(); !r.tied {
		r.moved.was, r.moved.is = nil, nil // groups have both, from first to last
	}
	r.apart = r.denyOthers(slices.Concat(r.floors, leavingFloors(r.leaving))) ||
		slices.ContainsFunc(r.policies(), r.refersToMoved)
}

// goesInSteps says that an object is written before it goes: a floor that others wait for,
// and what may name a group that changes.
func (r *run) goesInSteps(o Removal) bool {
	switch {
	case o.turn() == floorsGo && r.severalFloors():
		return true
	case o.Key.Kind != policy.KindClusterwidePolicy:
		return false
	case o.Part == policy.PartGuard:
		return len(r.moved.is) > 0
	}
	return len(r.moved.going) > 0
}

func (r *run) severalFloors() bool { return len(clusterwide(r.floors))+r.floorsLeaving() > 1 }

// denyOthers says that a floor denies pods that another one is for as well, before or
// after: what denies the pods of no zone denies the members of all, and what an
// interrupted run has left may deny those of another zone. What such pods may do
// stands in both.
func (r *run) denyOthers(floors []*change) bool {
	if !r.severalFloors() {
		return false
	}
	type subject struct{ denied, all podset.Set }
	meet := func(a, b subject) bool { return a.denied.Meets(b.all) || b.denied.Meets(a.all) }
	var before, after []subject
	for _, c := range clusterwide(floors) {
		was, is := subject{c.before.subjects(rule.deniesAny), c.before.subjects(nil)}, subject{c.wanted().subjects(rule.deniesAny), c.wanted().subjects(nil)}
		if slices.ContainsFunc(before, func(s subject) bool { return meet(s, was) }) ||
			slices.ContainsFunc(after, func(s subject) bool { return meet(s, is) }) {
			return true
		}
		before, after = append(before, was), append(after, is)
	}
	return false
}

// lookAtLeaving reads an object that goes: until then it is a change to nothing.
func (r *run) lookAtLeaving(ctx context.Context, o Removal) *change {
	u := named(GVKOf(o.Key.Kind), o.Key.Namespace, o.Key.Name)
	c := &change{Write: Write{Observed: &o.Observed, Object: policy.FromContent(u.Object, o.Part, o.Source)}}
	live, err := r.readLive(ctx, u.DeepCopy(), c.Object)
	if err == nil && live != nil {
		u.SetLabels(keep(live.GetLabels(), v1alpha1.LabelManagedBy, v1alpha1.LabelKind, v1alpha1.LabelName))
		u.SetAnnotations(keep(live.GetAnnotations(), v1alpha1.AnnotationSourceUID, v1alpha1.AnnotationRelease))
		u.SetOwnerReferences(live.GetOwnerReferences())
		c.Object = policy.FromContent(u.Object, o.Part, o.Source)
		err = c.carry(live)
	}
	if err != nil {
		r.failChange(c, fmt.Errorf("%s: %w", o.Key, err))
	}
	return c
}

func keep(from map[string]string, keys ...string) map[string]string {
	out := map[string]string{}
	for _, k := range keys {
		if v, ok := from[k]; ok {
			out[k] = v
		}
	}
	return out
}

// leavingFloors are those which deny, as far as they are ours to write before they go.
func leavingFloors(leaving []*change) []*change {
	return only(leaving, func(c *change) bool { return c.Object.Part == policy.PartFloor && c.before != nil })
}

// asLeft is a removal of the object as this run has left it.
func (r *run) asLeft(o Removal) Removal {
	for _, c := range r.leaving {
		if c.version != "" && KeyOf(c.Object) == o.Key {
			o.ResourceVersion = c.version
		}
	}
	return o
}
