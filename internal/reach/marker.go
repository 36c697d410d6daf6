// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// marker says where a model puts a pod: in which zone, and at which ends of its conduits.
type marker struct {
	model   *topology.Model
	members topology.Members
	ends    []topology.End
	// byZone are the ends at each zone, by their index.
	byZone map[*topology.Zone][]int
	// rest are the entries that deny the pods of their namespaces that are in no zone.
	rest map[string]bool
}

func newMarker(m *topology.Model) *marker {
	out := &marker{model: m, members: m.Members(), ends: everyEnd(m), byZone: map[*topology.Zone][]int{}, rest: map[string]bool{}}
	for i, e := range out.ends {
		out.byZone[e.Zone] = append(out.byZone[e.Zone], i)
	}
	for _, z := range m.Zones {
		for _, w := range z.Workloads {
			if z.Enforce && w.DenyRest {
				for _, ns := range w.Matching {
					out.rest[ns] = true
				}
			}
		}
	}
	return out
}

// everyEnd is every end of every conduit that is not suspended: the initiator, then the
// responders.
func everyEnd(m *topology.Model) []topology.End {
	var out []topology.End
	for _, c := range m.Conduits {
		if !c.Suspended {
			out = append(append(out, c.Initiator), c.Responders...)
		}
	}
	return out
}

// everyEntry is every entry of workloads of zones and ends.
func everyEntry(m *topology.Model) []topology.Workloads {
	var out []topology.Workloads
	for _, z := range m.Zones {
		out = append(out, z.Workloads...)
	}
	for _, e := range everyEnd(m) {
		out = append(out, e.Workloads...)
	}
	return out
}

// podAt says whether a pod of the end's zone is at the end.
func podAt(e topology.End, p topology.Pod) bool {
	return slices.ContainsFunc(e.Workloads, func(w topology.Workloads) bool { return w.Selects(p) })
}

func within(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// zoneAt is the zone that an address is in, nil for none.
func (m *marker) zoneAt(a netip.Addr) *topology.Zone {
	for _, z := range m.model.Zones {
		if within(z.Networks, a) {
			return z
		}
	}
	return nil
}

// pod is the pod's mark.
func (m *marker) pod(p topology.Pod) string {
	z := m.members.ZoneOf(p)
	var out strings.Builder
	if m.isDNS(p) {
		out.WriteString("dns ")
	}
	if z == nil {
		fmt.Fprint(&out, m.rest[p.Namespace])
		return out.String()
	}
	out.WriteString(z.Name)
	for _, i := range m.byZone[z] {
		if podAt(m.ends[i], p) {
			fmt.Fprintf(&out, " %d", i)
		}
	}
	return out.String()
}

// isDNS says that a pod is one of the name service's.
func (m *marker) isDNS(p topology.Pod) bool {
	site := m.model.Site
	if site == nil || p.Namespace != site.DNS.Namespace || len(site.DNS.PodLabels) == 0 {
		return false
	}
	for k, v := range site.DNS.PodLabels {
		if p.Labels[k] != v {
			return false
		}
	}
	return true
}

// where says in which zone a place is, nil for none, and whether what is not declared is
// denied there.
func (m *marker) where(p *Place) (zone *topology.Zone, denied bool) {
	switch p.Kind {
	case Pods:
		zone = m.members.ZoneOf(p.pod)
		return zone, zone != nil && zone.Enforce || zone == nil && m.rest[p.pod.Namespace]
	case Devices:
		return m.zoneAt(p.address), false
	case Outside, Platform:
	}
	return nil, false
}
