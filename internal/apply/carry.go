// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"slices"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// Carry carries a plan out, step by step: first everything grows, then everything
// shrinks. A failed write does not stop the others, except those that would cut
// or open something because of it. joins says which conduits join a zone.
func (w *Writer) Carry(ctx context.Context, p *Plan, joins func(zone string) []topology.ObjectRef) *Result {
	r := &run{
		Writer: w, plan: p, joins: joins,
		result: &Result{Failed: map[topology.ObjectRef][]error{}}, gone: map[Key]bool{},
		groups: changesOf(p.Groups), transitions: changesOf(p.Transitions),
		conduits: changesOf(p.Conduits), floors: changesOf(p.Floors),
	}
	r.prepare(ctx)
	r.grow(ctx)
	r.shrink(ctx)
	return r.result
}

// grow lets in and out what is new, and denies what is new to be denied. Nothing
// that was allowed goes yet, and nobody is let go.
func (r *run) grow(ctx context.Context) {
	r.writeTurns(ctx, upTo(0, r.groups))
	r.writeAll(ctx, r.transitions, final)
	r.writeTurns(ctx, r.readyConduits())
	if r.guarded {
		r.writeAll(ctx, slices.Concat(r.leaving, r.floors), allowed)
	}
	r.writeTurns(ctx, r.readyGroups())
	r.writeTurns(ctx, r.readyFloors())
}

// shrink drops what is old: first what denies, then what allows.
func (r *run) shrink(ctx context.Context) {
	r.holdFloors()
	if r.guarded {
		r.writeAll(ctx, r.floors, shrunk)
		if len(r.result.Failed) == 0 {
			r.writeAll(ctx, leavingFloors(r.leaving), shrunk)
		}
	} else {
		r.writeAll(ctx, r.floors, final)
	}
	r.removeAll(ctx, func(o Removal) bool { return o.turn() == 0 })
	r.holdConcerned(r.groups)
	r.writeAll(ctx, r.groups, final)
	if r.guarded {
		r.holdConcerned(r.floors)
		r.holdNeeded(ctx, r.floors)
		r.writeAll(ctx, r.floors, final)
	}
	r.holdConcerned(r.conduits)
	r.holdNeeded(ctx, r.conduits)
	r.writeAll(ctx, r.conduits, final)
	r.removeAll(ctx, func(o Removal) bool { return o.turn() > 0 })
}

// writeTurns makes the growing write of each change: new objects first, so that an
// object that changes at once drops nothing that they were to take over.
func (r *run) writeTurns(ctx context.Context, changes []*change) {
	for turn := range 3 {
		if turn > 0 && !(r.atOnce && len(r.result.Failed) == 0) {
			// What failed may have been to take over what this drops.
			r.look(ctx, changes)
		}
		r.writeAll(ctx, upTo(turn, changes), grown)
	}
}

// upTo are the changes whose turn has come.
func upTo(turn int, changes []*change) []*change {
	var out []*change
	for _, c := range changes {
		if c.turn() <= turn {
			out = append(out, c)
		}
	}
	return out
}

// removeAll makes those removals of the plan that it is asked for, as far as they
// may be made.
func (r *run) removeAll(ctx context.Context, asked func(Removal) bool) {
	mayGo := r.removable()
	for i := range r.plan.Removals {
		if o := r.plan.Removals[i]; asked(o) && mayGo(o) {
			r.remove(ctx, r.asLeft(o))
		}
	}
}
