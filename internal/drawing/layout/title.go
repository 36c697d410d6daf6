// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"strings"

	"github.com/zonewarden/zonewarden/internal/drawing"
)

// Measures of the legend.
const (
	legendLine  = 17
	sampleWidth = 54
)

// legend in two columns: lines at the left, marks and boxes at the right.
var legend = [][]struct {
	sample Sample
	words  string
}{
	{
		{Sample{Kind: SampleLine, Style: drawing.Us}, "enforced by this cluster"},
		{Sample{Kind: SampleLine, Style: drawing.External}, "enforced by the device named"},
		{Sample{Kind: SampleLine, Style: drawing.Observed}, "this cluster, but only observed"},
		{Sample{Kind: SampleLine, Style: drawing.Nobody}, "enforced by nobody"},
		{Sample{Kind: SampleLine, Style: drawing.Suspended}, "suspended: declared, closed"},
		{Sample{Kind: SampleWindow}, "open access window, until"},
		{Sample{Kind: SampleOpens}, "opens the connection to"},
		{Sample{Kind: SampleBoth}, "either end opens"},
		{Sample{Kind: SampleData}, "way of the data"},
	},
	{
		{Sample{Kind: SampleNumber}, "number in the table"},
		{Sample{Kind: SampleBranch}, "branches; else lines cross"},
		{Sample{Kind: SampleCleartext}, "cleartext between zones"},
		{Sample{Kind: SampleBox, State: drawing.Enforced}, "zone, boundary enforced"},
		{Sample{Kind: SampleBox, State: drawing.ObservedOnly}, "observed, nothing denied"},
		{Sample{Kind: SampleBox, State: drawing.Bypassed}, "bypassed, nothing denied"},
		{Sample{Kind: SampleBox, State: drawing.DevicesOnly}, "devices only, not by us"},
		{Sample{Kind: SampleSafety}, "safety zone"},
		{Sample{Kind: SampleTag}, "its pods may reach DNS, API"},
	},
}

func legendHeight() int { return headRoom + max(len(legend[0]), len(legend[1]))*legendLine + cellPad }

func addLegend(p *Panel, at Point) {
	p.Texts = append(p.Texts, Text{X: at.X + cellPad, Y: at.Y + 11, Size: 11, Bold: true, S: "Legend"})
	p.Rules = append(p.Rules, Rule{Point{at.X, at.Y + headRoom}, Point{at.X + legendWidth, at.Y + headRoom}, true})
	half := legendWidth / len(legend)
	for k, column := range legend {
		x := at.X + k*half
		for i, l := range column {
			y := at.Y + headRoom + i*legendLine + 3
			s := l.sample
			s.Rect = Rect{x + cellPad, y, sampleWidth, legendLine - 4}
			p.Samples = append(p.Samples, s)
			p.Texts = append(p.Texts, Text{
				X: x + sampleWidth + 3*cellPad, Y: y + 10, Size: bodySize,
				S: fit(l.words, bodySize, false, half-sampleWidth-4*cellPad),
			})
		}
	}
}

// titleCell is one field of the title block.
type titleCell struct {
	caption string
	lines   []string
	loud    bool
}

// cellRow is a row of the title block; its cells share the width.
type cellRow []titleCell

// Measures of the title block.
const (
	captionSize = 7
	valueSize   = 10
	valueLine   = 12
	headHeight  = 44
)

func (r cellRow) height() int {
	n := 1
	for _, c := range r {
		n = max(n, len(c.lines))
	}
	return 11 + n*valueLine + 3
}

func heightOf(rows []cellRow) int {
	h := headHeight
	for _, r := range rows {
		h += r.height()
	}
	return h
}

// titleRows are all but the head and the paper, which is known last.
func titleRows(t drawing.Title) []cellRow {
	whole, half := titleWidth-2*6, titleWidth/2-2*6
	cell := func(caption, s string, width, most int) titleCell {
		return titleCell{caption: caption, lines: wrap(s, valueSize, false, width, most)}
	}
	approved := titleCell{caption: "Approved by", loud: t.Approved[0] == drawing.Unapproved}
	for _, a := range t.Approved {
		if len(approved.lines) == 3 {
			approved.lines[2] = fit("and others: "+strings.Join(t.Approved[2:], "; "), valueSize, false, whole)
			break
		}
		approved.lines = append(approved.lines, fit(a, valueSize, approved.loud, whole))
	}
	hash := titleCell{caption: "Hash of the declared objects", lines: []string{fit(t.Hash, 8, false, whole)}}
	return []cellRow{
		{cell("Site", t.ID, half, 1), cell("Shows", t.Of, half, 2)},
		{cell("Drawn", t.Drawn, half, 1), cell("Revision", t.Revision, half, 1)},
		{hash},
		{approved},
		{cell("Conduits", t.Conduits, whole, 2)},
		{cell("Declared flows, by who is to enforce them", t.Flows, whole, 2)},
		{cell("Members", t.Members, half, 2), cell("Findings", t.Findings, half, 1)},
		{cell("Sheet", "A3", half, 1), cell("Access", t.Windows, half, 1)},
	}
}

// addTitle draws the title block.
func addTitle(p *Panel, r Rect, t drawing.Title, rows []cellRow, paper Paper) {
	frame := []Point{{r.X, r.Y}, {r.Right(), r.Y}, {r.Right(), r.Bottom()}, {r.X, r.Bottom()}, {r.X, r.Y}}
	for i := range frame[:4] {
		p.Rules = append(p.Rules, Rule{frame[i], frame[i+1], true})
	}
	p.Texts = append(p.Texts,
		Text{X: r.X + 6, Y: r.Y + 20, Size: 16, Bold: true, S: fit(t.Site, 16, true, r.W-12)},
		Text{X: r.X + 6, Y: r.Y + 36, Size: valueSize, S: "Zone and conduit drawing, IEC 62443-3-2 ZCR 6.3"})
	y := r.Y + headHeight
	for _, row := range rows {
		p.Rules = append(p.Rules, Rule{Point{r.X, y}, Point{r.Right(), y}, false})
		w := r.W / len(row)
		for i, c := range row {
			x := r.X + i*w
			if i > 0 {
				p.Rules = append(p.Rules, Rule{Point{x, y}, Point{x, y + row.height()}, false})
			}
			c.onto(p, Point{x, y}, paper)
		}
		y += row.height()
	}
}

func (c titleCell) onto(p *Panel, at Point, paper Paper) {
	p.Texts = append(p.Texts, Text{X: at.X + 6, Y: at.Y + 9, Size: captionSize, S: c.caption})
	for i, l := range c.lines {
		size := valueSize
		switch c.caption {
		case "Sheet":
			l = paper.Name + " landscape"
		case "Hash of the declared objects":
			size = 8
		}
		p.Texts = append(p.Texts, Text{X: at.X + 6, Y: at.Y + 20 + i*valueLine, Size: size, Bold: c.loud, Loud: c.loud, S: l})
	}
}
