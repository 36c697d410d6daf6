// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"cmp"
	"fmt"
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
	By string `json:"by"`
	// EnforcedBy, within a zone that has workloads, is of what they are an end of.
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

// Passages are all of a view, by zones and conduit. What one passage says is true of each
// of its pairs.
func (v *View) Passages() []Passage {
	pairs, rows := map[string][]Pair{}, map[string]Passage{}
	for _, pair := range v.Pairs() {
		for _, a := range v.Allowed(pair) {
			p := Passage{What: a.What(a.Ports), By: a.By, NothingDenied: v.Undenied(pair)}
			p.From.Zone, p.To.Zone = v.ZoneName(pair.From), v.ZoneName(pair.To)
			p.EnforcedBy, p.Device = v.EnforcedBy(pair, a)
			if z := v.Zones[pair.From]; a.By == ByZone && len(z.Workloads) > 0 {
				p.EnforcedBy, p.NothingDenied = v1alpha1.EnforcedByCluster, !z.Enforce
			}
			key := fmt.Sprint(p)
			rows[key] = p
			pairs[key] = append(pairs[key], pair)
		}
	}
	var out []Passage
	for key, p := range rows {
		for _, product := range Products(pairs[key]) {
			p.From, p.To = v.Ends(product)
			out = append(out, p)
		}
	}
	slices.SortFunc(out, Passage.compare)
	return out
}

func (p Passage) compare(o Passage) int {
	return cmp.Or(cmp.Compare(p.From.Zone, o.From.Zone), cmp.Compare(p.To.Zone, o.To.Zone), cmp.Compare(p.By, o.By),
		cmp.Compare(p.What, o.What), cmp.Compare(p.EnforcedBy, o.EnforcedBy), cmp.Compare(p.Device, o.Device),
		slices.Compare(p.From.Members, o.From.Members), slices.Compare(p.To.Members, o.To.Members))
}
