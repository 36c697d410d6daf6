// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"fmt"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/drawing/layout"
)

var lineClass = map[drawing.Style]string{
	drawing.Us: "us", drawing.External: "external", drawing.Observed: "watched", drawing.Nobody: "nobody", drawing.Suspended: "suspended",
}

// Measures of arrows.
const (
	arrowLength = 9
	arrowHalf   = 4
)

func (w *writer) line(l *layout.Line) {
	w.printf("<g>\n<title>%s</title>\n", escaped(w.lineTitle(l)))
	for _, b := range l.Branches {
		class := "window"
		if l.Conduit >= 0 {
			class = lineClass[b.Style]
		}
		w.printf(`<path d="%s" class="l %s"/>`+"\n", pathData(b.Own), class)
		w.arrows(l, b, class)
		if b.Style == drawing.Suspended {
			w.cross(b.Path)
		}
	}
	for _, d := range l.Dots {
		w.printf(`<circle cx="%d" cy="%d" r="3.2" class="a-%s"/>`+"\n", d.X, d.Y, w.dotClass(l))
	}
	w.printf("</g>\n")
}

func (w *writer) dotClass(l *layout.Line) string {
	if l.Conduit < 0 {
		return "window"
	}
	return lineClass[w.sheet.Drawing.Conduits[l.Conduit].Style]
}

func pathData(points []layout.Point) string {
	var b strings.Builder
	for i, p := range points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&b, "%s%d %d", command, p.X, p.Y)
	}
	return b.String()
}

// arrows: a filled one at each end that is connected to, a hollow one behind it where
// data arrives.
func (w *writer) arrows(l *layout.Line, b layout.Branch, class string) {
	n := len(b.Path)
	toResponder, toInitiator := direction(b.Path[n-2], b.Path[n-1]), direction(b.Path[1], b.Path[0])
	w.arrow(b.Path[n-1], toResponder, "a-"+class)
	if l.Conduit < 0 {
		return
	}
	c := w.sheet.Drawing.Conduits[l.Conduit]
	first := b.Own[0] == b.Path[0]
	back := arrowLength + 1
	if c.Data != v1alpha1.DataToInitiator {
		w.arrow(before(b.Path[n-1], toResponder, back), toResponder, "open a-"+class)
	}
	if !first {
		return
	}
	away := 1
	if c.BothWays {
		w.arrow(b.Path[0], toInitiator, "a-"+class)
		away = back
	}
	if c.Data != v1alpha1.DataFromInitiator {
		w.arrow(before(b.Path[0], toInitiator, away), toInitiator, "open a-"+class)
	}
}

func direction(from, to layout.Point) layout.Point {
	return layout.Point{X: sign(to.X - from.X), Y: sign(to.Y - from.Y)}
}

func sign(n int) int { return max(-1, min(1, n)) }

// before is a point some way before the tip.
func before(tip, d layout.Point, way int) layout.Point {
	return layout.Point{X: tip.X - d.X*way, Y: tip.Y - d.Y*way}
}

// arrow has its tip at a point and looks in a direction.
func (w *writer) arrow(tip, d layout.Point, class string) {
	base := before(tip, d, arrowLength)
	side := layout.Point{X: d.Y * arrowHalf, Y: d.X * arrowHalf}
	w.printf(`<path d="M%d %dL%d %dL%d %dZ" class="%s"/>`+"\n",
		tip.X, tip.Y, base.X+side.X, base.Y+side.Y, base.X-side.X, base.Y-side.Y, class)
}

// cross strikes a suspended line out, next to its responder.
func (w *writer) cross(path []layout.Point) {
	n := len(path)
	p := before(path[n-1], direction(path[n-2], path[n-1]), 2*arrowLength+4)
	w.printf(`<path d="M%d %dl8 8m0 -8l-8 8" class="l heavy"/>`+"\n", p.X-4, p.Y-4)
}

// labels stand above all lines, so that a line that passes behind one is interrupted.
func (w *writer) labels(l *layout.Line) {
	for _, b := range l.Labels {
		w.printf("<g>\n<title>%s</title>\n", escaped(w.lineTitle(l)))
		w.rect(b.Rect, "pill", 7)
		round := b.H / 2
		class := "disc"
		if l.Conduit < 0 {
			round, class = 0, "disc a-window open"
		}
		w.rect(layout.Rect{X: b.Mark.X - b.MarkWidth/2, Y: b.Y, W: b.MarkWidth, H: b.H}, class, round)
		w.text(b.Mark)
		w.text(b.Words)
		if b.Cleartext {
			w.warning(b.Warning)
		}
		w.printf("</g>\n")
	}
}

// warning is a small triangle with an exclamation mark.
func (w *writer) warning(p layout.Point) {
	w.printf(`<path d="M%d %dl5 10h-10z" class="warn"/><path d="M%d %dv4m0 1v1.4" class="heavy"/>`+"\n", p.X, p.Y-6, p.X, p.Y-3)
}

func (w *writer) lineTitle(l *layout.Line) string {
	d := w.sheet.Drawing
	if l.Conduit < 0 {
		v := d.Windows[l.Window]
		return fmt.Sprintf("%s: open access window %s of %s, %s, from %s to %s, %s",
			v.Mark(), v.Name, v.Vendor, v.What, v.JumpHost, strings.Join(v.Reaches, ", "), v.Ends())
	}
	c := d.Conduits[l.Conduit]
	var to []string
	for _, e := range c.To {
		to = append(to, fmt.Sprintf("%s (%s)", d.Zones[e.Zone].Name, e.By))
	}
	out := fmt.Sprintf("%d: %s, opened from %s to %s: %s", c.Number, c.Name, d.Zones[c.From].Name, strings.Join(to, ", "), c.What)
	if c.Cleartext {
		out += ", cleartext"
	}
	if c.Need != "" {
		out += ". " + c.Need
	}
	if c.ApprovedBy != "" {
		out += ". Approved by " + c.ApprovedBy
	}
	return out
}
