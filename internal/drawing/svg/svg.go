// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/drawing/layout"
)

// Write writes the sheet.
func Write(out io.Writer, s *layout.Sheet) error {
	w := &writer{sheet: s}
	w.open()
	w.background()
	for i := range s.Lines {
		w.line(&s.Lines[i])
	}
	for i := range s.Boxes {
		w.box(&s.Boxes[i])
	}
	for i := range s.Lines {
		w.labels(&s.Lines[i])
	}
	w.panel()
	w.printf("</svg>\n")
	_, err := out.Write(w.out.Bytes())
	return err
}

// writer gathers the file.
type writer struct {
	out   bytes.Buffer
	sheet *layout.Sheet
}

func (w *writer) printf(format string, args ...any) { fmt.Fprintf(&w.out, format, args...) }

// escaped is a text as XML has it; what XML cannot hold at all becomes U+FFFD.
func escaped(s string) string {
	var b bytes.Buffer
	// Writing to a buffer does not fail.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// style holds the looks. Every difference in colour is one in form as well.
const style = `
text{font-family:Arial,Helvetica,sans-serif;fill:#111}
.b{font-weight:bold}.i{font-style:italic}.loud{fill:#a30000;font-weight:bold}
.frame{fill:#fff;stroke:#111;stroke-width:2}
.it{fill:#eaf0f7}.dmz{fill:#fdf5dc}.ot{fill:#eff5ec}
.border{stroke:#111;stroke-width:4;stroke-dasharray:26 6}
.apart{fill:#fff8dc;stroke:#8a6d00;stroke-width:2.5;stroke-dasharray:14 4 2 4}
.group{fill:#fff;fill-opacity:.55;stroke:#555;stroke-width:1}
.zone{fill:#fff;stroke:#111;stroke-width:2}
.observed{stroke-width:2;stroke-dasharray:8 4}
.bypassed{stroke:#a30000;stroke-width:4;stroke-dasharray:4 4}
.devices{fill:#f4f4f4;stroke:#444;stroke-width:1}
.safety{fill:#fff0b3;stroke-width:4}.inset{fill:none;stroke:#111;stroke-width:1}
.tag{fill:#fff;stroke:#111;stroke-width:1}
.l{fill:none;stroke-linejoin:round}
.us{stroke:#0b3d91;stroke-width:1.8}
.external{stroke:#7a4300;stroke-width:1.8;stroke-dasharray:9 4}
.watched{stroke:#0b3d91;stroke-width:1.8;stroke-dasharray:14 3 2 3}
.nobody{stroke:#c00000;stroke-width:2.4;stroke-dasharray:2.4 3.2}
.suspended{stroke:#999;stroke-width:1}
.window{stroke:#c2007a;stroke-width:4;stroke-dasharray:12 5}
.a-us,.a-watched{fill:#0b3d91;stroke:#0b3d91}.a-external{fill:#7a4300;stroke:#7a4300}
.a-nobody{fill:#c00000;stroke:#c00000}.a-suspended{fill:#999;stroke:#999}.a-window{fill:#c2007a;stroke:#c2007a}
.open{fill:#fff;stroke-width:1.2}
.pill{fill:#fff;stroke:none}.disc{fill:#fff;stroke:#111;stroke-width:1}
.warn{fill:#ffd84d;stroke:#111;stroke-width:1}
.rule{stroke:#999;stroke-width:.5}.heavy{stroke:#111;stroke-width:1.5}
`

func (w *writer) open() {
	s, t := w.sheet, w.sheet.Drawing.Title
	w.printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	w.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%dmm" height="%dmm" viewBox="0 0 %d %d" role="img" aria-labelledby="title desc">`+"\n",
		s.Paper.Millimetres, s.Paper.Height, s.Width, s.Height)
	w.printf("<title id=\"title\">%s: zone and conduit drawing</title>\n", escaped(t.Site))
	w.printf("<desc id=\"desc\">%s</desc>\n", escaped(describe(s.Drawing)))
	w.printf("<style>%s</style>\n", style)
	w.printf("<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", s.Width, s.Height)
	w.rect(s.Frame, "frame", 0)
}

func describe(d *drawing.Drawing) string {
	t := d.Title
	parts := []string{fmt.Sprintf("Zones by Purdue level and the conduits between them, of %s. %s. %s. Revision %s, hash %s, drawn %s.",
		t.Of, t.Conduits, t.Members, t.Revision, t.Hash, t.Drawn)}
	for _, a := range t.Approved {
		if a == drawing.Unapproved {
			parts = append(parts, "Not approved.")
		} else {
			parts = append(parts, "Approved by "+a+".")
		}
	}
	return strings.Join(parts, " ")
}

func (w *writer) rect(r layout.Rect, class string, round int) {
	w.printf(`<rect x="%d" y="%d" width="%d" height="%d" class="%s"`, r.X, r.Y, r.W, r.H, class)
	if round > 0 {
		w.printf(` rx="%d"`, round)
	}
	w.printf("/>\n")
}

func (w *writer) text(t layout.Text) {
	if t.S == "" {
		return
	}
	w.printf(`<text x="%d" y="%d" font-size="%d"`, t.X, t.Y, t.Size)
	if class := textClass(t); class != "" {
		w.printf(` class="%s"`, class)
	}
	switch t.Anchor {
	case layout.Middle:
		w.printf(` text-anchor="middle"`)
	case layout.End:
		w.printf(` text-anchor="end"`)
	default:
	}
	if t.Upright {
		w.printf(` transform="rotate(-90 %d %d)"`, t.X, t.Y)
	}
	w.printf(">%s</text>\n", escaped(t.S))
}

func textClass(t layout.Text) string {
	out := ""
	for _, c := range []struct {
		on   bool
		name string
	}{{t.Bold, "b"}, {t.Italic, "i"}, {t.Loud, "loud"}} {
		if c.on {
			if out != "" {
				out += " "
			}
			out += c.name
		}
	}
	return out
}

func (w *writer) texts(list []layout.Text) {
	for _, t := range list {
		w.text(t)
	}
}

func (w *writer) segment(a, b layout.Point, class string) {
	w.printf(`<path d="M%d %dL%d %d" class="%s"/>`+"\n", a.X, a.Y, b.X, b.Y, class)
}
