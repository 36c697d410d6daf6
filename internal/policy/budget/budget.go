// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"cmp"
	"maps"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// nearPercent of the limit is where it is told that a map fills up.
const nearPercent = 80

// Input is what a judgement is made of.
type Input struct {
	Model *topology.Model
	// Pods of the whole cluster.
	Pods []topology.Pod
	// Standing is the conduit as its policy stands in the cluster, by name: the one of
	// the model where nothing changed, nil where nothing stands or nobody knows what.
	Standing func(conduit string) *topology.Conduit
}

// Load is how full the fullest policy map of a zone's pods becomes.
type Load struct {
	Zone string
	// Entries with everything that is not refused, and with the guard if there is one.
	Entries int
	// Limit is the size of the map.
	Limit int
}

// Near says that the map is nearly full.
func (l Load) Near() bool { return l.Entries*100 > l.Limit*nearPercent }

// Over says that the map overflows.
func (l Load) Over() bool { return l.Entries > l.Limit }

// Refusal says why a conduit is not carried out.
type Refusal struct {
	// Zone whose pods' map would overflow.
	Zone string
	// Entries that the map would have, and its size.
	Entries, Limit int
}

// Judgement is what fits and what does not.
type Judgement struct {
	// Loads that are near the limit or over it, sorted by zone.
	Loads []Load
	// Fullest of all.
	Fullest Load
	// Refused conduits by name.
	Refused map[string]Refusal
	// Unguarded are the layers of the guard that do not fit, sorted by zone.
	Unguarded []Unguarded
}

// Unguarded is a zone that a layer of the guard is left out for.
type Unguarded struct {
	Zone  string
	Layer v1alpha1.GuardLayer
}

// Judge predicts the maps of every zone.
func Judge(in Input) Judgement {
	out := Judgement{Refused: map[string]Refusal{}}
	if in.Model.Site == nil {
		return out
	}
	limit := in.Model.Site.PolicyMapEntries
	j := &judge{input: in, limit: limit, joined: conduitsByZone(in.Model), podsIn: map[string]int{}, nested: nestedNetworks(in.Model)}
	for _, p := range in.Pods {
		j.podsIn[p.Namespace]++
	}
	if g := in.Model.Site.Guard; g.Datapath || g.AdminTier {
		j.neighbours = in.Model.Neighbours()
	}
	var crowded []*topology.Zone
	for _, z := range in.Model.Zones {
		if len(z.Workloads) == 0 {
			continue
		}
		load := Load{Zone: z.Name, Entries: j.ceiling(z), Limit: limit}
		if load.Near() {
			crowded = append(crowded, z)
			continue
		}
		out.note(load)
	}
	j.settle(crowded, &out)
	slices.SortFunc(out.Loads, func(a, b Load) int { return cmp.Compare(a.Zone, b.Zone) })
	slices.SortStableFunc(out.Unguarded, func(a, b Unguarded) int { return cmp.Compare(a.Zone, b.Zone) })
	return out
}

func (out *Judgement) note(l Load) {
	// Of two equally full zones the first by name.
	if cmp.Or(cmp.Compare(out.Fullest.Entries, l.Entries), cmp.Compare(l.Zone, out.Fullest.Zone)) < 0 || out.Fullest.Zone == "" {
		out.Fullest = l
	}
	if l.Near() {
		out.Loads = append(out.Loads, l)
	}
}

type judge struct {
	input      Input
	limit      int
	joined     map[string][]*topology.Conduit
	podsIn     map[string]int
	neighbours map[string][]topology.Neighbour
	nested     map[string]int
}

// conduitsByZone leaves out suspended conduits, which have no policy.
func conduitsByZone(m *topology.Model) map[string][]*topology.Conduit {
	out := map[string][]*topology.Conduit{}
	for _, c := range m.Conduits {
		if c.Suspended {
			continue
		}
		for _, zone := range zonesOf(c) {
			out[zone] = append(out[zone], c)
		}
	}
	return out
}

// zonesOf are the zones that a conduit joins, each once, sorted.
func zonesOf(c *topology.Conduit) []string {
	zones := []string{c.Initiator.Zone.Name}
	for _, r := range c.Responders {
		zones = append(zones, r.Zone.Name)
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}

// ceiling is a quick answer that is never too low: every pod counts as an identity of
// its own, and every conduit of the zone for all its pods.
func (j *judge) ceiling(z *topology.Zone) int {
	total := j.floor(z, j.podsOf)
	for _, c := range j.joined[z.Name] {
		total += conduitEntries(c, func(e topology.End) bool { return e.Zone.Name == z.Name }, j.podsOf, j.nested)
	}
	return total + j.datapath(z, j.podsOf) + j.adminTier(z, j.podsOf)
}

// podsOf is a count that is never too low.
func (j *judge) podsOf(workloads []topology.Workloads, zone *topology.Zone) int {
	if zone != nil {
		return zone.PodCount
	}
	n := 0
	for _, w := range workloads {
		if everywhere(w) {
			return len(j.input.Pods)
		}
		for _, namespace := range w.Matching {
			n += j.podsIn[namespace]
		}
	}
	return n
}

// settle answers exactly for zones whose quick answer comes near the limit, and
// chooses what is carried out where not everything fits.
func (j *judge) settle(zones []*topology.Zone, out *Judgement) {
	if len(zones) == 0 {
		return
	}
	census := newCensus(j.input.Pods, j.nested)
	in := map[string]*zoneMaps{}
	for _, z := range zones {
		in[z.Name] = newZoneMaps(census, z, j.floor(z, census.count))
	}
	wanted := j.wanted(in)
	for _, c := range wanted {
		if standing := j.input.Standing(c.Name); standing != nil {
			put(in, entriesOf(standing, in, census))
		}
	}
	for _, c := range wanted {
		if standing := j.input.Standing(c.Name); standing != c {
			j.admit(c, standing, in, census, out)
		}
	}
	for _, z := range zones {
		m := in[z.Name]
		load := Load{Zone: z.Name, Entries: m.fullest(), Limit: j.limit}
		for _, layer := range []struct {
			name    v1alpha1.GuardLayer
			entries int
		}{
			{v1alpha1.GuardDatapath, j.datapath(z, census.count)},
			{v1alpha1.GuardAdminTier, j.adminTier(z, census.count)},
		} {
			if layer.entries > 0 && load.Entries+layer.entries > j.limit {
				out.Unguarded = append(out.Unguarded, Unguarded{z.Name, layer.name})
				continue
			}
			load.Entries += layer.entries
		}
		out.note(load)
	}
}

// wanted are the conduits of crowded zones.
func (j *judge) wanted(in map[string]*zoneMaps) []*topology.Conduit {
	var out []*topology.Conduit
	for _, c := range j.input.Model.Conduits {
		crowded := slices.ContainsFunc(zonesOf(c), func(zone string) bool { return in[zone] != nil })
		if crowded && !c.Suspended {
			out = append(out, c)
		}
	}
	return out
}

// admit puts a conduit into the maps in the place of what stands for it, or refuses it.
// What makes no map fuller than it is fits, however full it is.
func (j *judge) admit(c, standing *topology.Conduit, in map[string]*zoneMaps, census *census, out *Judgement) {
	change := entriesOf(c, in, census)
	if standing != nil {
		change.less(entriesOf(standing, in, census))
	}
	for _, zone := range slices.Sorted(maps.Keys(change)) {
		if full := in[zone].with(change[zone]); full > j.limit {
			out.Refused[c.Name] = Refusal{Zone: zone, Entries: full, Limit: j.limit}
			return
		}
	}
	put(in, change)
}
