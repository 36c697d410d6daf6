// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
)

// requireHitless checks every state between old and new, the first and the
// last, and every mixture of two states at the two ends of a flow: nodes lag.
// What passes in both passes all the time, and nothing passes that does in
// neither. Nodes may lag arbitrarily; then an end that has not seen the first
// write and one that has seen the last pass between them what no order of writes
// can help. Next to each other, states have no such excuse.
func requireHitless(t *rapid.T, j judge, s *store, swapsAtOnce bool) {
	all := j.all(s.states)
	old, wanted := all[0], all[len(all)-1]
	for n := range old.out {
		before, after := old.out[n] && old.in[n], wanted.out[n] && wanted.in[n]
		lag := old.out[n] && wanted.in[n] || wanted.out[n] && old.in[n]
		for i := range all {
			for k := range all {
				passes := all[i].out[n] && all[k].in[n]
				near := max(i-k, k-i) <= 1 && !swapsAtOnce || i == k
				switch {
				case before && after && !passes:
					t.Fatalf("cut: %s, its sender after %d writes and its receiver after %d of\n%s", flowName(n), i, k, strings.Join(s.log, "\n"))
				case passes && !before && !after && (near || !lag):
					t.Fatalf("open: %s, its sender after %d writes and its receiver after %d of\n%s", flowName(n), i, k, strings.Join(s.log, "\n"))
				}
			}
		}
	}
}

// swaps says that a floor may let some go and take others on in one write.
func swaps(p *apply.Plan) bool {
	changed := 0
	for _, w := range slices.Concat(p.Groups, p.Conduits, p.Floors) {
		if w.Observed != nil {
			changed++
		}
	}
	return changed == 1 && slices.ContainsFunc(p.Floors, func(w apply.Write) bool { return w.Observed != nil })
}

func requireDesired(t *rapid.T, s *store, in apply.Input) {
	if diff := cmp.Diff(digestsOf(in.Desired), s.digests); diff != "" {
		t.Fatalf("what stands is not what is wanted: (-want +have)\n%s\n%s", diff, strings.Join(s.log, "\n"))
	}
}

// TestChangesAreHitlessAndLeakless: whatever changes to whatever, in every state
// between two writes all that passes before and after passes, and nothing else
// than what passes before or after.
func TestChangesAreHitlessAndLeakless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old := drawDeclarationOf(t)
		wanted := drawEdit(t, old)
		s := newStore(compiled(old.model(&wanted)))
		in := inputFor(wanted.model(nil))
		if rapid.Bool().Draw(t, "known") {
			in.Known = s.known
		}
		p, r := s.pass(t.Context(), in, s.writer(), wanted)
		if len(r.Failed) > 0 {
			t.Fatalf("failed: %v", r.Failed)
		}
		if s.writes != len(r.Outcomes) {
			t.Fatalf("%d writes, %d outcomes", s.writes, len(r.Outcomes))
		}
		requireDesired(t, s, in)
		requireHitless(t, judge{}, s, swaps(p))
	})
}

// TestCrashedChangesConverge: stopped after any write, and started again, it ends
// in the same state, and the way there is as hitless and leakless.
func TestCrashedChangesConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old := drawDeclarationOf(t)
		wanted := drawEdit(t, old)
		in := inputFor(wanted.model(nil))
		judges := judge{}
		for stop := 0; ; stop++ {
			s := newStore(compiled(old.model(&wanted)))
			s.refuses = func(string, apply.Key) bool { return s.writes == stop }
			p, _ := s.pass(t.Context(), in, s.writer(), wanted)
			crashed := s.writes == stop
			s.refuses = func(string, apply.Key) bool { return false }
			again := in
			if rapid.Bool().Draw(t, "it was only the API") {
				again.Known = s.known
			}
			swapped := swaps(p)
			p, r := s.pass(t.Context(), again, s.writer(), wanted)
			if len(r.Failed) > 0 {
				t.Fatalf("failed: %v", r.Failed)
			}
			s.log = append(s.log, fmt.Sprintf("(stopped after %d)", stop))
			requireDesired(t, s, in)
			requireHitless(t, judges, s, swapped || swaps(p))
			again.Known = maps.Clone(s.known)
			if p, _ := s.pass(t.Context(), again, s.writer(), wanted); p.Writes() > 0 {
				t.Fatalf("it still owes %+v", inWords(p))
			}
			if !crashed {
				return
			}
		}
	})
}

// TestRefusedWritesAreHitlessAndLeakless: whichever objects cannot be read or
// written, the others cut and open nothing because of it, and when they can be,
// the next pass ends in the same state. A conduit that goes closes all the same,
// and that may be a cut.
func TestRefusedWritesAreHitlessAndLeakless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old := drawDeclarationOf(t)
		wanted := drawEdit(t, old)
		s := newStore(compiled(old.model(&wanted)))
		in := inputFor(wanted.model(nil))
		s.refuses = drawRefusals(t)
		first, r := s.pass(t.Context(), in, s.writer(), wanted)
		closes := slices.ContainsFunc(first.Removals, func(o apply.Removal) bool { return o.Part == policy.PartConduit })
		check := len(r.Failed) > 0 && !closes
		s.log = append(s.log, fmt.Sprintf("(failed: %v)", r.Failed))
		s.refuses = func(string, apply.Key) bool { return false }
		second, _ := s.pass(t.Context(), in, s.writer(), wanted)
		requireDesired(t, s, in)
		if check {
			requireHitless(t, judge{}, s, swaps(first) || swaps(second))
		}
	})
}

// drawRefusals refuses some objects for good, or some calls.
func drawRefusals(t *rapid.T) func(string, apply.Key) bool {
	if rapid.Bool().Draw(t, "now and then") {
		calls := rapid.SliceOfN(rapid.IntRange(0, 3), 40, 40).Draw(t, "calls")
		n := 0
		return func(string, apply.Key) bool {
			n++
			return calls[n%len(calls)] == 0
		}
	}
	refused := map[string]bool{}
	for range rapid.IntRange(1, 3).Draw(t, "refused") {
		verb := rapid.SampledFrom([]string{"get", "apply", "apply", "apply", "delete"}).Draw(t, "verb")
		name := rapid.SampledFrom([]string{"zone-z", "conduit-k"}).Draw(t, "kind") + fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "name"))
		refused[verb+" "+name] = true
	}
	return func(verb string, key apply.Key) bool { return refused[verb+" "+key.Name] }
}

// TestWritesOfAMove holds what a move costs: a cell goes from one zone to another,
// two conduits join them with a third.
func TestWritesOfAMove(t *testing.T) {
	zone := zoneSpec{there: true, enforce: true, internal: true}
	withDevices := zone
	withDevices.devices = true
	link := func(from, to int) linkSpec {
		return linkSpec{there: true, from: endSpec{zone: from}, to: endSpec{zone: to}, more: endSpec{zone: to}, ports: 1}
	}
	plain := declaration{
		cell: [...]int{0, 0, 1, 1, 2, 2}, device: [...]int{0, 1, 2}, zones: [...]zoneSpec{zone, zone, zone},
		links: [...]linkSpec{link(0, 2), link(1, 2), {}},
	}
	guarded, devices := plain, plain
	guarded.denyRest = true
	devices.zones = [...]zoneSpec{withDevices, withDevices, withDevices}
	tests := []struct {
		name   string
		before declaration
		edit   func(*declaration)
		want   int
	}{
		{"nothing", plain, func(*declaration) {}, 0},
		{"a conduit's ports", plain, func(d *declaration) { d.links[0].ports = 2 }, 1},
		{"a zone's services", plain, func(d *declaration) { d.zones[0].dns = true }, 1},
		{"two conduits' ports", plain, func(d *declaration) { d.links[0].ports, d.links[1].ports = 2, 2 }, 4},
		{"a device", devices, func(d *declaration) { d.device[0] = 1 }, 2},
		{"a cell", plain, func(d *declaration) { d.cell[1] = 1 }, 8},
		{"a cell, pods of no zone are denied", guarded, func(d *declaration) { d.cell[1] = 1 }, 12},
		{"a cell and a device", devices, func(d *declaration) { d.cell[1], d.device[0] = 1, 1 }, 14},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wanted := tt.before
			tt.edit(&wanted)
			s := newStore(compiled(tt.before.model(&wanted)))
			in := inputFor(wanted.model(nil))
			s.pass(t.Context(), in, s.writer(), wanted)
			if s.writes != tt.want {
				t.Errorf("%d writes, want %d:\n%s", s.writes, tt.want, strings.Join(s.log, "\n"))
			}
		})
	}
}
