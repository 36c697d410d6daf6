// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"cmp"
	"slices"
)

// attach gives each pin its place. Rows take turns in having their pins at whole and at
// half pitches, so that two lines never come to a channel at one place from both sides.
func (g *diagram) attach() {
	for range 3 {
		for _, r := range g.rows {
			for _, i := range r.items {
				i.attach()
			}
		}
	}
	for range 2 {
		for c := range g.channels {
			for _, s := range g.channels[c] {
				g.straighten(s)
			}
		}
	}
}

// firstSlot is where the leftmost pin of an item may be.
func (i *item) firstSlot() int {
	if i.row%2 == 1 {
		return i.x + pitch/2
	}
	if i.isLane() {
		return i.x
	}
	return i.x + pitch
}

func (i *item) attach() {
	if i.isLane() {
		for _, p := range i.pins {
			p.x = i.firstSlot()
		}
		return
	}
	for _, top := range []bool{true, false} {
		side := slices.DeleteFunc(slices.Clone(i.pins), func(p *pin) bool { return p.top != top })
		i.attachSide(side)
	}
}

func (i *item) attachSide(side []*pin) {
	wish := map[*pin]int{}
	for _, p := range side {
		wish[p] = p.wish()
	}
	slices.SortStableFunc(side, func(a, b *pin) int { return cmp.Compare(wish[a], wish[b]) })
	first := i.firstSlot()
	last := first + (i.w/pitch-2+i.row%2)*pitch
	x := make([]int, len(side))
	for k, p := range side {
		near := first + floor(wish[p]-first+pitch/2, pitch)*pitch
		x[k] = max(near, first+k*pitch)
		if k > 0 {
			x[k] = max(x[k], x[k-1]+pitch)
		}
	}
	for k := len(side) - 1; k >= 0; k-- {
		x[k] = min(x[k], last-(len(side)-1-k)*pitch)
		side[k].x = x[k]
	}
}

// wish is where a pin would make its line straight.
func (p *pin) wish() int {
	where := func(o *pin) int {
		if o.x == 0 || o.item == p.item {
			return o.item.centre()
		}
		return o.x
	}
	if root := p.span.root(); root != p {
		return where(root)
	}
	sum := 0
	for _, o := range p.span.pins[1:] {
		sum += where(o)
	}
	return floor(sum, max(1, len(p.span.pins)-1))
}

// straighten takes a jog of half a pitch out of a line that does not branch, if that
// brings no two lines together.
func (g *diagram) straighten(s *span) {
	if len(s.pins) != 2 || s.straight() {
		return
	}
	a, b := s.pins[0], s.pins[1]
	if a.top == b.top || max(a.x-b.x, b.x-a.x) > pitch/2 {
		return
	}
	if !g.movePin(b, a.x) {
		g.movePin(a, b.x)
	}
}

// movePin moves a pin, and the lane that it belongs to.
func (g *diagram) movePin(p *pin, x int) bool {
	i := p.item
	if !i.isLane() && (x < i.x+pitch/2 || x > i.x+i.w-pitch/2) {
		return false
	}
	moved := []*pin{p}
	if i.isLane() {
		moved = i.pins
	}
	for _, m := range moved {
		if !g.isFree(m, x) {
			return false
		}
	}
	for _, m := range moved {
		m.x = x
	}
	return true
}

// isFree: no other line comes into the channel there, and at the pin's own side of it
// none is so near that their numbers would touch.
func (g *diagram) isFree(p *pin, x int) bool {
	for _, s := range g.channels[p.span.channel] {
		for _, o := range s.pins {
			switch {
			case o == p || o.x == 0:
			case s != p.span && o.x == x:
				return false
			case o.top == p.top && max(o.x-x, x-o.x) < max(pitch*3/4, Width(s.net.mark, 7, false)+2):
				return false
			}
		}
	}
	return true
}
