// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package budget_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy/budget"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

func zone(name string, pods int) *topology.Zone {
	return &topology.Zone{
		Name: name, Enforce: true, PodCount: pods,
		Workloads: []topology.Workloads{{Namespaces: []string{name}, Matching: []string{name}}},
	}
}

// podsOf are pods with an identity each.
func podsOf(namespace string, n int) []topology.Pod {
	out := make([]topology.Pod, 0, n)
	for i := range n {
		out = append(out, topology.Pod{
			Namespace: namespace, Name: fmt.Sprint(i), Labels: map[string]string{"app": fmt.Sprint(i)},
		})
	}
	return out
}

func end(z *topology.Zone) topology.End {
	return topology.End{Zone: z, Workloads: z.Workloads, Networks: z.Networks, WholeZone: true}
}

// narrowed is the pods of an end with one label.
func narrowed(z *topology.Zone, app string) topology.End {
	w := z.Workloads[0]
	w.PodSelectors = []*metav1.LabelSelector{{MatchLabels: map[string]string{"app": app}}}
	return topology.End{Zone: z, Workloads: []topology.Workloads{w}, Narrowed: true}
}

func conduit(name string, from, to topology.End, ports ...protocol.PortRange) *topology.Conduit {
	return &topology.Conduit{Name: name, Initiator: from, Responders: []topology.End{to}, Ports: ports}
}

func tcp(first, last uint16) protocol.PortRange {
	return protocol.PortRange{Transport: protocol.TCP, First: first, Last: last}
}

func site(limit int, zones []*topology.Zone, conduits ...*topology.Conduit) *topology.Model {
	return &topology.Model{Site: &topology.Site{PolicyMapEntries: limit}, Zones: zones, Conduits: conduits}
}

func nothingStands(string) *topology.Conduit { return nil }

// allStands says that those conduits stand as they are wanted for which it is so.
func allStands(m *topology.Model, is func(string) bool) func(string) *topology.Conduit {
	return func(name string) *topology.Conduit {
		for _, c := range m.Conduits {
			if c.Name == name && is(name) {
				return c
			}
		}
		return nil
	}
}

func every(string) bool { return true }

func TestEntries(t *testing.T) {
	t.Parallel()
	a, b := zone("a", 3), zone("b", 2)
	pods := append(podsOf("a", 3), podsOf("b", 2)...)
	a.Networks = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/24")}
	inside := *a
	inside.InternalTraffic = true
	tests := map[string]struct {
		model *topology.Model
		want  int
	}{
		"a floor alone":         {site(1, []*topology.Zone{b}), 2},
		"traffic in the zone":   {site(1, []*topology.Zone{&inside}), 2 + 2*(3+1)},
		"a port from 3 and 1":   {site(1, []*topology.Zone{b}, conduit("k", end(a), end(b), tcp(502, 502))), 2 + 4},
		"a range of 4 blocks":   {site(1, []*topology.Zone{b}, conduit("k", end(a), end(b), tcp(1, 8))), 2 + 4*4},
		"a whole transport":     {site(1, []*topology.Zone{b}, conduit("k", end(a), end(b), tcp(0, 65535))), 2 + 4},
		"one of its pods":       {site(1, []*topology.Zone{b}, conduit("k", end(a), narrowed(b, "1"), tcp(1, 1)), conduit("l", end(a), narrowed(b, "0"), tcp(1, 1))), 2 + 4},
		"suspended":             {site(1, []*topology.Zone{b}, &topology.Conduit{Name: "k", Suspended: true, Initiator: end(a), Responders: []topology.End{end(b)}, Ports: []protocol.PortRange{tcp(1, 1)}}), 2},
		"suspended, with room":  {site(1000, []*topology.Zone{b}, &topology.Conduit{Name: "k", Suspended: true, Initiator: end(a), Responders: []topology.End{end(b)}, Ports: []protocol.PortRange{tcp(1, 1)}}), 2},
		"both ways, initiating": {site(1, []*topology.Zone{b}, &topology.Conduit{Name: "k", Initiator: end(b), Responders: []topology.End{end(a)}, Ports: []protocol.PortRange{tcp(1, 2)}, BothWays: []protocol.PortRange{tcp(2, 2)}}), 2 + 4*3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := budget.Judge(budget.Input{Model: tt.model, Pods: pods, Standing: allStands(tt.model, every)})
			if got.Fullest.Entries != tt.want {
				t.Errorf("%d entries, want %d", got.Fullest.Entries, tt.want)
			}
		})
	}
}

// Pods of one template have one identity, whatever their ReplicaSet labels them.
func TestReplicasShareAnIdentity(t *testing.T) {
	t.Parallel()
	a, b := zone("a", 40), zone("b", 1)
	pods := podsOf("b", 1)
	for i := range 40 {
		pods = append(pods, topology.Pod{Namespace: "a", Name: fmt.Sprint(i), Labels: map[string]string{
			"app": "hmi", "pod-template-hash": fmt.Sprint(i),
		}})
	}
	// Forty pods would be too many for the first limit, and nearly for the second.
	for _, limit := range []int{10, 45} {
		got := budget.Judge(budget.Input{
			Model: site(limit, []*topology.Zone{b}, conduit("k", end(a), end(b), tcp(1, 1))), Pods: pods, Standing: nothingStands,
		})
		if got.Fullest.Entries != 3 || len(got.Refused)+len(got.Loads) > 0 {
			t.Errorf("%+v, want 3 entries and nothing refused", got)
		}
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	a, b := zone("a", 4), zone("b", 1)
	pods := append(podsOf("a", 4), podsOf("b", 1)...)
	model := site(11, []*topology.Zone{a, b},
		conduit("k1", end(a), end(b), tcp(1, 1)), conduit("k2", end(a), end(b), tcp(2, 2)),
		conduit("k3", end(a), end(b), tcp(3, 3)), conduit("k4", narrowed(a, "0"), end(b), tcp(4, 4)))
	tests := map[string]struct {
		standing map[string]bool
		refused  []string
		entries  int
	}{
		"by name":                    {refused: []string{"k3"}, entries: 2 + 4 + 4 + 1},
		"what stands comes first":    {standing: map[string]bool{"k3": true, "k2": true}, refused: []string{"k1"}, entries: 2 + 4 + 4 + 1},
		"what stands is never taken": {standing: map[string]bool{"k1": true, "k2": true, "k3": true}, refused: []string{"k4"}, entries: 2 + 12},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := budget.Judge(budget.Input{
				Model: model, Pods: pods, Standing: allStands(model, func(c string) bool { return tt.standing[c] }),
			})
			want := budget.Judgement{
				Refused: map[string]budget.Refusal{},
				Fullest: budget.Load{Zone: "b", Entries: tt.entries, Limit: 11},
				Loads:   []budget.Load{{Zone: "b", Entries: tt.entries, Limit: 11}},
			}
			for _, name := range tt.refused {
				want.Refused[name] = budget.Refusal{Zone: "b", Entries: got.Refused[name].Entries, Limit: 11}
				if got.Refused[name].Entries <= 11 {
					t.Errorf("%s is refused with %d entries", name, got.Refused[name].Entries)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A change that makes no map fuller is carried out however full it is, and one that does
// is held to the limit by what it adds to what stands.
func TestAChangeIsJudgedByWhatItAdds(t *testing.T) {
	t.Parallel()
	a, b := zone("a", 4), zone("b", 1)
	pods := append(podsOf("a", 4), podsOf("b", 1)...)
	stood := conduit("k", end(a), end(b), tcp(1, 1), tcp(3, 3))
	other := conduit("other", end(a), end(b), tcp(9, 9))
	tests := map[string]struct {
		limit   int
		wanted  *topology.Conduit
		refused bool
	}{
		"narrowed in a map that overflows": {limit: 5, wanted: conduit("k", end(a), end(b), tcp(1, 1))},
		"another port":                     {limit: 5, wanted: conduit("k", end(a), end(b), tcp(1, 1), tcp(4, 4))},
		"a port more":                      {limit: 14, wanted: conduit("k", end(a), end(b), tcp(1, 1), tcp(3, 3), tcp(5, 5)), refused: true},
		"a port more that fits":            {limit: 18, wanted: conduit("k", end(a), end(b), tcp(1, 1), tcp(3, 3), tcp(5, 5))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := budget.Judge(budget.Input{
				Model: site(tt.limit, []*topology.Zone{a, b}, tt.wanted, other), Pods: pods,
				Standing: func(name string) *topology.Conduit {
					return map[string]*topology.Conduit{"k": stood, "other": other}[name]
				},
			})
			if _, refused := got.Refused["k"]; refused != tt.refused || len(got.Refused) > 1 {
				t.Errorf("refused: %v, want it to be %t", got.Refused, tt.refused)
			}
		})
	}
}

func TestAGuardThatDoesNotFitIsLeftOut(t *testing.T) {
	t.Parallel()
	a, b := zone("a", 1), zone("b", 1)
	pods := append(append(podsOf("a", 1), podsOf("b", 1)...), podsOf("office", 20)...)
	model := site(1000, []*topology.Zone{a, b}, conduit("k", end(a), end(b), tcp(502, 502)))
	model.Site.Guard.Datapath = true
	judge := func(limit int) budget.Judgement {
		model.Site.PolicyMapEntries = limit
		return budget.Judge(budget.Input{Model: model, Pods: pods, Standing: nothingStands})
	}
	fits := judge(1000)
	if len(fits.Unguarded) > 0 || fits.Fullest.Entries < 2*20 {
		t.Fatalf("%+v, want a guard with an entry each way for every pod of the office", fits)
	}
	got := judge(fits.Fullest.Entries - 1)
	want := []budget.Unguarded{{Zone: "a", Layer: v1alpha1.GuardDatapath}, {Zone: "b", Layer: v1alpha1.GuardDatapath}}
	if diff := cmp.Diff(want, got.Unguarded); diff != "" || len(got.Refused) > 0 {
		t.Errorf("%+v: only the guards are to go: %s", got, diff)
	}
	// The other layer is smaller and stays.
	model.Site.Guard.AdminTier = true
	got = judge(fits.Fullest.Entries - 1)
	if diff := cmp.Diff(want, got.Unguarded); diff != "" || got.Fullest.Entries < 2*20 {
		t.Errorf("%+v: only the guards of one layer are to go: %s", got, diff)
	}
}

var datapath, adminTier = topology.Guard{Datapath: true}, topology.Guard{AdminTier: true}

// The denies of a guard: an entry each way for every identity, network and the world,
// and for each neighbour the ports that are not declared, in blocks.
func TestEntriesOfAGuard(t *testing.T) {
	t.Parallel()
	a, b := zone("a", 1), zone("b", 2)
	pods := append(append(podsOf("a", 1), podsOf("b", 2)...), podsOf("office", 5)...)
	tests := map[string]struct {
		edit  func(*topology.Zone)
		layer topology.Guard
		want  int
	}{
		// In: of TCP 1, 2 to 3, 5, 6 to 7, and 13 blocks from 8 on; UDP and SCTP whole. Out: all whole.
		"enforced":   {func(*topology.Zone) {}, datapath, 2 + 1 + 2*(8+3) + (2 + 1 + 1 + 13 + 2) + 3},
		"in Observe": {func(z *topology.Zone) { z.Enforce = false }, datapath, 2 + 10 + 1},
		// The declared port passed in, everybody denied in and out, and the world out.
		"Admin tier":             {func(*topology.Zone) {}, adminTier, 2 + 1 + 1 + 10 + 2*8 + 3},
		"Admin tier, itself too": {func(z *topology.Zone) { z.InternalTraffic = true }, adminTier, 2 + 4 + 1 + 1 + 10 + 4 + 2*8 + 3},
		"Admin tier, in Observe": {func(z *topology.Zone) { z.Enforce = false }, adminTier, 2 + 10 + 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := *b
			tt.edit(&z)
			model := site(10_000, []*topology.Zone{a, &z}, conduit("k", end(a), end(&z), tcp(4, 4)))
			model.Zones = []*topology.Zone{&z}
			model.Site.Guard = tt.layer
			got := budget.Judge(budget.Input{Model: model, Pods: pods, Standing: nothingStands})
			if got.Fullest.Entries != tt.want {
				t.Errorf("%d entries, want %d", got.Fullest.Entries, tt.want)
			}
		})
	}
}

// A map between four fifths and full is told of, and everything is carried out.
func TestNearIsToldOf(t *testing.T) {
	t.Parallel()
	a, b := zone("a", 8), zone("b", 1)
	pods := append(podsOf("a", 8), podsOf("b", 1)...)
	for limit, near := range map[int]bool{10: true, 12: true, 13: false} {
		got := budget.Judge(budget.Input{
			Model: site(limit, []*topology.Zone{b}, conduit("k", end(a), end(b), tcp(1, 1))), Pods: pods, Standing: nothingStands,
		})
		if (len(got.Loads) == 1) != near || len(got.Refused) > 0 || got.Fullest.Over() {
			t.Errorf("10 entries of %d: %+v", limit, got)
		}
	}
}

// TestChosenFits: whatever is declared and whatever stands, what is chosen fits unless
// what stands does not by itself, and nothing is refused that would have fitted first.
func TestChosenFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zones := []*topology.Zone{}
		var pods []topology.Pod
		for _, name := range []string{"a", "b", "c"} {
			n := rapid.IntRange(0, 5).Draw(t, "pods")
			zones = append(zones, zone(name, n))
			pods = append(pods, podsOf(name, n)...)
		}
		drawEnd := func() topology.End {
			z := rapid.SampledFrom(zones).Draw(t, "zone")
			if rapid.Bool().Draw(t, "narrow") {
				return narrowed(z, fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "app")))
			}
			return end(z)
		}
		var conduits []*topology.Conduit
		standing := map[string]bool{}
		for i := range rapid.IntRange(0, 8).Draw(t, "conduits") {
			first := uint16(rapid.IntRange(1, 20).Draw(t, "first"))
			c := conduit(fmt.Sprint("k", i), drawEnd(), drawEnd(), tcp(first, first+uint16(rapid.IntRange(0, 20).Draw(t, "more"))))
			conduits = append(conduits, c)
			standing[c.Name] = rapid.Bool().Draw(t, "stands")
		}
		limit := rapid.IntRange(2, 120).Draw(t, "limit")
		judge := func(conduits []*topology.Conduit, stands func(string) bool) budget.Judgement {
			m := site(limit, zones, conduits...)
			return budget.Judge(budget.Input{Model: m, Pods: pods, Standing: allStands(m, stands)})
		}
		overflows := func(conduits []*topology.Conduit) bool {
			return judge(conduits, every).Fullest.Over()
		}
		some := func(c string) bool { return standing[c] }
		got := judge(conduits, some)
		var kept, stood []*topology.Conduit
		for _, c := range conduits {
			if _, refused := got.Refused[c.Name]; !refused {
				kept = append(kept, c)
			} else if standing[c.Name] {
				t.Fatalf("%s stands and is refused", c.Name)
			}
			if standing[c.Name] {
				stood = append(stood, c)
			}
		}
		if again := judge(kept, some); len(again.Refused) > 0 || again.Fullest.Over() != got.Fullest.Over() {
			t.Fatalf("kept alone: %+v, together: %+v", again, got)
		}
		if got.Fullest.Over() && !overflows(stood) {
			t.Fatalf("%+v overflows, and what stands does not", got)
		}
		for _, c := range conduits {
			if _, refused := got.Refused[c.Name]; refused && len(kept) == len(stood) && !overflows(append(slices.Clone(stood), c)) {
				t.Fatalf("%s would have fitted", c.Name)
			}
		}
	})
}
