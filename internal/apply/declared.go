// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import "github.com/zonewarden/zonewarden/internal/topology"

// Declarations are the Zones and Conduits of a model that policy objects may have been made
// of. What is withheld counts as not in force: what stands for it is left as it is.
func Declarations(m *topology.Model, withheld map[topology.ObjectRef]bool) map[topology.ObjectRef]Declaration {
	out := make(map[topology.ObjectRef]Declaration, len(m.Verdicts))
	for ref, v := range m.Verdicts {
		if ref.Kind == topology.KindZone || ref.Kind == topology.KindConduit {
			out[ref] = Declaration{UID: v.UID, InForce: v.InForce && !withheld[ref]}
		}
	}
	for _, c := range m.Conduits {
		ref := topology.ObjectRef{Kind: topology.KindConduit, Name: c.Name}
		d := out[ref]
		d.Suspended = c.Suspended
		out[ref] = d
	}
	return out
}

// Joins says which conduits in force join a zone, for Carry.
func Joins(m *topology.Model) func(zone string) []topology.ObjectRef {
	byZone := map[string][]topology.ObjectRef{}
	for _, c := range m.Conduits {
		ref := topology.ObjectRef{Kind: topology.KindConduit, Name: c.Name}
		byZone[c.Initiator.Zone.Name] = append(byZone[c.Initiator.Zone.Name], ref)
		for _, r := range c.Responders {
			byZone[r.Zone.Name] = append(byZone[r.Zone.Name], ref)
		}
	}
	return func(zone string) []topology.ObjectRef { return byZone[zone] }
}
