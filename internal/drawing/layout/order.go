// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"cmp"
	"slices"
)

// rounds of sweeping down and up, and of swapping neighbours.
const (
	sweeps = 14
	swaps  = 6
)

// arrange puts boxes and lanes into an order with few crossings, and in their places.
func (g *diagram) arrange() {
	g.widen()
	g.place()
	best, order := g.cost(), g.order()
	for i := range sweeps {
		g.sweep(i%2 == 0)
		g.place()
		if c := g.cost(); c < best {
			best, order = c, g.order()
		}
	}
	g.restore(order)
	g.place()
	for range swaps {
		if !g.swapNeighbours() {
			break
		}
	}
	g.place()
}

func (g *diagram) order() [][]*item {
	out := make([][]*item, len(g.rows))
	for i, r := range g.rows {
		out[i] = slices.Clone(r.items)
	}
	return out
}

func (g *diagram) restore(order [][]*item) {
	for i, items := range order {
		copy(g.rows[i].items, items)
	}
}

// units of a row move as one: a lane, a box, or the boxes that are parts of one zone.
func (r *row) units() [][]*item {
	var out [][]*item
	for _, i := range r.items[:r.safety] {
		n := len(out)
		if n > 0 && i.group != "" && out[n-1][0].group == i.group {
			out[n-1] = append(out[n-1], i)
		} else {
			out = append(out, []*item{i})
		}
	}
	return out
}

// sweep orders every row by where the items are that its own are joined with.
func (g *diagram) sweep(down bool) {
	for i := range g.rows {
		r := g.rows[i]
		if !down {
			r = g.rows[len(g.rows)-1-i]
		}
		wish := map[*item]int{}
		for _, it := range r.items {
			wish[it] = it.wish()
		}
		byWish := func(a, b *item) int { return cmp.Compare(wish[a], wish[b]) }
		units := r.units()
		for _, u := range units {
			slices.SortStableFunc(u, byWish)
		}
		slices.SortStableFunc(units, func(a, b []*item) int { return cmp.Compare(mean(a, wish), mean(b, wish)) })
		copy(r.items, slices.Concat(units...))
		slices.SortStableFunc(r.items[r.safety:], byWish)
		g.settleRow(r)
	}
}

func mean(items []*item, of map[*item]int) int {
	sum := 0
	for _, i := range items {
		sum += of[i]
	}
	return floor(sum, len(items))
}

// wish is the mean place of what an item is joined with, else its own.
func (i *item) wish() int {
	sum, n := 0, 0
	i.joined(func(o *item) {
		sum += o.centre()
		n++
	})
	if n == 0 {
		return i.centre()
	}
	return floor(sum, n)
}

// joined calls back with each item at the other end of a link: a link joins the root
// of a span with each other pin.
func (i *item) joined(yield func(*item)) {
	for _, p := range i.pins {
		if root := p.span.root(); root != p {
			if root.item != i {
				yield(root.item)
			}
			continue
		}
		for _, o := range p.span.pins[1:] {
			if o.item != i {
				yield(o.item)
			}
		}
	}
}

type link struct{ upper, lower *item }

// links of a channel that join its two sides.
func (g *diagram) links(channel int) []link {
	var out []link
	for _, s := range g.channels[channel] {
		a := s.root()
		for _, b := range s.pins[1:] {
			switch {
			case a.item.row < b.item.row:
				out = append(out, link{a.item, b.item})
			case a.item.row > b.item.row:
				out = append(out, link{b.item, a.item})
			}
		}
	}
	return out
}

// crossings of a channel's links.
func (g *diagram) crossings(channel int) int {
	links := g.links(channel)
	n := 0
	for i, a := range links {
		for _, b := range links[:i] {
			if cmp.Compare(a.upper.x, b.upper.x)*cmp.Compare(a.lower.x, b.lower.x) < 0 {
				n++
			}
		}
	}
	return n
}

// length of the level parts of all links of an item.
func (i *item) length() int {
	n := 0
	i.joined(func(o *item) { n += max(i.centre()-o.centre(), o.centre()-i.centre()) })
	return n
}

// cost weighs a crossing like a line of some length.
func (g *diagram) cost() int {
	n := 0
	for c := range g.channels {
		n += g.crossings(c) * 8 * pitch
	}
	for _, r := range g.rows {
		for _, i := range r.items {
			n += i.length() / 2
		}
	}
	return n
}

// swapNeighbours exchanges units that stand side by side wherever that takes crossings
// away, or makes lines shorter and adds none.
func (g *diagram) swapNeighbours() bool {
	better := false
	for _, r := range g.rows {
		units := r.units()
		for i := range len(units) - 1 {
			now, then := crossed(units[i], units[i+1])
			if then <= now && g.swap(r, units, i, then < now) {
				better = true
			}
		}
	}
	return better
}

// swap exchanges two units of a row, and takes it back if nothing is won.
func (g *diagram) swap(r *row, units [][]*item, i int, wins bool) bool {
	before := r.length()
	exchange := func() {
		units[i], units[i+1] = units[i+1], units[i]
		copy(r.items, slices.Concat(units...))
		g.settleRow(r)
	}
	exchange()
	if r.need() <= g.width && (wins || r.length() < before) {
		return true
	}
	exchange()
	return false
}

func (r *row) length() int {
	n := 0
	for _, i := range r.items {
		n += i.length()
	}
	return n
}

// crossed counts the crossings of the links of two units, as they stand and exchanged.
func crossed(a, b []*item) (now, then int) {
	for _, above := range []bool{true, false} {
		left, right := far(a, above), far(b, above)
		for _, x := range left {
			for _, y := range right {
				switch {
				case x > y:
					now++
				case x < y:
					then++
				}
			}
		}
	}
	return now, then
}

// far are the places of what the items are joined with in the rows above or below.
func far(items []*item, above bool) []int {
	var out []int
	for _, i := range items {
		i.joined(func(o *item) {
			if o.row != i.row && o.row < i.row == above {
				out = append(out, o.x)
			}
		})
	}
	return out
}
