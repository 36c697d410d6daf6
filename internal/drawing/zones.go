// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// State says whether a zone's boundary holds.
type State string

// The states of a zone.
const (
	// Enforced zones deny what no conduit lets pass.
	Enforced State = "Enforced"
	// ObservedOnly zones deny nothing.
	ObservedOnly State = "Observed"
	// Bypassed zones have their denies lifted for a time.
	Bypassed State = "Bypassed"
	// DevicesOnly zones have no pod that a policy could act at.
	DevicesOnly State = "DevicesOnly"
)

// Zone is a box of the drawing.
type Zone struct {
	Name  string
	Level v1alpha1.Level
	Type  string
	// SL is the target security level in short: "SL-T 2", "SL-T 2, SI 3".
	SL     string
	Safety bool
	State  State
	// Note says in words what State means for the reader, "" for an enforced zone.
	Note string
	// Owner, Parent and Cell as declared, "" when not known.
	Owner, Parent, Cell string
	// ApprovedBy whom this version opens what it opens, "" where nobody had to.
	ApprovedBy string
	Pods       int
	// PodsUnseen says that the zone takes pods in, and that nobody could count them.
	PodsUnseen bool
	// Workloads in words: "scada x2"; empty when only the count is known.
	Workloads []string
	// Devices by their tags; Networks that are declared.
	Devices, Networks []string
	// Platform services that the zone's pods may reach.
	DNS, API bool
	// NoInternal says that members may not even reach each other.
	NoInternal bool
	// Kept says that an older spec is in force than the declared one.
	Kept bool
	// JumpHosts that are in the zone, in words.
	JumpHosts []string
	// Outside says that this is no zone, but where jump hosts stand that are in none.
	Outside bool
}

func (a *arranger) zones() {
	sorted := slices.SortedFunc(slices.Values(a.model.Zones), byLevel)
	for _, z := range sorted {
		a.index[z.Name] = len(a.drawing.Zones)
		a.drawing.Zones = append(a.drawing.Zones, a.zone(z))
	}
}

func (a *arranger) zone(z *topology.Zone) Zone {
	facts := a.plant.Zones[z.Name]
	out := Zone{
		Name: plain(z.Name), Level: z.Level, Type: plain(string(z.Type)), SL: FormatSL(z.SL),
		Safety: z.Type == v1alpha1.ZoneTypeSafety,
		Owner:  plain(facts.Owner), Parent: plain(facts.Parent), Cell: plain(facts.Cell), ApprovedBy: a.approvers(facts.ApprovedBy),
		Pods: z.PodCount, NoInternal: !z.InternalTraffic, Kept: z.Kept,
	}
	if len(z.Workloads) > 0 {
		out.DNS, out.API = z.DNS, z.APIServer
		out.PodsUnseen = a.plant.PodsUnseen
	}
	if !out.PodsUnseen { // else some would read as all
		out.Workloads = workloads(facts)
	}
	for _, d := range z.Assets {
		tag := d.Tag
		if tag == "" {
			tag = d.Name
		}
		out.Devices = append(out.Devices, plain(tag))
	}
	slices.Sort(out.Devices)
	out.Networks = beyondAssets(z)
	out.State, out.Note = a.state(z)
	return out
}

func workloads(facts ZoneFacts) []string {
	var out []string
	for _, w := range facts.Workloads {
		name := plain(w.Name)
		if w.Pods > 1 {
			name += fmt.Sprintf(" x%d", w.Pods)
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// PodCount is how many pods are in the zone, in words.
func (z Zone) PodCount() string { return podCount(z.Pods, z.PodsUnseen) }

// beyondAssets are the zone's networks that are no single asset's address.
func beyondAssets(z *topology.Zone) []string {
	var out []string
	for _, n := range z.Networks {
		if !slices.ContainsFunc(z.Assets, func(d *topology.Asset) bool { return slices.Contains(d.Addresses, n) }) {
			out = append(out, n.String())
		}
	}
	slices.Sort(out)
	return out
}

func (a *arranger) state(z *topology.Zone) (State, string) {
	if b, ok := a.bypass(z.Name); ok {
		return Bypassed, "BYPASSED" + until(b.Until) + ": nothing is denied"
	}
	switch {
	case len(z.Workloads) == 0:
		return DevicesOnly, "devices only: nothing here is enforced by this cluster"
	case !z.Enforce:
		return ObservedOnly, "OBSERVE: nothing is denied"
	default:
		return Enforced, ""
	}
}

// bypass returns that of a zone which ends last; one without an end ends last of all.
func (a *arranger) bypass(zone string) (Bypass, bool) {
	var out Bypass
	found := false
	for _, b := range a.plant.Bypasses {
		if b.Zone == zone && (!found || b.Until.IsZero() || !out.Until.IsZero() && b.Until.After(out.Until)) {
			out, found = b, true
		}
	}
	return out, found
}

// denies says that the zone's boundary holds at its pods.
func (a *arranger) denies(z *topology.Zone) bool {
	_, bypassed := a.bypass(z.Name)
	return z.Enforce && !bypassed
}

// jumpHosts puts each jump host into its zone. Those of no zone in force get a box of
// their own, so that a window has a place to come from.
func (a *arranger) jumpHosts() {
	var outside []string
	for _, j := range a.plant.JumpHosts {
		words := strings.TrimSpace(plain(j.Name) + " " + plain(j.Address))
		if i, ok := a.index[j.Zone]; ok && j.Zone != "" {
			a.drawing.Zones[i].JumpHosts = append(a.drawing.Zones[i].JumpHosts, words)
		} else {
			outside = append(outside, words)
		}
	}
	for i := range a.drawing.Zones {
		slices.Sort(a.drawing.Zones[i].JumpHosts)
	}
	if len(outside) > 0 || a.hasStrayWindow() {
		a.addOutside(outside)
	}
}

// outsideName is no name that a zone can have.
const outsideName = "(in no zone)"

// addOutside puts the box at the DMZ's level where there is one, else at the top.
func (a *arranger) addOutside(hosts []string) {
	slices.Sort(hosts)
	d := a.drawing
	at, level := 0, v1alpha1.LevelDMZ
	if !slices.ContainsFunc(d.Zones, func(z Zone) bool { return z.Level == level }) && len(d.Zones) > 0 {
		level = d.Zones[0].Level
	}
	for at < len(d.Zones) && rank(d.Zones[at].Level) <= rank(level) {
		at++
	}
	box := Zone{
		Name: outsideName, Level: level, Type: "jump hosts", State: DevicesOnly, Outside: true,
		JumpHosts: hosts, Note: "the Site names no zone for them",
	}
	d.Zones = slices.Insert(d.Zones, at, box)
	for name, i := range a.index {
		if i >= at {
			a.index[name] = i + 1
		}
	}
	a.index[outsideName] = at
}

// FormatSL writes a vector by its commonest target, and what differs from it.
func FormatSL(l topology.Levels) string {
	named := []struct {
		name   string
		target int32
	}{{"IAC", l.IAC}, {"UC", l.UC}, {"SI", l.SI}, {"DC", l.DC}, {"RDF", l.RDF}, {"TRE", l.TRE}, {"RA", l.RA}}
	count := map[int32]int{}
	for _, n := range named {
		count[n.target]++
	}
	common := l.IAC
	for _, n := range named {
		if count[n.target] > count[common] || count[n.target] == count[common] && n.target > common {
			common = n.target
		}
	}
	parts := []string{fmt.Sprintf("SL-T %d", common)}
	for _, n := range named {
		if n.target != common {
			parts = append(parts, fmt.Sprintf("%s %d", n.name, n.target))
		}
	}
	return strings.Join(parts, ", ")
}

// until writes an end with its day and zone, "" for one that is not known.
func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " until " + t.Format("2006-01-02 15:04 MST")
}
