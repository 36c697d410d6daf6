// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"maps"
	"net/netip"
	"reflect"
	"slices"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// Neighbour is what of one zone a zone may speak with. It is as coarse as zones
// are: whatever part of the zone itself a conduit is narrowed to, all of it is
// meant, and what several conduits join is put together. So it holds more than what
// is declared, never less.
type Neighbour struct {
	// Zone by name; it may be the zone itself, where a conduit joins two parts of it.
	Zone string
	// Workloads and Networks of the neighbour that take part.
	Workloads []Workloads
	Networks  []netip.Prefix
	// In are the ports on which the neighbour may open connections to the zone, Out
	// those on which the zone may to the neighbour: sorted, none touching the next.
	In, Out []protocol.PortRange
}

// Neighbours returns every zone's neighbours by the zone's name, each list sorted by
// name. A suspended conduit joins nobody.
func (m *Model) Neighbours() map[string][]Neighbour {
	joined := map[string]map[string]*Neighbour{}
	for _, c := range m.Conduits {
		if c.Suspended {
			continue
		}
		for _, r := range c.Responders {
			meet(joined, r.Zone, c.Initiator, c.Ports, c.BothWays)
			meet(joined, c.Initiator.Zone, r, c.BothWays, c.Ports)
		}
	}
	out := make(map[string][]Neighbour, len(joined))
	for zone, neighbours := range joined {
		for _, name := range slices.Sorted(maps.Keys(neighbours)) {
			n := neighbours[name]
			n.Networks = mergeNetworks(n.Networks)
			n.In, n.Out = MergePorts(n.In), MergePorts(n.Out)
			out[zone] = append(out[zone], *n)
		}
	}
	return out
}

// NeighbourPrints returns, by the zone's name, what changes whenever the zone's
// neighbours do. It costs a fraction of working them out, so that whoever remembers
// what was made of them need not ask for those that are as they were.
func (m *Model) NeighbourPrints() map[string]string {
	prints := map[string]string{}
	for _, c := range m.Conduits {
		if c.Suspended {
			continue
		}
		touched := []string{c.Initiator.Zone.Name}
		for _, r := range c.Responders {
			touched = append(touched, r.Zone.Name)
		}
		slices.Sort(touched)
		for _, zone := range slices.Compact(touched) {
			prints[zone] += c.Fingerprint
		}
	}
	return prints
}

// meet makes an end of a conduit a neighbour of a zone.
func meet(joined map[string]map[string]*Neighbour, zone *Zone, end End, in, out []protocol.PortRange) {
	if joined[zone.Name] == nil {
		joined[zone.Name] = map[string]*Neighbour{}
	}
	n := joined[zone.Name][end.Zone.Name]
	if n == nil {
		n = &Neighbour{Zone: end.Zone.Name}
		joined[zone.Name][end.Zone.Name] = n
	}
	for _, w := range end.Workloads {
		if !slices.ContainsFunc(n.Workloads, w.same) {
			n.Workloads = append(n.Workloads, w)
		}
	}
	n.Networks = append(n.Networks, end.Networks...)
	n.In, n.Out = append(n.In, in...), append(n.Out, out...)
}

// same says that two entries select the same pods by the same words.
func (w Workloads) same(other Workloads) bool { return reflect.DeepEqual(w, other) }

// MergePorts sorts port ranges and joins those that overlap or touch.
func MergePorts(ports []protocol.PortRange) []protocol.PortRange {
	sorted := slices.SortedFunc(slices.Values(ports), func(a, b protocol.PortRange) int {
		return cmp.Or(cmp.Compare(a.Transport, b.Transport), cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
	})
	var out []protocol.PortRange
	for _, p := range sorted {
		last := len(out) - 1
		if last >= 0 && out[last].Transport == p.Transport && int(p.First) <= int(out[last].Last)+1 {
			out[last].Last = max(out[last].Last, p.Last)
			continue
		}
		out = append(out, p)
	}
	return out
}
