// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

func TestNeighbours(t *testing.T) {
	a, b := zone("a", cidrs("10.1.0.0/24")), zone("b")
	tests := map[string]struct {
		conduits []*v1alpha1.Conduit
		// want are the neighbours of a and of b, as "zone: in, out".
		a, b []string
	}{
		"one way": {
			[]*v1alpha1.Conduit{conduit("c", "a", "b", flows(port("TCP", 502)))},
			[]string{"b: [], [502/TCP]"},
			[]string{"a: [502/TCP], []"},
		},
		"both ways": {
			[]*v1alpha1.Conduit{conduit("c", "a", "b", flows(proto("ethernet-ip-io"), port("TCP", 502)))},
			[]string{"b: [2222/UDP], [502/TCP 2222/UDP]"},
			[]string{"a: [502/TCP 2222/UDP], [2222/UDP]"},
		},
		"what touches is one": {
			[]*v1alpha1.Conduit{
				conduit("c", "a", "b", flows(port("TCP", 5, 7), port("TCP", 20))),
				conduit("d", "a", "b", flows(port("TCP", 8), port("TCP", 6, 6), port("TCP", 10))),
			},
			[]string{"b: [], [5-8/TCP 10/TCP 20/TCP]"},
			[]string{"a: [5-8/TCP 10/TCP 20/TCP], []"},
		},
		"to itself": {
			[]*v1alpha1.Conduit{conduit("c", "a", "a", flows(port("TCP", 502)))},
			[]string{"a: [502/TCP], [502/TCP]"},
			nil,
		},
		"suspended": {
			[]*v1alpha1.Conduit{conduit("c", "a", "b", func(s *v1alpha1.ConduitSpec) { s.Suspended = true })}, nil, nil,
		},
		"several, by name": {
			[]*v1alpha1.Conduit{conduit("d", "b", "c", flows(port("TCP", 1))), conduit("c", "a", "b", flows(port("TCP", 2)))},
			[]string{"b: [], [2/TCP]"},
			[]string{"a: [2/TCP], []", "c: [], [1/TCP]"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m := Resolve(Snapshot{
				Now: now, Site: site(), Zones: []*v1alpha1.Zone{a, b, zone("c")}, Conduits: tc.conduits,
				Namespaces: []Namespace{namespace("a", "scope=ot"), namespace("b", "scope=ot"), namespace("c", "scope=ot")},
			})
			got := m.Neighbours()
			if diff := cmp.Diff(map[string][]string{"a": tc.a, "b": tc.b}, map[string][]string{"a": inWords(got["a"]), "b": inWords(got["b"])}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func inWords(neighbours []Neighbour) []string {
	ports := func(list []protocol.PortRange) string {
		var words []string
		for _, p := range list {
			words = append(words, FormatPorts(p))
		}
		return "[" + strings.Join(words, " ") + "]"
	}
	var out []string
	for _, n := range neighbours {
		out = append(out, n.Zone+": "+ports(n.In)+", "+ports(n.Out))
	}
	return out
}

// TestNarrowedEndsArePutTogether: parts of a zone that several conduits name are one
// neighbour, on the ports of all of them, and none of them twice.
func TestNarrowedEndsArePutTogether(t *testing.T) {
	part := func(app string) conduitOption {
		return func(c *v1alpha1.ConduitSpec) { c.Initiator.Workloads = sel("app=" + app) }
	}
	m := Resolve(Snapshot{
		Now: now, Site: site(),
		Namespaces: []Namespace{namespace("a", "scope=ot"), namespace("b", "scope=ot")},
		Zones:      []*v1alpha1.Zone{zone("a", cidrs("10.1.0.0/24", "10.1.1.0/24")), zone("b")},
		Conduits: []*v1alpha1.Conduit{
			conduit("c", "a", "b", part("x"), flows(port("TCP", 1))),
			conduit("d", "a", "b", part("y"), flows(port("TCP", 2))),
			conduit("e", "a", "b", part("x"), flows(port("UDP", 3))),
		},
	})
	got := m.Neighbours()["b"]
	if diff := cmp.Diff([]string{"a: [1-2/TCP 3/UDP], []"}, inWords(got)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	var apps []string
	for _, w := range got[0].Workloads {
		apps = append(apps, w.PodSelectors[len(w.PodSelectors)-1].MatchLabels["app"])
	}
	if diff := cmp.Diff([]string{"x", "y"}, apps); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	if len(got[0].Networks) > 0 {
		t.Errorf("networks %v, although only workloads are named", got[0].Networks)
	}
}

// mayBy says what the conduits open between two zones: whom, and on which ports, as
// coarse as zones are.
type mayBy struct {
	pods     func(Pod) bool
	networks []netip.Prefix
	in, out  []protocol.PortRange
	joined   bool
}

func whatJoins(m *Model, own, far *Zone) mayBy {
	var ends []End
	var may mayBy
	meets := func(e, other End, in, out []protocol.PortRange) {
		if e.Zone == own && other.Zone == far {
			may.joined = true
			ends, may.networks = append(ends, other), append(may.networks, other.Networks...)
			may.in, may.out = append(may.in, in...), append(may.out, out...)
		}
	}
	for _, c := range m.Conduits {
		for _, r := range c.Responders {
			if !c.Suspended {
				meets(r, c.Initiator, c.Ports, c.BothWays)
				meets(c.Initiator, r, c.BothWays, c.Ports)
			}
		}
	}
	may.pods = func(p Pod) bool {
		return slices.ContainsFunc(ends, func(e End) bool { return takesIn(e.Workloads, p) })
	}
	return may
}

func takesIn(entries []Workloads, p Pod) bool {
	return slices.ContainsFunc(entries, func(w Workloads) bool {
		return slices.Contains(w.Matching, p.Namespace) && w.MatchesLabels(p.Labels)
	})
}

func open(ranges []protocol.PortRange, transport protocol.Transport, port uint16) bool {
	return slices.ContainsFunc(ranges, func(r protocol.PortRange) bool {
		return r.Transport == transport && r.First <= port && port <= r.Last
	})
}

// TestNeighboursAreWhatConduitsJoin: on any site, exactly what conduits join, no more and
// no less; sorted, and nothing said twice.
func TestNeighboursAreWhatConduitsJoin(t *testing.T) {
	joined := 0
	rapid.Check(t, func(t *rapid.T) {
		s := anySite(t)
		m := Resolve(s)
		m.Conduits = generator{t}.joining(m.Zones)
		all := m.Neighbours()
		for _, own := range m.Zones {
			neighbours := all[own.Name]
			if !slices.IsSortedFunc(neighbours, func(a, b Neighbour) int { return strings.Compare(a.Zone, b.Zone) }) {
				t.Fatalf("the neighbours of %s are in the order %v", own.Name, inWords(neighbours))
			}
			for _, far := range m.Zones {
				may := whatJoins(m, own, far)
				i := slices.IndexFunc(neighbours, func(n Neighbour) bool { return n.Zone == far.Name })
				if may.joined != (i >= 0) {
					t.Fatalf("%s is a neighbour of %s: %t, joined %t", far.Name, own.Name, i >= 0, may.joined)
				}
				if may.joined {
					joined++
					checkNeighbour(t, s, neighbours[i], may)
				}
			}
		}
	})
	if joined < 50 {
		t.Errorf("only %d pairs of zones were joined", joined)
	}
}

// joining draws conduits between zones in force that no rule refuses.
func (g generator) joining(zones []*Zone) []*Conduit {
	if len(zones) == 0 {
		return nil
	}
	end := func() End {
		z := rapid.SampledFrom(zones).Draw(g.t, "zone")
		e := End{Zone: z, Workloads: z.Workloads, Networks: z.Networks, WholeZone: true}
		if g.rarely("narrowed", 3) && len(z.Workloads) > 0 {
			e = End{Zone: z, Narrowed: true, Workloads: narrowWorkloads("", z, g.selector("end pods", "app", "a", "b"), &report{})}
		}
		if g.rarely("one network", 3) && len(z.Networks) > 0 {
			e.Networks = z.Networks[:1]
		}
		return e
	}
	var out []*Conduit
	for i := range g.count("joining", 5) {
		c := &Conduit{Name: fmt.Sprintf("j%d", i), Initiator: end(), Responders: []End{end()}, Suspended: g.rarely("suspended", 5)}
		for range g.count("more responders", 2) {
			c.Responders = append(c.Responders, end())
		}
		for range g.count("ports", 3) {
			first := pick(g, "first", 1, 2, 3, 5, 8, 65530)
			c.Ports = append(c.Ports, protocol.PortRange{
				Transport: pick(g, "transport", protocol.TCP, protocol.TCP, protocol.UDP),
				First:     uint16(first), Last: uint16(first + g.count("more ports", 5)),
			})
		}
		c.BothWays = c.Ports[:g.count("both ways", len(c.Ports))]
		out = append(out, c)
	}
	return out
}

func checkNeighbour(t *rapid.T, s Snapshot, n Neighbour, may mayBy) {
	for _, p := range s.Pods {
		if got, want := takesIn(n.Workloads, p), may.pods(p); got != want {
			t.Fatalf("pod %v is of neighbour %s: %t, want %t", p, n.Zone, got, want)
		}
	}
	for i, w := range n.Workloads {
		for _, other := range n.Workloads[:i] {
			if cmp.Equal(w, other) {
				t.Fatalf("%s: %+v is in it twice", n.Zone, w)
			}
		}
	}
	for i, p := range n.Networks {
		if !holdsAll(may.networks, p) || i > 0 && (comparePrefixes(n.Networks[i-1], p) >= 0 || n.Networks[i-1].Overlaps(p)) {
			t.Fatalf("%s: networks %v of %v", n.Zone, n.Networks, may.networks)
		}
	}
	for _, p := range may.networks {
		if !holdsAll(n.Networks, p) {
			t.Fatalf("%s: %s is not in %v", n.Zone, p, n.Networks)
		}
	}
	for _, side := range [][2][]protocol.PortRange{{n.In, may.in}, {n.Out, may.out}} {
		for i, r := range side[0] {
			last := protocol.PortRange{}
			if i > 0 {
				last = side[0][i-1]
			}
			if last.Transport > r.Transport || last.Transport == r.Transport && int(last.Last)+1 >= int(r.First) {
				t.Fatalf("%s: ports %v touch, or are not sorted", n.Zone, side[0])
			}
		}
		for _, transport := range []protocol.Transport{protocol.TCP, protocol.UDP, protocol.SCTP} {
			for _, r := range append(slices.Clone(side[0]), side[1]...) {
				for _, port := range []uint16{r.First - 1, r.First, r.Last, r.Last + 1} {
					if open(side[0], transport, port) != open(side[1], transport, port) {
						t.Fatalf("%s: ports %v of %v differ at %d/%s", n.Zone, side[0], side[1], port, transport)
					}
				}
			}
		}
	}
}

// holdsAll says that one of the networks contains all of p.
func holdsAll(networks []netip.Prefix, p netip.Prefix) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Bits() <= p.Bits() && n.Contains(p.Addr()) })
}

// TestPrintsOfEveryConduit: each of a zone's conduits is in its print.
func TestPrintsOfEveryConduit(t *testing.T) {
	prints := func(edited string) map[string]string {
		s := Snapshot{
			Now: now, Site: site(), Zones: []*v1alpha1.Zone{zone("a"), zone("b"), zone("c")},
			Namespaces: []Namespace{namespace("a", "scope=ot"), namespace("b", "scope=ot"), namespace("c", "scope=ot")},
		}
		for name, to := range map[string]string{"d": "b", "e": "c", "f": "a"} {
			c := conduit(name, "a", to, flows(port("TCP", 1)))
			if name == edited {
				c.Spec.Suspended = true
			}
			s.Conduits = append(s.Conduits, c)
		}
		return Resolve(s).NeighbourPrints()
	}
	before := prints("")
	for edited, changes := range map[string][]string{"d": {"a", "b"}, "e": {"a", "c"}, "f": {"a"}} {
		after := prints(edited)
		for _, z := range []string{"a", "b", "c"} {
			if changed := before[z] != after[z]; changed != slices.Contains(changes, z) {
				t.Errorf("conduit %s is suspended: the print of %s changes: %t", edited, z, changed)
			}
		}
	}
}

// TestNeighbourPrints: whatever is edited, a zone with the same print and the same own
// fingerprint has the same neighbours; and an edit of one conduit leaves the prints of
// zones that it does not join as they are.
func TestNeighbourPrints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generator{t}
		s := g.objects()
		before := Resolve(s)
		neighbours, prints := before.Neighbours(), before.NeighbourPrints()
		edited := g.editOne(&s)
		after := Resolve(s)
		nowNeighbours, nowPrints := after.Neighbours(), after.NeighbourPrints()
		for _, z := range after.Zones {
			differ := !cmp.Equal(neighbours[z.Name], nowNeighbours[z.Name], equateNetworks)
			if differ && prints[z.Name] == nowPrints[z.Name] {
				t.Fatalf("an edit of %v gave %s other neighbours, and the same print", edited, z.Name)
			}
			if touches := joins(before, edited.Name, z.Name) || joins(after, edited.Name, z.Name); edited.Kind == KindConduit &&
				!touches && prints[z.Name] != nowPrints[z.Name] {
				t.Fatalf("an edit of %v changed the print of %s, which it does not join", edited, z.Name)
			}
		}
	})
}

func joins(m *Model, conduit, zone string) bool {
	for _, c := range m.Conduits {
		for _, e := range append([]End{c.Initiator}, c.Responders...) {
			if c.Name == conduit && e.Zone.Name == zone {
				return true
			}
		}
	}
	return false
}
