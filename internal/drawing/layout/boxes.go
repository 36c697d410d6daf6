// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"fmt"
	"strings"

	"github.com/zonewarden/zonewarden/internal/drawing"
)

// Text is one line of text. X and Y are the left end of its base line, or the middle or
// right end.
type Text struct {
	X, Y, Size   int
	Bold, Italic bool
	// Loud text warns.
	Loud bool
	// Upright text runs from the bottom to the top.
	Upright bool
	Anchor  Anchor
	S       string
}

// Anchor says which point of a text X is.
type Anchor int

// The anchors.
const (
	Start Anchor = iota
	Middle
	End
)

// Rect is the room that a text takes up.
func (t Text) Rect() Rect {
	w := Width(t.S, t.Size, t.Bold)
	shift := 0
	switch t.Anchor {
	case Middle:
		shift = w / 2
	case End:
		shift = w
	default:
	}
	ascent, height := t.Size*4/5, t.Size
	if t.Upright {
		return Rect{t.X - ascent, t.Y + shift - w, height, w}
	}
	return Rect{t.X - shift, t.Y - ascent, w, height}
}

func (t Text) moved(x, y int) Text {
	t.X, t.Y = t.X+x, t.Y+y
	return t
}

// Measures of a box.
const (
	edge     = 12 // at the top and bottom, with the numbers of the lines
	padding  = 8
	nameSize = 12
	bodySize = 9
	bodyLine = 12
	tagRoom  = 13
)

// writing fills a box with lines of text from the top.
type writing struct {
	out   []Text
	width int
	y     int
}

func (w *writing) line(s string, style Text) {
	style.X, style.Y, style.Size = padding, w.y, bodySize
	style.S = fit(s, bodySize, style.Bold, w.width)
	w.out = append(w.out, style)
	w.y += bodyLine
}

func (w *writing) lines(s string, style Text, most int) {
	for _, l := range wrap(s, bodySize, style.Bold, w.width, most) {
		w.line(l, style)
	}
}

// fill writes what stands in a box, relative to its corner.
func (g *diagram) fill(b *item) {
	z := g.d.Zones[b.zone]
	w := &writing{width: b.w - 2*padding, y: edge + nameSize}
	w.head(z)
	w.line(join(" · ", z.Type, cell(z), partOf(z), z.Owner), Text{Italic: true})
	fillMembers(w, z)
	for _, j := range z.JumpHosts {
		w.lines("jump host "+j, Text{Bold: true}, 2)
	}
	if z.ApprovedBy != "" {
		w.lines("approved by "+z.ApprovedBy, Text{Italic: true}, 2)
	}
	if z.Kept {
		w.lines("an older version is in force: the declared one was refused", Text{Loud: true}, 2)
	}
	if z.Note != "" {
		w.lines(z.Note, Text{Bold: z.State != drawing.DevicesOnly, Loud: z.State == drawing.Bypassed, Italic: z.State == drawing.DevicesOnly}, 3)
	}
	if z.DNS || z.API || z.NoInternal {
		w.y += tagRoom
	}
	b.lines, b.h = w.out, w.y-bodyLine+4+edge
}

// head is the zone's name with its target level beside it, or below where both are long.
func (w *writing) head(z drawing.Zone) {
	w.out = append(w.out, Text{X: padding, Y: w.y, Size: nameSize, Bold: true, S: fit(z.Name, nameSize, true, w.width)})
	beside := Width(z.Name, nameSize, true)+8+Width(z.SL, bodySize, true) <= w.width
	if beside && z.SL != "" {
		w.out = append(w.out, Text{X: padding + w.width, Y: w.y, Size: bodySize, Bold: true, Anchor: End, S: z.SL})
	}
	w.y += bodyLine + 2
	if !beside && z.SL != "" {
		w.line(z.SL, Text{Bold: true})
	}
}

// partOf is said in words where no frame says it.
func partOf(z drawing.Zone) string {
	if !z.Safety || z.Parent == "" {
		return ""
	}
	return "part of " + z.Parent
}

func fillMembers(w *writing, z drawing.Zone) {
	const most = 2
	if z.Pods > 0 || z.State != drawing.DevicesOnly {
		w.members(z.PodCount(), z.Workloads, most)
	}
	if len(z.Devices) > 0 {
		w.members(drawing.Several(len(z.Devices), "device"), z.Devices, most)
	}
	if len(z.Networks) > 0 {
		w.members(drawing.Several(len(z.Networks), "network"), z.Networks, 1)
	}
}

// members writes names up to a number of lines, then how many more there are.
func (w *writing) members(head string, names []string, most int) {
	if len(names) == 0 {
		w.line(head, Text{})
		return
	}
	var lines []string
	line := head + ":"
	for i, n := range names {
		more := fmt.Sprintf(" +%d", len(names)-i)
		next := line + " " + n
		room := w.width
		if len(lines) == most-1 && i < len(names)-1 {
			room -= Width(more, bodySize, false)
		}
		if Width(next, bodySize, false) <= room || len(lines) == most-1 && i == 0 {
			line = strings.TrimSpace(next)
			continue
		}
		if len(lines) == most-1 {
			line += more
			break
		}
		lines = append(lines, line)
		line = n
	}
	for _, l := range append(lines, line) {
		w.line(l, Text{})
	}
}

func cell(z drawing.Zone) string {
	if z.Cell == "" {
		return ""
	}
	return "cell " + z.Cell
}

func join(sep string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, sep)
}
