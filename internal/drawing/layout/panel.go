// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import "github.com/zonewarden/zonewarden/internal/drawing"

// Panel is what stands beside the drawing.
type Panel struct {
	Rect
	Texts   []Text
	Rules   []Rule
	Samples []Sample
}

// Rule is a straight line of a table or of the title block.
type Rule struct {
	From, To Point
	Heavy    bool
}

// Sample shows in the legend how something is drawn.
type Sample struct {
	Rect
	Kind  SampleKind
	Style drawing.Style // of SampleLine
	State drawing.State // of SampleBox
}

// SampleKind is what a sample shows.
type SampleKind int

// The kinds of samples.
const (
	SampleLine SampleKind = iota
	SampleWindow
	SampleOpens
	SampleData
	SampleBoth
	SampleBranch
	SampleNumber
	SampleCleartext
	SampleBox
	SampleSafety
	SampleTag
)

// Widths of what stands at the foot of the panel.
const (
	legendWidth = 500
	titleWidth  = 380
	between     = 12
)

// panel is a Panel that knows how little room it needs.
type panel struct {
	d                   *drawing.Drawing
	minWidth, minHeight int
	conduits            []*table
	windows, elsewhere  *table
	title               []cellRow
}

func newPanel(d *drawing.Drawing, columns int, narrow bool) *panel {
	p := &panel{d: d, title: titleRows(d.Title)}
	all := conduitTable(d, narrow)
	p.conduits = all.split(min(columns, max(1, len(all.rows))))
	p.minWidth = max(legendWidth, len(p.conduits)*(all.width()+between)-between)
	for _, t := range p.conduits {
		t.spread((p.minWidth+between)/len(p.conduits) - between)
		p.minHeight = max(p.minHeight, t.height())
	}
	if len(d.Windows) > 0 {
		p.windows = windowTable(d, p.minWidth)
		p.windows.spread(p.minWidth)
		p.minHeight += between + p.windows.height()
	} else {
		p.minHeight += 2 * between
	}
	p.elsewhere = elsewhereTable(d, p.minWidth)
	p.elsewhere.spread(p.minWidth)
	p.minHeight += between + p.elsewhere.height()
	if p.minHeight += between + max(legendHeight(), heightOf(p.title)); p.stacked() {
		p.minHeight += between + min(legendHeight(), heightOf(p.title))
	}
	return p
}

// stacked panels have the legend above the title block, others beside it.
func (p *panel) stacked() bool { return p.minWidth < legendWidth+between+titleWidth }

// onto puts the panel into its place: tables at the top, the legend and the title block
// at the foot, where an engineering drawing has it.
func (p *panel) onto(r Rect, paper Paper) Panel {
	out := Panel{Rect: r}
	below := r.Y
	for i, t := range p.conduits {
		t.onto(&out, Point{r.X + i*((r.W+between)/len(p.conduits)), r.Y})
		below = max(below, r.Y+t.height())
	}
	if p.windows != nil {
		p.windows.onto(&out, Point{r.X, below + between})
		below += between + p.windows.height()
	} else {
		words := "No access window is open."
		if p.d.Title.Windows == "open windows not known" {
			words = "Open access windows are not known to this drawing."
		}
		out.Texts = append(out.Texts, Text{X: r.X + 4, Y: below + between + 8, Size: bodySize, Italic: true, S: words})
		below += 2 * between
	}
	p.elsewhere.onto(&out, Point{r.X, below + between})
	foot := Point{r.X, r.Bottom() - legendHeight()}
	if p.stacked() {
		foot.Y -= heightOf(p.title) + between
	}
	addLegend(&out, foot)
	addTitle(&out, Rect{r.Right() - titleWidth, r.Bottom() - heightOf(p.title), titleWidth, heightOf(p.title)}, p.d.Title, p.title, paper)
	return out
}
