// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/drawing/drawingtest"
	"github.com/zonewarden/zonewarden/internal/drawing/layout"
)

// judge fails a check.
type judge interface {
	Helper()
	Fatalf(format string, args ...any)
}

// properties hold on every sheet.
var properties = []func(t judge, s *layout.Sheet){
	boxesDoNotOverlap, bandsHoldTheirZones, framesHoldTheirOwn, everyConduitIsDrawn, linesCanBeToldApart, labelsAreOnTheirLines, textsDoNotOverlap,
}

func TestSheets(t *testing.T) {
	check := func(t judge, p drawing.Plant) {
		t.Helper()
		s := layout.New(drawing.New(p))
		for _, p := range properties {
			p(t, s)
		}
	}
	for name, p := range map[string]drawing.Plant{
		"nothing": {}, "water works": drawingtest.WaterWorks(t), "thirty zones": drawingtest.ThirtyZones(),
	} {
		t.Run(name, func(t *testing.T) { check(t, p) })
	}
	t.Run("few", rapid.MakeCheck(func(t *rapid.T) { check(t, drawingtest.Any(t, 6, 8)) }))
	t.Run("many", rapid.MakeCheck(func(t *rapid.T) { check(t, drawingtest.Any(t, 24, 60)) }))
}

func boxesDoNotOverlap(t judge, s *layout.Sheet) {
	t.Helper()
	if len(s.Boxes) != len(s.Drawing.Zones) {
		t.Fatalf("%d boxes for %d zones", len(s.Boxes), len(s.Drawing.Zones))
	}
	for i, a := range s.Boxes {
		if a.Zone != i || !inside(a.Rect, s.Frame) || a.Overlaps(s.Panel.Rect) {
			t.Fatalf("box %+v is out of its place", a)
		}
		for _, b := range s.Boxes[:i] {
			if a.Overlaps(b.Rect) {
				t.Fatalf("boxes overlap: %+v %+v", a.Rect, b.Rect)
			}
		}
	}
}

func inside(r, in layout.Rect) bool {
	return r.X >= in.X && r.Y >= in.Y && r.Right() <= in.Right() && r.Bottom() <= in.Bottom()
}

// A zone stands on the band of its level, and levels stand in their order.
func bandsHoldTheirZones(t judge, s *layout.Sheet) {
	t.Helper()
	for i, b := range s.Bands {
		if i > 0 && b.Y < s.Bands[i-1].Bottom() {
			t.Fatalf("band %s begins above the end of %s", b.Level, s.Bands[i-1].Level)
		}
		for _, z := range s.Drawing.Bands[i].Zones {
			if box := s.Boxes[z].Rect; !inside(box, b.Rect) {
				t.Fatalf("box %+v is not on its band %+v", box, b)
			}
		}
	}
}

// What stands in a frame for safety zones, or for the parts of a zone, belongs there.
func framesHoldTheirOwn(t judge, s *layout.Sheet) {
	t.Helper()
	framed := map[int]bool{}
	type place struct {
		y    int
		name string
	}
	seen := map[place]bool{}
	for _, g := range s.Groups {
		at := place{g.Y, g.Name.S}
		if seen[at] {
			t.Fatalf("two frames %q in one row", g.Name.S)
		}
		seen[at] = true
		for _, b := range s.Boxes {
			if !g.Overlaps(b.Rect) {
				continue
			}
			z := s.Drawing.Zones[b.Zone]
			if !inside(b.Rect, g.Rect) || z.Safety != g.Safety || !g.Safety && z.Parent == "" {
				t.Fatalf("zone %q is in the frame %q", z.Name, g.Name.S)
			}
			framed[b.Zone] = true
		}
	}
	for i, z := range s.Drawing.Zones {
		if (z.Safety || z.Parent != "") != framed[i] {
			t.Fatalf("zone %q is in a frame: %v", z.Name, framed[i])
		}
	}
}

func everyConduitIsDrawn(t judge, s *layout.Sheet) {
	t.Helper()
	d := s.Drawing
	if len(s.Lines) != len(d.Conduits)+len(d.Windows) {
		t.Fatalf("%d lines for %d conduits and %d windows", len(s.Lines), len(d.Conduits), len(d.Windows))
	}
	for _, l := range s.Lines {
		from, to := ends(d, l)
		if len(l.Branches) != len(to) {
			t.Fatalf("line %+v has %d branches for %d ends", l, len(l.Branches), len(to))
		}
		seen := map[int]bool{}
		for _, b := range l.Branches {
			if seen[b.End] || b.Zone != to[b.End] {
				t.Fatalf("branch %+v of %v", b, to)
			}
			seen[b.End] = true
			checkPath(t, s, b, s.Boxes[from].Rect, s.Boxes[b.Zone].Rect)
		}
		if (len(to) > 0) != (len(l.Labels) > 0) {
			t.Fatalf("line %+v has %d labels", l, len(l.Labels))
		}
	}
}

func ends(d *drawing.Drawing, l layout.Line) (from int, to []int) {
	if l.Conduit < 0 {
		return d.Windows[l.Window].From, d.Windows[l.Window].To
	}
	c := d.Conduits[l.Conduit]
	for _, e := range c.To {
		to = append(to, e.Zone)
	}
	return c.From, to
}

// checkPath: from the edge of one box to the edge of the other, level or upright, and
// through no box.
func checkPath(t judge, s *layout.Sheet, b layout.Branch, from, to layout.Rect) {
	t.Helper()
	path := b.Path
	if len(path) < 2 || !onEdge(path[0], from) || !onEdge(path[len(path)-1], to) {
		t.Fatalf("path %v leads from %+v to %+v", path, from, to)
	}
	for i := 1; i < len(path); i++ {
		p, q := path[i-1], path[i]
		if (p.X == q.X) == (p.Y == q.Y) {
			t.Fatalf("path %v is slanted, or stands still, at %d", path, i)
		}
		for _, box := range s.Boxes {
			if box.Crosses(p, q) {
				t.Fatalf("path %v crosses box %+v", path, box.Rect)
			}
		}
	}
	if n := len(path); distance(path[0], path[1]) < arrows || distance(path[n-2], path[n-1]) < arrows {
		t.Fatalf("path %v has no room for its arrows", path)
	}
	if n := len(b.Own); n < 2 || b.Own[n-1] != path[len(path)-1] {
		t.Fatalf("what is drawn of %v is %v", path, b.Own)
	}
}

// arrows at one end: a filled one and a hollow one behind it.
const arrows = 20

func distance(a, b layout.Point) int { return max(a.X-b.X, b.X-a.X) + max(a.Y-b.Y, b.Y-a.Y) }

// onEdge says that a point is on the upper or lower edge, not at a corner.
func onEdge(p layout.Point, r layout.Rect) bool {
	return p.X > r.X && p.X < r.Right() && (p.Y == r.Y || p.Y == r.Bottom())
}

// Two conduits may cross. They never run on top of each other, not even end to end.
func linesCanBeToldApart(t judge, s *layout.Sheet) {
	t.Helper()
	type piece struct {
		line int
		r    layout.Rect
	}
	var all []piece
	for i, l := range s.Lines {
		for _, b := range l.Branches {
			for k := 1; k < len(b.Path); k++ {
				all = append(all, piece{i, swept(b.Path[k-1], b.Path[k])})
			}
		}
	}
	for i, a := range all {
		for _, b := range all[:i] {
			level := a.r.W > 1 && b.r.W > 1
			upright := a.r.H > 1 && b.r.H > 1
			if a.line != b.line && (level || upright) && a.r.Overlaps(b.r) {
				t.Fatalf("lines %d and %d share a piece: %+v %+v", a.line, b.line, a.r, b.r)
			}
		}
	}
}

// swept is the piece of line as a rectangle of width 1.
func swept(p, q layout.Point) layout.Rect {
	x, y := min(p.X, q.X), min(p.Y, q.Y)
	return layout.Rect{X: x, Y: y, W: max(p.X, q.X) - x + 1, H: max(p.Y, q.Y) - y + 1}
}

// Each label is on its own line, and on no box and no other label.
func labelsAreOnTheirLines(t judge, s *layout.Sheet) {
	t.Helper()
	var all []layout.Rect
	for _, l := range s.Lines {
		for _, label := range l.Labels {
			if !touches(label.Rect, l) {
				t.Fatalf("label %+v is off its line %+v", label.Rect, l.Branches)
			}
			if band := s.Bands[0]; label.X < band.X || label.Right() > band.Right() {
				t.Fatalf("label %+v stands beside the bands", label.Rect)
			}
			for _, other := range all {
				if label.Overlaps(other) {
					t.Fatalf("labels overlap: %+v %+v", label.Rect, other)
				}
			}
			for _, b := range s.Boxes {
				if label.Overlaps(b.Rect) {
					t.Fatalf("label %+v is on box %+v", label.Rect, b.Rect)
				}
			}
			all = append(all, label.Rect)
		}
	}
}

func touches(r layout.Rect, l layout.Line) bool {
	for _, b := range l.Branches {
		for k := 1; k < len(b.Path); k++ {
			if r.Crosses(b.Path[k-1], b.Path[k]) {
				return true
			}
		}
	}
	return false
}

func textsDoNotOverlap(t judge, s *layout.Sheet) {
	t.Helper()
	texts := allTexts(s)
	for i, a := range texts {
		if !inside(a.Rect(), s.Frame) {
			t.Fatalf("%q stands outside the frame: %+v", a.S, a.Rect())
		}
		for _, b := range texts[:i] {
			if a.Rect().Overlaps(b.Rect()) {
				t.Fatalf("texts overlap: %q %+v, %q %+v", a.S, a.Rect(), b.S, b.Rect())
			}
		}
	}
	for _, b := range s.Boxes {
		for _, l := range append(append([]layout.Text(nil), b.Lines...), b.Marks...) {
			if !inside(l.Rect(), b.Rect) {
				t.Fatalf("%q %+v stands outside its box %+v", l.S, l.Rect(), b.Rect)
			}
		}
	}
	for _, l := range s.Panel.Texts {
		if !inside(l.Rect(), s.Panel.Rect) {
			t.Fatalf("%q %+v stands outside the panel %+v", l.S, l.Rect(), s.Panel.Rect)
		}
	}
}

func allTexts(s *layout.Sheet) []layout.Text {
	var out []layout.Text
	for _, b := range s.Bands {
		out = append(out, b.Texts...)
	}
	for _, b := range s.Borders {
		out = append(out, b.Texts...)
	}
	for _, g := range s.Groups {
		out = append(out, g.Name)
	}
	for _, b := range s.Boxes {
		out = append(append(out, b.Lines...), b.Marks...)
		for _, t := range b.Tags {
			out = append(out, t.Text)
		}
	}
	for _, l := range s.Lines {
		for _, label := range l.Labels {
			out = append(out, label.Mark)
			if label.Words.S != "" {
				out = append(out, label.Words)
			}
		}
	}
	return append(out, s.Panel.Texts...)
}

// Nothing depends on the order in which the facts come.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawingtest.Any(t, 10, 20)
		equal(t, layout.New(drawing.New(p)), layout.New(drawing.New(drawingtest.Shuffled(t, p))))
	})
}

func equal(t *rapid.T, a, b *layout.Sheet) {
	t.Helper()
	if diff := cmp.Diff(a, b); diff != "" {
		t.Fatalf("the order changed the sheet:\n%s", diff)
	}
}
