// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawing

import (
	"cmp"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Drawing is everything that is on the sheet, in the order in which it is read: from
// the office down to the process, and by name.
type Drawing struct {
	Title Title
	// Bands are the levels that occur, top down.
	Bands []Band
	Zones []Zone
	// Conduits in the order of their numbers.
	Conduits []Conduit
	Windows  []Window
	// Elsewhere says what of the conduits this cluster does not hold.
	Elsewhere []Share
	Counts    Counts
}

// Share is what a device enforces, or what is only observed, or what nobody enforces.
type Share struct {
	Who string
	// Conduits by their numbers, those as well of which it is a part only.
	Conduits []string
}

// Band is a level with the zones on it.
type Band struct {
	Level v1alpha1.Level
	Name  string
	// Zones by their place in Drawing.Zones.
	Zones []int
	// Border is what stands between this band and the one above, "" for nothing.
	Border string
	// Crossing are the numbers of the conduits, and the names of the windows, that
	// cross the border.
	Crossing []string
}

// Counts are the conduits by the weakest of those who enforce them.
type Counts struct {
	Conduits, Us, Observed, External, Nobody, Suspended, Cleartext int
	// Flows of conduits that are not suspended, as the Site's status counts them.
	Flows v1alpha1.FlowCounts
	// Pods and Devices in zones.
	Pods, Devices int
}

// New arranges a plant.
func New(p Plant) *Drawing {
	m := p.Model
	if m == nil {
		m = &topology.Model{}
	}
	d := &Drawing{}
	a := arranger{plant: p, model: m, drawing: d, index: map[string]int{}}
	a.zones()
	a.jumpHosts()
	a.conduits()
	a.windows()
	a.elsewhere()
	a.bands()
	a.count()
	d.Title = a.title()
	return d
}

// arranger makes one drawing.
type arranger struct {
	plant   Plant
	model   *topology.Model
	drawing *Drawing
	// index is the place of each zone, by the name in the model.
	index map[string]int
}

// levels from the office down.
func levels() []v1alpha1.Level {
	out := topology.Ladder()
	slices.Reverse(out)
	return out
}

var bandNames = map[v1alpha1.Level]string{
	v1alpha1.LevelL5: "Enterprise", v1alpha1.LevelL4: "Business", v1alpha1.LevelDMZ: "Industrial DMZ",
	v1alpha1.LevelL3: "Operations", v1alpha1.LevelL2: "Supervision", v1alpha1.LevelL1: "Control",
	v1alpha1.LevelL0: "Process",
}

// bands groups the zones by level and puts the borders between them.
func (a *arranger) bands() {
	d := a.drawing
	for i, z := range d.Zones {
		n := len(d.Bands)
		if n == 0 || d.Bands[n-1].Level != z.Level {
			d.Bands = append(d.Bands, Band{Level: z.Level, Name: bandNames[z.Level]})
			n++
		}
		d.Bands[n-1].Zones = append(d.Bands[n-1].Zones, i)
	}
	for i := 1; i < len(d.Bands); i++ {
		above, b := sideOf(d.Bands[i-1].Level), &d.Bands[i]
		below := sideOf(b.Level)
		switch {
		case above == below:
			continue
		case above == "IT" && below == "OT":
			b.Border = "IT / OT border, no DMZ"
		default:
			b.Border = above + " / " + below + " border"
		}
		b.Crossing = a.crossing(rank(b.Level))
	}
}

func sideOf(l v1alpha1.Level) string {
	switch l {
	case v1alpha1.LevelL5, v1alpha1.LevelL4:
		return "IT"
	case v1alpha1.LevelDMZ:
		return "DMZ"
	default:
		return "OT"
	}
}

// rank is the place of a level from the top; one that does not exist comes last.
func rank(l v1alpha1.Level) int {
	if i := slices.Index(levels(), l); i >= 0 {
		return i
	}
	return len(levels())
}

// crossing lists what joins a zone above the rank with one at it or below.
func (a *arranger) crossing(border int) []string {
	var out []string
	above := func(zone int) bool { return rank(a.drawing.Zones[zone].Level) < border }
	for _, c := range a.drawing.Conduits {
		if slices.ContainsFunc(c.To, func(e End) bool { return above(e.Zone) != above(c.From) }) {
			out = append(out, c.Mark())
		}
	}
	for _, w := range a.drawing.Windows {
		if slices.ContainsFunc(w.To, func(zone int) bool { return above(zone) != above(w.From) }) {
			out = append(out, w.Mark())
		}
	}
	return out
}

func (a *arranger) count() {
	n := &a.drawing.Counts
	for _, c := range a.drawing.Conduits {
		n.Conduits++
		switch c.Style {
		case Suspended:
			n.Suspended++
		case Nobody:
			n.Nobody++
		case External:
			n.External++
		case Observed:
			n.Observed++
		default:
			n.Us++
		}
		if c.Cleartext {
			n.Cleartext++
		}
	}
	n.Flows = a.model.Counts()
	for _, z := range a.drawing.Zones {
		n.Pods += z.Pods
		n.Devices += len(z.Devices)
	}
}

// byLevel orders zones from the office down, then by name.
func byLevel(x, y *topology.Zone) int {
	return cmp.Or(cmp.Compare(rank(x.Level), rank(y.Level)), cmp.Compare(x.Name, y.Name))
}
