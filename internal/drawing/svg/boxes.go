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

// background: levels, borders between IT, DMZ and OT, frames of parts.
func (w *writer) background() {
	for _, b := range w.sheet.Bands {
		class := "ot"
		switch b.Level {
		case v1alpha1.LevelL4, v1alpha1.LevelL5:
			class = "it"
		case v1alpha1.LevelDMZ:
			class = "dmz"
		default:
		}
		w.rect(b.Rect, class, 0)
		w.texts(b.Texts)
	}
	for i, b := range w.sheet.Bands {
		if i > 0 {
			w.segment(layout.Point{X: b.X, Y: b.Y}, layout.Point{X: b.Right(), Y: b.Y}, "rule")
		}
	}
	for _, b := range w.sheet.Borders {
		w.segment(b.From, b.To, "border")
		w.texts(b.Texts)
	}
	for _, g := range w.sheet.Groups {
		class := "group"
		if g.Safety {
			class = "apart"
		}
		w.rect(g.Rect, class, 4)
		w.text(g.Name)
	}
}

var zoneClass = map[drawing.State]string{
	drawing.Enforced: "zone", drawing.ObservedOnly: "zone observed", drawing.Bypassed: "zone bypassed", drawing.DevicesOnly: "zone devices",
}

func (w *writer) box(b *layout.Box) {
	z := w.sheet.Drawing.Zones[b.Zone]
	w.printf("<g>\n<title>%s</title>\n", escaped(zoneTitle(z)))
	class := zoneClass[z.State]
	if z.Safety {
		class += " safety"
	}
	w.rect(b.Rect, class, 2)
	if z.Safety {
		w.rect(layout.Rect{X: b.X + 4, Y: b.Y + 4, W: b.W - 8, H: b.H - 8}, "inset", 0)
	}
	w.texts(b.Lines)
	w.texts(b.Marks)
	for _, t := range b.Tags {
		w.rect(t.Rect, "tag", 2)
		w.text(t.Text)
	}
	w.printf("</g>\n")
}

// zoneTitle is what does not fit into the box.
func zoneTitle(z drawing.Zone) string {
	parts := []string{fmt.Sprintf("%s: %s, %s, %s", z.Name, z.Level, z.Type, z.SL)}
	for _, p := range []struct {
		what  string
		names []string
	}{{"Workloads", z.Workloads}, {"Devices", z.Devices}, {"Networks", z.Networks}, {"Jump hosts", z.JumpHosts}} {
		if len(p.names) > 0 {
			parts = append(parts, p.what+": "+strings.Join(p.names, ", "))
		}
	}
	if z.Owner != "" {
		parts = append(parts, "Owner: "+z.Owner)
	}
	if z.ApprovedBy != "" {
		parts = append(parts, "Approved by: "+z.ApprovedBy)
	}
	if z.Note != "" {
		parts = append(parts, z.Note)
	}
	return strings.Join(parts, ". ")
}

// panel: tables, legend, title block.
func (w *writer) panel() {
	p := w.sheet.Panel
	for _, r := range p.Rules {
		class := "rule"
		if r.Heavy {
			class = "heavy"
		}
		w.segment(r.From, r.To, class)
	}
	w.texts(p.Texts)
	for _, s := range p.Samples {
		w.sample(s)
	}
}
