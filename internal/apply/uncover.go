// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"maps"
	"slices"

	"github.com/zonewarden/zonewarden/internal/policy"
)

// inPlaces calls f for each namespace in which NetworkPolicies change, in order.
func (r *run) inPlaces(f func(*place)) {
	for _, name := range slices.Sorted(maps.Keys(r.places)) {
		if p := r.places[name]; p.err == nil {
			f(p)
		}
	}
}

// coverComing covers the pods that begin to be isolated.
func (r *run) coverComing(ctx context.Context) {
	var all []*change
	r.inPlaces(func(p *place) { all = append(all, changesUnder(p.coming)...) })
	r.writeAll(ctx, all, final)
}

// uncoverComing lets the isolation begin where everything is there that allows. What
// an interrupted run had left goes as well.
func (r *run) uncoverComing(ctx context.Context) {
	r.inPlaces(func(p *place) {
		missing := failures(p.changes)
		unready := func(pods isolated) bool {
			return slices.ContainsFunc(missing, func(c *change) bool { return c.pods.meets(pods) })
		}
		for _, c := range p.coming {
			if !c.kept && !unready(c.pods) {
				r.uncover(ctx, c)
			}
		}
		kept := only(changesUnder(p.coming), func(c *change) bool { return !c.owes() })
		all := len(kept) == len(p.coming)
		for _, o := range p.left {
			stays := slices.ContainsFunc(p.coming, func(c *cover) bool { return KeyOf(c.Object) == o.Key })
			if !stays && all && !unready(p.pods[o.Key.Name]) {
				r.remove(ctx, o)
			}
		}
	})
}

// coverGoing covers the pods that cease to be isolated, unless something failed: then
// they may be the other end of a flow that nobody has cut yet.
func (r *run) coverGoing(ctx context.Context) {
	if len(r.result.Failed) > 0 {
		return
	}
	var all []*change
	r.inPlaces(func(p *place) { all = append(all, changesUnder(p.going)...) })
	r.writeAll(ctx, all, final)
}

// uncoverGoing removes covers under which nothing is left that isolates.
func (r *run) uncoverGoing(ctx context.Context) {
	r.inPlaces(func(p *place) {
		for _, c := range slices.Concat(p.coming, p.going) {
			if (c.kept || slices.Contains(p.going, c)) && !r.stillIsolated(p, c) {
				r.uncover(ctx, c)
			}
		}
	})
}

// stillIsolated says that something which is to go, or to change, is still there.
func (r *run) stillIsolated(p *place, c *cover) bool {
	return slices.ContainsFunc(p.removals, func(o Removal) bool {
		return !r.gone[o.Key] && p.pods[o.Key.Name].meets(c.pods)
	}) || slices.ContainsFunc(p.changes, func(d *change) bool {
		return d.owes() && p.pods[d.Object.Name].meets(c.pods)
	})
}

func (r *run) uncover(ctx context.Context, c *cover) {
	if c.owes() {
		return // it was never written
	}
	r.remove(ctx, Removal{Part: policy.PartCover, Observed: Observed{
		Key: KeyOf(c.Object), Source: c.Object.Source, UID: c.uid, ResourceVersion: c.version,
	}})
}

// waitsForCover says that the change would isolate pods before all that allows is
// there, because their cover could not be written.
func (r *run) waitsForCover(c *change) bool {
	p := r.places[c.Object.Namespace]
	return p != nil && !c.Drift && slices.ContainsFunc(p.coming, func(o *cover) bool {
		return o.failed && o.pods.meets(c.pods)
	})
}

// waitsUncovered says that what goes would cut pods that are to be let go, because
// they are not covered.
func (r *run) waitsUncovered(o Removal) bool {
	p := r.places[o.Key.Namespace]
	return p != nil && slices.ContainsFunc(p.going, func(c *cover) bool {
		return c.owes() && c.pods.meets(p.pods[o.Key.Name])
	})
}

func changesUnder(covers []*cover) []*change {
	out := make([]*change, 0, len(covers))
	for _, c := range covers {
		out = append(out, c.change)
	}
	return out
}
