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

// readyGroups leaves out groups that change while a rule that named their old
// addresses could not be replaced: it would meet the new ones.
func (r *run) readyGroups() []*change {
	named := slices.ContainsFunc(r.policies(), func(c *change) bool {
		return c.failed && c.inSteps() && (c.before == nil || r.refersToMoved(c))
	})
	return r.ready(r.groups, func(g *change) bool { return named && g.inSteps() })
}

// readyFloors leaves out floors of zones with a conduit, or a group of addresses
// at either end of one, that could not be written: a floor that denies before its
// allows are there cuts production. A floor that was put back after somebody's
// edit does not wait.
func (r *run) readyFloors() []*change {
	unknown := map[topology.ObjectRef]bool{} // conduits to devices whose group is missing, and their zones
	for _, g := range failures(r.groups) {
		unknown[g.Object.Source] = true
		for _, conduit := range r.joins(g.Object.Source.Name) {
			unknown[conduit] = true
		}
	}
	ready := r.ready(r.floors, func(f *change) bool {
		return !f.Drift && (unknown[f.Object.Source] ||
			slices.ContainsFunc(r.joins(f.Object.Source.Name), func(c topology.ObjectRef) bool {
				return unknown[c] || len(r.result.Failed[c]) > 0
			}))
	})
	if !r.apart || len(failures(r.floors)) == 0 {
		return ready
	}
	// They deny members of other zones as well, whose allows may be missing.
	return r.ready(ready, func(f *change) bool {
		return !f.Drift && slices.Contains(clusterwide(r.floors), f) && f.wanted().minus(f.before).some(rule.bare)
	})
}

// ready leaves out what has to wait.
func (r *run) ready(changes []*change, waits func(*change) bool) []*change {
	var out []*change
	for _, c := range changes {
		switch {
		case c.failed:
		case waits(c):
			r.postpone(c)
		default:
			out = append(out, c)
		}
	}
	return out
}

// holdFloors lets nobody go while a floor that may be to take them has not grown:
// without any floor a pod is open to everything.
func (r *run) holdFloors() {
	if len(failures(r.floors)) > 0 {
		r.hold(r.floors, func(c *change) bool { return c.lets || r.apart })
	}
}

// holdConcerned holds back what would drop something for which a failed write may
// be the replacement: in the zones that the failure concerns, and in the conduits
// that join them. A name that somebody else has taken can stay taken for days, so
// the others must not wait for it.
func (r *run) holdConcerned(changes []*change) {
	zones, conduits := r.concerned()
	r.hold(changes, func(c *change) bool {
		source := c.Object.Source
		return zones[source.Name] && source.Kind == topology.KindZone || conduits[source] ||
			c.Object.Part == policy.PartAssets &&
				slices.ContainsFunc(r.joins(source.Name), func(d topology.ObjectRef) bool { return conduits[d] })
	})
}

// holdGuards holds back those of the zones that a failure concerns, and all while one
// has not grown that may be to deny what another one will not deny any more.
func (r *run) holdGuards() {
	if len(failures(r.guards)) > 0 {
		r.hold(r.guards, func(*change) bool { return true })
	}
	r.holdConcerned(r.guards)
}

// holdNeeded holds back besides what pods may still need that a floor denies longer
// than it was meant to.
func (r *run) holdNeeded(ctx context.Context, changes []*change) {
	longer := clusterwide(r.denyLonger(ctx))
	unread := slices.ContainsFunc(longer, func(f *change) bool { return f.before == nil && f.inSteps() })
	var denied parts
	for _, f := range longer {
		denied = append(denied, f.before...)
	}
	r.hold(clusterwide(changes), func(c *change) bool {
		return unread || c.before.minus(c.wanted()).some(func(dropped rule) bool {
			return denied.some(func(floor rule) bool { return dropped.within(floor) })
		})
	})
}

// denyLonger are the floors that could not let go, or could not go.
func (r *run) denyLonger(ctx context.Context) []*change {
	if len(r.result.Failed) == 0 {
		return nil
	}
	out := failures(r.floors)
	for _, o := range r.plan.Removals {
		if o.turn() != floorsGo || r.gone[o.Key] {
			continue
		}
		i := slices.IndexFunc(r.leaving, func(c *change) bool { return KeyOf(c.Object) == o.Key })
		if i < 0 {
			r.leaving = append(r.leaving, r.lookAtLeaving(ctx, o))
			i = len(r.leaving) - 1
		}
		out = append(out, r.leaving[i])
	}
	return out
}

// stillDeny says that a floor of Cilium's could not let go, or could not go.
func (r *run) stillDeny() bool {
	return len(failures(clusterwide(r.floors))) > 0 || r.stay(floorsGo)
}

// stay says that something could not go in its turn.
func (r *run) stay(turn int) bool {
	return slices.ContainsFunc(r.plan.Removals, func(o Removal) bool { return o.turn() == turn && !r.gone[o.Key] })
}

// hold postpones what is not yet as desired.
func (r *run) hold(changes []*change, held func(*change) bool) {
	for _, c := range changes {
		if !c.failed && c.owes() && held(c) {
			r.postpone(c)
		}
	}
}

// concerned are the zones of what failed so far, and the conduits that join one.
func (r *run) concerned() (zones map[string]bool, conduits map[topology.ObjectRef]bool) {
	zones, conduits = map[string]bool{}, map[topology.ObjectRef]bool{}
	for ref := range r.result.Failed {
		if ref.Kind == topology.KindZone {
			zones[ref.Name] = true
			continue
		}
		conduits[ref] = true
		for _, zone := range r.plan.Zones {
			if slices.Contains(r.joins(zone), ref) {
				zones[zone] = true
			}
		}
	}
	for zone := range zones {
		for _, c := range r.joins(zone) {
			conduits[c] = true
		}
	}
	return zones, conduits
}

// removable says of each removal, when its turn comes, whether it may be made. What
// closes a conduit always; nothing else while pods that are to be let go are not
// covered. Of a conduit's objects one that a failure does not concern, because what
// failed may have been to take over, and of Cilium's none while a floor denies longer
// than it was meant to; and nothing that denies, nor a group, while anything at all
// failed.
func (r *run) removable() func(Removal) bool {
	_, conduits := r.concerned()
	return func(o Removal) bool {
		switch {
		case o.Part == policy.PartConduit && !o.Replaced:
			return true
		case r.waitsUncovered(o):
			return false
		case o.Part == policy.PartConduit:
			return !conduits[o.Source] && !(o.Key.Kind == policy.KindClusterwidePolicy && r.stillDeny())
		default:
			return len(r.result.Failed) == 0
		}
	}
}

// failures are the changes of a step that were not made.
func failures(changes []*change) []*change {
	return only(changes, func(c *change) bool { return c.failed })
}

func (r *run) postpone(c *change) {
	r.failChange(c, fmt.Errorf("%s: %w", KeyOf(c.Object), ErrPostponed))
}
