// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings

import (
	"maps"
	"slices"

	"github.com/zonewarden/zonewarden/internal/reach"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// handed are the devices that a change takes out of a zone from the level on, where another
// change takes them into a lower one: sorted, each once. What only takes a device away closes,
// and who takes it in finds it in no zone: tried one after the other, neither would wait.
func (t *trial) handed(before, after *topology.Model, declared func() *topology.Model) []string {
	if !t.takesAway(before, after) {
		return nil
	}
	last := declared()
	atlas := reach.NewAtlas(nil, before, after, last)
	was, is, to := reach.Look(before, atlas), reach.Look(after, atlas), reach.Look(last, atlas)
	found := map[string]bool{}
	for i, p := range atlas.Places {
		if p.Kind == reach.Devices && high(was.Zones[i], t.level) && is.Zones[i] == nil && to.Zones[i] != nil && !high(to.Zones[i], t.level) {
			found[moved(p.Name(), was.Zones[i].Name, to.Zones[i])] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// takesAway says that a zone from the level on has not all the networks that it had.
func (t *trial) takesAway(before, after *topology.Model) bool {
	return slices.ContainsFunc(before.Zones, func(was *topology.Zone) bool {
		is := after.Zone(was.Name)
		return high(was, t.level) && (is == nil || !slices.Equal(was.Networks, is.Networks))
	})
}
