// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"cmp"
	"slices"
)

// Measures of a channel.
const (
	stub        = 26 // at least, of each upright line next to its box, with room for its arrows
	trackPitch  = 18
	borderRoom  = 18
	emptyHeight = 16
)

// route gives every track and every row its height on the sheet.
func (g *diagram) route() {
	for _, b := range g.boxes {
		g.fill(b)
	}
	g.yChannel = make([]int, len(g.channels)+1)
	y := 0
	for c := range g.channels {
		g.yChannel[c] = y
		count := g.tracks(c)
		border := g.hasBorder(c)
		for _, s := range g.channels[c] {
			s.y = y + g.stub + s.track*trackPitch + trackPitch/2
			if border && s.track >= ceil(count, 2) {
				s.y += borderRoom
			}
		}
		y += g.channelHeight(c, count)
		if c < len(g.rows) {
			r := g.rows[c]
			r.y = y
			for _, i := range r.items {
				r.h = max(r.h, i.h)
			}
			y += r.h
		}
	}
	g.yChannel[len(g.channels)] = y
	for c := range g.channels {
		g.placeLabels(c)
	}
}

func (g *diagram) height() int { return g.yChannel[len(g.channels)] }

// mostStub is how long the upright ends of lines may become to fill the sheet.
const mostStub = 50

// stretchTo spreads rows over a height that is left over.
func (g *diagram) stretchTo(height int) {
	used := 0
	for _, spans := range g.channels {
		if len(spans) > 0 {
			used++
		}
	}
	if spare := height - g.height(); spare > 0 && used > 0 {
		g.stub = min(mostStub, g.stub+spare/(2*used))
		g.route()
	}
}

func (g *diagram) channelHeight(c, count int) int {
	if len(g.channels[c]) == 0 {
		if g.hasBorder(c) {
			return emptyHeight + borderRoom
		}
		return emptyHeight
	}
	h := 2*g.stub + count*trackPitch
	if g.hasBorder(c) {
		h += borderRoom
	}
	return h
}

// hasBorder says that a border stands between the rows above and below.
func (g *diagram) hasBorder(c int) bool {
	return c > 0 && c < len(g.rows) && g.rows[c-1].band != g.rows[c].band && g.d.Bands[g.rows[c].band].Border != ""
}

// middle of a channel, where bands meet and a border stands.
func (g *diagram) middle(c int) int {
	if !g.hasBorder(c) {
		return (g.yChannel[c] + g.channelBottom(c)) / 2
	}
	if len(g.channels[c]) == 0 {
		return g.yChannel[c] + (emptyHeight+borderRoom)/2
	}
	count := 0
	for _, s := range g.channels[c] {
		if s.labelled || !s.straight() {
			count = max(count, s.track+1)
		}
	}
	return g.yChannel[c] + g.stub + ceil(count, 2)*trackPitch + borderRoom/2
}

func (g *diagram) channelBottom(c int) int {
	if c < len(g.rows) {
		return g.rows[c].y
	}
	return g.yChannel[c+1]
}

// placeLabels moves each label along its own line to where fewest others pass.
func (g *diagram) placeLabels(c int) {
	for _, s := range g.channels[c] {
		if !s.labelled {
			continue
		}
		s.label.Y = s.y - pillHeight/2
		if s.fixed {
			continue
		}
		left, right := g.room(c, s)
		best, least := s.label.X, 1<<30
		for x := left; x+s.label.W <= right; x += 5 {
			at := Rect{x, s.label.Y, s.label.W, s.label.H}
			cost := g.hidden(c, s, at)*1000 + max(x-s.label.X, s.label.X-x)
			if cost < least {
				best, least = x, cost
			}
		}
		s.label.X = best
	}
}

// room is how far a label may move along its own line.
func (g *diagram) room(c int, s *span) (left, right int) {
	left, right = max(s.lo+4, 0), min(s.hi-4, g.width)
	for _, o := range g.channels[c] {
		if o == s || o.track != s.track || !o.labelled && o.straight() {
			continue
		}
		if o.till() <= s.from() {
			left = max(left, o.till()+apart/2)
		}
		if o.from() >= s.till() {
			right = min(right, o.from()-apart/2)
		}
	}
	return left, right
}

// hidden counts the upright lines behind a label, its own ones half.
func (g *diagram) hidden(c int, s *span, at Rect) int {
	n := 0
	wide := Rect{at.X - 2, at.Y, at.W + 4, at.H}
	for _, o := range g.channels[c] {
		for _, p := range o.pins {
			if !wide.Crosses(Point{p.x, o.y}, Point{p.x, g.pinY(p)}) {
				continue
			}
			n += 2
			if o == s {
				n--
			}
		}
	}
	return n
}

// pinY is the edge of the row that the pin is at.
func (g *diagram) pinY(p *pin) int {
	r := g.rows[p.item.row]
	if p.top {
		return r.y
	}
	return r.y + r.h
}

// path leads from the initiator's box to that of a responder, by its place in net.to.
func (g *diagram) path(n *net, end int) []Point {
	var points []Point
	for _, s := range n.spans {
		if s.root().end == atSource {
			points = nil
		}
		root := s.root()
		points = append(points, Point{root.x, g.pinY(root)})
		var out *pin
		for _, p := range s.pins[1:] {
			if p.end == end || p.end == atLane && out == nil {
				out = p
			}
		}
		if out == nil {
			continue
		}
		if root.x != out.x || root.top == out.top {
			points = append(points, Point{root.x, s.y}, Point{out.x, s.y})
		}
		points = append(points, Point{out.x, g.pinY(out)})
		if out.end == end {
			return tidy(points)
		}
	}
	return nil
}

// tidy leaves out points in the middle of a straight piece.
func tidy(points []Point) []Point {
	var out []Point
	for _, p := range points {
		n := len(out)
		if n > 0 && out[n-1] == p {
			continue
		}
		if n > 1 && (out[n-2].X == p.X && out[n-1].X == p.X || out[n-2].Y == p.Y && out[n-1].Y == p.Y) {
			out[n-1] = p
			continue
		}
		out = append(out, p)
	}
	return out
}

// branches of a net, the weakest first: each begins where it leaves those before it.
func (g *diagram) branches(n *net) ([]Branch, []Point) {
	order := make([]int, len(n.to))
	for i := range order {
		order[i] = i
	}
	if n.conduit >= 0 {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(n.styles[b], n.styles[a]) })
	}
	var out []Branch
	var dots []Point
	for _, i := range order {
		b := Branch{End: i, Zone: n.to[i], Path: g.path(n, i)}
		if n.conduit >= 0 {
			b.Style = n.styles[i]
		}
		b.Own = b.Path
		for _, o := range out {
			if tail := after(b.Path, o.Path); len(tail) < len(b.Own) || len(tail) == len(b.Own) && shorter(tail, b.Own) {
				b.Own = tail
			}
		}
		if len(b.Own) > 0 && b.Own[0] != b.Path[0] {
			dots = append(dots, b.Own[0])
		}
		out = append(out, b)
	}
	return out, dots
}

// shorter compares paths that end at one place by where they begin.
func shorter(a, b []Point) bool {
	dist := func(p []Point) int { return max(p[0].X-p[1].X, p[1].X-p[0].X) + max(p[0].Y-p[1].Y, p[1].Y-p[0].Y) }
	return len(a) > 1 && len(b) > 1 && dist(a) < dist(b)
}

// after is the rest of a path from where it leaves another one with the same beginning.
func after(path, other []Point) []Point {
	if path[0] != other[0] {
		return path
	}
	for k := 1; k < len(path) && k < len(other); k++ {
		if path[k] == other[k] {
			continue
		}
		// Both go on from the point before in the same direction, or part there.
		a, b, from := path[k], other[k], path[k-1]
		if cmp.Compare(a.X, from.X) != cmp.Compare(b.X, from.X) || cmp.Compare(a.Y, from.Y) != cmp.Compare(b.Y, from.Y) {
			return path[k-1:]
		}
		if distance(from, a) <= distance(from, b) {
			return path[k:]
		}
		return append([]Point{b}, path[k:]...)
	}
	return nil
}

func distance(a, b Point) int { return max(a.X-b.X, b.X-a.X) + max(a.Y-b.Y, b.Y-a.Y) }
