// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"slices"

	"github.com/zonewarden/zonewarden/internal/policy"
)

// addresses of groups by the group's name.
type addresses map[string]parts

// named says that a rule refers to one of the groups.
func (a addresses) named(r rule) bool {
	return slices.ContainsFunc(r.groups(), func(name string) bool {
		_, ok := a[name]
		return ok
	})
}

// moved says in which rules the name of a group that changes must not stand while
// old and new are side by side. A rule that comes must not meet the addresses that
// the group loses, so it carries those that are left; and a rule that goes must not
// meet those that it gains, so it carries those from before. What denies has to deny both all
// the time: where groups change before it does, each rule carries what it denied or is to.
type moved struct {
	coming, going addresses
	// was and is are all groups that change, where what denies carries addresses.
	was, is addresses
}

// both are the addresses that a rule denies which stays.
func (m moved) both() addresses {
	out := addresses{}
	for name, is := range m.is {
		out[name] = append(slices.Clone(m.was[name]), is...).distinct()
	}
	return out
}

// movedBy are the groups that change. One that could not be read keeps its old
// addresses for now, whatever they are. One that is new had none: a rule that goes may
// name it, because an interrupted run had not come to it yet.
func movedBy(groups []*change) moved {
	m := moved{coming: addresses{}, going: addresses{}, was: addresses{}, is: addresses{}}
	for _, g := range groups {
		switch {
		case g.Observed == nil:
			m.going[g.Object.Name], m.was[g.Object.Name], m.is[g.Object.Name] = parts{}, parts{}, g.wanted()
			continue
		case !g.inSteps():
			continue
		}
		before, after := g.before, g.wanted()
		if before != nil {
			m.was[g.Object.Name], m.is[g.Object.Name] = before, after
		}
		if before == nil || len(before.minus(after)) > 0 {
			m.coming[g.Object.Name] = after
		}
		if before != nil && len(after.minus(before)) > 0 {
			m.going[g.Object.Name] = before
		}
	}
	return m
}

// policies are all that change or go, groups apart.
func (r *run) policies() []*change {
	return slices.Concat(r.guards, r.conduits, r.floors, r.leaving)
}

// refersToMoved says that a rule which comes or goes must not go by the name of a
// group that changes.
func (r *run) refersToMoved(c *change) bool {
	if len(r.moved.coming)+len(r.moved.going) == 0 {
		return false
	}
	after := c.wanted()
	return after.minus(c.before).some(r.moved.coming.named) || c.before.minus(after).some(r.moved.going.named)
}

// tiedGroups says that groups may change only while nobody goes by their names. A
// group that changes at once, because it is too large for steps, waits as well until
// what takes over from it is there. And one that loses addresses beside guards that deny
// less shrinks before they do: an interrupted run may have left it with addresses that
// only those guards keep apart from what a rule lets in.
func (r *run) tiedGroups() bool {
	return slices.ContainsFunc(r.policies(), r.refersToMoved) ||
		slices.ContainsFunc(r.groups, func(g *change) bool { return g.large }) ||
		len(r.moved.coming) > 0 && r.guardsLose()
}

// guardsLose says that a guard goes, or may deny less than it does.
func (r *run) guardsLose() bool {
	return slices.ContainsFunc(r.plan.Removals, func(o Removal) bool { return o.Part == policy.PartGuard }) ||
		slices.ContainsFunc(r.guards, func(c *change) bool {
			return c.last && c.Observed != nil || len(c.before.minus(c.wanted())) > 0
		})
}

// groupsLeaving are the removals of groups.
func groupsLeaving(o Removal) bool { return o.Part == policy.PartAssets }
