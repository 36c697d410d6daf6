// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package dot

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/drawing"
)

// Write writes the drawing.
func Write(out io.Writer, d *drawing.Drawing) error {
	g := &graph{d: d}
	t := d.Title
	g.printf("digraph zones {")
	g.printf("  graph [rankdir=TB, newrank=true, nodesep=0.5, ranksep=1.1, labelloc=b, labeljust=r, fontname=\"Helvetica\", label=%s];",
		quoted(t.Site, "Zone and conduit drawing, IEC 62443-3-2 ZCR 6.3", t.Of+", drawn "+t.Drawn, "revision "+t.Revision, "hash "+t.Hash,
			"approved: "+strings.Join(t.Approved, "; "), t.Conduits, t.Windows))
	g.printf("  node [shape=box, fontname=\"Helvetica\", fontsize=11];")
	g.printf("  edge [fontname=\"Helvetica\", fontsize=9];")
	for i, b := range d.Bands {
		g.band(i, b)
	}
	for _, c := range d.Conduits {
		for _, e := range c.To {
			g.conduit(c, e)
		}
	}
	for _, w := range d.Windows {
		for _, z := range w.To {
			g.edge(w.From, z, false, fmt.Sprintf("label=%s, tooltip=%s, color=\"#c2007a\", fontcolor=\"#c2007a\", penwidth=3, style=dashed",
				quoted(w.Mark()+" "+w.Name, w.Ends()), quoted(w.Name)))
		}
	}
	g.printf("}")
	_, err := out.Write(g.out.Bytes())
	return err
}

type graph struct {
	out bytes.Buffer
	d   *drawing.Drawing
}

func (g *graph) printf(format string, args ...any) {
	fmt.Fprintf(&g.out, format, args...)
	g.out.WriteByte('\n')
}

// band is a rank, behind a node with the level's name.
func (g *graph) band(i int, b drawing.Band) {
	g.printf("  level%d [shape=plaintext, fontsize=16, label=%s];", i, quoted(string(b.Level), b.Name))
	if i > 0 {
		above := ", style=invis"
		if b.Border != "" {
			above = fmt.Sprintf(", style=bold, arrowhead=none, label=%s", quoted(b.Border, fmt.Sprintf("crossed by %d", len(b.Crossing))))
		}
		g.printf("  level%d -> level%d [weight=100%s];", i-1, i, above)
	}
	ids := []string{fmt.Sprintf("level%d", i)}
	for _, z := range b.Zones {
		g.zone(z)
		ids = append(ids, id(z))
	}
	g.printf("  { rank=same; %s; }", strings.Join(ids, "; "))
}

func id(zone int) string { return fmt.Sprintf("z%d", zone) }

var zoneStyle = map[drawing.State]string{
	drawing.Enforced: "style=solid, penwidth=2", drawing.ObservedOnly: "style=dashed, penwidth=2",
	drawing.Bypassed: "style=dotted, penwidth=4, color=\"#a30000\"", drawing.DevicesOnly: "style=filled, fillcolor=\"#f4f4f4\"",
}

func (g *graph) zone(at int) {
	z := g.d.Zones[at]
	lines := []string{z.Name, z.SL, z.Type, z.Owner, z.PodCount() + ", " + drawing.Several(len(z.Devices), "device"), z.Note}
	if z.Parent != "" {
		lines = append(lines, "part of "+z.Parent)
	}
	for _, j := range z.JumpHosts {
		lines = append(lines, "jump host "+j)
	}
	style := zoneStyle[z.State]
	if z.Safety {
		style += ", peripheries=2, color=\"#8a6d00\""
	}
	g.printf("  %s [label=%s, tooltip=%s, %s];", id(at), quoted(lines...), quoted(z.Name), style)
}

var lineStyle = map[drawing.Style]string{
	drawing.Us: "style=solid, color=\"#0b3d91\"", drawing.External: "style=dashed, color=\"#7a4300\"",
	drawing.Observed: "style=\"dashed,bold\", color=\"#0b3d91\"", drawing.Nobody: "style=dotted, penwidth=2, color=\"#c00000\"",
	drawing.Suspended: "style=solid, color=\"#999999\"",
}

func (g *graph) conduit(c drawing.Conduit, e drawing.End) {
	lines := []string{c.Mark() + " " + c.Brief}
	if e.Style != drawing.Us {
		lines = append(lines, e.By)
	}
	if c.Cleartext {
		lines = append(lines, "cleartext")
	}
	g.edge(c.From, e.Zone, c.BothWays, fmt.Sprintf("label=%s, tooltip=%s, %s", quoted(lines...), quoted(c.Name), lineStyle[e.Style]))
}

// edge is written downwards.
func (g *graph) edge(from, to int, both bool, attributes string) {
	direction := "forward"
	a, b := from, to
	if g.bandOf(to) < g.bandOf(from) {
		a, b, direction = to, from, "back"
	}
	if both {
		direction = "both"
	}
	g.printf("  %s -> %s [dir=%s, %s];", id(a), id(b), direction, attributes)
}

func (g *graph) bandOf(zone int) int {
	return slices.IndexFunc(g.d.Bands, func(b drawing.Band) bool { return slices.Contains(b.Zones, zone) })
}

// escape keeps a text from ending its string, and from the escapes and the entities that
// Graphviz knows in labels.
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `&`, `&amp;`)

// quoted is a string of one or more lines, empty ones left out.
func quoted(lines ...string) string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, escape.Replace(l))
		}
	}
	return `"` + strings.Join(out, `\n`) + `"`
}
