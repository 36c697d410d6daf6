// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import "slices"

// Members says in which zone a pod is.
type Members struct{ byNamespace map[string][]podMatcher }

// Members returns who is in which zone in force.
func (m *Model) Members() Members { return Members{matchersByNamespace(m.Zones)} }

// ZoneOf returns the zone that the pod is in, nil for none. No pod is in two: zones
// that could both match one are not in force together.
func (m Members) ZoneOf(p Pod) *Zone {
	for _, matcher := range m.byNamespace[p.Namespace] {
		if matcher.matches(p) {
			return matcher.zone
		}
	}
	return nil
}

// Selects says whether the entry takes in a pod.
func (w Workloads) Selects(p Pod) bool {
	return slices.Contains(w.Matching, p.Namespace) && w.MatchesLabels(p.Labels)
}
