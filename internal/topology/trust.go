// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"maps"
	"slices"
)

// Party is one workload, or a namespace where no workload is named, that trusts others and is
// trusted by them.
type Party struct {
	Namespace string
	// Labels of the workload's pods. Nil: every pod of the namespace, whatever its labels.
	Labels map[string]string
}

// in says whether an entry takes the party in. A whole namespace is taken in by an entry
// without labels only: one that takes some of its pods says nothing of the others.
func (p Party) in(w Workloads) bool {
	if p.Labels == nil {
		return len(w.PodSelectors) == 0 && slices.Contains(w.Matching, p.Namespace)
	}
	return w.Selects(Pod{Namespace: p.Namespace, Labels: p.Labels})
}

func (p Party) at(e End) bool { return slices.ContainsFunc(e.Workloads, p.in) }

// ZoneOfParty returns the zone that all of the party is in, nil where there is none.
func (m *Model) ZoneOfParty(p Party) *Zone {
	for _, z := range m.Zones {
		if slices.ContainsFunc(z.Workloads, p.in) {
			return z
		}
	}
	return nil
}

// Trusts returns the zones whose members the party speaks with, sorted: those at the other
// ends of its conduits, whoever opens the connection, and its own where traffic within it
// passes. A suspended conduit joins nobody.
func (m *Model) Trusts(p Party) []string {
	zones := map[string]bool{}
	if z := m.ZoneOfParty(p); z != nil && z.InternalTraffic {
		zones[z.Name] = true
	}
	for _, c := range m.Conduits {
		if c.Suspended {
			continue
		}
		for _, r := range c.Responders {
			if p.at(c.Initiator) {
				zones[r.Zone.Name] = true
			}
			if p.at(r) {
				zones[c.Initiator.Zone.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(zones))
}
