// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// passThrough is a protocol that goes into a DMZ and out of it unbroken.
type passThrough struct {
	conduit, other, dmz, protocol string
}

// dmzEnd is a conduit's end in a DMZ, and the zone at its far end.
type dmzEnd struct {
	conduit *Conduit
	end     End
	far     *Zone
}

// dmzEnds are the ends of conduits in DMZ zones, split by the side that the far
// end is on.
type dmzEnds struct {
	office, operations []dmzEnd
}

// endsInDMZ gathers, for each DMZ zone by name, the conduits that end there.
func endsInDMZ(conduits []*Conduit) map[string]*dmzEnds {
	out := map[string]*dmzEnds{}
	add := func(c *Conduit, near End, far *Zone) {
		if near.Zone.Type != v1alpha1.ZoneTypeDMZ {
			return
		}
		ends := out[near.Zone.Name]
		if ends == nil {
			ends = &dmzEnds{}
			out[near.Zone.Name] = ends
		}
		switch e := (dmzEnd{c, near, far}); {
		case isOffice(far.Level, far.Type):
			ends.office = append(ends.office, e)
		case isOperations(far.Level, far.Type):
			ends.operations = append(ends.operations, e)
		}
	}
	for _, c := range conduits {
		for _, responder := range c.Responders {
			add(c, responder, c.Initiator.Zone)
			add(c, c.Initiator, responder.Zone)
		}
	}
	return out
}

// protocolsThroughDMZ finds pairs of conduits, one from the office's side and
// one to the plant's, that meet at the same workloads of a DMZ with the same
// protocol: nothing is terminated there.
func protocolsThroughDMZ(conduits []*Conduit) []passThrough {
	var out []passThrough
	for dmz, ends := range endsInDMZ(conduits) {
		for _, a := range ends.office {
			for _, b := range ends.operations {
				if p := sharedProtocol(a.conduit, b.conduit); p != "" && endsOverlap(a.end, b.end) {
					out = append(out, passThrough{a.conduit.Name, b.conduit.Name, dmz, p})
				}
			}
		}
	}
	return out
}

func endsOverlap(a, b End) bool {
	for _, x := range a.Workloads {
		if slices.ContainsFunc(b.Workloads, func(y Workloads) bool { return canOverlap(x, y) }) {
			return true
		}
	}
	return slices.ContainsFunc(a.Networks, func(p prefix) bool { return within(b.Networks, p) })
}

// sharedProtocol returns a protocol, or port, that both conduits carry.
func sharedProtocol(a, b *Conduit) string {
	for _, x := range a.Flows {
		for _, y := range b.Flows {
			if x.Protocol != "" && x.Protocol == y.Protocol {
				return x.Protocol
			}
			if x.Protocol == "" && y.Protocol == "" && slices.Equal(x.Ports, y.Ports) {
				return x.String()
			}
		}
	}
	return ""
}
