// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
)

// kinds of policy objects: agents watch each on a stream of its own.
var kinds = []string{policy.KindCIDRGroup, policy.KindClusterwidePolicy, policy.KindNetworkPolicy}

// state is what an agent may have seen.
type state struct {
	// seen are how many writes of each kind.
	seen    [3]int
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
	base, seen := maps.Clone(s.start), [3]int{}
	var out []state
	stretch := make([][]event, len(kinds))
	flush := func() {
		for g := range len(stretch[0]) + 1 {
			for c := range len(stretch[1]) + 1 {
				for n := range len(stretch[2]) + 1 {
					out = append(out, stateOf(base, [3]int{seen[0] + g, seen[1] + c, seen[2] + n},
						stretch[0][:g], stretch[1][:c], stretch[2][:n]))
				}
			}
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
		k := slices.Index(kinds, e.key.Kind)
		stretch[k] = append(stretch[k], e)
	}
	flush()
	return out
}

func (e event) happen(objects map[apply.Key]stood) {
	if e.object.Unstructured == nil {
		delete(objects, e.key)
		return
	}
	objects[e.key] = e.object
}

func stateOf(base map[apply.Key]stood, seen [3]int, streams ...[]event) state {
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
// sender and into the receiver.
type flows struct{ out, in []bool }

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
	for _, n := range everyFlow() {
		out, in := e.Directions(n.from, n.to, "TCP", n.port)
		f.out, f.in = append(f.out, out), append(f.in, in)
	}
	return f
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
		lag := old.out[n] && wanted.in[n] || wanted.out[n] && old.in[n]
		for i := range all {
			for k := range all {
				passes := all[i].out[n] && all[k].in[n]
				cut := before && after && !passes
				open := passes && !before && !after
				if !cut && !open {
					continue
				}
				near := (i == k || states[i].apart(states[k]) <= 1 && !swapsAtOnce) && !m.isolatedByOthers(f) && !excused(n)
				if cut || near || !lag {
					t.Fatalf("%s to %s at %d: passes %t, before %t, after %t; its sender after %s writes and its receiver after %s of\n%s",
						f.from, f.to, f.port, passes, before, after, states[i], states[k], strings.Join(s.log, "\n"))
				}
			}
		}
	}
}
