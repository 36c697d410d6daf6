// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/change"
	"github.com/zonewarden/zonewarden/internal/reach"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/declared"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// TestPlanAndMatrixAreWhatPasses: of a change drawn by chance a plan says before what the
// matrix says after, for every pair of pods and devices; the lists of the plan hold each
// pair that differs, once; and Cilium's own engine passes, by the objects of either side,
// what the matrix of that side lists and nothing else.
func TestPlanAndMatrixAreWhatPasses(t *testing.T) {
	t.Parallel()
	var changes, pairs, differ, verdicts int
	start := time.Now()
	rapid.Check(t, func(t *rapid.T) {
		c := plant.DrawChange(t)
		before := change.Side{Snapshot: c.Before.Snapshot, Model: topology.Resolve(c.Before.Snapshot)}
		after := change.Side{Snapshot: c.After.Snapshot, Model: topology.Resolve(c.After.Snapshot)}
		planned := change.Compare(before, after)
		matrix := reach.Look(after.Model, reach.NewAtlas(after.Snapshot.Pods, after.Model))
		n, d := agree(t, c, planned, matrix)
		changes, pairs, differ = changes+1, pairs+n, differ+d
		verdicts += passes(t, c.Before, before.Model, planned.Before)
		verdicts += passes(t, c.After, after.Model, planned.After)
	})
	fmt.Printf("plans: %d changes, %d pairs of members of which %d differ, %d flows judged by Cilium's engine, in %.1f s\n",
		changes, pairs, differ, verdicts, time.Since(start).Seconds())
	if changes >= 200 && (differ < 1000 || verdicts < 100_000) {
		t.Error("too little was asked")
	}
}

// agree compares a plan with the matrix after, for every pod and address, and with what
// its own lists say.
func agree(t *rapid.T, c plant.Change, planned *change.Change, matrix *reach.View) (pairs, differ int) {
	t.Helper()
	type member struct{ planned, matrix int }
	var members []member
	for _, pod := range c.After.Pods {
		if !pod.HostNetwork {
			members = append(members, member{planned.After.Pod(pod), matrix.Pod(pod)})
		}
	}
	for _, a := range slices.Concat(c.Before.Addresses(), c.After.Addresses()) {
		members = append(members, member{planned.After.Address(a), matrix.Address(a)})
	}
	listed := listedPairs(planned)
	for _, from := range members {
		for _, to := range members {
			p, m := reach.Pair{From: from.planned, To: to.planned}, reach.Pair{From: from.matrix, To: to.matrix}
			if p.From == p.To || m.From == m.To {
				continue // of one place it depends on how many are there
			}
			was, is := planned.Before.Passes(p), planned.After.Passes(p)
			name := planned.After.Places[p.From].Name() + " to " + planned.After.Places[p.To].Name()
			if got := matrix.Passes(m); !got.Equal(is) {
				t.Fatalf("%s: planned %s, then %s", name, is, got)
			}
			pairs++
			if was.Equal(is) {
				continue
			}
			differ++
			if !listed(p) {
				t.Fatalf("%s: from %s to %s, and the plan does not list it:\n%+v", name, was, is, planned)
			}
		}
	}
	return pairs, differ
}

// listedPairs says whether a pair is in one of the lists of a plan.
func listedPairs(c *change.Change) func(reach.Pair) bool {
	denied := map[string]bool{}
	for _, d := range slices.Concat(c.Denied, c.Released) {
		for _, pod := range d.Pods {
			denied[pod] = true
		}
	}
	return func(p reach.Pair) bool {
		from, to := c.After.Places[p.From].Members[0], c.After.Places[p.To].Members[0]
		if c.Before.Undenied(p) != c.After.Undenied(p) {
			return denied[from] || denied[to]
		}
		return slices.ContainsFunc(slices.Concat(c.Opens, c.Closes), func(f change.Flow) bool {
			return slices.Contains(f.From.Members, from) && slices.Contains(f.To.Members, to)
		})
	}
}

// passes asks Cilium's engine about the flows of one side.
func passes(t *rapid.T, p plant.Plant, m *topology.Model, view *reach.View) int {
	t.Helper()
	b := backends[0]
	set := b.compile(m)
	judge, err := declared.New(p, m, set, b.onCilium)
	if err != nil {
		t.Fatal(err)
	}
	engine, closeEngine, err := newEngine(ciliumOnCilium, p)
	if err != nil {
		t.Fatal(err)
	}
	defer closeEngine()
	for _, o := range set.Objects {
		if err := engine.Apply(o.JSON()); err != nil {
			t.Fatal(err)
		}
	}
	world, n := p.World(), 0
	for _, f := range drawQuestions(t, p).flows() {
		from, to := placeOf(p, world, view, f.From), placeOf(p, world, view, f.To)
		if from < 0 || to < 0 || from == to || doubtful(t, judge, f) {
			continue
		}
		out, in, err := oracle.Directions(engine, f)
		if err != nil {
			t.Fatal(err)
		}
		n++
		if want := view.Passes(reach.Pair{From: from, To: to}); want.Has(f.Transport, f.Port) != (out && in) {
			t.Fatalf("%s: the matrix has %s, and Cilium passes it: %t", f, want, out && in)
		}
	}
	return n
}

// placeOf is the place of an end, -1 for the node and what Cilium knows by a name of its
// own: nobody declares it.
func placeOf(p plant.Plant, world oracle.World, view *reach.View, e oracle.Endpoint) int {
	if strings.Contains(string(e), "/") {
		i := slices.IndexFunc(p.Pods, func(pod topology.Pod) bool { return string(e) == pod.Namespace+"/"+pod.Name })
		if i < 0 {
			return -1
		}
		return view.Pod(p.Pods[i])
	}
	a, err := netip.ParseAddr(string(e))
	if err != nil || len(world.Entities[a]) > 0 || p.Site != nil && slices.Contains(p.Site.Spec.Platform.DNS.Addresses, string(e)) {
		return -1
	}
	return view.Address(a)
}

// doubtful says that the backend said of a declaration that it does not carry it out.
func doubtful(t *rapid.T, j *declared.Judge, f oracle.Flow) bool {
	t.Helper()
	out, err1 := j.Egress(f)
	in, err2 := j.Ingress(f)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return out.Must != out.May || in.Must != in.May
}
