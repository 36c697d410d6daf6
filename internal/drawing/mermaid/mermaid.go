// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package mermaid

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/zonewarden/zonewarden/internal/drawing"
)

// Write writes the drawing.
func Write(out io.Writer, d *drawing.Drawing) error {
	c := &chart{d: d, links: map[string][]string{}}
	c.printf("flowchart TB")
	for i, b := range d.Bands {
		c.band(i, b)
	}
	for _, k := range d.Conduits {
		for _, e := range k.To {
			c.conduit(k, e)
		}
	}
	for _, w := range d.Windows {
		for _, z := range w.To {
			c.link(w.From, z, "==>", "window", w.Mark()+" "+w.Name, w.Ends())
		}
	}
	for i := 1; i < len(d.Bands); i++ { // keeps the levels in their order
		c.printf("  level%d ~~~ level%d", i-1, i)
	}
	c.title()
	c.styles()
	_, err := out.Write(c.out.Bytes())
	return err
}

type chart struct {
	out bytes.Buffer
	d   *drawing.Drawing
	// links by class, and how many there are.
	links map[string][]string
	count int
}

func (c *chart) printf(format string, args ...any) {
	fmt.Fprintf(&c.out, format, args...)
	c.out.WriteByte('\n')
}

func (c *chart) band(i int, b drawing.Band) {
	c.printf("  subgraph level%d[%s]", i, quoted(fmt.Sprintf("%s %s", b.Level, b.Name), b.Border))
	c.printf("    direction LR")
	for _, at := range b.Zones {
		z := c.d.Zones[at]
		lines := []string{z.Name, strings.TrimSpace(z.SL + " " + z.Type), z.Owner, z.PodCount() + ", " + drawing.Several(len(z.Devices), "device"), z.Note}
		if z.Parent != "" {
			lines = append(lines, "part of "+z.Parent)
		}
		for _, j := range z.JumpHosts {
			lines = append(lines, "jump host "+j)
		}
		c.printf("    z%d[%s]:::%s", at, quoted(lines...), class(z))
	}
	c.printf("  end")
}

func class(z drawing.Zone) string {
	if z.Safety {
		return "safety" + string(z.State)
	}
	return "zone" + string(z.State)
}

var arrows = map[drawing.Style]struct{ arrow, both, class string }{
	drawing.Us:        {"-->", "<-->", "us"},
	drawing.External:  {"-.->", "<-.->", "external"},
	drawing.Observed:  {"-.->", "<-.->", "observed"},
	drawing.Nobody:    {"-.->", "<-.->", "nobody"},
	drawing.Suspended: {"--x", "x--x", "suspended"},
}

func (c *chart) conduit(k drawing.Conduit, e drawing.End) {
	a := arrows[e.Style]
	arrow := a.arrow
	if k.BothWays {
		arrow = a.both
	}
	lines := []string{k.Mark() + " " + k.Brief}
	if e.Style != drawing.Us {
		lines = append(lines, e.By)
	}
	if k.Cleartext {
		lines = append(lines, "cleartext")
	}
	c.link(k.From, e.Zone, arrow, a.class, lines...)
}

func (c *chart) link(from, to int, arrow, class string, lines ...string) {
	c.printf("  z%d %s|%s| z%d", from, arrow, quoted(lines...), to)
	c.links[class] = append(c.links[class], fmt.Sprint(c.count))
	c.count++
}

func (c *chart) title() {
	t := c.d.Title
	c.printf("  title[%s]:::title", quoted(t.Site, t.Of+", drawn "+t.Drawn, "revision "+t.Revision, "hash "+t.Hash,
		"approved: "+strings.Join(t.Approved, ", "), t.Conduits, t.Windows))
}

func (c *chart) styles() {
	for _, s := range []struct{ class, style string }{
		{"us", "stroke:#0b3d91,stroke-width:2px"},
		{"external", "stroke:#7a4300,stroke-width:2px,stroke-dasharray:9 4"},
		{"observed", "stroke:#0b3d91,stroke-width:2px,stroke-dasharray:14 3 2 3"},
		{"nobody", "stroke:#c00000,stroke-width:3px,stroke-dasharray:2 3"},
		{"suspended", "stroke:#999999,stroke-width:1px"},
		{"window", "stroke:#c2007a,stroke-width:4px,stroke-dasharray:12 5"},
	} {
		if n := c.links[s.class]; len(n) > 0 {
			c.printf("  linkStyle %s %s", strings.Join(n, ","), s.style)
		}
	}
	for _, s := range []struct {
		state drawing.State
		style string
	}{
		{drawing.Enforced, "stroke:#111111,stroke-width:2px"},
		{drawing.ObservedOnly, "stroke:#111111,stroke-width:2px,stroke-dasharray:8 4"},
		{drawing.Bypassed, "stroke:#a30000,stroke-width:4px,stroke-dasharray:4 4"},
		{drawing.DevicesOnly, "stroke:#444444,stroke-width:1px"},
	} {
		c.printf("  classDef zone%s fill:#ffffff,color:#111111,%s", s.state, s.style)
		c.printf("  classDef safety%s fill:#fff0b3,color:#111111,%s", s.state, s.style)
	}
	c.printf("  classDef title fill:#ffffff,color:#111111,stroke:#111111")
}

// quoted is a label of one or more lines, empty ones left out.
func quoted(lines ...string) string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, escaped(l))
		}
	}
	return `"` + strings.Join(out, "<br/>") + `"`
}

// escaped leaves letters, digits and harmless marks as they are.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r > '~', strings.ContainsRune(" .,:/()+_-", r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}
