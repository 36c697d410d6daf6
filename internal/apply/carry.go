// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"slices"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Carry carries a plan out, in the order of writes. A failed write does not stop the
// others, except those that would cut or open something because of it. joins says
// which conduits join a zone.
func (w *Writer) Carry(ctx context.Context, p *Plan, joins func(zone string) []topology.ObjectRef) *Result {
	r := &run{
		Writer: w, plan: p, joins: joins,
		result: &Result{Failed: map[topology.ObjectRef][]error{}}, gone: map[Key]bool{},
		groups: changesOf(p.Groups), guards: changesOf(p.Guards),
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
	if !r.tied {
		r.writeTurns(ctx, r.readyGroups())
	}
	r.writeTurns(ctx, r.guards)
	if r.tied {
		r.writeAll(ctx, only(r.leaving, func(c *change) bool { return c.Object.Part == policy.PartGuard }), grown)
	}
	r.coverComing(ctx)
	r.writeTurns(ctx, r.ready(r.conduits, r.waitsForCover))
	if r.apart {
		r.writeAll(ctx, slices.Concat(r.leaving, r.floors), allowed)
	}
	if r.tied {
		r.writeTurns(ctx, r.readyGroups())
	}
	r.writeTurns(ctx, r.ready(r.readyFloors(), r.waitsForCover))
	r.uncoverComing(ctx)
}

// shrink drops what is old: first what denies, then what allows.
func (r *run) shrink(ctx context.Context) {
	r.holdFloors()
	r.coverGoing(ctx)
	if r.apart {
		r.writeAll(ctx, r.floors, shrunk)
		if len(r.result.Failed) == 0 {
			r.writeAll(ctx, leavingFloors(r.leaving), shrunk)
		}
	} else {
		r.writeAll(ctx, r.floors, final)
	}
	r.removeAll(ctx, floorsGo)
	if r.tied {
		r.shrinkGroups(ctx)
	}
	if r.apart {
		r.holdConcerned(r.floors)
		r.holdNeeded(ctx, r.floors)
		r.writeAll(ctx, r.floors, final)
	}
	r.holdConcerned(r.conduits)
	r.holdNeeded(ctx, r.conduits)
	r.writeAll(ctx, r.conduits, final)
	r.removeAll(ctx, conduitsGo, isolatingFloorsGo)
	r.uncoverGoing(ctx)
	r.shrinkGuards(ctx)
	if !r.tied {
		r.shrinkGroups(ctx)
	}
}

// shrinkGuards ends with those of Cilium's, which deny old and new up to then: those of the
// admin tier cannot, so what one of them is to deny is open until it is as desired and
// nothing is judged beside it.
func (r *run) shrinkGuards(ctx context.Context) {
	r.holdGuards()
	r.writeAll(ctx, adminTier(r.guards), final)
	r.removeAll(ctx, adminGuardsGo)
	if len(failures(adminTier(r.guards))) > 0 || r.stay(adminGuardsGo) {
		r.hold(r.guards, func(*change) bool { return true })
	}
	r.writeAll(ctx, clusterwide(r.guards), final)
	r.removeAll(ctx, guardsGo)
}

func (r *run) shrinkGroups(ctx context.Context) {
	r.holdConcerned(r.groups)
	r.writeAll(ctx, r.groups, final)
	r.removeAll(ctx, groupsGo)
}

// writeTurns makes the growing write of each change: new objects first, so that an
// object that changes at once drops nothing that they were to take over.
func (r *run) writeTurns(ctx context.Context, changes []*change) {
	for turn := range 3 {
		if turn > 0 && !(r.atOnce && len(r.result.Failed) == 0) {
			// What failed may have been to take over what this drops.
			for _, c := range changes {
				c.atOnce = false
			}
			r.look(ctx, changes)
		}
		r.writeAll(ctx, upTo(turn, changes), grown)
	}
}

// upTo are the changes whose turn has come.
func upTo(turn int, changes []*change) []*change {
	return only(changes, func(c *change) bool { return c.turn() <= turn })
}

// removeAll makes the removals of these turns, as far as they may be made.
func (r *run) removeAll(ctx context.Context, turns ...int) {
	for _, turn := range turns {
		var asked []Removal
		for _, o := range r.plan.Removals {
			if o.turn() == turn {
				asked = append(asked, o)
			}
		}
		mayGo := r.removable()
		for _, list := range r.byKind(len(asked), func(i int) string { return asked[i].Key.Kind }) {
			for _, i := range list {
				if mayGo(asked[i]) {
					r.remove(ctx, r.asLeft(asked[i]))
				}
			}
		}
	}
}
