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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
)

// modes are from which backend to which a declaration changes.
var modes = map[string][2]policy.Backend{
	"Cilium":                  {cilium.Backend{}, cilium.Backend{}},
	"NetworkPolicy":           {networkpolicy.Backend{}, networkpolicy.Backend{}},
	"Cilium to NetworkPolicy": {cilium.Backend{}, networkpolicy.Backend{}},
	"NetworkPolicy to Cilium": {networkpolicy.Backend{}, cilium.Backend{}},
}

// eachMode checks f in each mode. The declarations and what others wrote are drawn.
func eachMode(t *testing.T, f func(t *rapid.T, m mode)) {
	t.Helper()
	for name, backends := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				m := mode{old: backends[0], wanted: backends[1], before: drawDeclarationOf(t), foreign: drawForeign(t)}
				m.after = drawEdit(t, m.before)
				f(t, m)
			})
		})
	}
}

// swaps says that one floor of Cilium's may let some go and take others on in one
// write. One NetworkPolicy never does: with other pods it is another object.
func swaps(p *apply.Plan) bool {
	changed := 0
	for _, w := range slices.Concat(p.Groups, p.Conduits, p.Floors) {
		if w.Observed != nil {
			changed++
		}
	}
	return changed == 1 && slices.ContainsFunc(p.Floors, func(w apply.Write) bool {
		return w.Observed != nil && w.Object.GVK.Kind == policy.KindClusterwidePolicy
	})
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
	eachMode(t, func(t *rapid.T, m mode) {
		s, in := m.store(), m.input()
		if rapid.Bool().Draw(t, "known") {
			in.Known = s.known
		}
		p, r := s.pass(t.Context(), in, s.writer(), m.after)
		if len(r.Failed) > 0 {
			t.Fatalf("failed: %v", r.Failed)
		}
		if s.writes != len(r.Outcomes) {
			t.Fatalf("%d writes, %d outcomes", s.writes, len(r.Outcomes))
		}
		requireDesired(t, s, in)
		requireHitless(t, judge{}, s, m, swaps(p))
	})
}

// TestCrashedChangesConverge: stopped after any write, and started again, it ends
// in the same state, and the way there is as hitless and leakless.
func TestCrashedChangesConverge(t *testing.T) {
	eachMode(t, func(t *rapid.T, m mode) {
		in := m.input()
		judges := judge{}
		for stop := 0; ; stop++ {
			s := m.store()
			s.refuses = func(string, apply.Key) bool { return s.writes == stop }
			w := s.writer()
			p, _ := s.pass(t.Context(), in, w, m.after)
			crashed := s.writes == stop
			s.refuses = func(string, apply.Key) bool { return false }
			again := in
			if rapid.Bool().Draw(t, "it was only the API") {
				again.Known = s.known
			} else {
				// Until another process has started, agents have seen everything.
				s.settle(t.Context())
				w = s.writer()
			}
			swapped := swaps(p)
			p, r := s.pass(t.Context(), again, w, m.after)
			if len(r.Failed) > 0 {
				t.Fatalf("failed: %v", r.Failed)
			}
			s.log = append(s.log, fmt.Sprintf("(stopped after %d)", stop))
			requireDesired(t, s, in)
			requireHitless(t, judges, s, m, swapped || swaps(p))
			again.Known = maps.Clone(s.known)
			if p, _ := s.pass(t.Context(), again, w, m.after); p.Writes() > 0 {
				t.Fatalf("it still owes %+v", inWords(p))
			}
			if !crashed {
				return
			}
		}
	})
}

// TestChangesOfMindAreHitlessAndLeakless: stopped after any write, it finds something
// else declared when it starts again. What stands then is the old.
func TestChangesOfMindAreHitlessAndLeakless(t *testing.T) {
	eachMode(t, func(t *rapid.T, m mode) {
		s := m.store()
		stop := rapid.IntRange(0, 12).Draw(t, "stop")
		s.refuses = func(string, apply.Key) bool { return s.writes == stop }
		s.pass(t.Context(), m.input(), s.writer(), m.after)
		s.refuses = func(string, apply.Key) bool { return false }
		s.log = append(s.log, fmt.Sprintf("(stopped after %d)", stop))
		s.start, s.events = standing(s.objects), nil

		m.after = drawEdit(t, m.after)
		m.after.absent = m.before.absent
		in := m.input()
		p, r := s.pass(t.Context(), in, s.writer(), m.after)
		for _, h := range p.Held {
			delete(s.digests, h.Key) // its zone's deletion was not announced
		}
		if len(r.Failed) > 0 {
			t.Fatalf("failed: %v", r.Failed)
		}
		requireDesired(t, s, in)
		states := s.states()
		before := states[0].objects
		with, without := judged(halfway(before, false)), judged(halfway(before, true))
		unheld := judged(withoutHeld(states[len(states)-1].objects, p.Held))
		requireHitlessBut(t, judge{}, s, m, swaps(p), func(n int) bool {
			return with.out[n] && !without.out[n] || with.in[n] && !without.in[n] || unheld.out[n] && unheld.in[n]
		})
	})
}

// withoutHeld is what stands without what is held of zones that are gone: it isolates as a
// policy of somebody else does, and conduits have no rule for it.
func withoutHeld(objects []policy.Manifest, held []apply.Held) []policy.Manifest {
	return slices.DeleteFunc(slices.Clone(objects), func(o policy.Manifest) bool {
		u, is := o.(*unstructured.Unstructured)
		return is && slices.ContainsFunc(held, func(h apply.Held) bool { return h.Key == keyOf(u) })
	})
}

// halfway is what stands without covers, and without what NetworkPolicies allow: it may
// have stopped between the two that let a flow out here and in there, and then one end
// lets pass what the other one does not.
func halfway(objects []policy.Manifest, allowsNothing bool) []policy.Manifest {
	var out []policy.Manifest
	for _, o := range objects {
		u := o.(*unstructured.Unstructured).DeepCopy()
		if strings.HasPrefix(u.GetName(), "cover.") {
			continue
		}
		if allowsNothing && u.GetKind() == policy.KindNetworkPolicy {
			unstructured.RemoveNestedField(u.Object, "spec", "ingress")
			unstructured.RemoveNestedField(u.Object, "spec", "egress")
		}
		out = append(out, u)
	}
	return out
}

// TestRefusedWritesAreHitlessAndLeakless: whichever objects cannot be read or
// written, the others cut and open nothing because of it, and when they can be,
// the next pass ends in the same state. A conduit that goes closes all the same,
// and that may be a cut.
func TestRefusedWritesAreHitlessAndLeakless(t *testing.T) {
	eachMode(t, func(t *rapid.T, m mode) {
		s, in := m.store(), m.input()
		w := s.writer()
		s.refuses = drawRefusals(t)
		first, r := s.pass(t.Context(), in, w, m.after)
		closes := slices.ContainsFunc(first.Removals, func(o apply.Removal) bool { return o.Part == policy.PartConduit && !o.Replaced })
		check := len(r.Failed) > 0 && !closes
		s.log = append(s.log, fmt.Sprintf("(failed: %v)", r.Failed))
		s.refuses = func(string, apply.Key) bool { return false }
		second, _ := s.pass(t.Context(), in, w, m.after)
		requireDesired(t, s, in)
		if check {
			requireHitless(t, judge{}, s, m, swaps(first) || swaps(second))
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
	type refusal struct{ verb, prefix string }
	var refused []refusal
	for range rapid.IntRange(1, 3).Draw(t, "refused") {
		refused = append(refused, refusal{
			rapid.SampledFrom([]string{"get", "list", "apply", "apply", "apply", "delete"}).Draw(t, "verb"),
			rapid.SampledFrom([]string{
				"CiliumCIDRGroup/zone-z", "CiliumClusterwideNetworkPolicy/zone-z", "CiliumClusterwideNetworkPolicy/conduit-k",
				"NetworkPolicy/ns0/zone-z", "NetworkPolicy/ns1/zone-z", "NetworkPolicy/ns0/conduit-k", "NetworkPolicy/ns1/conduit-k",
				"NetworkPolicy/ns0/cover.", "NetworkPolicy/ns1/cover.", "NetworkPolicy/ns0/", "NetworkPolicy/ns1/", "Namespace/ns0",
				"CiliumClusterwideNetworkPolicy/",
			}).Draw(t, "what"),
		})
		if last := &refused[len(refused)-1]; strings.HasSuffix(last.prefix, "-z") || strings.HasSuffix(last.prefix, "-k") {
			last.prefix += fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "name"))
		}
	}
	return func(verb string, key apply.Key) bool {
		return slices.ContainsFunc(refused, func(r refusal) bool { return r.verb == verb && strings.HasPrefix(key.String(), r.prefix) })
	}
}
