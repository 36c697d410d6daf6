// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"slices"

	"github.com/zonewarden/zonewarden/internal/drawing"
)

// net is a conduit or a window: one line that may branch.
type net struct {
	conduit, window int // -1 for none
	from            int
	to              []int
	styles          []drawing.Style
	spans           []*span
	mark, label     string
	warning         bool
}

// Ends of a pin.
const (
	atSource = -1
	atLane   = -2
)

// pin is where a line meets a box, or goes on in a lane.
type pin struct {
	span *span
	item *item
	// top says that it is at the upper side of the item.
	top bool
	// end is the responder's place in net.to, or atSource or atLane.
	end int
	x   int
}

// span is the part of a net in one channel: one level line, and an upright one at each pin.
type span struct {
	net     *net
	channel int
	pins    []*pin
	// labelled spans carry the number, and the words unless short.
	labelled, short bool
	label           Rect // without Y until routed
	// mirrored labels have the number at the right, fixed ones do not move.
	mirrored, fixed bool
	lo, hi, track   int
	y               int
}

// root is the pin on the way to the initiator.
func (s *span) root() *pin { return s.pins[0] }

// straight spans have no level part.
func (s *span) straight() bool {
	return len(s.pins) == 2 && s.pins[0].x == s.pins[1].x && s.pins[0].top != s.pins[1].top
}

func (g *diagram) addNets() {
	g.channels = make([][]*span, len(g.rows)+1)
	for i, c := range g.d.Conduits {
		n := &net{conduit: i, window: -1, from: c.From, mark: c.Mark(), label: labelOf(c), warning: c.Cleartext}
		for _, e := range c.To {
			n.to, n.styles = append(n.to, e.Zone), append(n.styles, e.Style)
		}
		g.nets = append(g.nets, n)
	}
	for i, w := range g.d.Windows {
		n := &net{conduit: -1, window: i, from: w.From, to: w.To, mark: w.Mark(), label: windowLabel(w)}
		g.nets = append(g.nets, n)
	}
	for _, n := range g.nets {
		g.spanNet(n)
	}
}

func labelOf(c drawing.Conduit) string {
	out := c.Brief
	switch {
	case c.Style == drawing.Suspended:
		out += " · suspended"
	case c.Device != "" && c.Style != drawing.Us:
		out += " · " + c.Device
	}
	return fit(out, labelSize, false, 200)
}

func windowLabel(w drawing.Window) string {
	end := w.Ends()
	if !w.Until.IsZero() {
		end = "until " + w.Until.Format("15:04 MST")
	}
	return fit(w.Name, labelSize, true, 120) + " " + end
}

// spanNet leads a net through the channels to the rows of its responders.
func (g *diagram) spanNet(n *net) {
	source := g.boxes[n.from].row
	up, down, same := g.ways(n)
	below := len(down) > 0 || len(up) == 0 && len(g.channels[source+1]) <= len(g.channels[source])
	if below {
		down = append(down, same...)
	} else {
		up = append(up, same...)
	}
	if len(down) > 0 {
		g.lead(n, 1, down)
	}
	if len(up) > 0 {
		g.lead(n, -1, up)
	}
}

// ways are the responders above, below and in the row of the initiator.
func (g *diagram) ways(n *net) (up, down, same []int) {
	source := g.boxes[n.from].row
	for i, z := range n.to {
		switch r := g.boxes[z].row; {
		case r < source:
			up = append(up, i)
		case r > source:
			down = append(down, i)
		default:
			same = append(same, i)
		}
	}
	return up, down, same
}

// lead adds the spans in one direction: 1 is down, -1 up.
func (g *diagram) lead(n *net, step int, left []int) {
	at := g.boxes[n.from]
	end := atSource
	for first := true; ; first = false {
		channel := at.row + max(step, 0)
		s := &span{net: n, channel: channel, labelled: first, short: first && len(n.spans) > 0}
		n.spans = append(n.spans, s)
		g.channels[channel] = append(g.channels[channel], s)
		s.join(at, step < 0, end)
		next := at.row + step
		left = slices.DeleteFunc(left, func(i int) bool {
			here := g.boxes[n.to[i]]
			switch here.row {
			case next:
				s.join(here, step > 0, i)
			case at.row: // beside the initiator
				s.join(here, step < 0, i)
			default:
				return false
			}
			return true
		})
		if len(left) == 0 {
			return
		}
		lane := g.addLane(n, next)
		s.join(lane, step > 0, atLane)
		at, end = lane, atLane
	}
}

func (s *span) join(i *item, top bool, end int) {
	p := &pin{span: s, item: i, top: top, end: end}
	s.pins = append(s.pins, p)
	i.pins = append(i.pins, p)
}

// addLane puts a lane into the middle of a row, from where it is moved.
func (g *diagram) addLane(n *net, at int) *item {
	lane := &item{zone: -1, net: n, row: at, w: pitch}
	r := g.rows[at]
	k := r.safety / 2
	for k > 0 && k < r.safety && r.items[k].group != "" && r.items[k-1].group == r.items[k].group {
		k++ // not between parts of one zone
	}
	r.items = slices.Insert(r.items, k, lane)
	r.safety++
	return lane
}
