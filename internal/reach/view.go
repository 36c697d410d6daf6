// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// What lets something pass that is no conduit.
const (
	ByZone     = "internal"
	ByPlatform = "platform"
)

// NoZone stands for the zone of pods that are in none.
const NoZone = "(no zone)"

// Allowance is one declaration by which something passes from a place to another.
type Allowance struct {
	// Conduit in force, nil for traffic within a zone and for platform services.
	Conduit *topology.Conduit
	// By is the conduit's name, ByZone or ByPlatform.
	By    string
	Ports Ports
}

// What names ports, which are some of the allowance's, as its conduit does:
// "modbus-tcp 502/TCP".
func (a Allowance) What(part Ports) string {
	if a.Conduit == nil {
		return part.String()
	}
	var names []string
	left := part
	for _, f := range a.Conduit.Flows {
		own := Some(f.Ports...).And(part)
		if f.Protocol != "" && f.Enforceable && !own.And(left).None() {
			names = append(names, f.Protocol+" "+own.String())
			left = left.Minus(own)
		}
	}
	if !left.None() {
		names = append(names, left.String())
	}
	return strings.Join(names, "; ")
}

// Pair is the indexes of two places: who opens, and who answers.
type Pair struct{ From, To int }

// View is what a model says of places.
type View struct {
	*Atlas
	Model *topology.Model
	// Zones that the places are in, nil for none.
	Zones []*topology.Zone
	// Denied says of each place that what is not declared is denied there.
	Denied []bool

	allowed map[Pair][]Allowance
	// touching are the pairs that a place is an end of.
	touching map[int][]Pair
}

// Look looks at the places of an atlas by a model, which is one of those that it was made
// for.
func Look(m *topology.Model, atlas *Atlas) *View {
	places := atlas.Places
	v := &View{
		Model: m, Atlas: atlas, allowed: map[Pair][]Allowance{}, touching: map[int][]Pair{},
		Zones: make([]*topology.Zone, len(places)), Denied: make([]bool, len(places)),
	}
	mark := newMarker(m)
	inZone := map[*topology.Zone][]int{}
	for i, p := range places {
		v.Zones[i], v.Denied[i] = mark.where(p)
		if z := v.Zones[i]; z != nil {
			inZone[z] = append(inZone[z], i)
		}
	}
	platform := v.services(mark)
	for z, members := range inZone {
		v.allowZone(z, members, platform)
	}
	for _, c := range m.Conduits {
		if !c.Suspended {
			v.allowConduit(c, inZone)
		}
	}
	return v
}

func (v *View) allow(from, to int, a Allowance) {
	if from == to && len(v.Places[from].Members) == 1 && !v.Places[from].Expected {
		return // nobody is a party to itself
	}
	pair := Pair{from, to}
	if v.allowed[pair] == nil {
		v.touching[from] = append(v.touching[from], pair)
		if from != to {
			v.touching[to] = append(v.touching[to], pair)
		}
	}
	v.allowed[pair] = append(v.allowed[pair], a)
}

// allowZone adds what a zone lets its own members do.
func (v *View) allowZone(z *topology.Zone, members []int, platform services) {
	for _, from := range members {
		if z.InternalTraffic {
			for _, to := range members {
				v.allow(from, to, Allowance{By: ByZone, Ports: All})
			}
		}
		if v.Places[from].Kind != Pods {
			continue
		}
		for _, to := range platform.dns {
			if z.DNS {
				v.allow(from, to, Allowance{By: ByPlatform, Ports: Some(tcp(v.Model.Site.DNS.Port), udp(v.Model.Site.DNS.Port))})
			}
		}
		if z.APIServer {
			v.allow(from, platform.api, Allowance{By: ByPlatform, Ports: Some(tcp(v.Model.Site.API.Port))})
		}
	}
}

// services are the places of the platform's services.
type services struct {
	dns []int
	api int
}

func (v *View) services(mark *marker) services {
	var out services
	for i, p := range v.Places {
		switch {
		case p.Kind == Pods && mark.isDNS(p.pod), p.Members[0] == topology.PlatformDNS:
			out.dns = append(out.dns, i)
		case p.Members[0] == topology.PlatformAPI:
			out.api = i
		}
	}
	return out
}

func tcp(port uint16) protocol.PortRange {
	return protocol.PortRange{Transport: protocol.TCP, First: port, Last: port}
}

func udp(port uint16) protocol.PortRange {
	return protocol.PortRange{Transport: protocol.UDP, First: port, Last: port}
}

func (v *View) allowConduit(c *topology.Conduit, inZone map[*topology.Zone][]int) {
	ports, back := Some(c.Ports...), Some(c.BothWays...)
	opening := v.at(c.Initiator, inZone)
	for _, r := range c.Responders {
		for _, to := range v.at(r, inZone) {
			for _, from := range opening {
				if !ports.None() {
					v.allow(from, to, Allowance{Conduit: c, By: c.Name, Ports: ports})
				}
				if !back.None() {
					v.allow(to, from, Allowance{Conduit: c, By: c.Name, Ports: back})
				}
			}
		}
	}
}

// at are the places at an end.
func (v *View) at(e topology.End, inZone map[*topology.Zone][]int) []int {
	var out []int
	for _, i := range inZone[e.Zone] {
		p := v.Places[i]
		if p.Kind == Pods && podAt(e, p.pod) || p.Kind == Devices && within(e.Networks, p.address) {
			out = append(out, i)
		}
	}
	return out
}

// Allowed is what is declared from one place to another.
func (v *View) Allowed(p Pair) []Allowance { return v.allowed[p] }

// Declared is all that is declared from one place to another, put together.
func (v *View) Declared(p Pair) Ports {
	var out Ports
	for _, a := range v.allowed[p] {
		out = out.Or(a.Ports)
	}
	return out
}

// ZoneName is the zone of a place; of what is in none, where it is.
func (v *View) ZoneName(place int) string {
	switch p := v.Places[place]; {
	case v.Zones[place] != nil:
		return v.Zones[place].Name
	case p.Kind == Pods:
		return NoZone
	default:
		return p.Members[0]
	}
}

// Undenied says that neither end of the pair is denied anything.
func (v *View) Undenied(p Pair) bool { return !v.Denied[p.From] && !v.Denied[p.To] }

// Passes is what passes from one place to another.
func (v *View) Passes(p Pair) Ports {
	if v.Undenied(p) {
		return All
	}
	return v.Declared(p)
}

// AtPod says that a pod is at either end, without which no policy of the cluster acts.
func (v *View) AtPod(p Pair) bool {
	return v.Places[p.From].Kind == Pods || v.Places[p.To].Kind == Pods
}

// EnforcedBy says who holds the pair to what is declared, and the device that does so
// outside the cluster.
func (v *View) EnforcedBy(p Pair, a Allowance) (by v1alpha1.EnforcedBy, device string) {
	if v.AtPod(p) {
		return v1alpha1.EnforcedByCluster, ""
	}
	if a.Conduit != nil && a.Conduit.External != "" {
		return v1alpha1.EnforcedByExternal, a.Conduit.External
	}
	return v1alpha1.EnforcedByNobody, ""
}

// Pairs are the pairs between which something is declared, in the order of places.
func (v *View) Pairs() []Pair {
	out := make([]Pair, 0, len(v.allowed))
	for p := range v.allowed {
		out = append(out, p)
	}
	slices.SortFunc(out, Pair.compare)
	return out
}

// Touching are those of them that a place is an end of, in no order.
func (v *View) Touching(place int) []Pair { return v.touching[place] }

func (p Pair) compare(o Pair) int {
	return cmp.Or(cmp.Compare(p.From, o.From), cmp.Compare(p.To, o.To))
}
