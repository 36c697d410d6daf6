// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	mathbits "math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// changing is a backend before, one after, and the engine that judges all between.
type changing struct {
	name          string
	before, after judged
	engine        string
	// theirs says that policies of somebody else may stand beside.
	theirs bool
}

var (
	toCilium, toOther = backends[0], backends[1]

	changings = []changing{
		{"Cilium", toCilium, toCilium, ciliumOnCilium, true},
		{"NetworkPolicy by Cilium's engine", toOther, toOther, ciliumOnOther, false},
		{"NetworkPolicy by cyclonus", toOther, toOther, cyclonusOn, false},
		{"Cilium to NetworkPolicy", toCilium, toOther, ciliumOnBoth, false},
		{"NetworkPolicy to Cilium", toOther, toCilium, ciliumOnBoth, false},
	}
	// half of them are on Cilium.
	often = append(slices.Repeat(changings[:1], len(changings)-2), changings...)
)

// TestChangesNeitherLeakNorCut is promise P3: while a change set drawn by chance is
// carried out, nothing passes that passes neither before nor after, and everything does
// that passes before and after, in every state that an agent may see between two
// writes. What passes before and after is the engine's to say as well.
func TestChangesNeitherLeakNorCut(t *testing.T) {
	t.Parallel()
	count, start := map[string]*changeTally{}, time.Now()
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.SampledFrom(often).Draw(t, "backends")
		if count[w.name] == nil {
			count[w.name] = &changeTally{}
		}
		r := carried(t, w, plant.DrawChange(t))
		if problem := cmp.Or(r.problem(), r.blocked()); problem != "" {
			t.Fatal(problem)
		}
		count[w.name].add(r)
	})
	fmt.Printf("changes in %.1f s, none leaks or cuts:\n", time.Since(start).Seconds())
	for _, name := range slices.Sorted(maps.Keys(count)) {
		fmt.Printf("  %s: %s\n", name, count[name])
	}
}

// run is a change that was carried out, with what an engine says in each state.
type run struct {
	change plant.Change
	events []event
	states []state
	// flows that were asked about, and what passes in each state.
	flows   []oracle.Flow
	passing []passing
	// never are what must pass in every state, at each end.
	never passing
	// atOnce says that one floor may let some go and take others on in one write.
	atOnce   bool
	verdicts int
}

func carried(t *rapid.T, w changing, change plant.Change) *run {
	var theirs [][]byte
	if w.theirs && rapid.IntRange(0, 2).Draw(t, "somebody allows everything") == 0 {
		theirs = openedBy(change.Before, rapid.SampledFrom(openers).Draw(t, "opener"))
	}
	world := change.Before.World()
	c := newCluster(world.Namespaces, w.before.compile(topology.Resolve(change.Before.Snapshot)).Objects, theirs)
	m := topology.Resolve(change.After.Snapshot)
	in := apply.Input{Desired: w.after.compile(m).Objects, Declared: declarations(m), ConduitCRD: apply.CRDState{Serving: true}, Known: map[apply.Key]string{}}
	p, err := c.carry(in, conduitsByZone(m), rapid.Bool().Draw(t, "known"))
	if err != nil {
		t.Fatal(err)
	}
	r := &run{change: change, events: c.events, states: c.states(), flows: drawChangeQuestions(t, change).flows(), atOnce: swaps(p)}
	if w.engine == ciliumOnCilium && theirs == nil {
		r.flows = append(r.flows, healthFlows(change.Before)...)
	}
	if r.never, err = neverBlocked(w, change, r.flows); err != nil {
		t.Fatal(err)
	}
	if err := r.judge(w); err != nil {
		t.Fatal(err)
	}
	return r
}

// declarations are what the operator tells a plan of what is declared.
func declarations(m *topology.Model) map[topology.ObjectRef]apply.Declaration {
	out := map[topology.ObjectRef]apply.Declaration{}
	for ref, v := range m.Verdicts {
		if ref.Kind == topology.KindZone || ref.Kind == topology.KindConduit {
			out[ref] = apply.Declaration{UID: v.UID, InForce: v.InForce}
		}
	}
	for _, c := range m.Conduits {
		ref := topology.ObjectRef{Kind: topology.KindConduit, Name: c.Name}
		d := out[ref]
		d.Suspended = c.Suspended
		out[ref] = d
	}
	return out
}

func conduitsByZone(m *topology.Model) func(string) []topology.ObjectRef {
	out := map[string][]topology.ObjectRef{}
	for _, c := range m.Conduits {
		ref := topology.ObjectRef{Kind: topology.KindConduit, Name: c.Name}
		out[c.Initiator.Zone.Name] = append(out[c.Initiator.Zone.Name], ref)
		for _, r := range c.Responders {
			out[r.Zone.Name] = append(out[r.Zone.Name], ref)
		}
	}
	return func(zone string) []topology.ObjectRef { return out[zone] }
}

// swaps says that the plan is one floor of Cilium's, which may let some go and take
// others on in one write.
func swaps(p *apply.Plan) bool {
	changed := 0
	for _, w := range slices.Concat(p.Groups, p.Guards, p.Conduits, p.Floors) {
		if w.Observed != nil {
			changed++
		}
	}
	return changed == 1 && slices.ContainsFunc(p.Floors, func(w apply.Write) bool {
		return w.Observed != nil && w.Object.GVK.Kind == oracle.KindClusterwidePolicy
	})
}

// drawChangeQuestions are the node, all pods, some addresses and some ports of both.
func drawChangeQuestions(t *rapid.T, c plant.Change) questions {
	var q questions
	var addresses []oracle.Endpoint
	for _, e := range c.Endpoints() {
		if isPod(e) || e == oracle.Host {
			q.ends = append(q.ends, e)
		} else {
			addresses = append(addresses, e)
		}
	}
	q.ends = append(q.ends, some(t, "addresses", addresses, 5)...)
	open, edges := c.Ports()
	q.ports = append(some(t, "open ports", open, 3), some(t, "ports", edges, 1)...)
	return q
}

// passing says of each flow by its number whether it leaves its source and enters its
// destination.
type passing struct{ out, in, judged bits }

type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) set(i int) { b[i/64] |= 1 << (i % 64) }

func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

func (b bits) or(other bits) bits { return b.each(other, func(x, y uint64) uint64 { return x | y }) }

func (b bits) and(other bits) bits { return b.each(other, func(x, y uint64) uint64 { return x & y }) }

func (b bits) minus(other bits) bits {
	return b.each(other, func(x, y uint64) uint64 { return x &^ y })
}

func (b bits) each(other bits, f func(x, y uint64) uint64) bits {
	out := make(bits, len(b))
	for i := range b {
		out[i] = f(b[i], other[i])
	}
	return out
}

func (b bits) count() int {
	n := 0
	for _, word := range b {
		n += mathbits.OnesCount64(word)
	}
	return n
}

// first is the number of the first that is set, -1 for none.
func (b bits) first() int {
	for i := range len(b) * 64 {
		if b.has(i) {
			return i
		}
	}
	return -1
}

// changer is an engine that objects come and go in.
type changer interface {
	loader
	Delete(oracle.Key) error
}

// judge takes one engine through all states.
func (r *run) judge(w changing) error {
	e, closeEngine, err := newEngine(w.engine, r.change.Before)
	if err != nil {
		return err
	}
	defer closeEngine()
	ask, err := abstaining(w.engine, e, r.everything())
	if err != nil {
		return err
	}
	engine, has := e.(changer), standing{}
	for _, s := range r.states {
		if err := move(engine, has, s.objects); err != nil {
			return err
		}
		p, err := r.ask(ask)
		if err != nil {
			return err
		}
		r.passing = append(r.passing, p)
	}
	return nil
}

// everything is all that stands at any time.
func (r *run) everything() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, s := range r.states {
			for _, o := range s.objects {
				if !yield([]byte(o)) {
					return
				}
			}
		}
	}
}

// move makes an engine that has some objects have others.
func move(engine changer, has, wanted standing) error {
	for k := range maps.Clone(has) {
		if _, stays := wanted[k]; !stays {
			if err := engine.Delete(k); err != nil {
				return err
			}
			delete(has, k)
		}
	}
	for k, o := range wanted {
		if has[k] != o {
			if err := engine.Apply([]byte(o)); err != nil {
				return fmt.Errorf("the engine refuses %s: %w", o, err)
			}
			has[k] = o
		}
	}
	return nil
}

func (r *run) ask(engine oracle.Engine) (passing, error) {
	p := passing{newBits(len(r.flows)), newBits(len(r.flows)), newBits(len(r.flows))}
	for i, f := range r.flows {
		out, in, err := oracle.Directions(engine, f)
		switch {
		case errors.Is(err, oracle.ErrNotJudged):
			continue
		case err != nil:
			return p, err
		}
		p.judged.set(i)
		r.verdicts++
		if out {
			p.out.set(i)
		}
		if in {
			p.in.set(i)
		}
	}
	return p, nil
}

// problem looks at every state, and at every mixture of two at the two ends of a flow:
// nodes lag. An end that has not seen the first write and one that has seen the last may
// pass between them what no order of writes can help; next to each other, states have
// no such excuse.
func (r *run) problem() string {
	old, wanted := r.passing[0], r.passing[len(r.passing)-1]
	before, after := old.out.and(old.in), wanted.out.and(wanted.in)
	lag := old.out.and(wanted.in).or(wanted.out.and(old.in))
	judged := old.judged
	for _, p := range r.passing {
		judged = judged.and(p.judged)
	}
	both, either := before.and(after).and(judged), before.or(after)
	for i, sender := range r.passing {
		for k, receiver := range r.passing {
			passes := sender.out.and(receiver.in)
			leaks := passes.minus(either).and(judged)
			if !(i == k || r.states[i].apart(r.states[k]) <= 1 && !r.atOnce) {
				leaks = leaks.minus(lag)
			}
			if n := both.minus(passes).first(); n >= 0 {
				return r.describe("is cut", n, i, k)
			}
			if n := leaks.first(); n >= 0 {
				return r.describe("leaks", n, i, k)
			}
		}
	}
	return ""
}

func (r *run) describe(what string, n, i, k int) string {
	var log strings.Builder
	for _, e := range r.events {
		fmt.Fprintln(&log, e)
	}
	return fmt.Sprintf("%s %s; its sender after %v writes and its receiver after %v of\n%s%s",
		r.flows[n], what, r.states[i].seen, r.states[k].seen, &log, r.change)
}

// changeTally counts what was looked at.
type changeTally struct {
	changes, empty, writes, states, verdicts, most int
	opens, closes, stays, never                    int
}

func (c *changeTally) add(r *run) {
	c.changes++
	if len(r.events) == 0 {
		c.empty++
	}
	for _, e := range r.events {
		if !e.settled {
			c.writes++
		}
	}
	c.states += len(r.states)
	c.most = max(c.most, len(r.states))
	c.verdicts += r.verdicts
	c.never += (r.never.out.count() + r.never.in.count()) * len(r.states)
	old, wanted := r.passing[0], r.passing[len(r.passing)-1]
	for i := range r.flows {
		before, after := old.out.has(i) && old.in.has(i), wanted.out.has(i) && wanted.in.has(i)
		switch {
		case before && after:
			c.stays++
		case before:
			c.closes++
		case after:
			c.opens++
		}
	}
}

func (c *changeTally) String() string {
	return fmt.Sprintf("%d changes (%d of nothing), %d writes, %d states (at most %d), %d verdicts; flows that open %d, close %d, stay %d; must never be blocked %d",
		c.changes, c.empty, c.writes, c.states, c.most, c.verdicts, c.opens, c.closes, c.stays, c.never)
}
