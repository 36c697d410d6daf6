// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"cmp"
	"slices"

	"github.com/zonewarden/zonewarden/internal/reach"
)

// denials finds the places that are newly denied, and those that no longer are.
func (w *walk) denials() {
	before, after := w.change.Before, w.change.After
	w.change.Denied, w.change.Released = []Denial{}, []Denial{}
	for i := range after.Places {
		switch {
		case after.Denied[i] && !before.Denied[i]:
			w.change.Denied = add(w.change.Denied, denial(after, i))
		case before.Denied[i] && !after.Denied[i]:
			w.change.Released = add(w.change.Released, denial(before, i))
		}
	}
}

// add joins places of one zone for which the same is declared.
func add(list []Denial, d Denial) []Denial {
	for i := range list {
		if list[i].Zone == d.Zone && list[i].Expected == d.Expected && slices.Equal(list[i].Passes, d.Passes) {
			list[i].Pods = append(list[i].Pods, d.Pods...)
			slices.Sort(list[i].Pods)
			return list
		}
	}
	list = append(list, d)
	slices.SortStableFunc(list, func(a, b Denial) int { return cmp.Compare(a.Zone, b.Zone) })
	return list
}

// denial is a place with what is declared for it by the view that denies it the rest.
func denial(v *reach.View, at int) Denial {
	d := Denial{Pods: slices.Clone(v.Places[at].Members), Expected: v.Places[at].Expected, Passes: []string{}}
	if z := v.Zones[at]; z != nil {
		d.Zone = z.Name
	}
	say := func(arrow string, far int, a reach.Allowance) {
		text := arrow + " " + v.ZoneName(far) + " " + a.What(a.Ports)
		if a.By != reach.ByZone && a.By != reach.ByPlatform {
			text += " (" + a.By + ")"
		}
		d.Passes = append(d.Passes, text)
	}
	for _, p := range v.Touching(at) {
		for _, a := range v.Allowed(p) {
			if p.From == at {
				say("->", p.To, a)
			}
			if p.To == at && a.By != reach.ByZone {
				say("<-", p.From, a)
			}
		}
	}
	slices.Sort(d.Passes)
	d.Passes = slices.Compact(d.Passes)
	return d
}
