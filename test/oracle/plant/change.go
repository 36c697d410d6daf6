// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
)

// Change is a plant before and after people have edited it. Pods, namespaces and nodes
// are the same.
type Change struct{ Before, After Plant }

// DrawChange draws a plant and a few edits of it, which come in one pass. What was
// accepted before is known as good after, and that a zone goes was announced.
func DrawChange(t *rapid.T) Change {
	p, d := draw(t)
	if p.Site == nil {
		p.Site = d.site()
	}
	e := edit{d, accepted(p)}
	for range 1 + d.upTo("more edits", 5) {
		e.once()
	}
	c := Change{Before: p, After: e.Plant}
	c.Before.Zones = slices.Clone(p.Zones)
	for i, z := range c.Before.Zones {
		if !slices.ContainsFunc(e.Zones, func(o *v1alpha1.Zone) bool { return o.Name == z.Name }) {
			z = z.DeepCopy()
			z.Annotations = map[string]string{v1alpha1.AnnotationAllowRelease: "meant"}
			c.Before.Zones[i] = z
		}
	}
	return c
}

// accepted is a copy of a plant in which all that is in force as declared is known as
// good.
func accepted(p Plant) Plant {
	m := topology.Resolve(p.Snapshot)
	good := func(kind, name string) bool {
		v := m.Verdicts[topology.ObjectRef{Kind: kind, Name: name}]
		return v.InForce && !v.Kept
	}
	p.Site = p.Site.DeepCopy()
	p.Zones, p.Assets, p.Conduits = slices.Clone(p.Zones), slices.Clone(p.Assets), slices.Clone(p.Conduits)
	for i, z := range p.Zones {
		if good(topology.KindZone, z.Name) {
			p.Zones[i] = z.DeepCopy()
			p.Zones[i].Status.LastGood = &v1alpha1.ZoneLastGood{Generation: z.Generation, Spec: z.Spec}
		}
	}
	for i, a := range p.Assets {
		if good(topology.KindAsset, a.Name) {
			p.Assets[i] = a.DeepCopy()
			p.Assets[i].Status.LastGood = &v1alpha1.AssetLastGood{Generation: a.Generation, Spec: a.Spec}
			p.Assets[i].Status.Zone = m.AssetZones[a.Name]
		}
	}
	for i, c := range p.Conduits {
		if good(topology.KindConduit, c.Name) {
			p.Conduits[i] = c.DeepCopy()
			p.Conduits[i].Status.LastGood = &v1alpha1.ConduitLastGood{Generation: c.Generation, Spec: c.Spec}
		}
	}
	return p
}

// edit edits a plant of its own.
type edit struct {
	dice
	Plant
}

func (e *edit) once() {
	pick(e.dice, "edit",
		e.membersChange, e.membersChange, e.exchange, e.exchange, e.modeChanges, e.modeChanges, e.zoneChanges,
		func() { e.Zones = dropOne(e.dice, e.Zones) }, e.zoneComes,
		e.flowsChange, e.flowsChange, e.conduitChanges, e.suspend,
		func() { e.Conduits = dropOne(e.dice, e.Conduits) }, e.conduitComes,
		e.devicesChange, func() { e.Site.Spec.Guard.Layers = pick(e.dice, "guard", guards...) }, e.siteChange)()
}

func (e *edit) membersChange() {
	e.zones("members", func(i int, s *v1alpha1.ZoneSpec) { s.Members = e.zone(i, e.upTo("by", 8)).Members })
}

func (e *edit) modeChanges() {
	e.zones("mode", func(_ int, s *v1alpha1.ZoneSpec) {
		s.Enforcement = pick(e.dice, "mode", v1alpha1.EnforcementEnforce, v1alpha1.EnforcementObserve)
	})
}

func (e *edit) zoneChanges() {
	e.zones("another", func(i int, s *v1alpha1.ZoneSpec) { *s = e.zone(i, e.upTo("by", 8)) })
}

func (e *edit) zoneComes() {
	z := &v1alpha1.Zone{ObjectMeta: e.meta("Zone", "z9"), Spec: e.zone(e.upTo("like", 4), e.upTo("by", 8))}
	e.Zones = addNew(e.Zones, z, func(o *v1alpha1.Zone) bool { return o.Name == z.Name })
}

func (e *edit) flowsChange() {
	e.conduits("flows", func(s *v1alpha1.ConduitSpec) { s.Flows = append(s.Flows[:len(s.Flows)-1:len(s.Flows)-1], e.flow()) })
}

func (e *edit) conduitChanges() {
	e.conduits("another", func(s *v1alpha1.ConduitSpec) { *s = e.conduit(e.Plant) })
}

func (e *edit) suspend() {
	e.conduits("suspend", func(s *v1alpha1.ConduitSpec) { s.Suspended = !s.Suspended })
}

func (e *edit) conduitComes() {
	if len(e.Zones) == 0 {
		return
	}
	c := &v1alpha1.Conduit{ObjectMeta: e.meta("Conduit", "c9"), Spec: e.conduit(e.Plant)}
	e.Conduits = addNew(e.Conduits, c, func(o *v1alpha1.Conduit) bool { return o.Name == c.Name })
}

// zones edits one of them.
func (e *edit) zones(what string, change func(i int, s *v1alpha1.ZoneSpec)) {
	if len(e.Zones) == 0 {
		return
	}
	i := e.upTo(what+" of zone", len(e.Zones)-1)
	z := e.Zones[i].DeepCopy()
	z.Generation++
	change(i, &z.Spec)
	e.Zones[i] = z
}

func (e *edit) conduits(what string, change func(*v1alpha1.ConduitSpec)) {
	if len(e.Conduits) == 0 || len(e.Zones) == 0 {
		return
	}
	i := e.upTo(what+" of conduit", len(e.Conduits)-1)
	c := e.Conduits[i].DeepCopy()
	c.Generation++
	change(&c.Spec)
	e.Conduits[i] = c
}

// exchange has two zones exchange their workloads, or one take them over: pods leave one
// zone and join another.
func (e *edit) exchange() {
	if len(e.Zones) < 2 {
		return
	}
	i, j := e.upTo("first", len(e.Zones)-1), e.upTo("second", len(e.Zones)-1)
	a, b := e.Zones[i].DeepCopy(), e.Zones[j].DeepCopy()
	if i == j {
		return
	}
	a.Generation, b.Generation = a.Generation+1, b.Generation+1
	mine, theirs := a.Spec.Members.Workloads, b.Spec.Members.Workloads
	switch e.upTo("exchange", 2) {
	case 0:
		a.Spec.Members.Workloads, b.Spec.Members.Workloads = theirs, mine
	case 1:
		a.Spec.Members.Workloads, b.Spec.Members.Workloads = append(slices.Clone(mine), theirs...), nil
	default:
		a.Spec.Members, b.Spec.Members = b.Spec.Members, a.Spec.Members
	}
	e.Zones[i], e.Zones[j] = a, b
}

// devicesChange has one go, come, move to another zone or get other addresses.
func (e *edit) devicesChange() {
	n := len(e.Assets)
	fresh := &v1alpha1.Asset{ObjectMeta: e.meta("Asset", "a9"), Spec: e.asset(9)}
	switch i := e.upTo("device", max(0, n-1)); e.upTo("device change", 3) {
	case 0:
		e.Assets = dropOne(e.dice, e.Assets)
	case 1:
		fresh.Labels = map[string]string{"in": pick(e.dice, "new asset in", "z0", "z1", "z2")}
		e.Assets = addNew(e.Assets, fresh, func(o *v1alpha1.Asset) bool { return o.Name == fresh.Name })
	default:
		if n == 0 {
			return
		}
		a := e.Assets[i].DeepCopy()
		a.Generation++
		if e.upTo("moves", 1) == 0 {
			a.Spec.Addresses = e.asset(i).Addresses
		} else {
			a.Labels["in"] = pick(e.dice, "moves to", "z0", "z1", "z2")
		}
		e.Assets[i] = a
	}
}

func (e *edit) siteChange() {
	other := e.site()
	switch e.upTo("of the site", 2) {
	case 0:
		e.Site.Spec.UnzonedWorkloads = other.Spec.UnzonedWorkloads
	case 1:
		e.Site.Spec.Platform.DNS = other.Spec.Platform.DNS
	default:
		e.zones("services", func(i int, s *v1alpha1.ZoneSpec) {
			o := e.zone(i, 0)
			s.PlatformServices, s.InternalTraffic = o.PlatformServices, o.InternalTraffic
		})
	}
}

func dropOne[T any](d dice, list []T) []T {
	if len(list) == 0 {
		return list
	}
	i := d.upTo("goes", len(list)-1)
	return slices.Delete(slices.Clone(list), i, i+1)
}

func addNew[T any](list []T, o T, is func(T) bool) []T {
	if slices.ContainsFunc(list, is) {
		return list
	}
	return append(slices.Clone(list), o)
}

// Endpoints are those of both.
func (c Change) Endpoints() []oracle.Endpoint {
	out := slices.Concat(c.Before.Endpoints(), c.After.Endpoints())
	slices.Sort(out)
	return slices.Compact(out)
}

// Ports are, of both, those that conduits open, and those at their edges.
func (c Change) Ports() (open, edges []Port) {
	for _, p := range []Plant{c.Before, c.After} {
		m := topology.Resolve(p.Snapshot)
		open, edges = append(open, OpenPorts(m)...), append(edges, p.PortEdges(m)...)
	}
	return sorted(open), sorted(edges)
}

// String is one line for each declared object, with a sign where it came or went.
func (c Change) String() string {
	before, after := c.Before.lines(), c.After.lines()
	var out strings.Builder
	for _, l := range before {
		sign := "-"
		if slices.Contains(after, l) {
			sign = " "
		}
		fmt.Fprintln(&out, sign, l)
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			fmt.Fprintln(&out, "+", l)
		}
	}
	return out.String()
}

func (p Plant) lines() []string {
	var out []string
	add := func(name string, labels map[string]string, spec any) {
		raw, err := json.Marshal(spec)
		out = append(out, fmt.Sprint(name, " ", labels, " ", string(raw), err))
	}
	add("site", nil, p.Site.Spec)
	for _, ns := range p.Namespaces {
		add(ns.Name, ns.Labels, nil)
	}
	for _, pod := range p.Pods {
		add(pod.Namespace+"/"+pod.Name, pod.Labels, nil)
	}
	for _, z := range p.Zones {
		add(z.Name, nil, z.Spec)
	}
	for _, a := range p.Assets {
		add(a.Name, a.Labels, a.Spec)
	}
	for _, c := range p.Conduits {
		add(c.Name, nil, c.Spec)
	}
	return out
}
