// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// Kind is what is at a place.
type Kind string

// The kinds.
const (
	// Pods of the cluster on the pod network.
	Pods Kind = "Pods"
	// Devices outside the cluster, with declared addresses.
	Devices Kind = "Devices"
	// Outside is every address that nobody declared.
	Outside Kind = "Outside"
	// Platform is a service of the cluster: its DNS, or its API server.
	Platform Kind = "Platform"
)

// OutsideName is the name of the place of every address that nobody declared.
const OutsideName = "(outside)"

// Place is somewhere that no declaration tells apart.
type Place struct {
	Kind Kind
	// Members by name, sorted: "namespace/name" of pods; tag and address of devices.
	Members []string
	// Expected says that nobody is there yet, and Members describes who would be.
	Expected bool

	pod     topology.Pod // one of them
	address netip.Addr   // likewise
}

// Name is the place in short: its first member, and how many more there are.
func (p *Place) Name() string {
	if len(p.Members) > 1 {
		return fmt.Sprintf("%s +%d", p.Members[0], len(p.Members)-1)
	}
	return p.Members[0]
}

// Places are all places that the models tell apart, for these pods: pods first, then
// devices, then what is outside and the platform's services.
func Places(pods []topology.Pod, models ...*topology.Model) []*Place {
	var marks []*marker
	for _, m := range models {
		marks = append(marks, newMarker(m))
	}
	out := podPlaces(pods, models, marks)
	out = append(out, devicePlaces(models, marks)...)
	return append(out,
		&Place{Kind: Outside, Members: []string{OutsideName}},
		&Place{Kind: Platform, Members: []string{topology.PlatformDNS}},
		&Place{Kind: Platform, Members: []string{topology.PlatformAPI}})
}

func podPlaces(pods []topology.Pod, models []*topology.Model, marks []*marker) []*Place {
	byMark := map[string]*Place{}
	add := func(pod topology.Pod, name string, expected bool) {
		var mark strings.Builder
		for _, m := range marks {
			mark.WriteString(m.pod(pod) + "|")
		}
		p := byMark[mark.String()]
		if p == nil {
			p = &Place{Kind: Pods, pod: pod, Expected: expected}
			byMark[mark.String()] = p
		}
		if p.Expected == expected {
			p.Members = append(p.Members, name)
		}
	}
	for _, pod := range pods {
		if !pod.HostNetwork {
			add(pod, pod.Namespace+"/"+pod.Name, false)
		}
	}
	for _, m := range models {
		for _, w := range everyEntry(m) {
			for _, pod := range w.Examples() {
				add(pod, expectedName(pod), true)
			}
		}
	}
	return sorted(byMark)
}

// expectedName is how a pod that is not there yet is called.
func expectedName(p topology.Pod) string {
	var labels []string
	for _, k := range slices.Sorted(maps.Keys(p.Labels)) {
		labels = append(labels, k+"="+p.Labels[k])
	}
	if len(labels) == 0 {
		return p.Namespace + "/(any pod)"
	}
	return p.Namespace + "/(" + strings.Join(labels, ",") + ")"
}

func sorted(places map[string]*Place) []*Place {
	out := slices.Collect(maps.Values(places))
	for _, p := range out {
		slices.Sort(p.Members)
		p.Members = slices.Compact(p.Members)
	}
	slices.SortFunc(out, func(a, b *Place) int { return cmp.Compare(a.Members[0], b.Members[0]) })
	return out
}

// devicePlaces are one for each device, or network without one, in the parts that the
// models tell apart.
func devicePlaces(models []*topology.Model, marks []*marker) []*Place {
	networks, named := map[netip.Prefix]bool{}, map[netip.Prefix]string{}
	for _, m := range models {
		for _, z := range m.Zones {
			for _, n := range z.Networks {
				networks[n] = true
			}
			for _, a := range z.Assets {
				for _, n := range a.Addresses {
					networks[n], named[n] = true, cmp.Or(a.Tag, a.Name)
				}
			}
		}
		for _, e := range everyEnd(m) {
			for _, n := range e.Networks {
				networks[n] = true
			}
		}
	}
	all := slices.SortedFunc(maps.Keys(networks), netip.Prefix.Compare)
	byMark := map[string]*Place{}
	for _, n := range all {
		for _, part := range partsOf(n, all) {
			name, mark := deviceName(part, all, named), ""
			for _, m := range marks {
				mark += m.address(part) + "|"
			}
			if byMark[name+mark] == nil {
				byMark[name+mark] = &Place{Kind: Devices, Members: []string{name}, address: part}
			}
		}
	}
	return sorted(byMark)
}

// partsOf are addresses of a network: one in each part that the others make of it.
func partsOf(n netip.Prefix, others []netip.Prefix) []netip.Addr {
	out := []netip.Addr{n.Addr()}
	if n.IsSingleIP() {
		return out
	}
	out = append(out, n.Addr().Next())
	for _, o := range others {
		if after := lastOf(o).Next(); n.Contains(o.Addr()) && o.Bits() > n.Bits() && n.Contains(after) {
			out = append(out, after)
		}
	}
	return out
}

func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// deviceName is the narrowest that is known of an address: the device, or its network.
func deviceName(a netip.Addr, networks []netip.Prefix, named map[netip.Prefix]string) string {
	var narrowest netip.Prefix
	for _, n := range networks {
		if n.Contains(a) && (!narrowest.IsValid() || n.Bits() > narrowest.Bits()) {
			narrowest = n
		}
	}
	text := narrowest.String()
	if narrowest.IsSingleIP() {
		text = narrowest.Addr().String()
	}
	if name := named[narrowest]; name != "" {
		return name + " (" + text + ")"
	}
	return text
}
