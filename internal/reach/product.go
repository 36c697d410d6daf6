// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"fmt"
	"maps"
	"slices"
)

// Product is every pair of one place of From and one of To, but for places with
// themselves.
type Product struct{ From, To []int }

// Products puts pairs together: into one product where they are one, else into one for
// all places that open to the same others. What is said of a product is then true of
// each of its pairs.
func Products(pairs []Pair) []Product {
	opens, all := map[int]map[int]bool{}, Product{}
	for _, p := range pairs {
		if opens[p.From] == nil {
			opens[p.From] = map[int]bool{}
		}
		opens[p.From][p.To] = true
		all.To = append(all.To, p.To)
	}
	all.From = slices.Sorted(maps.Keys(opens))
	slices.Sort(all.To)
	all.To = slices.Compact(all.To)
	if all.is(opens) {
		return []Product{all}
	}
	byTo, order := map[string]*Product{}, []string{}
	for _, from := range all.From {
		to := slices.Sorted(maps.Keys(opens[from]))
		key := fmt.Sprint(to)
		if byTo[key] == nil {
			byTo[key] = &Product{To: to}
			order = append(order, key)
		}
		byTo[key].From = append(byTo[key].From, from)
	}
	out := make([]Product, 0, len(order))
	for _, key := range order {
		out = append(out, *byTo[key])
	}
	return out
}

// is says that each pair of the product opens, but for places with themselves.
func (p Product) is(opens map[int]map[int]bool) bool {
	return !slices.ContainsFunc(p.From, func(from int) bool {
		return slices.ContainsFunc(p.To, func(to int) bool { return from != to && !opens[from][to] })
	})
}

// Ends are the ends of a product by their names. All its places are in one zone.
func (v *View) Ends(p Product) (from, to End) {
	names := func(places []int) End {
		out := End{Zone: v.ZoneName(places[0])}
		for _, i := range places {
			out.Members = append(out.Members, v.Places[i].Members...)
		}
		slices.Sort(out.Members)
		return out
	}
	return names(p.From), names(p.To)
}
