// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Ports are what passes: everything, or some ports. The zero value is nothing.
type Ports struct {
	// All says everything, protocols without ports included.
	All bool
	// Ranges are sorted, none touching the next; nil when All.
	Ranges []protocol.PortRange
}

// All is everything.
var All = Ports{All: true}

// Some are these ports.
func Some(ranges ...protocol.PortRange) Ports { return Ports{Ranges: topology.MergePorts(ranges)} }

// None says that nothing passes.
func (p Ports) None() bool { return !p.All && len(p.Ranges) == 0 }

// Has says whether one port passes.
func (p Ports) Has(t protocol.Transport, port uint16) bool {
	return p.All || slices.ContainsFunc(p.Ranges, func(r protocol.PortRange) bool {
		return r.Transport == t && r.First <= port && port <= r.Last
	})
}

// Equal says that the same passes.
func (p Ports) Equal(o Ports) bool { return p.All == o.All && slices.Equal(p.Ranges, o.Ranges) }

// Or is what passes by one of the two.
func (p Ports) Or(o Ports) Ports {
	if p.All || o.All {
		return All
	}
	return Some(slices.Concat(p.Ranges, o.Ranges)...)
}

// And is what passes by both.
func (p Ports) And(o Ports) Ports {
	switch {
	case p.All:
		return o
	case o.All:
		return p
	}
	var out []protocol.PortRange
	for _, a := range p.Ranges {
		for _, b := range o.Ranges {
			first, last := max(a.First, b.First), min(a.Last, b.Last)
			if a.Transport == b.Transport && first <= last {
				out = append(out, protocol.PortRange{Transport: a.Transport, First: first, Last: last})
			}
		}
	}
	return Some(out...)
}

// Minus is what passes by p and not by o. Everything but some ports is everything: what is
// left of it has no name.
func (p Ports) Minus(o Ports) Ports {
	switch {
	case o.All:
		return Ports{}
	case p.All:
		return All
	}
	left := p.Ranges
	for _, gone := range o.Ranges {
		var next []protocol.PortRange
		for _, r := range left {
			next = append(next, without(r, gone)...)
		}
		left = next
	}
	return Some(left...)
}

func without(r, gone protocol.PortRange) []protocol.PortRange {
	if r.Transport != gone.Transport || gone.Last < r.First || r.Last < gone.First {
		return []protocol.PortRange{r}
	}
	var out []protocol.PortRange
	if r.First < gone.First {
		out = append(out, protocol.PortRange{Transport: r.Transport, First: r.First, Last: gone.First - 1})
	}
	if gone.Last < r.Last {
		out = append(out, protocol.PortRange{Transport: r.Transport, First: gone.Last + 1, Last: r.Last})
	}
	return out
}

// String is "502/TCP, 5000-5010/UDP", "everything" or "nothing".
func (p Ports) String() string {
	switch {
	case p.All:
		return "everything"
	case len(p.Ranges) == 0:
		return "nothing"
	}
	out := make([]string, 0, len(p.Ranges))
	for _, r := range p.Ranges {
		out = append(out, topology.FormatPorts(r))
	}
	return strings.Join(out, ", ")
}
