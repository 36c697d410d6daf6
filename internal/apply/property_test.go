// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// drawInput draws what is desired, what stands and what is declared, each without
// a look at the others, from pools so small that they meet.
func drawInput(t *rapid.T) apply.Input {
	in := apply.Input{
		Declared: map[topology.ObjectRef]apply.Declaration{},
		Known:    map[apply.Key]string{},
		Made:     map[types.UID]time.Time{},
		ConduitCRD: apply.CRDState{
			Serving: rapid.IntRange(0, 3).Draw(t, "serving") > 0,
			Created: start.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "definition made")) * time.Hour),
		},
	}
	for _, u := range []types.UID{uid, "uid-2"} {
		if rapid.Bool().Draw(t, "seen") {
			in.Made[u] = start.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "conduit made")) * time.Hour)
		}
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "zones") {
		drawDeclaration(t, &in, zoneRef(fmt.Sprint(i)))
		drawObject(t, &in, func(u string, variant int) *policy.Object { return drawFloor(t, fmt.Sprint(i), u, variant) })
		drawObject(t, &in, func(_ string, variant int) *policy.Object { return group(fmt.Sprint(i), variant) })
	}
	for i := range rapid.SampledFrom([]int{0, 1, 2, 3, 5, 16}).Draw(t, "conduits") {
		drawDeclaration(t, &in, conduitRef(fmt.Sprint(i)))
		drawObject(t, &in, func(u string, variant int) *policy.Object { return allowOf(fmt.Sprint(i), u, variant) })
	}
	switch digest := apply.NewPlan(in).HeldDigest; rapid.IntRange(0, 3).Draw(t, "confirmed") {
	case 0:
		in.Confirmed = digest
	case 1:
		in.Confirmed = "stale"
	}
	return in
}

func drawDeclaration(t *rapid.T, in *apply.Input, ref topology.ObjectRef) {
	if rapid.IntRange(0, 3).Draw(t, "declared") > 1 {
		in.Declared[ref] = apply.Declaration{
			UID:     types.UID(rapid.SampledFrom([]string{uid, uid, "uid-2"}).Draw(t, "uid")),
			InForce: rapid.IntRange(0, 2).Draw(t, "in force") > 0,
		}
	}
}

func drawFloor(t *rapid.T, zone, uid string, variant int) *policy.Object {
	m := networkPolicy("zone-"+zone, variant)
	if rapid.Bool().Draw(t, "released") {
		m.Annotations = map[string]string{v1alpha1.AnnotationRelease: rapid.SampledFrom([]string{uid, "uid-3"}).Draw(t, "by")}
	}
	return policy.NewObject(m, policy.PartFloor, zoneRef(zone), uid, nil)
}

// drawObject has one object desired, standing, known, or some of these.
func drawObject(t *rapid.T, in *apply.Input, make func(uid string, variant int) *policy.Object) {
	draw := func(label string) *policy.Object {
		return make(rapid.SampledFrom([]string{uid, uid, "uid-2"}).Draw(t, label+" uid"), rapid.IntRange(1, 2).Draw(t, label+" variant"))
	}
	o := draw("desired")
	if rapid.IntRange(0, 2).Draw(t, "desired") == 0 {
		in.Desired = append(in.Desired, o)
	}
	if rapid.IntRange(0, 3).Draw(t, "stands") > 0 {
		in.Observed = append(in.Observed, seen(draw("standing")))
	}
	if rapid.IntRange(0, 3).Draw(t, "known") == 0 {
		in.Known[apply.KeyOf(o)] = o.Digest
	}
}

// carried is what stands after the plan has been carried out.
func carried(p *apply.Plan, observed []apply.Observed) []apply.Observed {
	after := map[apply.Key]apply.Observed{}
	for _, o := range observed {
		after[o.Key] = o
	}
	for _, w := range slices.Concat(p.Groups, p.Conduits, p.Floors) {
		o := seen(w.Object)
		if w.Observed == nil {
			o.UID, o.Created = "live-anew", start.Add(24*time.Hour)
		}
		after[o.Key] = o
	}
	for _, r := range p.Removals {
		delete(after, r.Key)
	}
	out := make([]apply.Observed, 0, len(after))
	for _, o := range after {
		out = append(out, o)
	}
	return out
}

// TestCarriedPlanOwesNothing: after one pass nothing is owed and the same is held.
func TestCarriedPlanOwesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		first := apply.NewPlan(in)
		in.Observed = carried(first, in.Observed)
		second := apply.NewPlan(in)
		if second.Writes() > 0 {
			t.Fatalf("after %+v\nit owes %+v", inWords(first), inWords(second))
		}
		if second.HeldDigest != first.HeldDigest {
			t.Fatalf("held %+v, and then %+v", first.Held, second.Held)
		}
	})
}

// TestPlanIsAFunctionOfItsInput, whatever order it comes in.
func TestPlanIsAFunctionOfItsInput(t *testing.T) {
	sorted := func(p *apply.Plan) *apply.Plan {
		for _, writes := range [][]apply.Write{p.Groups, p.Conduits, p.Floors} {
			slices.SortFunc(writes, func(a, b apply.Write) int {
				return cmp.Compare(apply.KeyOf(a.Object).String(), apply.KeyOf(b.Object).String())
			})
		}
		return p
	}
	same := gocmp.Comparer(func(a, b *policy.Object) bool { return a == b })
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		want := sorted(apply.NewPlan(in))
		in.Desired = rapid.Permutation(in.Desired).Draw(t, "desired")
		in.Observed = rapid.Permutation(in.Observed).Draw(t, "observed")
		if diff := gocmp.Diff(want, sorted(apply.NewPlan(in)), same); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestNothingIsRemovedForAbsence looks at each object that stands and is not
// wanted, and says by other words what may become of it.
func TestNothingIsRemovedForAbsence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		unconfirmed := in
		unconfirmed.Confirmed = ""
		confirmed := in.Confirmed != "" && in.Confirmed == apply.NewPlan(unconfirmed).HeldDigest
		p := apply.NewPlan(in)
		fate := map[apply.Key]string{}
		for _, r := range p.Removals {
			fate[r.Key] += "removed"
		}
		for _, h := range p.Held {
			fate[h.Key] += "held"
		}
		for _, o := range in.Observed {
			if got, want := fate[o.Key], fateOf(in, o, confirmed); got != want {
				t.Fatalf("%s is %q, want %q", o.Key, got, want)
			}
		}
	})
}

func fateOf(in apply.Input, o apply.Observed, confirmed bool) string {
	at := func(d *policy.Object) bool { return apply.KeyOf(d) == o.Key }
	d, declared := in.Declared[o.Source]
	known := declared && d.UID == o.SourceUID
	announced := o.Source.Kind == topology.KindZone && o.Release == o.SourceUID
	switch {
	case slices.ContainsFunc(in.Desired, at):
		return ""
	case known && !d.InForce:
		return ""
	case known, announced, confirmed, o.Source.Kind == topology.KindConduit && deletionIsMeant(in, o):
		return "removed"
	default:
		return "held"
	}
}

func deletionIsMeant(in apply.Input, o apply.Observed) bool {
	gone, left := 0, 0
	for ref := range in.Declared {
		if ref.Kind == topology.KindConduit {
			left++
		}
	}
	for _, other := range in.Observed {
		d, declared := in.Declared[other.Source]
		wanted := slices.ContainsFunc(in.Desired, func(d *policy.Object) bool { return apply.KeyOf(d) == other.Key })
		if other.Source.Kind == topology.KindConduit && !wanted && (!declared || d.UID != other.SourceUID) {
			gone++ // one object each, in these inputs
		}
	}
	few := gone <= 10 && (gone == 1 || left > 0)
	from, seen := in.Made[o.SourceUID]
	if !seen {
		from = o.Created
	}
	return few && in.ConduitCRD.Serving && !in.ConduitCRD.Created.After(from)
}
