// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
)

// prepare finds out which changes need steps, and reads what stands of those.
func (r *run) prepare(ctx context.Context) {
	r.guarded = r.denyOthers(r.floors)
	r.atOnce = r.plan.atOnce() && !r.guarded
	if !r.atOnce {
		r.look(ctx, slices.Concat(r.groups, r.conduits, r.floors))
	}
	r.moved = movedBy(r.groups)
	for _, o := range r.plan.Removals {
		if o.turn() == 0 && r.severalFloors() || o.Key.Kind == policy.KindClusterwidePolicy && len(r.moved.after) > 0 {
			r.leaving = append(r.leaving, r.lookAtLeaving(ctx, o))
		}
	}
	r.guarded = r.denyOthers(slices.Concat(r.floors, leavingFloors(r.leaving))) ||
		slices.ContainsFunc(r.policies(), r.refersToMoved)
}

func (r *run) severalFloors() bool { return len(r.floors)+r.plan.floorsLeaving() > 1 }

// denyOthers says that a floor may deny, before or after, whom another one allows.
func (r *run) denyOthers(floors []*change) bool {
	return r.severalFloors() && slices.ContainsFunc(floors, func(c *change) bool {
		return c.before.some(rule.bare) || c.wanted().some(rule.bare)
	})
}

// policies are all that change or go, groups apart.
func (r *run) policies() []*change { return slices.Concat(r.conduits, r.floors, r.leaving) }

// refersToMoved says that a rule which comes or goes names a group that changes.
func (r *run) refersToMoved(c *change) bool {
	if len(r.moved.after) == 0 {
		return false
	}
	after := c.wanted()
	return append(after.minus(c.before), c.before.minus(after)...).some(r.moved.names)
}

// wanted are the parts of what is desired; none where it is no sum of parts.
func (c *change) wanted() parts {
	if pathOf(c.Object.GVK.Kind) == nil {
		return nil
	}
	u, err := toUnstructured(c.Object)
	if err != nil {
		return nil // the write will say so
	}
	out, err := partsOf(u)
	if err != nil {
		return nil
	}
	return out
}

// movedBy are the groups that change. One that could not be read keeps its old
// addresses for now.
func movedBy(groups []*change) moved {
	m := moved{before: map[string]parts{}, after: map[string]parts{}}
	for _, g := range groups {
		if !g.inSteps() {
			continue
		}
		m.after[g.Object.Name] = g.wanted()
		if g.before != nil {
			m.before[g.Object.Name] = g.before
		}
	}
	return m
}

// atOnce says that no change of the plan needs a step between old and new. What is
// new drops nothing. A single change drops what it drops in one write, when all
// that is new stands; nobody sees it half done. That is so as long as nothing goes
// that it has to wait for.
func (p *Plan) atOnce() bool {
	var changed []Write
	for _, w := range slices.Concat(p.Groups, p.Conduits, p.Floors) {
		if w.inSteps() {
			changed = append(changed, w)
		}
	}
	if len(changed) != 1 {
		return len(changed) == 0
	}
	if changed[0].Object.Part == policy.PartAssets {
		// Rules that come or go must not meet addresses that come or go.
		return len(p.Conduits)+len(p.Floors)+p.leaving(func(o Removal) bool { return o.Part != policy.PartAssets }) == 0
	}
	return p.floorsLeaving() == 0
}

// floorsLeaving is how many floors go that allow up to their end.
func (p *Plan) floorsLeaving() int { return p.leaving(func(o Removal) bool { return o.turn() == 0 }) }

func (p *Plan) leaving(which func(Removal) bool) int {
	n := 0
	for _, o := range p.Removals {
		if which(o) {
			n++
		}
	}
	return n
}

// lookAtLeaving reads an object that goes: until then it is a change to nothing.
func (r *run) lookAtLeaving(ctx context.Context, o Removal) *change {
	u := named(GVKOf(o.Key.Kind), o.Key.Namespace, o.Key.Name)
	c := &change{Write: Write{Observed: &o.Observed, Object: policy.FromContent(u.Object, o.Part, o.Source)}}
	live, err := r.readLive(ctx, u.DeepCopy())
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
	return slices.DeleteFunc(slices.Clone(leaving), func(c *change) bool {
		return c.Object.Part != policy.PartFloor || c.before == nil
	})
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
