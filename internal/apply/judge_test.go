// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
)

// kinds of policy objects: agents watch each on a stream of its own.
var kinds = [...]string{policy.KindCIDRGroup, policy.KindClusterwidePolicy, policy.KindNetworkPolicy, policy.KindAdminTierPolicy}

// counts are numbers of writes, by kind.
type counts [len(kinds)]int

// state is what an agent may have seen.
type state struct {
	// seen are how many writes of each kind.
	seen    counts
	content string
	objects []policy.Manifest
}

func (s state) String() string { return fmt.Sprint(s.seen) }

// apart is how many writes one agent is behind another.
func (s state) apart(other state) int {
	n := 0
	for i := range s.seen {
		n += max(s.seen[i]-other.seen[i], other.seen[i]-s.seen[i])
	}
	return n
}

// states are all that agents may have seen: any number of the writes of one kind
// together with any number of the writes of another, but no more than what was
// written until they had settled and no less than what was written before.
func (s *store) states() []state {
	base, seen := maps.Clone(s.start), counts{}
	var out []state
	var stretch [len(kinds)][]event
	flush := func() {
		for _, taken := range prefixes(stretch) {
			now := seen
			for k, events := range taken {
				now[k] += len(events)
			}
			out = append(out, stateOf(base, now, taken[:]...))
		}
		for k, events := range stretch {
			for _, e := range events {
				e.happen(base)
			}
			seen[k] += len(events)
			stretch[k] = nil
		}
	}
	for _, e := range s.events {
		if e.settled {
			flush()
			continue
		}
		k := slices.Index(kinds[:], e.key.Kind)
		stretch[k] = append(stretch[k], e)
	}
	flush()
	return out
}

// prefixes are the combinations of the first so many events of each kind.
func prefixes(streams [len(kinds)][]event) [][len(kinds)][]event {
	out := [][len(kinds)][]event{{}}
	for k, events := range streams {
		var longer [][len(kinds)][]event
		for _, taken := range out {
			for n := range len(events) + 1 {
				taken[k] = events[:n]
				longer = append(longer, taken)
			}
		}
		out = longer
	}
	return out
}

func (e event) happen(objects map[apply.Key]stood) {
	if e.object.Unstructured == nil {
		delete(objects, e.key)
		return
	}
	objects[e.key] = e.object
}

func stateOf(base map[apply.Key]stood, seen counts, streams ...[]event) state {
	objects := maps.Clone(base)
	for _, stream := range streams {
		for _, e := range stream {
			e.happen(objects)
		}
	}
	now := state{seen: seen}
	var content []string
	for _, o := range objects {
		content = append(content, o.content)
		now.objects = append(now.objects, o.Unstructured)
	}
	slices.Sort(content)
	now.content = strings.Join(content, "")
	return now
}

// flows is who may send to whom at which port, in a fixed order: out of the
// sender and into the receiver. Which of two objects of the Admin tier is judged first
// nobody knows; surely passes what passes either way.
type flows struct {
	out, in []bool
	surely  struct{ out, in []bool }
}

// judge judges states, each content once.
type judge map[string]flows

func (j judge) of(s state) flows {
	if _, known := j[s.content]; !known {
		j[s.content] = judged(s.objects)
	}
	return j[s.content]
}

func judged(objects []policy.Manifest) flows {
	world, _ := siteWorld()
	e := policytest.New(world, objects)
	var f flows
	e.Ties = policytest.Pass
	f.out, f.in = directionsOf(e)
	f.surely.out, f.surely.in = f.out, f.in
	if slices.ContainsFunc(objects, isAdminTier) {
		e.Ties = policytest.Deny
		f.surely.out, f.surely.in = directionsOf(e)
	}
	return f
}

func directionsOf(e *policytest.Evaluator) (out, in []bool) {
	for _, n := range everyFlow() {
		o, i := e.Directions(n.from, n.to, "TCP", n.port)
		out, in = append(out, o), append(in, i)
	}
	return out, in
}

func isAdminTier(m policy.Manifest) bool {
	u, ok := m.(*unstructured.Unstructured)
	return ok && u.GetKind() == policy.KindAdminTierPolicy
}

type flow struct {
	from, to policytest.Endpoint
	port     uint16
}

func everyFlow() []flow {
	_, ends := siteWorld()
	var out []flow
	for _, from := range ends {
		for _, to := range ends {
			for _, port := range sitePorts {
				if from != to {
					out = append(out, flow{from, to, port})
				}
			}
		}
	}
	return out
}

// requireHitless checks every state that agents may see between old and new, the first
// and the last, and every mixture of two at the two ends of a flow: nodes lag.
// What passes in both passes all the time, and nothing passes that does in
// neither, except where policies of others isolate an end that our own do not: then a
// conduit has no rule at that end. Nodes may lag arbitrarily; then an end that has not seen the first
// write and one that has seen the last pass between them what no order of writes
// can help. Next to each other, states have no such excuse.
func requireHitless(t *rapid.T, j judge, s *store, m mode, swapsAtOnce bool) {
	t.Helper()
	requireHitlessBut(t, j, s, m, swapsAtOnce, func(int) bool { return false })
}

// requireHitlessBut leaves out that a flow, by its number, is open which one end had
// let pass before and the other one does after.
func requireHitlessBut(t *rapid.T, j judge, s *store, m mode, swapsAtOnce bool, excused func(n int) bool) {
	t.Helper()
	states := s.states()
	all := make([]flows, 0, len(states))
	for _, now := range states {
		all = append(all, j.of(now))
	}
	old, wanted := all[0], all[len(all)-1]
	for n, f := range everyFlow() {
		if m.isAbsent(f.from) || m.isAbsent(f.to) {
			continue
		}
		before, after := old.out[n] && old.in[n], wanted.out[n] && wanted.in[n]
		stays := old.surely.out[n] && old.surely.in[n] && wanted.surely.out[n] && wanted.surely.in[n]
		lag := old.out[n] && wanted.in[n] || wanted.out[n] && old.in[n]
		for i := range all {
			for k := range all {
				passes := all[i].out[n] && all[k].in[n]
				cut := stays && !(all[i].surely.out[n] && all[k].surely.in[n])
				open := passes && !before && !after
				if !cut && !open {
					continue
				}
				near := (i == k || states[i].apart(states[k]) <= 1 && !swapsAtOnce) && !m.isolatedByOthers(f) && !excused(n)
				if cut || near || !lag {
					t.Fatalf("%s to %s at %d: may pass %t, before %t, after %t; its sender after %s writes and its receiver after %s of\n%s",
						f.from, f.to, f.port, passes, before, after, states[i], states[k], strings.Join(s.log, "\n"))
				}
			}
		}
	}
}
