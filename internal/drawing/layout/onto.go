// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import "fmt"

// onto moves the diagram onto its part of the sheet.
func (g *diagram) onto(s *Sheet, area Rect, down int) {
	// What is left over stands at both sides.
	x, y := area.X+gutter+max(0, area.W-gutter-g.width)/2, area.Y+down
	g.addBands(s, area, y)
	for _, r := range g.rows {
		s.Groups = append(s.Groups, r.groups(x, y)...)
	}
	for _, b := range g.boxes {
		r := g.rows[b.row]
		box := Box{Zone: b.zone, Rect: Rect{b.x + x, r.y + y, b.w, r.h}}
		for _, t := range b.lines {
			box.Lines = append(box.Lines, t.moved(box.X, box.Y))
		}
		box.Marks = g.marks(b, x, y)
		box.Tags = g.tags(b, box.Rect)
		s.Boxes = append(s.Boxes, box)
	}
	for _, n := range g.nets {
		s.Lines = append(s.Lines, g.line(n, x, y))
	}
}

func (g *diagram) addBands(s *Sheet, area Rect, y int) {
	top := area.Y
	for i, b := range g.d.Bands {
		bottom := area.Bottom()
		last := 0
		for k, r := range g.rows {
			if r.band == i {
				last = k
			}
		}
		if i < len(g.d.Bands)-1 {
			bottom = y + g.middle(last+1)
		}
		band := Band{Rect: Rect{area.X, top, area.W, bottom - top}, Level: b.Level}
		middle := top + (bottom-top)/2
		if b.Border != "" {
			middle = max(middle, top+58) // below what the border says
		}
		band.Texts = []Text{
			{X: area.X + 10, Y: middle, Size: 20, Bold: true, S: string(b.Level)},
			{X: area.X + 10, Y: middle + 15, Size: bodySize, S: b.Name},
		}
		s.Bands = append(s.Bands, band)
		if b.Border != "" {
			s.Borders = append(s.Borders, newBorder(b.Border, len(b.Crossing), area, top))
		}
		top = bottom
	}
}

func newBorder(name string, crossing int, area Rect, y int) Border {
	words := "nothing crosses it"
	if crossing > 0 {
		words = fmt.Sprintf("crossed by %d", crossing)
	}
	out := Border{From: Point{area.X, y}, To: Point{area.Right(), y}}
	for i, l := range wrap(name, bodySize, true, gutter-12, 2) {
		out.Texts = append(out.Texts, Text{X: area.X + 10, Y: y + 12 + i*11, Size: bodySize, Bold: true, S: l})
	}
	out.Texts = append(out.Texts, Text{X: area.X + 10, Y: y + 12 + len(out.Texts)*11, Size: 8, S: fit(words, 8, false, gutter-12)})
	return out
}

// groups are the frames of a row.
func (r *row) groups(x, y int) []Group {
	var out []Group
	units := r.units()
	if r.safety < len(r.items) {
		units = append(units, r.items[r.safety:])
	}
	for _, u := range units {
		if u[0].frame() == "" {
			continue
		}
		last := u[len(u)-1]
		frame := Rect{u[0].x + x - pitch + 2, r.y + y - 5, last.x + last.w - u[0].x + pitch + 4, r.h + 10}
		name := fit(u[0].frame(), bodySize, u[0].safety, r.h)
		out = append(out, Group{Rect: frame, Safety: u[0].safety, Name: Text{
			X: frame.X + 12, Y: frame.Y + frame.H/2, Size: bodySize, Bold: u[0].safety, Upright: true, Anchor: Middle, S: name,
		}})
	}
	return out
}

// marks are the numbers at the edges of a box, where the lines meet it.
func (g *diagram) marks(b *item, x, y int) []Text {
	var out []Text
	r := g.rows[b.row]
	for _, p := range b.pins {
		t := Text{X: p.x + x, Y: r.y + y + 9, Size: 7, Anchor: Middle, S: p.span.net.mark}
		if !p.top {
			t.Y = r.y + r.h + y - 3
		}
		out = append(out, t)
	}
	return out
}

// tags stand at the bottom right of a box.
func (g *diagram) tags(b *item, box Rect) []Tag {
	z := g.d.Zones[b.zone]
	var out []Tag
	right := box.Right() - padding
	for _, t := range []struct {
		on   bool
		word string
	}{{z.API, "API"}, {z.DNS, "DNS"}, {z.NoInternal, "no internal"}} {
		if !t.on {
			continue
		}
		w := Width(t.word, 8, true) + 8
		r := Rect{right - w, box.Bottom() - edge - 12, w, 12}
		out = append(out, Tag{r, Text{X: r.X + w/2, Y: r.Y + 9, Size: 8, Bold: true, Anchor: Middle, S: t.word}})
		right = r.X - 4
	}
	return out
}

func (g *diagram) line(n *net, x, y int) Line {
	out := Line{Conduit: n.conduit, Window: n.window}
	branches, dots := g.branches(n)
	for _, b := range branches {
		b.Path, b.Own = shift(b.Path, x, y), shift(b.Own, x, y)
		out.Branches = append(out.Branches, b)
	}
	out.Dots = shift(dots, x, y)
	for _, s := range n.spans {
		if s.labelled {
			out.Labels = append(out.Labels, g.newLabel(s, x, y))
		}
	}
	return out
}

func shift(points []Point, x, y int) []Point {
	out := make([]Point, 0, len(points))
	for _, p := range points {
		out = append(out, p.moved(x, y))
	}
	return out
}

func (g *diagram) newLabel(s *span, x, y int) Label {
	r := s.label.moved(x, y)
	w := markWidth(s.net.mark)
	base := r.Y + 11
	out := Label{
		Rect: r, MarkWidth: w,
		Mark: Text{X: r.X + w/2, Y: base, Size: markSize, Bold: true, Anchor: Middle, S: s.net.mark},
	}
	at := r.X + w + 4
	if s.mirrored {
		out.Mark.X, at = r.Right()-w/2, r.X+4
	}
	if words := g.words(s); words != "" {
		out.Words = Text{X: at, Y: base, Size: labelSize, Bold: s.net.window >= 0, S: words}
		at += Width(words, labelSize, out.Words.Bold) + 3
	}
	if s.net.warning {
		out.Cleartext, out.Warning = true, Point{at + 4, r.Y + r.H/2}
	}
	return out
}
