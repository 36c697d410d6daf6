// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/drawing"
)

// Sheet is a drawing with everything in its place.
type Sheet struct {
	Drawing       *drawing.Drawing
	Width, Height int
	// Paper that the sheet is meant for, so that the smallest text can be read.
	Paper Paper
	// Frame around everything.
	Frame   Rect
	Bands   []Band
	Borders []Border
	Groups  []Group
	// Boxes in the order of Drawing.Zones; Lines of the conduits, then of the windows.
	Boxes []Box
	Lines []Line
	// Panel holds tables, legend and title block.
	Panel Panel
}

// Paper is a size of ISO 216 in landscape.
type Paper struct {
	Name                string
	Millimetres, Height int
}

// Band is the background of a level.
type Band struct {
	Rect
	Level v1alpha1.Level
	Texts []Text
}

// Border stands between IT, DMZ and OT.
type Border struct {
	From, To Point
	Texts    []Text
}

// Group frames the boxes of a row that are parts of one zone, or its safety zones.
type Group struct {
	Rect
	Name   Text
	Safety bool
}

// Box is a zone.
type Box struct {
	Rect
	Zone  int
	Lines []Text
	// Marks are the numbers of lines at the edges.
	Marks []Text
	// Tags are the small marks for platform services.
	Tags []Tag
}

// Tag is a small mark with a word in it.
type Tag struct {
	Rect
	Text Text
}

// Line is a conduit or a window.
type Line struct {
	// Conduit and Window by their place in the Drawing, -1 for none.
	Conduit, Window int
	Branches        []Branch
	Labels          []Label
	// Dots are where it branches.
	Dots []Point
}

// Branch leads from the initiator to one responder.
type Branch struct {
	// End is the responder's place in Conduit.To or Window.To, Zone is its zone.
	End, Zone int
	// Path from box to box; Own is the part that no earlier branch of the line has drawn.
	Path, Own []Point
	Style     drawing.Style
}

// Label carries the number of a line, and with few conduits what passes.
type Label struct {
	Rect
	Mark Text
	// MarkWidth is that of the disc or square around the mark.
	MarkWidth int
	Words     Text
	// Cleartext asks for the warning mark, at Warning.
	Cleartext bool
	Warning   Point
}

// papers from the smallest.
var papers = []Paper{{"A3", 420, 297}, {"A2", 594, 420}, {"A1", 841, 594}, {"A0", 1189, 841}}

// Measures of the sheet.
const (
	margin = 24
	inner  = 14
	gutter = 84 // of the levels' names
	// How many boxes a row may have.
	leastInRow, mostInRow = 3, 14
	// mostTried is up to how many zones different lengths are tried.
	mostTried = 60
	// mostLabelled is up to how many conduits lines carry words.
	mostLabelled = 32
	// smallest text that is read at arm's length, in hundredths of a millimetre.
	smallest = 175
)

// New lays a drawing out. It tries rows of different lengths, and takes the one that
// leaves the most room for each letter.
func New(d *drawing.Drawing) *Sheet {
	var best *choice
	longest := 1
	for _, b := range d.Bands {
		longest = max(longest, len(b.Zones))
	}
	labelled := len(d.Conduits) <= mostLabelled
	rows, least := -1, leastInRow
	if len(d.Zones) > mostTried {
		least = mostInRow // a large site does not wait for a choice of poor ones
	}
	for perRow := min(longest, mostInRow); perRow >= min(longest, least); perRow-- {
		if n := rowsOf(d, perRow); n == rows {
			continue // the same rows again
		} else {
			rows = n
		}
		g := newDiagram(d, perRow, labelled)
		for _, columns := range []int{1, 2, 3} {
			for _, narrow := range []bool{true, false} {
				c := &choice{diagram: g, panel: newPanel(d, columns, narrow)}
				c.measure()
				if best == nil || c.cost() < best.cost() {
					best = c
				}
			}
		}
	}
	return best.compose()
}

// rowsOf is how many rows there are with so many boxes in a row.
func rowsOf(d *drawing.Drawing, perRow int) int {
	n := 0
	for _, b := range d.Bands {
		n += ceil(len(b.Zones), perRow)
	}
	return n
}

// choice is one way to lay a drawing out.
type choice struct {
	diagram       *diagram
	panel         *panel
	width, height int
}

// cost is the area of the sheet, and something for each level in several rows.
func (c *choice) cost() int {
	return c.width * c.height / 1000 * (100 + 8*(len(c.diagram.rows)-len(c.diagram.d.Bands)))
}

// measure finds the size of a sheet in the form of paper that holds both.
func (c *choice) measure() {
	w := 2*margin + 3*inner + gutter + c.diagram.width + c.panel.minWidth
	h := 2*margin + 2*inner + max(c.diagram.height(), c.panel.minHeight)
	if w*paperHeight < h*paperWidth {
		w = ceil(h*paperWidth, paperHeight)
	} else {
		h = ceil(w*paperHeight, paperWidth)
	}
	c.width, c.height = w, h
}

// compose puts diagram and panel side by side.
func (c *choice) compose() *Sheet {
	g, panel, w, h := c.diagram, c.panel, c.width, c.height
	s := &Sheet{Drawing: g.d, Width: w, Height: h, Frame: Rect{margin, margin, w - 2*margin, h - 2*margin}}
	s.Paper = paperFor(w)
	area := Rect{margin + inner, margin + inner, w - 2*margin - 3*inner - panel.minWidth, h - 2*margin - 2*inner}
	g.stretchTo(area.H)
	g.onto(s, area, (area.H-g.height())/2)
	s.Panel = panel.onto(Rect{area.Right() + inner, area.Y, panel.minWidth, area.H}, s.Paper)
	return s
}

// The form of a sheet of paper.
const paperWidth, paperHeight = 1414, 1000

// paperFor is the smallest that leaves small text readable.
func paperFor(width int) Paper {
	for _, p := range papers {
		if bodySize*p.Millimetres*100 >= smallest*width {
			return p
		}
	}
	return papers[len(papers)-1]
}
