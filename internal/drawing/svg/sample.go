// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/drawing/layout"
)

// sample shows in the legend how something is drawn.
func (w *writer) sample(s layout.Sample) {
	left, right := layout.Point{X: s.X, Y: s.Y + s.H/2}, layout.Point{X: s.Right(), Y: s.Y + s.H/2}
	ahead, behind := layout.Point{X: 1}, layout.Point{X: -1}
	switch s.Kind {
	case layout.SampleLine:
		w.segment(left, right, "l "+lineClass[s.Style])
		if s.Style == drawing.Suspended {
			w.cross([]layout.Point{left, right})
		}
	case layout.SampleWindow:
		w.segment(left, right, "l window")
	case layout.SampleOpens:
		w.segment(left, right, "l us")
		w.arrow(right, ahead, "a-us")
	case layout.SampleBoth:
		w.segment(left, right, "l us")
		w.arrow(right, ahead, "a-us")
		w.arrow(left, behind, "a-us")
	case layout.SampleData:
		w.segment(left, right, "l us")
		w.arrow(layout.Point{X: s.X + s.W/2 + 5, Y: right.Y}, ahead, "open a-us")
	case layout.SampleBranch:
		w.segment(left, right, "l us")
		w.segment(layout.Point{X: s.X + s.W/2, Y: left.Y}, layout.Point{X: s.X + s.W/2, Y: s.Bottom()}, "l us")
		w.printf(`<circle cx="%d" cy="%d" r="3.2" class="a-us"/>`+"\n", s.X+s.W/2, left.Y)
	case layout.SampleCleartext:
		w.warning(layout.Point{X: s.X + s.W/2, Y: left.Y})
	default:
		w.sampleBox(s)
	}
}

func (w *writer) sampleBox(s layout.Sample) {
	middle := layout.Rect{X: s.X + s.W/2 - 8, Y: s.Y - 1, W: 16, H: 15}
	switch s.Kind {
	case layout.SampleNumber:
		w.rect(middle, "disc", 7)
		w.text(layout.Text{X: s.X + s.W/2, Y: s.Y + 10, Size: 9, Bold: true, Anchor: layout.Middle, S: "7"})
	case layout.SampleSafety:
		w.rect(s.Rect, "zone safety", 2)
		w.rect(layout.Rect{X: s.X + 4, Y: s.Y + 4, W: s.W - 8, H: s.H - 8}, "inset", 0)
	case layout.SampleTag:
		for i, word := range []string{"DNS", "API"} {
			r := layout.Rect{X: s.X + i*28, Y: s.Y, W: 26, H: 12}
			w.rect(r, "tag", 2)
			w.text(layout.Text{X: r.X + 13, Y: r.Y + 9, Size: 8, Bold: true, Anchor: layout.Middle, S: word})
		}
	default:
		w.rect(s.Rect, zoneClass[s.State], 2)
	}
}
