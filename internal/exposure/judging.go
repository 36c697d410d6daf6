// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// How much is done at most, in rules held against a packet: some ten million a second.
const (
	// mostLooks for one object at one zone, and mostLooksAll for all together.
	mostLooks    = 400_000
	mostLooksAll = 8_000_000
)

// judging is one judgement of all policies of others.
type judging struct {
	sample  *sample
	objects []*foreignObject
	// ours alone, and all policies that are understood.
	ours, all *verdict.Rules
	out       *Report
	looks     int
}

// judge works out what the objects do.
func (w *Watcher) judge(site *surroundings, objects []*foreignObject, out *Report) {
	j := &judging{sample: site.sample(), out: out}
	for _, o := range objects {
		if o.admin != nil {
			j.admin(o)
			continue
		}
		j.objects = append(j.objects, o)
	}
	floors := w.readOurs(site.Objects, func(source topology.ObjectRef) bool { return source.Kind == topology.KindZone })
	reach := j.reach(j.rules(floors))
	if len(reach.allows) == 0 && len(reach.refuses) == 0 {
		return
	}
	// A conduit that joins no zone with a pod in question speaks of none of its flows.
	concerned := reach.conduits(site.Model)
	ours := w.readOurs(site.Objects, func(source topology.ObjectRef) bool {
		return source.Kind == topology.KindZone || concerned[source.Name]
	})
	w.forgetOurs(site.Objects)
	j.ours = j.rules(ours)
	for _, o := range j.objects {
		ours = append(ours, o.Object)
	}
	j.all = j.rules(ours)
	j.openings(reach)
	j.cuts(site.Model, reach)
}

func (j *judging) rules(objects []*verdict.Object) *verdict.Rules {
	c := j.sample.cluster
	c.Read = objects
	return verdict.New(c)
}

// reach says where the policies of others could do something, by classes of enforced
// zones for what they allow and by classes of any zone for what they refuse.
type reach struct {
	sample *sample
	// allows are the classes at which an object may allow something, by object.
	allows map[*foreignObject][]int
	// refuses are the classes at which one may refuse something.
	refuses map[int]bool
}

func (j *judging) reach(floors *verdict.Rules) *reach {
	out := &reach{sample: j.sample, allows: map[*foreignObject][]int{}, refuses: map[int]bool{}}
	for _, o := range j.objects {
		for _, i := range j.sample.selecting(o.Namespace()) {
			c := &j.sample.classes[i]
			if c.zone == nil {
				continue
			}
			if c.zone.Enforce && o.Allows(floors, c.addresses[0]) {
				out.allows[o] = append(out.allows[o], i)
			}
			if o.Refuses(floors, c.addresses[0]) {
				out.refuses[i] = true
			}
		}
	}
	return out
}

// conduits are the names of those that join a zone in question.
func (r *reach) conduits(m *topology.Model) map[string]bool {
	zones := map[*topology.Zone]bool{}
	for _, classes := range r.allows {
		for _, i := range classes {
			zones[r.sample.classes[i].zone] = true
		}
	}
	for i := range r.refuses {
		zones[r.sample.classes[i].zone] = true
	}
	out := map[string]bool{}
	for _, c := range m.Conduits {
		out[c.Name] = zones[c.Initiator.Zone] ||
			slices.ContainsFunc(c.Responders, func(e topology.End) bool { return zones[e.Zone] })
	}
	return out
}

// openings looks at every zone that an object allows something in.
func (j *judging) openings(r *reach) {
	var zones []*topology.Zone
	work := map[*topology.Zone]map[*foreignObject][]int{}
	for _, o := range j.objects {
		for _, i := range r.allows[o] {
			z := j.sample.classes[i].zone
			if work[z] == nil {
				work[z] = map[*foreignObject][]int{}
				zones = append(zones, z)
			}
			work[z][o] = append(work[z][o], i)
		}
	}
	ends := j.sample.ends(j.all)
	for _, z := range zones {
		from := ends.from(z)
		for _, o := range j.objects {
			if classes := work[z][o]; len(classes) > 0 {
				j.opening(o, z, classes, from)
			}
		}
	}
}

// opening looks for a flow that the object opens in a zone, and reports the first.
func (j *judging) opening(o *foreignObject, z *topology.Zone, classes []int, ends verdict.Ends) {
	s := search{judging: j, most: min(mostLooks, mostLooksAll-j.looks)}
	whole := true
	for _, i := range classes {
		for _, a := range j.sample.classes[i].addresses {
			if !s.over() {
				whole = o.Candidates(j.all, a, ends, s.try) && whole
			}
		}
	}
	j.looks += s.spent
	switch {
	case s.opened != nil:
		j.out.add(z, v1alpha1.ReasonForeignPolicy, fmt.Sprintf("%s lets %s pass", o.Name(), j.describe(*s.opened)))
	case s.doubtful != nil:
		j.out.add(z, v1alpha1.ReasonNotUnderstood, fmt.Sprintf("%s may let %s pass", o.Name(), j.describe(*s.doubtful)))
	case s.over() || !whole:
		j.out.add(z, v1alpha1.ReasonNotLookedAt, o.Name())
	}
}

// search looks for a flow that one object opens.
type search struct {
	*judging
	spent, most      int
	opened, doubtful *verdict.Flow
}

// over says that there is nothing more to look for, or that the search has to end.
func (s *search) over() bool { return s.opened != nil || s.spent > s.most }

// try judges a candidate, and returns false when the search is over.
func (s *search) try(c verdict.Candidate) bool {
	before := s.ours.Opinion(c.Flow)
	s.spent += 1 + before.Looks
	if before.Answer != verdict.Refused {
		return !s.over()
	}
	after := s.all.Opinion(c.Flow)
	s.spent += after.Looks
	switch {
	// A deny that may or may not apply is no reason to take a zone for closed.
	case after.UnlessDenied == verdict.Admitted && c.Sure:
		s.opened = &c.Flow
	// Somebody else's doubt is found with that object.
	case after.UnlessDenied != verdict.Refused && !c.Sure && s.doubtful == nil:
		s.doubtful = &c.Flow
	}
	return !s.over()
}

// describe writes a flow with the names of its pods.
func (j *judging) describe(f verdict.Flow) string {
	return fmt.Sprintf("%s -> %s %d/%s", j.name(f, true), j.name(f, false), f.Port, f.Transport)
}

func (j *judging) name(f verdict.Flow, source bool) string {
	a := f.Destination
	if source {
		a = f.Source
	}
	if p, ok := j.all.PodAt(a); ok {
		return p.Namespace + "/" + p.Name
	}
	return a.String()
}
