// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/reach"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// walk goes through the pairs of places.
type walk struct {
	change        *Change
	before, after Side
	// rows are the flows by what they have in common.
	rows map[string]*row
}

// row is a flow that is being gathered.
type row struct {
	Flow

	opens bool
	view  *reach.View
	pairs []reach.Pair
}

// pairs finds what opens and closes where the ends stay denied, or stay open.
func (w *walk) pairs() {
	before, after := w.change.Before, w.change.After
	pairs := slices.Concat(before.Pairs(), after.Pairs())
	seen := map[reach.Pair]bool{}
	for _, p := range pairs {
		if seen[p] || before.Undenied(p) != after.Undenied(p) {
			continue
		}
		seen[p] = true
		was, is := before.Declared(p), after.Declared(p)
		w.gather(true, p, after, is.Minus(was), was)
		w.gather(false, p, before, was.Minus(is), is)
	}
	w.change.Opens, w.change.Closes = w.flows(true), w.flows(false)
}

// gather adds what of a pair is gained, or lost, to the rows of what declares it in a view.
func (w *walk) gather(opens bool, p reach.Pair, view *reach.View, ports, others reach.Ports) {
	if ports.None() {
		return
	}
	for _, a := range view.Allowed(p) {
		part := a.Ports.And(ports)
		if a.Ports.All {
			part = ports
		}
		if part.None() {
			continue
		}
		f := Flow{What: a.What(part), By: a.By, Because: w.because(a, p), NothingDenied: view.Undenied(p)}
		f.EnforcedBy, f.Device = view.EnforcedBy(p, a)
		if a.Conduit != nil {
			f.RiskOwner = w.riskOwner(a.Conduit.Name)
		}
		f.PolicyStays = !opens && w.left(a, view.Zones[p.From])
		if part.All && !others.None() {
			f.StillPasses = others.String()
		}
		f.From.Zone, f.To.Zone = view.ZoneName(p.From), view.ZoneName(p.To)
		w.row(opens, f).take(view, p)
	}
}

func (w *walk) row(opens bool, f Flow) *row {
	key := fmt.Sprint(opens, f)
	if w.rows[key] == nil {
		w.rows[key] = &row{Flow: f, opens: opens}
	}
	return w.rows[key]
}

func (r *row) take(view *reach.View, p reach.Pair) {
	r.view = view
	r.pairs = append(r.pairs, p)
}

// flows are the rows of one kind, by zones and conduit.
func (w *walk) flows(opens bool) []Flow {
	out := []Flow{}
	for _, r := range w.rows {
		if r.opens != opens {
			continue
		}
		for _, product := range reach.Products(r.pairs) {
			r.From, r.To = r.view.Ends(product)
			out = append(out, r.Flow)
		}
	}
	slices.SortFunc(out, func(a, b Flow) int {
		return cmp.Or(cmp.Compare(a.From.Zone, b.From.Zone), cmp.Compare(a.To.Zone, b.To.Zone), cmp.Compare(a.By, b.By),
			cmp.Compare(a.What, b.What), cmp.Compare(a.EnforcedBy, b.EnforcedBy), slices.Compare(a.From.Members, b.From.Members),
			slices.Compare(a.To.Members, b.To.Members), cmp.Compare(a.Because, b.Because))
	})
	return out
}

// left says that what let something pass is declared, and not in force.
func (w *walk) left(a reach.Allowance, zone *topology.Zone) bool {
	ref := topology.ObjectRef{Kind: topology.KindConduit, Name: a.By}
	if a.Conduit == nil {
		ref = topology.ObjectRef{Kind: topology.KindZone, Name: zone.Name}
	}
	v := w.after.Model.Verdicts[ref]
	return v != nil && !v.InForce
}

func (w *walk) riskOwner(conduit string) string {
	for _, side := range []Side{w.after, w.before} {
		for _, c := range side.Snapshot.Conduits {
			if c.Name == conduit {
				return c.Spec.Why.RiskOwner
			}
		}
	}
	return ""
}

// because says which declaration a flow differs for: the conduit's own, or those of the
// zones that it joins.
func (w *walk) because(a reach.Allowance, p reach.Pair) string {
	var refs []topology.ObjectRef
	if a.Conduit != nil {
		refs = append(refs, topology.ObjectRef{Kind: topology.KindConduit, Name: a.Conduit.Name})
	}
	for _, view := range []*reach.View{w.change.After, w.change.Before} {
		for _, i := range []int{p.From, p.To} {
			if z := view.Zones[i]; z != nil {
				refs = append(refs, topology.ObjectRef{Kind: topology.KindZone, Name: z.Name})
			}
		}
	}
	for _, ref := range refs {
		for _, o := range w.change.Objects {
			if o.ObjectRef == ref {
				return strings.ToLower(ref.Kind) + " " + ref.Name + " is " + string(o.Verb)
			}
		}
	}
	for _, kind := range []string{topology.KindAsset, topology.KindSite, topology.KindZone, topology.KindConduit} {
		for _, o := range w.change.Objects {
			if o.Kind == kind {
				return strings.ToLower(kind) + " " + o.Name + " is " + string(o.Verb)
			}
		}
	}
	return ""
}

// safety are the safety zones that anything concerns.
func (w *walk) safety() []string {
	named := map[string]bool{}
	for _, f := range slices.Concat(w.change.Opens, w.change.Closes) {
		named[f.From.Zone], named[f.To.Zone] = true, true
	}
	for _, d := range slices.Concat(w.change.Denied, w.change.Released) {
		named[d.Zone] = true
	}
	for _, o := range w.change.Objects {
		if o.Kind == topology.KindZone {
			named[o.Name] = true
		}
	}
	out := []string{}
	for _, m := range []*topology.Model{w.before.Model, w.after.Model} {
		for _, z := range m.Zones {
			if z.Type == v1alpha1.ZoneTypeSafety && named[z.Name] {
				out = append(out, z.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
