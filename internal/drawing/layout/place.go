// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

// leastWidth holds the longest label.
const leastWidth = 15 * pitch

// passes of moving rows towards each other.
const passes = 8

// gapBefore is the room that b needs after a, nil for the edge.
func gapBefore(a, b *item) int {
	gap := 0
	if a != nil && (!a.isLane() || !b.isLane()) {
		gap = pitch
	}
	if b.frame() != "" && (a == nil || a.frame() != b.frame()) {
		gap += pitch // where the name of the whole stands
	}
	return gap
}

// need is the least width of some items in a row.
func need(items []*item) int {
	sum := 0
	var last *item
	for _, i := range items {
		sum += gapBefore(last, i) + i.w
		last = i
	}
	return sum
}

// widen gives each box room for its pins.
func (g *diagram) widen() {
	for _, b := range g.boxes {
		above, below := 0, 0
		for _, p := range b.pins {
			if p.top {
				above++
			} else {
				below++
			}
		}
		b.w = max(b.w, (max(above, below)+1)*pitch)
	}
}

// need is the least width of the diagram for a row.
func (r *row) need() int {
	w := need(r.items[:r.safety]) + 2*pitch
	if r.safety < len(r.items) {
		w += need(r.items[r.safety:]) + 2*pitch
	}
	return w
}

// place moves the items of each row towards those that they are joined with.
func (g *diagram) place() {
	g.width = leastWidth
	for _, r := range g.rows {
		g.width = max(g.width, r.need())
	}
	for range passes {
		for _, r := range g.rows {
			g.settleRow(r)
		}
		for i := range g.rows {
			g.settleRow(g.rows[len(g.rows)-1-i])
		}
	}
}

func (g *diagram) settleRow(r *row) {
	right := g.width - pitch
	if r.safety < len(r.items) {
		left := right - need(r.items[r.safety:])
		settle(r.items[r.safety:], left, right)
		right = left - 2*pitch
	}
	settle(r.items[:r.safety], pitch, right)
}

// block is a run of items that touch.
type block struct{ sum, weight, count int }

// settle places items in their order between two edges, each as near as can be to what
// it is joined with (least squares: items that would overlap become one block at their
// mean). Lanes weigh more, so that they come out straight.
func settle(items []*item, left, right int) {
	offsets := make([]int, len(items))
	var blocks []block
	at := 0
	var last *item
	for k, i := range items {
		at += gapBefore(last, i)
		offsets[k] = at
		weight := 2
		if i.isLane() {
			weight = 6
		}
		blocks = append(blocks, block{(i.wish() - i.w/2 - at - left) * weight, weight, 1})
		at += i.w
		last = i
		for n := len(blocks); n > 1 && blocks[n-2].sum*blocks[n-1].weight > blocks[n-1].sum*blocks[n-2].weight; n-- {
			a, b := blocks[n-2], blocks[n-1]
			blocks = append(blocks[:n-2], block{a.sum + b.sum, a.weight + b.weight, a.count + b.count})
		}
	}
	k := 0
	for _, b := range blocks {
		y := floor(2*b.sum+b.weight*pitch, 2*b.weight*pitch) * pitch // to the nearest
		y = max(0, min(y, floor(right-left-at, pitch)*pitch))
		for range b.count {
			items[k].x = left + y + offsets[k]
			k++
		}
	}
}
