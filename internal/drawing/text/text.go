// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package text

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/drawing"
)

// Write writes the drawing.
func Write(out io.Writer, d *drawing.Drawing) error {
	p := &page{d: d}
	p.head()
	p.measure()
	for _, b := range d.Bands {
		p.band(b)
	}
	p.foot()
	_, err := out.Write(p.out.Bytes())
	return err
}

type page struct {
	out bytes.Buffer
	d   *drawing.Drawing
	// to and what are how wide the columns of lines are.
	to, what int
}

// printf writes a line, without spaces at its end.
func (p *page) printf(format string, args ...any) {
	p.out.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	p.out.WriteByte('\n')
}

func (p *page) head() {
	t := p.d.Title
	p.printf("%s   %s   %s   drawn %s", strings.ToUpper(t.Site), t.ID, t.Of, t.Drawn)
	if t.Description != "" {
		p.printf("%s", t.Description)
	}
	approved := "approved by " + strings.Join(t.Approved, "; ")
	if slices.Equal(t.Approved, []string{drawing.Unapproved}) {
		approved = drawing.Unapproved
	}
	p.printf("revision %s   %s", t.Revision, approved)
	p.printf("hash %s", t.Hash)
	p.printf("==  us    --  firewall    =.  us, only observed    ..  nobody    xx  suspended    ##  open window")
	p.printf("v ^ >  opens downwards, upwards, beside    <>  either end opens    data <- to who opened, -> to who answers")
}

func (p *page) band(b drawing.Band) {
	p.printf("")
	if b.Border != "" {
		crossed := "nothing crosses it"
		if len(b.Crossing) > 0 {
			crossed = "crossed by " + strings.Join(b.Crossing, " ")
		}
		p.printf("======== %s ======== %s", b.Border, crossed)
		p.printf("")
	}
	p.printf("%-4s %s", b.Level, b.Name)
	for _, z := range b.Zones {
		p.zone(z)
	}
}

// mostNames of a kind are shown.
const mostNames = 6

func (p *page) zone(at int) {
	z := p.d.Zones[at]
	words := []string{z.Name, z.SL, z.Type}
	for _, w := range []struct{ what, s string }{{"", z.Owner}, {"cell ", z.Cell}, {"part of ", z.Parent}, {"approved by ", z.ApprovedBy}} {
		if w.s != "" {
			words = append(words, w.what+w.s)
		}
	}
	if z.Safety {
		words[2] = "SAFETY"
	}
	p.printf("  %s", strings.Join(nonEmpty(words), "   "))
	for _, note := range notes(z) {
		p.printf("       ! %s", note)
	}
	p.printf("       %s", strings.Join(members(z), "   "))
	in := p.answers(at)
	for _, c := range p.d.Conduits {
		if c.From == at {
			p.conduit(c)
		}
	}
	for _, w := range p.d.Windows {
		if w.From == at {
			p.window(w)
		}
	}
	if len(in) > 0 {
		p.printf("       answers %s", strings.Join(in, " "))
	} else if !slices.ContainsFunc(p.d.Conduits, func(c drawing.Conduit) bool { return c.From == at }) {
		p.printf("       no conduits")
	}
}

func notes(z drawing.Zone) []string {
	var out []string
	if z.Note != "" {
		out = append(out, z.Note)
	}
	if z.Kept {
		out = append(out, "an older version is in force: the declared one was refused")
	}
	return out
}

func members(z drawing.Zone) []string {
	var out []string
	if z.Pods > 0 || z.State != drawing.DevicesOnly {
		out = append(out, some(z.PodCount(), z.Workloads))
	}
	if len(z.Devices) > 0 {
		out = append(out, some(drawing.Several(len(z.Devices), "device"), z.Devices))
	}
	if len(z.Networks) > 0 {
		out = append(out, some("networks", z.Networks))
	}
	for _, j := range z.JumpHosts {
		out = append(out, "[jump host "+j+"]")
	}
	for _, s := range []struct {
		on   bool
		what string
	}{{z.DNS, "+dns"}, {z.API, "+api-server"}, {z.NoInternal, "no internal traffic"}} {
		if s.on {
			out = append(out, s.what)
		}
	}
	return out
}

func some(head string, names []string) string {
	if len(names) == 0 {
		return "[" + head + "]"
	}
	shown := names[:min(len(names), mostNames)]
	out := "[" + head + ": " + strings.Join(shown, " ")
	if more := len(names) - len(shown); more > 0 {
		out += fmt.Sprintf(" +%d", more)
	}
	return out + "]"
}

// answers are the marks of the lines that lead to a zone.
func (p *page) answers(at int) []string {
	var out []string
	for _, c := range p.d.Conduits {
		if slices.ContainsFunc(c.To, func(e drawing.End) bool { return e.Zone == at }) {
			out = append(out, c.Mark())
		}
	}
	for _, w := range p.d.Windows {
		if slices.Contains(w.To, at) {
			out = append(out, w.Mark())
		}
	}
	return out
}

// measure makes the columns as wide as their contents, up to a bound.
func (p *page) measure() {
	for _, c := range p.d.Conduits {
		p.to = max(p.to, utf8.RuneCountInString(p.targets(c)))
		p.what = max(p.what, utf8.RuneCountInString(c.What))
	}
	p.to, p.what = min(p.to, 44), min(p.what, 40)
}

func (p *page) targets(c drawing.Conduit) string {
	var names []string
	for _, e := range c.To {
		names = append(names, p.d.Zones[e.Zone].Name)
	}
	return strings.Join(names, ", ")
}

var lines = map[drawing.Style]string{
	drawing.Us: "==", drawing.External: "--", drawing.Observed: "=.", drawing.Nobody: "..", drawing.Suspended: "xx",
}

func (p *page) conduit(c drawing.Conduit) {
	arrow := lines[c.Style] + p.way(c)
	if c.BothWays {
		arrow = "<" + lines[c.Style] + ">"
	}
	var flags []string
	if c.Cleartext {
		flags = append(flags, "!clear")
	}
	switch c.Style {
	case drawing.Us:
	case drawing.Nobody:
		flags = append(flags, notEnforced(c))
	case drawing.Suspended:
		flags = append(flags, "suspended")
	default:
		flags = append(flags, "by "+c.By)
	}
	if c.Kept {
		flags = append(flags, "older version in force")
	}
	if c.ApprovedBy != "" {
		flags = append(flags, "approved by "+c.ApprovedBy)
	}
	p.printf("  %3s %-4s %s %s %s %s", c.Mark(), arrow, pad(p.targets(c), p.to), pad(c.What, p.what), dataArrow(c.Data),
		strings.Join(append([]string{c.Name}, flags...), "   "))
}

// notEnforced says it of a conduit as a whole, or of its weakest part.
func notEnforced(c drawing.Conduit) string {
	if c.By == "nobody" {
		return "NOT ENFORCED"
	}
	return "NOT ENFORCED in part (" + c.By + ")"
}

// way is up, down, or beside; of several the first.
func (p *page) way(c drawing.Conduit) string {
	from := p.bandOf(c.From)
	for _, e := range c.To {
		switch to := p.bandOf(e.Zone); {
		case to > from:
			return "v"
		case to < from:
			return "^"
		}
	}
	return ">"
}

func (p *page) bandOf(zone int) int {
	return slices.IndexFunc(p.d.Bands, func(b drawing.Band) bool { return slices.Contains(b.Zones, zone) })
}

func dataArrow(d v1alpha1.DataDirection) string {
	switch d {
	case v1alpha1.DataToInitiator:
		return "<- "
	case v1alpha1.DataFromInitiator:
		return " ->"
	default:
		return "<->"
	}
}

func (p *page) window(w drawing.Window) {
	names := slices.Clone(w.Unknown)
	for i := range names {
		names[i] += " (not in force)"
	}
	for _, z := range w.To {
		names = append(names, p.d.Zones[z].Name)
	}
	p.printf("  %3s ##   %s %s     %s   %s", w.Mark(), pad(strings.Join(names, ", "), p.to), pad(w.What, p.what), w.Name, w.Ends())
	p.printf("           %s, %d let in, through %s, to %s", w.Vendor, w.People, w.JumpHost, strings.Join(w.Reaches, " "))
}

func (p *page) foot() {
	t := p.d.Title
	p.printf("")
	p.printf("%s   (%s)", t.Conduits, t.Flows)
	for _, s := range p.d.Elsewhere {
		p.printf("  by %s: %s", s.Who, strings.Join(s.Conduits, " "))
	}
	p.printf("%s   findings: %s   %s", t.Members, t.Findings, t.Windows)
	if p.d.Counts.Cleartext > 0 {
		p.printf("%d of the conduits in cleartext", p.d.Counts.Cleartext)
	}
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

func nonEmpty(list []string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}
