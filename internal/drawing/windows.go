// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Window is a line from a jump host to what an open access window reaches.
type Window struct {
	Number       int
	Name, Vendor string
	People       int
	JumpHost     string
	// From is the zone of the jump host, To are the zones that are reached.
	From int
	To   []int
	// Unknown are zones that it reaches and that are not in force, so not drawn.
	Unknown []string
	Reaches []string
	What    string
	Until   time.Time
}

// Mark is what stands on the line.
func (w Window) Mark() string { return fmt.Sprintf("W%d", w.Number) }

// Ends says in words when it ends.
func (w Window) Ends() string {
	if w.Until.IsZero() {
		return "end not known"
	}
	return strings.TrimSpace(until(w.Until))
}

func (a *arranger) windows() {
	sorted := slices.SortedFunc(slices.Values(a.plant.Windows), compareWindows)
	for i, w := range sorted {
		out := Window{
			Number: i + 1, Name: plain(w.Name), Vendor: plain(w.Vendor), People: w.People, JumpHost: plain(w.JumpHost),
			From: a.jumpHostZone(w.JumpHost), What: plain(w.What), Until: w.Until,
		}
		for _, zone := range slices.Compact(slices.Sorted(slices.Values(w.Zones))) {
			if at, ok := a.index[zone]; ok {
				out.To = append(out.To, at)
			} else {
				out.Unknown = append(out.Unknown, plain(zone))
			}
		}
		slices.Sort(out.To)
		for _, r := range w.Reaches {
			out.Reaches = append(out.Reaches, plain(r))
		}
		slices.Sort(out.Reaches)
		a.drawing.Windows = append(a.drawing.Windows, out)
	}
}

func compareWindows(x, y OpenWindow) int {
	return cmp.Or(cmp.Compare(x.Name, y.Name), x.Until.Compare(y.Until), cmp.Compare(x.Vendor, y.Vendor),
		cmp.Compare(x.JumpHost, y.JumpHost), cmp.Compare(x.What, y.What), cmp.Compare(x.People, y.People),
		slices.Compare(x.Zones, y.Zones), slices.Compare(x.Reaches, y.Reaches))
}

// jumpHostZone is the zone of the jump host, or the box of those that are in none.
func (a *arranger) jumpHostZone(name string) int {
	if at, ok := a.index[a.declaredZone(name)]; ok {
		return at
	}
	return a.index[outsideName]
}

// declaredZone of a jump host; the first by name where two have the same name.
func (a *arranger) declaredZone(name string) string {
	zone := ""
	for _, j := range a.plant.JumpHosts {
		if j.Name == name && j.Zone != "" && (zone == "" || j.Zone < zone) {
			zone = j.Zone
		}
	}
	return zone
}

// hasStrayWindow says that a window comes from a jump host of no zone in force.
func (a *arranger) hasStrayWindow() bool {
	return slices.ContainsFunc(a.plant.Windows, func(w OpenWindow) bool {
		_, ok := a.index[a.declaredZone(w.JumpHost)]
		return !ok
	})
}
