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

// Atlas is all places that some models tell apart: pods first, then devices, then what is
// outside and the platform's services.
type Atlas struct {
	Places []*Place

	marks []*marker
	// byMark and byNetwork are the indexes of the places of pods and of addresses. Whatever
	// has the same narrowest network is in the same networks, so no model tells it apart.
	byMark    map[string]int
	byNetwork map[netip.Prefix]int
	networks  []netip.Prefix
}

// NewAtlas finds the places of these pods, and of the devices of the models.
func NewAtlas(pods []topology.Pod, models ...*topology.Model) *Atlas {
	a := &Atlas{byMark: map[string]int{}, byNetwork: map[netip.Prefix]int{}}
	for _, m := range models {
		a.marks = append(a.marks, newMarker(m))
	}
	a.addPods(pods, models)
	a.addDevices(models)
	a.Places = append(a.Places,
		&Place{Kind: Outside, Members: []string{OutsideName}},
		&Place{Kind: Platform, Members: []string{topology.PlatformDNS}},
		&Place{Kind: Platform, Members: []string{topology.PlatformAPI}})
	return a
}

// Pod is the index of the place of a pod such as this one, -1 for none.
func (a *Atlas) Pod(p topology.Pod) int {
	if i, ok := a.byMark[a.markOf(p)]; ok {
		return i
	}
	return -1
}

// Address is the index of the place of an address outside the cluster.
func (a *Atlas) Address(at netip.Addr) int {
	if n, known := a.narrowest(at); known {
		return a.byNetwork[n]
	}
	return slices.IndexFunc(a.Places, func(p *Place) bool { return p.Kind == Outside })
}

// Named is the index of the place that has this member, -1 for none.
func (a *Atlas) Named(member string) int {
	return slices.IndexFunc(a.Places, func(p *Place) bool { return slices.Contains(p.Members, member) })
}

func (a *Atlas) markOf(p topology.Pod) string {
	var out strings.Builder
	for _, m := range a.marks {
		out.WriteString(m.pod(p) + "|")
	}
	return out.String()
}

// narrowest is the narrowest declared network that an address is in.
func (a *Atlas) narrowest(at netip.Addr) (out netip.Prefix, known bool) {
	for _, n := range a.networks {
		if n.Contains(at) && (!known || n.Bits() > out.Bits()) {
			out, known = n, true
		}
	}
	return out, known
}

func (a *Atlas) addPods(pods []topology.Pod, models []*topology.Model) {
	byMark := map[string]*Place{}
	add := func(pod topology.Pod, name string, expected bool) {
		mark := a.markOf(pod)
		p := byMark[mark]
		if p == nil {
			p = &Place{Kind: Pods, pod: pod, Expected: expected}
			byMark[mark] = p
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
	marks := slices.Collect(maps.Keys(byMark))
	for _, p := range byMark {
		slices.Sort(p.Members)
		p.Members = slices.Compact(p.Members)
	}
	slices.SortFunc(marks, func(x, y string) int {
		return cmp.Or(cmp.Compare(byMark[x].Members[0], byMark[y].Members[0]), cmp.Compare(x, y))
	})
	for _, mark := range marks {
		a.byMark[mark] = len(a.Places)
		a.Places = append(a.Places, byMark[mark])
	}
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

// addDevices adds one place for each device, or network without one.
func (a *Atlas) addDevices(models []*topology.Model) {
	networks, named := map[netip.Prefix]bool{}, map[netip.Prefix]string{}
	for _, m := range models {
		for _, z := range m.Zones {
			for _, n := range z.Networks {
				networks[n] = true
			}
			for _, asset := range z.Assets {
				for _, n := range asset.Addresses {
					networks[n] = true
					named[n] = joined(named[n], cmp.Or(asset.Tag, asset.Name))
				}
			}
		}
		for _, e := range everyEnd(m) {
			for _, n := range e.Networks {
				networks[n] = true
			}
		}
	}
	a.networks = slices.SortedFunc(maps.Keys(networks), netip.Prefix.Compare)
	var places []*Place
	for _, n := range a.networks {
		if own, is := a.ownAddress(n); is {
			places = append(places, &Place{Kind: Devices, Members: []string{deviceName(n, named[n])}, address: own})
		}
	}
	slices.SortStableFunc(places, func(x, y *Place) int { return cmp.Compare(x.Members[0], y.Members[0]) })
	for _, p := range places {
		n, _ := a.narrowest(p.address)
		a.byNetwork[n] = len(a.Places)
		a.Places = append(a.Places, p)
	}
}

// joined adds a device to those that share an address.
func joined(names, name string) string {
	if names == "" || slices.Contains(strings.Split(names, ", "), name) {
		return cmp.Or(names, name)
	}
	return names + ", " + name
}

// ownAddress is an address that is in no narrower network than this one, false when those
// leave none.
func (a *Atlas) ownAddress(n netip.Prefix) (netip.Addr, bool) {
	at := n.Addr()
	for n.Contains(at) {
		narrowest, _ := a.narrowest(at)
		if narrowest == n {
			return at, true
		}
		at = lastOf(narrowest).Next()
	}
	return netip.Addr{}, false
}

func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// deviceName is a device with its address, or the network by itself.
func deviceName(n netip.Prefix, tag string) string {
	text := n.String()
	if n.IsSingleIP() {
		text = n.Addr().String()
	}
	if tag != "" {
		return tag + " (" + text + ")"
	}
	return text
}
