// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings

import (
	"fmt"
	"maps"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/reach"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// trial is a site on which changes are tried: every zone denies, and namespaces that a zone
// means and that are not there yet, are.
type trial struct {
	snapshot topology.Snapshot
	level    int32
	memory   topology.Memory
}

func newTrial(s topology.Snapshot) *trial {
	t := &trial{snapshot: s, level: int32(s.Site.Spec.Openings.ApprovedFrom)}
	t.snapshot.Zones = nil
	for _, z := range s.Zones {
		t.snapshot.Zones = append(t.snapshot.Zones, enforced(z))
	}
	t.addNamespaces()
	return t
}

// enforced is a zone that denies, as declared and as it was last accepted.
func enforced(z *v1alpha1.Zone) *v1alpha1.Zone {
	out := *z
	out.Spec.Enforcement = v1alpha1.EnforcementEnforce
	if good := z.Status.LastGood; good != nil {
		copied := *good
		copied.Spec.Enforcement = v1alpha1.EnforcementEnforce
		out.Status.LastGood = &copied
	}
	return &out
}

// resolve is the site with some declarations held back.
func (t *trial) resolve(held map[topology.ObjectRef]v1alpha1.Finding) *topology.Model {
	s := t.snapshot
	s.Held = held
	return t.memory.Resolve(s)
}

// opens is what of a change lets in more than before, for people to read: sorted, each once.
func (t *trial) opens(before, after *topology.Model) []string {
	if before.Site == nil || after.Site == nil {
		return nil
	}
	atlas := reach.NewAtlas(slices.Concat(t.snapshot.Pods, expected(before, after)), before, after)
	c := comparison{was: reach.Look(before, atlas), is: reach.Look(after, atlas), level: t.level, found: map[string]bool{}}
	c.places()
	c.pairs()
	c.zones(before, after)
	return slices.Sorted(maps.Keys(c.found))
}

// comparison is of what passes between the same places.
type comparison struct {
	was, is *reach.View
	level   int32
	found   map[string]bool
}

// high says that there is a zone, and that it is from the level on.
func high(z *topology.Zone, level int32) bool { return z != nil && z.SL.Highest() >= level }

// high says that a place is, or was, in a zone from the level on.
func (c *comparison) high(place int) bool {
	return high(c.was.Zones[place], c.level) || high(c.is.Zones[place], c.level)
}

// places finds those that a zone from the level on gives up.
func (c *comparison) places() {
	for i := range c.is.Places {
		if !high(c.was.Zones[i], c.level) {
			continue
		}
		if what := c.givenUp(i); what != "" {
			c.found[what] = true
		}
	}
}

// givenUp says what becomes of a place of a zone from the level on, "" where nobody has to be
// asked: it is in such a zone still, or it is a device, which has lost what was let through to
// it. Pods in no zone are denied by the rest of their namespaces at best. That ends when
// another zone there is lifted, and who takes them in next is asked by nobody.
func (c *comparison) givenUp(place int) string {
	name, was, is := c.is.Places[place].Name(), c.was.Zones[place].Name, c.is.Zones[place]
	switch {
	case is == nil && c.is.Places[place].Kind != reach.Pods:
		return ""
	case is == nil && c.is.Denied[place]:
		return fmt.Sprintf("%s of zone %s, in no zone any more", name, was)
	case is == nil:
		return fmt.Sprintf("everything to %s of zone %s, denied by no zone any more", name, was)
	case is.Name != was && !high(is, c.level):
		return moved(name, was, is)
	}
	return ""
}

// moved is a place that comes from one zone into another of a lower level.
func moved(name, from string, to *topology.Zone) string {
	return fmt.Sprintf("%s of zone %s to zone %s of a target level of %d", name, from, to.Name, to.SL.Highest())
}

// pairs finds what is let into a place and was not.
func (c *comparison) pairs() {
	for _, p := range c.is.Pairs() {
		if !c.high(p.To) || c.is.AtPod(p) && c.was.Undenied(p) {
			continue
		}
		more := c.is.Declared(p).Minus(c.was.Declared(p))
		for _, a := range c.is.Allowed(p) {
			part := a.Ports.And(more)
			// Nobody holds the devices of a zone from each other, whatever is declared.
			if part.None() || a.Conduit == nil && !c.is.AtPod(p) {
				continue
			}
			c.found[fmt.Sprintf("%s -> %s %s", c.is.ZoneName(p.From), c.is.ZoneName(p.To), a.What(part))] = true
		}
	}
}

// zones finds those that are taken below the level.
func (c *comparison) zones(before, after *topology.Model) {
	for _, was := range before.Zones {
		is := after.Zone(was.Name)
		if is != nil && high(was, c.level) && !high(is, c.level) {
			c.found[fmt.Sprintf("zone %s to a target level of %d, from %d", was.Name, is.SL.Highest(), was.SL.Highest())] = true
		}
	}
}
