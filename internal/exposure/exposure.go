// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"maps"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Input is what stands in the cluster, and what is declared. It is not changed.
type Input struct {
	Snapshot *topology.Snapshot
	Model    *topology.Model
	// Objects are ours as they should stand.
	Objects []*policy.Object
	// Foreign are policy objects that are not ours, and Cilium's groups of addresses,
	// as the API server serves them. No two have the same UID.
	Foreign []map[string]any
	// Unread are names of such objects that could not be read for their number.
	Unread    []string
	Services  []Service
	Ingresses []Ingress
	// Flows are those with addresses outside the cluster that nodes report.
	Flows []v1alpha1.OutsideFlow
	// PartlySeen are the nodes that report that there are more.
	PartlySeen []string
}

// Kinds of findings, the worst first. Each is a reason of the API.
var Kinds = []string{
	v1alpha1.ReasonForeignPolicy, v1alpha1.ReasonHostNetwork, v1alpha1.ReasonSecondInterface, v1alpha1.ReasonHostPort,
	v1alpha1.ReasonExposedService, v1alpha1.ReasonExposedIngress, v1alpha1.ReasonUnknownAddress,
	v1alpha1.ReasonNotUnderstood, v1alpha1.ReasonNotLookedAt,
}

// Group is what was found of one kind.
type Group struct {
	Kind string
	// Names of what was found, sorted, each once.
	Names []string
}

// Report is what was found. It must not be changed.
type Report struct {
	zones map[string]groups
	// unzoned is what was found in the Site's scope and in no zone.
	unzoned groups
	// blocked are the conduits that are cut, by name.
	blocked map[string]string
}

// groups are names by kind.
type groups map[string][]string

func (g groups) add(kind, name string) { g[kind] = append(g[kind], name) }

// sorted is the worst kind first.
func (g groups) sorted() []Group {
	var out []Group
	for _, kind := range Kinds {
		if names := g[kind]; len(names) > 0 {
			out = append(out, Group{Kind: kind, Names: slices.Compact(slices.Sorted(slices.Values(names)))})
		}
	}
	return out
}

func newReport() *Report {
	return &Report{zones: map[string]groups{}, unzoned: groups{}, blocked: map[string]string{}}
}

// add notes what was found in a zone; nil is in scope, and in no zone.
func (r *Report) add(z *topology.Zone, kind, name string) {
	if z == nil {
		r.unzoned.add(kind, name)
		return
	}
	if r.zones[z.Name] == nil {
		r.zones[z.Name] = groups{}
	}
	r.zones[z.Name].add(kind, name)
}

// Zones are the names of those that something was found in, sorted.
func (r *Report) Zones() []string { return slices.Sorted(maps.Keys(r.zones)) }

// Zone returns what was found in a zone, the worst kind first; "" is in scope, and in
// no zone.
func (r *Report) Zone(name string) []Group {
	if name == "" {
		return r.unzoned.sorted()
	}
	return r.zones[name].sorted()
}

// Blocked returns how many conduits are cut.
func (r *Report) Blocked() int { return len(r.blocked) }

// Watcher looks around a site again and again. What costs something is worked out
// again only when something that it is made of changed, which changes the cost and
// never the result. The zero value remembers nothing. It is for one caller at a time.
type Watcher struct {
	ours    map[*policy.Object]*verdict.Object
	foreign map[version]*foreignObject
	print   fingerprint
	objects []*policy.Object
	last    *Report
}

// Look finds what stands around the zones.
func (w *Watcher) Look(in Input) *Report {
	site := newSurroundings(in)
	out := newReport()
	site.workloads(out)
	site.services(out)
	site.flows(out)
	for _, name := range in.Unread {
		out.add(nil, v1alpha1.ReasonNotLookedAt, name)
	}
	w.policies(site, out)
	return out
}
