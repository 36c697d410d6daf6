// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
	"github.com/zonewarden/zonewarden/test/edits"
	"github.com/zonewarden/zonewarden/test/plan/driver"
)

const (
	// plannedChanges are how many are planned and tried by packets.
	plannedChanges = 20
	// oneIn is how many of the tries between which nothing changes are left out for one.
	oneIn = 150
)

// TestPlansHoldOnPackets: what a plan says before is what the matrix says after, and both
// are what packets do: all of what changes, and a part of what does not.
func TestPlansHoldOnPackets(t *testing.T) {
	w := plant(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("the changes are those of seed %d", seed)
	chance, some := edits.New(seed), rand.New(rand.NewPCG(seed, 2))
	declared, err := edits.Read(stage.Manifests(t, "config/samples/water-works"))
	must(t, err)
	original := declared
	site := driver.New(t, w.WithWatch, w.Kubeconfig)
	t.Cleanup(func() {
		w.forget(original)
		site.Apply(original, site.Write(original))
		site.Settle("the plant is what it was")
	})
	for _, h := range w.hosts {
		must(t, h.Serve(drawnPorts()...)) // conduits that are drawn have ports that the plant has not
	}
	w.AgentForgets(t) // changes are drawn that move addresses
	before, sum := site.Pairs(), &tally{}
	for n := 0; n < plannedChanges; {
		edited, what := chance.Edit(declared)
		objects := site.Write(edited)
		_, f := site.Forecast("--pairs")
		if len(f.Refused) > 0 {
			continue
		}
		if refused := site.Apply(edited, objects); len(refused) > 0 {
			t.Fatalf("%v: refused, and planned as taken: %v", what, refused)
		}
		site.Settle(strings.Join(what, "; "))
		w.AgentEnforces(t)
		after := site.Pairs()
		if driver.Contradictory(f) {
			declared, before = edited, after
			continue
		}
		if _, wrong := driver.Compare(f, before, after); len(wrong) > 0 {
			t.Fatalf("%v: %d pairs differ: %v", what, len(wrong), wrong[:min(5, len(wrong))])
		}
		changed := map[[2]string]bool{}
		for _, p := range f.Pairs {
			changed[[2]string{p.From, p.To}] = true
		}
		c := w.probeBy(after, func(from, to string) bool { return changed[[2]string{from, to}] || some.IntN(oneIn) == 0 })
		if len(c.disagreements) > 0 {
			t.Fatalf("%v: %d disagreements:\n%s", what, len(c.disagreements), strings.Join(c.disagreements[:min(shownMost, len(c.disagreements))], "\n"))
		}
		sum.add(c)
		declared, before = edited, after
		n++
	}
	record(t, "plans of a change, by packets", "%d changes, %s", plannedChanges, sum)
	if sum.passed.Load() == 0 || sum.dropped.Load() == 0 {
		t.Error("nothing passed or nothing was dropped, so nothing was shown")
	}
}

// forget removes the conduits that were drawn, one after the other: many that go at once are
// taken for a mistake, and what stands for them is held.
func (w *waterWorks) forget(original *edits.Plant) {
	w.t.Helper()
	var conduits v1alpha1.ConduitList
	must(w.t, w.List(w.ctx(), &conduits))
	for i := range conduits.Items {
		c := &conduits.Items[i]
		if slices.ContainsFunc(original.Conduits, func(o *v1alpha1.Conduit) bool { return o.Name == c.Name }) {
			continue
		}
		must(w.t, w.Delete(w.ctx(), c))
		stage.Until(w.t, settles, "its policy goes with conduit "+c.Name, func() bool {
			made := &unstructured.Unstructured{}
			made.SetGroupVersionKind(clusterwidePolicy)
			return apierrors.IsNotFound(w.Get(w.ctx(), client.ObjectKey{Name: "conduit-" + c.Name}, made))
		})
	}
}

// drawnPorts are those of the flows that package edits draws.
func drawnPorts() []stage.Port {
	var out []stage.Port
	for _, f := range edits.Flows() {
		ports := []protocol.PortRange{}
		if p, known := protocol.Lookup(f.Protocol); known {
			ports = p.Ports
		} else if f.Port != nil {
			ports = append(ports, protocol.PortRange{Transport: protocol.Transport(f.Transport), First: uint16(*f.Port)})
		}
		for _, r := range ports {
			out = append(out, stage.Port{Transport: string(r.Transport), Number: r.First})
		}
	}
	return out
}

func (c *tally) add(o *tally) {
	c.probed.Add(o.probed.Load())
	c.passed.Add(o.passed.Load())
	c.dropped.Add(o.dropped.Load())
}

// probeBy sends packets between hosts by their names in a matrix, at the ports that the
// plant knows.
func (w *waterWorks) probeBy(matrix driver.Table, asked func(from, to string) bool) *tally {
	w.t.Helper()
	e := expect(w.t, w.Stage)
	names := map[*stage.Host]string{}
	for _, h := range w.hosts {
		names[h] = h.Name
		if !h.IsPod() {
			names[h] = matrix.Member(h.Address)
		}
	}
	e.decides = func(x try) bool { return passesBy(matrix.At(names[x.from], names[x.to]), x.port) }
	wanted := map[[2]*stage.Host]bool{}
	for _, from := range w.hosts {
		for _, to := range w.hosts {
			wanted[[2]*stage.Host{from, to}] = asked(names[from], names[to])
		}
	}
	return e.probe(w.hosts, func(x try) bool { return wanted[[2]*stage.Host{x.from, x.to}] })
}

// passesBy reads what a matrix says: "502/TCP, 9000-9003/UDP", everything, or nothing.
func passesBy(text string, p stage.Port) bool {
	if text == "everything" {
		return true
	}
	return slices.ContainsFunc(strings.Split(text, ", "), func(r string) bool {
		ports, transport, _ := strings.Cut(r, "/")
		first, last, isRange := strings.Cut(ports, "-")
		if !isRange {
			last = first
		}
		a, err1 := strconv.ParseUint(first, 10, 16)
		b, err2 := strconv.ParseUint(last, 10, 16)
		return err1 == nil && err2 == nil && transport == p.Transport && a <= uint64(p.Number) && uint64(p.Number) <= b
	})
}
