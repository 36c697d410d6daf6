// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"cmp"
	"slices"

	"github.com/zonewarden/zonewarden/internal/drawing"
)

// pitch is how far apart two upright lines at one side of a row are. Everything level is
// counted in it.
const pitch = 20

// diagram is the drawing without what stands beside it, while it is made.
type diagram struct {
	d *drawing.Drawing
	// labelled says that lines carry words beside their numbers.
	labelled bool
	rows     []*row
	nets     []*net
	// channels above each row, and one below the last.
	channels [][]*span
	// boxes by zone.
	boxes []*item
	width int
	// yChannel is where each channel begins, and the last ends; stub as in stubOf.
	yChannel []int
	stub     int
}

// row is a level, or a part of one that is too long for the sheet.
type row struct {
	band   int
	items  []*item
	y, h   int
	safety int // the first item that is a safety zone
}

// item is a box, or a lane in which a conduit passes the row.
type item struct {
	zone   int // -1 for a lane
	net    *net
	row    int
	group  string
	safety bool
	x, w   int
	pins   []*pin
	lines  []Text
	h      int
	// below and above: how many more zones of lower and of higher levels it is joined with.
	lean int
}

func (i *item) isLane() bool { return i.zone < 0 }

func (i *item) centre() int { return i.x + i.w/2 }

// frame is the name of what the box stands in together with its neighbours.
func (i *item) frame() string {
	if i.safety {
		return "safety"
	}
	if i.group != "" {
		return "part of " + i.group
	}
	return ""
}

// newDiagram puts at most so many boxes into a row.
func newDiagram(d *drawing.Drawing, perRow int, labelled bool) *diagram {
	g := &diagram{d: d, labelled: labelled, stub: stub, boxes: make([]*item, len(d.Zones))}
	for i := range d.Zones {
		g.boxes[i] = &item{
			zone: i, group: d.Zones[i].Parent, safety: d.Zones[i].Safety, w: g.boxWidth(),
		}
	}
	g.leanings()
	for band := range d.Bands {
		g.addRows(band, perRow)
	}
	g.addNets()
	g.arrange()
	g.attach()
	g.route()
	return g
}

func (g *diagram) boxWidth() int {
	if g.labelled {
		return 11 * pitch
	}
	return 8 * pitch
}

// leanings finds which boxes should be high up in a level of several rows.
func (g *diagram) leanings() {
	lean := func(a, b int) {
		if x, y := g.bandOf(a), g.bandOf(b); x != y {
			g.boxes[a].lean += cmp.Compare(y, x)
			g.boxes[b].lean += cmp.Compare(x, y)
		}
	}
	for _, c := range g.d.Conduits {
		for _, e := range c.To {
			lean(c.From, e.Zone)
		}
	}
}

func (g *diagram) bandOf(zone int) int {
	return slices.IndexFunc(g.d.Bands, func(b drawing.Band) bool { return slices.Contains(b.Zones, zone) })
}

// addRows deals a band's zones out to rows: what is joined upwards high up, parts of one
// zone side by side, safety zones at the right of the first row.
func (g *diagram) addRows(band, perRow int) {
	var plain, safe []*item
	for _, z := range g.d.Bands[band].Zones {
		if b := g.boxes[z]; b.safety {
			safe = append(safe, b)
		} else {
			plain = append(plain, b)
		}
	}
	lean := map[string]int{}
	for _, b := range plain {
		lean[b.group] += b.lean
	}
	key := func(b *item) int {
		if b.group != "" {
			return lean[b.group]
		}
		return b.lean
	}
	slices.SortStableFunc(plain, func(a, b *item) int {
		return cmp.Or(cmp.Compare(key(a), key(b)), cmp.Compare(a.group, b.group), cmp.Compare(a.zone, b.zone))
	})
	count := ceil(len(plain)+len(safe), perRow)
	for i := range count {
		r := &row{band: band}
		r.items = append(r.items, plain[i*len(plain)/count:(i+1)*len(plain)/count]...)
		r.safety = len(r.items)
		r.items = append(r.items, safe[i*len(safe)/count:(i+1)*len(safe)/count]...)
		for _, b := range r.items {
			b.row = len(g.rows)
		}
		g.rows = append(g.rows, r)
	}
}
