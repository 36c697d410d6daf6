// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/drawing"
)

// Measures of a table.
const (
	cellLine  = 11
	cellPad   = 4
	headRoom  = 16
	mostLines = 3
)

// column of a table; no wider than most units.
type column struct {
	head  string
	most  int
	width int
}

// tableRow holds lines of text for each column.
type tableRow struct {
	cells  [][]string
	height int
	loud   bool
}

// heavy says that a cell stands out: the number, and who does not enforce.
func (r tableRow) heavy(column int) bool { return column == 0 || r.loud && column == enforcedBy }

// enforcedBy is the column of conduits that says so.
const enforcedBy = 6

type table struct {
	title   string
	columns []column
	rows    []tableRow
}

func conduitTable(d *drawing.Drawing, narrow bool) *table {
	t := &table{title: "Conduits", columns: []column{
		{head: "No", most: 30},
		{head: "Conduit", most: 140},
		{head: "Opened from", most: 120},
		{head: "to", most: 140},
		{head: "What passes", most: 190},
		{head: "Data", most: 30},
		{head: "Enforced by", most: 100},
		{head: "Owner", most: 110},
	}}
	// A column only where the Site has others than the author approve.
	approved := slices.ContainsFunc(d.Conduits, func(c drawing.Conduit) bool { return c.ApprovedBy != "" })
	if approved {
		t.columns = append(t.columns, column{head: "Approved by", most: 110})
	}
	if narrow {
		for i := range t.columns {
			t.columns[i].most = max(30, t.columns[i].most*7/10)
		}
	}
	for _, c := range d.Conduits {
		what := c.What
		if c.Cleartext {
			what = "cleartext: " + what
		}
		owner := c.Owner
		if owner == "" {
			owner = "not known"
		}
		name := c.Name
		if c.Kept {
			name += " (older version)"
		}
		cells := []string{c.Mark(), name, d.Zones[c.From].Name, zoneNames(d, c), what, DataArrow(c.Data), c.By, owner}
		if approved {
			cells = append(cells, c.ApprovedBy)
		}
		t.add(c.Style == drawing.Nobody, cells...)
	}
	return t.makeRoom()
}

func zoneNames(d *drawing.Drawing, c drawing.Conduit) string {
	var names []string
	for _, e := range c.To {
		names = append(names, d.Zones[e.Zone].Name)
	}
	out := strings.Join(names, ", ")
	if c.BothWays {
		out += " (both open)"
	}
	return out
}

// DataArrow shows which way data flows between initiator and responder, read from left
// to right.
func DataArrow(d v1alpha1.DataDirection) string {
	switch d {
	case v1alpha1.DataToInitiator:
		return "←"
	case v1alpha1.DataFromInitiator:
		return "→"
	default:
		return "↔"
	}
}

// windowTable fits into a width.
func windowTable(d *drawing.Drawing, width int) *table {
	t := &table{title: "Open access windows", columns: []column{
		{head: "No", most: 34},
		{head: "Window", most: 150},
		{head: "Vendor", most: 150},
		{head: "From", most: 150},
		{head: "Reaches", most: 200},
		{head: "What passes", most: 150},
		{head: "Ends", most: 150},
	}}
	room, sum := width-2*cellPad*len(t.columns), 0
	for _, c := range t.columns {
		sum += c.most
	}
	for i := range t.columns {
		t.columns[i].most = min(t.columns[i].most, t.columns[i].most*room/sum)
	}
	for _, w := range d.Windows {
		var reaches []string
		for _, z := range w.To {
			reaches = append(reaches, d.Zones[z].Name)
		}
		for _, z := range w.Unknown {
			reaches = append(reaches, z+" (not in force, not drawn)")
		}
		words := strings.Join(reaches, ", ")
		if len(w.Reaches) > 0 {
			words += ": " + strings.Join(w.Reaches, ", ")
		}
		vendor := fmt.Sprintf("%s, %s", w.Vendor, people(w.People))
		t.add(false, w.Mark(), w.Name, vendor, w.JumpHost, words, w.What, w.Ends())
	}
	return t.makeRoom()
}

// elsewhereTable fits into a width.
func elsewhereTable(d *drawing.Drawing, width int) *table {
	const who = 150
	t := &table{title: "Not held by this cluster", columns: []column{{head: "Enforced by", most: who}, {head: "Conduits", most: width - who - 4*cellPad}}}
	for _, s := range d.Elsewhere {
		t.add(false, s.Who, strings.Join(s.Conduits, " "))
	}
	return t.makeRoom()
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

func (t *table) add(loud bool, cells ...string) {
	r := tableRow{loud: loud}
	lines := 1
	for i, s := range cells {
		heavy := r.heavy(i)
		wrapped := wrap(s, bodySize, heavy, t.columns[i].most, mostLines)
		r.cells = append(r.cells, wrapped)
		lines = max(lines, len(wrapped))
		for _, l := range wrapped {
			t.columns[i].width = max(t.columns[i].width, Width(l, bodySize, heavy))
		}
	}
	r.height = lines*cellLine + cellPad
	t.rows = append(t.rows, r)
}

func (t *table) width() int {
	w := 0
	for _, c := range t.columns {
		w += c.width + 2*cellPad
	}
	return w
}

// makeRoom for the heads.
func (t *table) makeRoom() *table {
	for i, c := range t.columns {
		t.columns[i].width = max(c.width, Width(c.head, bodySize, true))
	}
	return t
}

func (t *table) height() int {
	h := 2 * headRoom
	for _, r := range t.rows {
		h += r.height
	}
	return h
}

// spread gives what is left of a width to all columns alike.
func (t *table) spread(width int) {
	left := width - t.width()
	for i := range t.columns {
		t.columns[i].width += left / len(t.columns)
	}
}

// split cuts a table into parts of about the same height.
func (t *table) split(parts int) []*table {
	total := t.height() - 2*headRoom
	var out []*table
	at, sum := 0, 0
	for k := 1; k <= parts; k++ {
		part := &table{title: t.title, columns: append([]column(nil), t.columns...)}
		for at < len(t.rows) && (k == parts || sum*parts < total*k) {
			sum += t.rows[at].height
			part.rows = append(part.rows, t.rows[at])
			at++
		}
		if k > 1 {
			part.title += ", continued"
		}
		out = append(out, part)
	}
	return out
}

// onto writes the table with its top left corner at a point.
func (t *table) onto(p *Panel, at Point) {
	w := t.width()
	y := at.Y
	p.Texts = append(p.Texts, Text{X: at.X + cellPad, Y: y + 11, Size: 11, Bold: true, S: t.title})
	y += headRoom
	p.Rules = append(p.Rules, Rule{Point{at.X, y}, Point{at.X + w, y}, true})
	x := at.X
	for _, c := range t.columns {
		p.Texts = append(p.Texts, Text{X: x + cellPad, Y: y + 11, Size: bodySize, Bold: true, S: c.head})
		x += c.width + 2*cellPad
	}
	y += headRoom
	p.Rules = append(p.Rules, Rule{Point{at.X, y}, Point{at.X + w, y}, false})
	for _, r := range t.rows {
		x := at.X
		for i, cell := range r.cells {
			for k, l := range cell {
				p.Texts = append(p.Texts, Text{X: x + cellPad, Y: y + 10 + k*cellLine, Size: bodySize, Loud: r.heavy(i) && i > 0, Bold: r.heavy(i), S: l})
			}
			x += t.columns[i].width + 2*cellPad
		}
		y += r.height
		p.Rules = append(p.Rules, Rule{Point{at.X, y}, Point{at.X + w, y}, false})
	}
}
