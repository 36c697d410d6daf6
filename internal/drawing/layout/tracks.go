// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import "slices"

// What a crossing of a line and of a label costs when tracks are chosen.
const (
	lineCost  = 2
	labelCost = 5
	// apart is the least room between two lines on one track.
	apart = 12
)

// labelSize and markSize are the sizes of the words and numbers on lines.
const (
	labelSize  = 9
	markSize   = 9
	pillHeight = 15
)

// markWidth is that of the disc or square with the number.
func markWidth(mark string) int { return max(pillHeight, Width(mark, markSize, true)+7) }

func (g *diagram) labelWidth(s *span) int {
	w := markWidth(s.net.mark)
	if g.words(s) != "" {
		w += 4 + Width(g.words(s), labelSize, s.net.window >= 0) + 5
	}
	if s.net.warning {
		w += 13
	}
	return w
}

// words beside the number. Windows always have them.
func (g *diagram) words(s *span) string {
	if s.short || !g.labelled && s.net.window < 0 {
		return ""
	}
	return s.net.label
}

// stretch works out how much of a track the span takes up.
func (g *diagram) stretch(s *span) {
	s.lo, s.hi = s.pins[0].x, s.pins[0].x
	for _, p := range s.pins {
		s.lo, s.hi = min(s.lo, p.x), max(s.hi, p.x)
	}
	if !s.labelled {
		return
	}
	w := g.labelWidth(s)
	s.label = Rect{X: (s.lo+s.hi)/2 - w/2, W: w, H: pillHeight}
	if s.hi-s.lo < w+8 {
		g.chooseSide(s)
	}
	s.label.X = max(0, min(s.label.X, g.width-w))
}

// chooseSide puts a label that is longer than its line on that side where fewer other
// lines are, with the number on the end of the line.
func (g *diagram) chooseSide(s *span) {
	s.fixed = true
	disc := markWidth(s.net.mark) / 2
	least := 0
	for i, x := range []int{s.hi - disc, s.lo + disc - s.label.W} {
		n := 0
		for _, o := range g.channels[s.channel] {
			for _, p := range o.pins {
				if o != s && p.x > x-2 && p.x < x+s.label.W+2 {
					n++
				}
			}
		}
		if x < 0 || x+s.label.W > g.width {
			n += 100
		}
		if i == 0 || n < least {
			least, s.label.X, s.mirrored = n, x, i == 1
		}
	}
}

// from and till are the ends of what the span takes up.
func (s *span) from() int {
	if s.labelled {
		return min(s.lo, s.label.X)
	}
	return s.lo
}

func (s *span) till() int {
	if s.labelled {
		return max(s.hi, s.label.Right())
	}
	return s.hi
}

func (s *span) meets(o *span) bool { return s.from() < o.till()+apart && o.from() < s.till()+apart }

// across is what it costs that a line stands upright at x through the span's track.
func (s *span) across(x int) int {
	cost := 0
	if x > s.lo && x < s.hi {
		cost += lineCost
	}
	if s.labelled && x > s.label.X-2 && x < s.label.Right()+2 {
		cost += labelCost
	}
	return cost
}

// over is what it costs that a has a track above b.
func over(a, b *span) int {
	cost := 0
	for _, p := range b.pins {
		if !p.top { // at the bottom of a row: the line comes down past a
			cost += a.across(p.x)
		}
	}
	for _, p := range a.pins {
		if p.top {
			cost += b.across(p.x)
		}
	}
	return cost
}

// tracks gives each span of a channel a track, counted from the top, and returns how many.
func (g *diagram) tracks(channel int) int {
	var spans []*span
	for _, s := range g.channels[channel] {
		g.stretch(s)
		if s.labelled || !s.straight() {
			spans = append(spans, s)
		}
	}
	count := 0
	order := ordered(spans)
	for i, s := range order {
		s.track = 0
		for _, o := range order[:i] {
			if s.meets(o) {
				s.track = max(s.track, o.track+1)
			}
		}
		count = max(count, s.track+1)
	}
	return count
}

// ordered puts spans in an order from the top in which few lines cross: each is put
// where it costs least, until none wants to move.
func ordered(spans []*span) []*span {
	n := len(spans)
	costs := make([][]int, n)
	for i, a := range spans {
		costs[i] = make([]int, n)
		for j, b := range spans {
			if i != j {
				costs[i][j] = over(a, b)
			}
		}
	}
	var order []int
	for i := range n {
		order = insert(order, i, costs)
	}
	for range 8 {
		before := slices.Clone(order)
		for i := range n {
			order = slices.DeleteFunc(order, func(j int) bool { return j == i })
			order = insert(order, i, costs)
		}
		if slices.Equal(before, order) {
			break
		}
	}
	out := make([]*span, n)
	for k, i := range order {
		out[k] = spans[i]
	}
	return out
}

// insert puts i where it costs least, as near to the middle as can be.
func insert(order []int, i int, costs [][]int) []int {
	cost := 0
	for _, j := range order {
		cost += costs[i][j]
	}
	best, least := 0, cost
	for k, j := range order {
		cost += costs[j][i] - costs[i][j]
		if cost < least {
			best, least = k+1, cost
		}
	}
	return slices.Insert(order, best, i)
}
