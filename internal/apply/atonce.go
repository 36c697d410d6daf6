// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"slices"

	"github.com/zonewarden/zonewarden/internal/policy"
)

// One change is one write. What is new drops nothing, and an object that changes at
// once drops what it drops when all that is new in its step stands; nobody sees a
// write half done. So a change needs no step between as long as nothing that goes or
// changes beside it has to wait for it, or it for that.

// changesAtOnce says that no change of the plan needs a step between old and new.
func (r *run) changesAtOnce() bool {
	var plain, others []Write
	for _, w := range r.plan.writes() {
		switch {
		case !w.inSteps():
		case w.Object.GVK.Kind == policy.KindNetworkPolicy:
			plain = append(plain, w)
		default:
			others = append(others, w)
		}
	}
	switch {
	case len(others) == 0:
		return r.mirrorEachOther()
	case len(others)+len(plain) > 1:
		return false
	case others[0].Object.Part == policy.PartGuard:
		// What it no longer denies, something that comes later may be to deny.
		return len(r.plan.writes()) == 1 && len(r.plan.Removals) == 0
	case others[0].Object.Part == policy.PartAssets:
		// Rules that come or go must not meet addresses that come or go.
		return len(r.plan.writes()) == 1 && !slices.ContainsFunc(r.plan.Removals, func(o Removal) bool { return !groupsLeaving(o) })
	default:
		// What it drops may name a group that is new: an interrupted run had not come to it.
		return r.floorsLeaving()+len(r.places) == 0 && len(only(r.groups, func(c *change) bool { return c.Observed == nil })) == 0
	}
}

// mirrorEachOther says that the NetworkPolicies that change are those of one conduit
// or one zone, and that no two of them say different things to one pod. What one of
// them lets out another lets in, so the first that is written opens nothing by itself;
// and what one drops no other one takes over.
func (r *run) mirrorEachOther() bool {
	changes := only(slices.Concat(r.conduits, r.floors), func(c *change) bool { return c.before != nil })
	for i, c := range changes {
		if c.Object.Source != changes[0].Object.Source {
			return false
		}
		for _, d := range changes[:i] {
			if alike := c.before.same(d.before) && c.wanted().same(d.wanted()); !alike && samePods(c, d) {
				return false
			}
		}
	}
	return true
}

// samePods says that one pod could be selected by both.
func samePods(c, d *change) bool {
	return c.Object.Namespace == d.Object.Namespace && c.pods.meets(d.pods)
}

// floorsLeaving is how many floors go that allow up to their end.
func (r *run) floorsLeaving() int {
	n := 0
	for _, o := range r.plan.Removals {
		if o.turn() == floorsGo {
			n++
		}
	}
	return n
}
