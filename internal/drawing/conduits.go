// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Style says who holds a flow to what is declared, and so how its line is drawn.
type Style int

// The styles, from the strongest to the weakest; Suspended is no flow at all.
const (
	// Us is this cluster.
	Us Style = iota
	// External is a device outside the cluster.
	External
	// Observed would be this cluster, but both ends only observe or are bypassed.
	Observed
	// Nobody enforces it.
	Nobody
	// Suspended is declared and closed.
	Suspended
)

// Conduit is a line of the drawing, from its initiator to its responders.
type Conduit struct {
	Number int
	Name   string
	// From is the initiator's zone by its place in Drawing.Zones.
	From int
	// To are the responders, each zone once, in the order of Drawing.Zones.
	To []End
	// Styles of all pairs, each once, the strongest first.
	Styles []Style
	// Style of the weakest responder, and who enforces in words: "us", "FW-OT-1, nobody".
	Style Style
	By    string
	// Device outside the cluster that is named for it, "" for none.
	Device string
	// What passes, in full and in short.
	What, Brief string
	Cleartext   bool
	// Data says which way data flows.
	Data v1alpha1.DataDirection
	// BothWays says that responders open flows as well.
	BothWays bool
	// Kept says that an older spec is in force than the declared one.
	Kept                  bool
	Owner, Approval, Need string
	// ApprovedBy whom this version opens what it opens, "" where nobody had to.
	ApprovedBy string
}

// End is a responder.
type End struct {
	Zone  int
	Style Style
	By    string
}

// Mark is the conduit's number as it stands on the line.
func (c Conduit) Mark() string { return fmt.Sprint(c.Number) }

func (a *arranger) conduits() {
	sorted := slices.SortedFunc(slices.Values(a.model.Conduits), func(x, y *topology.Conduit) int {
		return cmp.Or(byLevel(x.Initiator.Zone, y.Initiator.Zone), cmp.Compare(x.Name, y.Name))
	})
	for i, c := range sorted {
		out := a.conduit(c)
		out.Number = i + 1
		a.drawing.Conduits = append(a.drawing.Conduits, out)
	}
}

func (a *arranger) conduit(c *topology.Conduit) Conduit {
	facts := a.plant.Conduits[c.Name]
	out := Conduit{
		Name: plain(c.Name), From: a.index[c.Initiator.Zone.Name],
		What: plain(c.Summary()), Brief: brief(c.Flows), Device: deviceName(c.External),
		Cleartext: facts.Cleartext || slices.ContainsFunc(c.Flows, isCleartext),
		Data:      c.Data, BothWays: len(c.BothWays) > 0, Kept: c.Kept,
		Owner: plain(facts.RiskOwner), Approval: plain(facts.Approval), Need: plain(facts.Need),
		ApprovedBy: a.approvers(facts.ApprovedBy),
	}
	device := strings.TrimSpace(out.Device + " " + plain(facts.Reference))
	enforced := a.ends(c, device)
	for _, r := range c.Responders {
		zone := a.index[r.Zone.Name]
		if !slices.ContainsFunc(out.To, func(e End) bool { return e.Zone == zone }) {
			out.To = append(out.To, a.end(c, zone, enforced[zone], device))
		}
	}
	slices.SortFunc(out.To, func(x, y End) int { return cmp.Compare(x.Zone, y.Zone) })
	var all []Style
	for _, e := range out.To {
		out.Style = max(out.Style, e.Style)
		all = append(all, enforced[e.Zone]...)
	}
	out.By = by(all, device)
	out.Styles = slices.Compact(slices.Sorted(slices.Values(all)))
	if c.Suspended {
		out.By, out.Styles = "suspended", nil
	}
	return out
}

// elsewhere gathers what this cluster does not hold, or not now: devices by name, then
// what is only observed, then what nobody enforces.
func (a *arranger) elsewhere() {
	shares := map[string][]string{}
	add := func(who string, c Conduit) { shares[who] = append(shares[who], c.Mark()) }
	for _, c := range a.drawing.Conduits {
		for _, s := range c.Styles {
			switch s {
			case External:
				add(c.Device, c)
			case Observed, Nobody:
				add(words[s], c)
			default:
			}
		}
	}
	last := []string{words[Observed], words[Nobody]}
	for _, who := range append(slices.DeleteFunc(slices.Sorted(maps.Keys(shares)), func(s string) bool { return slices.Contains(last, s) }), last...) {
		if len(shares[who]) > 0 {
			a.drawing.Elsewhere = append(a.drawing.Elsewhere, Share{Who: who, Conduits: shares[who]})
		}
	}
}

// words for those who enforce, but for devices, which have names.
var words = map[Style]string{Us: "us", Observed: "us (only observed)", Nobody: "nobody"}

// deviceName keeps a device from being named as what is none: one called "us" would
// read as this cluster.
func deviceName(s string) string {
	s = plain(s)
	if first, _, _ := strings.Cut(strings.ToLower(s), " "); first == words[Us] || first == words[Nobody] {
		return "device " + s
	}
	return s
}

// ends gathers by responder the styles of all its kinds of pairs.
func (a *arranger) ends(c *topology.Conduit, device string) map[int][]Style {
	out := map[int][]Style{}
	for _, e := range c.Enforcement() {
		zone := a.index[e.Responder]
		style := Nobody
		switch {
		case e.EnforcedBy == v1alpha1.EnforcedByCluster && a.holds(c, e):
			style = Us
		case e.EnforcedBy == v1alpha1.EnforcedByCluster:
			style = Observed
		case e.EnforcedBy == v1alpha1.EnforcedByExternal && device != "":
			style = External
		}
		out[zone] = append(out[zone], style)
	}
	for _, r := range c.Responders {
		if zone := a.index[r.Zone.Name]; len(out[zone]) == 0 {
			out[zone] = []Style{Nobody} // nothing at one end, and nobody to keep it so
		}
	}
	return out
}

// holds says that a pod at one end is in a zone that denies.
func (a *arranger) holds(c *topology.Conduit, e topology.FlowEnforcement) bool {
	from, to, _ := strings.Cut(e.Pairs, " to ")
	if from == "workloads" && a.denies(c.Initiator.Zone) {
		return true
	}
	return to == "workloads" && slices.ContainsFunc(c.Responders, func(r topology.End) bool {
		return r.Zone.Name == e.Responder && a.denies(r.Zone)
	})
}

// end of a responder.
func (a *arranger) end(c *topology.Conduit, zone int, styles []Style, device string) End {
	out := End{Zone: zone, Style: slices.Max(styles), By: by(styles, device)}
	if c.Suspended {
		out.Style, out.By = Suspended, "suspended"
	}
	return out
}

// by says in words who enforces, the strongest first.
func by(styles []Style, device string) string {
	var out []string
	for _, s := range slices.Compact(slices.Sorted(slices.Values(styles))) {
		if s == External {
			out = append(out, device)
		} else {
			out = append(out, words[s])
		}
	}
	return strings.Join(out, ", ")
}

// isCleartext: a protocol that has no protection, or a bare port that one owns.
func isCleartext(f topology.ResolvedFlow) bool {
	clear := func(p protocol.Protocol) bool { return p.Security == protocol.SecurityCleartext }
	if p, ok := protocol.Lookup(f.Protocol); ok {
		return clear(p)
	}
	return slices.ContainsFunc(f.Ports, func(r protocol.PortRange) bool {
		return slices.ContainsFunc(protocol.ByRange(r), clear)
	})
}

// brief is the first flow with its first port, and how many more there are.
func brief(flows []topology.ResolvedFlow) string {
	if len(flows) == 0 {
		return "no flows"
	}
	f := flows[0]
	out := plain(f.Protocol)
	if len(f.Ports) > 0 {
		r := f.Ports[0]
		port := fmt.Sprint(r.First)
		if r.Last != r.First {
			port += fmt.Sprintf("-%d", r.Last)
		}
		if r.Transport != protocol.TCP {
			port += "/" + string(r.Transport)
		}
		out = strings.TrimSpace(out + " " + port)
	}
	if more := len(flows) - 1; more > 0 {
		out += fmt.Sprintf(" +%d", more)
	}
	return out
}
