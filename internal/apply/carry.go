// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"slices"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Carry carries a plan out, step by step. A failed write does not stop the others,
// except those that would cut or open something because of it. joins says which
// conduits join a zone.
func (w *Writer) Carry(ctx context.Context, p *Plan, joins func(zone string) []topology.ObjectRef) *Result {
	r := &run{
		Writer: w, joins: joins, failed: map[Key]bool{},
		result: &Result{Failed: map[topology.ObjectRef][]error{}},
	}
	r.writeAll(ctx, p.Groups)
	r.writeAll(ctx, p.Transitions)
	r.writeAll(ctx, r.readyConduits(p))
	r.writeAll(ctx, r.readyFloors(p))
	mayGo := r.removable(p)
	for _, o := range p.Removals {
		if mayGo(o) {
			r.remove(ctx, o)
		}
	}
	return r.result
}

// readyConduits leaves out new allows in namespaces where the allow-all that must
// come first could not be written: there the first allow would isolate the pods.
func (r *run) readyConduits(p *Plan) []Write {
	unopened := r.failures(p.Transitions)
	var ready []Write
	for _, c := range p.Conduits {
		cuts := slices.ContainsFunc(unopened, func(t Write) bool {
			return t.Object.Namespace == c.Object.Namespace && r.joinsZone(c.Object.Source, t)
		})
		if c.Observed == nil && cuts {
			r.postpone(c)
			continue
		}
		ready = append(ready, c)
	}
	return ready
}

// readyFloors leaves out floors of zones with a conduit, or a group of addresses
// at either end of one, that could not be written: a floor that denies before its
// allows are there cuts production. A floor that was put back after somebody's
// edit does not wait.
func (r *run) readyFloors(p *Plan) []Write {
	unknown := map[topology.ObjectRef]bool{} // conduits to devices whose group is missing, and their zones
	for _, g := range r.failures(p.Groups) {
		unknown[g.Object.Source] = true
		for _, conduit := range r.joins(g.Object.Source.Name) {
			unknown[conduit] = true
		}
	}
	var ready []Write
	for _, f := range p.Floors {
		waits := unknown[f.Object.Source] || slices.ContainsFunc(r.joins(f.Object.Source.Name), func(c topology.ObjectRef) bool {
			return unknown[c] || len(r.result.Failed[c]) > 0
		})
		if waits && !f.Drift {
			r.postpone(f)
			continue
		}
		ready = append(ready, f)
	}
	return ready
}

// removable says of each removal, when its turn comes, whether it may be made: not
// when its replacement, or the allow-all that must come first, could not be
// written, and no floor or group while anything at all failed.
func (r *run) removable(p *Plan) func(Removal) bool {
	var leaving []Write
	for _, t := range r.failures(p.Transitions) {
		if t.Observed != nil {
			leaving = append(leaving, t)
		}
	}
	return func(o Removal) bool {
		if o.Part != policy.PartConduit {
			return len(r.result.Failed) == 0
		}
		return !o.Replaced || len(r.result.Failed[o.Source]) == 0 &&
			!slices.ContainsFunc(leaving, func(t Write) bool { return r.joinsZone(o.Source, t) })
	}
}

// failures are the writes of a step that were not made.
func (r *run) failures(writes []Write) []Write {
	var out []Write
	for _, w := range writes {
		if r.failed[KeyOf(w.Object)] {
			out = append(out, w)
		}
	}
	return out
}

// joinsZone says that a conduit joins the zone that an object is made of.
func (r *run) joinsZone(conduit topology.ObjectRef, w Write) bool {
	return slices.Contains(r.joins(w.Object.Source.Name), conduit)
}

func (r *run) postpone(w Write) {
	key := KeyOf(w.Object)
	r.fail(key, w.Object.Source, fmt.Errorf("%s: %w", key, ErrPostponed))
}
