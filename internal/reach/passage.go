// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"cmp"
	"maps"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Passage is what one declaration lets pass from members of one zone to members of
// another.
type Passage struct {
	From End `json:"from"`
	To   End `json:"to"`
	// What passes, with the protocol's name where the conduit gives it one.
	What string `json:"what"`
	// By is the conduit, ByZone or ByPlatform.
	By         string              `json:"by"`
	EnforcedBy v1alpha1.EnforcedBy `json:"enforcedBy"`
	// Device outside the cluster that enforces it.
	Device string `json:"device,omitempty"`
	// NothingDenied says that everything passes besides, because neither end is denied
	// anything.
	NothingDenied bool `json:"nothingDenied,omitempty"`
}

// End is one end of a passage.
type End struct {
	// Zone, or the name of what is in none.
	Zone string `json:"zone"`
	// Members that take part, sorted.
	Members []string `json:"members"`
}

// Passages are all of a view, by zones and conduit.
func (v *View) Passages() []Passage {
	type ends struct{ from, to map[string]bool }
	gathered := map[string]*ends{}
	rows := map[string]Passage{}
	for _, pair := range v.Pairs() {
		for _, a := range v.Allowed(pair) {
			p := Passage{What: a.What(a.Ports), By: a.By, NothingDenied: v.Undenied(pair)}
			p.From.Zone, p.To.Zone = v.ZoneName(pair.From), v.ZoneName(pair.To)
			p.EnforcedBy, p.Device = v.EnforcedBy(pair, a)
			key := p.From.Zone + "|" + p.To.Zone + "|" + p.By + "|" + p.What + "|" + string(p.EnforcedBy) + "|" + p.Device
			if p.NothingDenied {
				key += "|open"
			}
			if gathered[key] == nil {
				gathered[key], rows[key] = &ends{map[string]bool{}, map[string]bool{}}, p
			}
			for _, m := range v.Places[pair.From].Members {
				gathered[key].from[m] = true
			}
			for _, m := range v.Places[pair.To].Members {
				gathered[key].to[m] = true
			}
		}
	}
	out := make([]Passage, 0, len(rows))
	for key, p := range rows {
		p.From.Members, p.To.Members = slices.Sorted(maps.Keys(gathered[key].from)), slices.Sorted(maps.Keys(gathered[key].to))
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Passage) int {
		return cmp.Or(cmp.Compare(a.From.Zone, b.From.Zone), cmp.Compare(a.To.Zone, b.To.Zone), cmp.Compare(a.By, b.By),
			cmp.Compare(a.What, b.What), cmp.Compare(a.EnforcedBy, b.EnforcedBy), cmp.Compare(a.Device, b.Device),
			slices.Compare(a.From.Members, b.From.Members), slices.Compare(a.To.Members, b.To.Members))
	})
	return out
}
