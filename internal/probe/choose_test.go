// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/probe"
)

// pod has the address 10.0.0.n, and with it fd00::n if dual.
func pod(name string, n byte, dual bool) probe.Pod {
	p := probe.Pod{Name: name, Addrs: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, n})}}
	if dual {
		p.Addrs = append(p.Addrs, netip.AddrFrom16([16]byte{0: 0xfd, 15: n}))
	}
	return p
}

func pods(names string, from byte) []probe.Pod {
	var out []probe.Pod
	for _, n := range names {
		out = append(out, pod("plant/"+string(n), from, false))
		from++
	}
	return out
}

func always(a probe.Answer) probe.Judge {
	return func(_, _ netip.Addr, _ uint16) probe.Answer { return a }
}

// conduits admits the ports below the ephemeral ones and refuses the rest.
func conduits(_, _ netip.Addr, port uint16) probe.Answer {
	if port < 32768 {
		return probe.Admitted
	}
	return probe.Refused
}

func TestNothingToChooseIsSaid(t *testing.T) {
	sixOnly := probe.Pod{Name: "plant/six", Addrs: []netip.Addr{netip.MustParseAddr("fd00::9")}}
	linkLocal := probe.Pod{Name: "plant/link", Addrs: []netip.Addr{netip.MustParseAddr("fe80::1")}}
	tests := []struct {
		name            string
		members, locals []probe.Pod
		want            string
	}{
		{"no member", nil, pods("ab", 1), "the zone has no pod on this node"},
		{"alone", pods("a", 1), nil, "there is no second pod on this node"},
		{"alone, and named twice", pods("a", 1), pods("a", 1), "there is no second pod on this node"},
		{"two families", pods("a", 1), []probe.Pod{sixOnly}, "no two pods on this node have addresses of one family"},
		{"no address", pods("a", 1), []probe.Pod{linkLocal}, "no two pods on this node have addresses of one family"},
		{"two members", pods("ab", 1), nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := probe.Choose(tt.members, tt.locals, []uint16{502}, 0, conduits)
			if p.Why != tt.want {
				t.Errorf("%q, want %q", p.Why, tt.want)
			}
			if (p.Why == "") != (len(p.MustPass) > 0 && len(p.MustNot) > 0) {
				t.Errorf("%+v", p)
			}
		})
	}
}

// Pods on the node's network share its address: between them nothing passes a policy.
func TestSharedAddressIsNoPair(t *testing.T) {
	p := probe.Choose([]probe.Pod{pod("plant/a", 1, false)}, []probe.Pod{pod("plant/b", 1, false)}, []uint16{502}, 0, conduits)
	if len(p.MustPass)+len(p.MustNot) > 0 {
		t.Errorf("%+v", p)
	}
}

// Every other round enters the zone, and the ports come in the caller's order.
func TestDirectionsTakeTurnsAndPortsKeepTheirOrder(t *testing.T) {
	members, locals := pods("a", 1), pods("b", 2)
	for seed, want := range [][]string{
		{"plant/a -> plant/b 4840/TCP", "plant/a -> plant/b 502/TCP", "plant/b -> plant/a 4840/TCP", "plant/b -> plant/a 502/TCP"},
		{"plant/b -> plant/a 4840/TCP", "plant/b -> plant/a 502/TCP", "plant/a -> plant/b 4840/TCP", "plant/a -> plant/b 502/TCP"},
	} {
		p := probe.Choose(members, locals, []uint16{4840, 502}, uint32(seed), conduits)
		var got []string
		for _, a := range p.MustPass {
			got = append(got, a.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: (-want +have)\n%s", seed, diff)
		}
		if p.MustNot[0].Port == p.MustNot[1].Port {
			t.Errorf("seed %d: both ports are %d", seed, p.MustNot[0].Port)
		}
	}
}

// A refusal from or to a pod of another enforced zone may be that zone's.
func TestWhatOnlyThisZoneRefusesIsPreferred(t *testing.T) {
	members, locals := pods("a", 1), pods("bcd", 2)
	locals[0].Zoned, locals[2].Zoned = true, true
	for seed := range uint32(20) {
		p := probe.Choose(members, locals, nil, seed, always(probe.Refused))
		for _, a := range p.MustNot {
			if a.From.Pod != "plant/c" && a.To.Pod != "plant/c" {
				t.Errorf("seed %d: %s", seed, a)
			}
		}
	}
	locals[1].Zoned = true
	if p := probe.Choose(members, locals, nil, 0, always(probe.Refused)); len(p.MustNot) == 0 {
		t.Error("with zoned pods alone, nothing is tried")
	}
}

// Counting the seed up brings every pair to the front, in both directions.
func TestEveryPairHasItsTurn(t *testing.T) {
	members, locals := pods("abc", 1), pods("defg", 10)
	first := map[string]bool{}
	for seed := range uint32(2 * 3 * 6) {
		p := probe.Choose(members, locals, []uint16{502}, seed, conduits)
		first[p.MustPass[0].String()] = true
		first[p.MustNot[0].From.Pod+" "+p.MustNot[0].To.Pod] = true
	}
	// Three members with six others each; pairs of two members are the same both ways.
	if want := 2 * (2*3*6 - 3*2); len(first) != want {
		t.Errorf("%d first attempts, want %d", len(first), want)
	}
}

// With both families, both are tried.
func TestFamiliesTakeTurns(t *testing.T) {
	four := 0
	for seed := range uint32(16) {
		p := probe.Choose([]probe.Pod{pod("plant/a", 1, true)}, []probe.Pod{pod("plant/b", 2, true)}, []uint16{502}, seed, conduits)
		if p.MustPass[0].To.Addr.Is4() {
			four++
		}
	}
	if four != 8 {
		t.Errorf("IPv4 in %d of 16 rounds", four)
	}
}

// A crowded node costs a bounded number of questions.
func TestWorkIsBounded(t *testing.T) {
	var crowd []probe.Pod
	for n := range 300 {
		crowd = append(crowd, probe.Pod{Name: fmt.Sprintf("plant/%d", n), Addrs: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, byte(n / 250), byte(n%250 + 1)})}})
	}
	asked := 0
	p := probe.Choose(crowd[:150], crowd, []uint16{502}, 7, func(_, _ netip.Addr, _ uint16) probe.Answer {
		asked++
		return probe.Unknown
	})
	if len(p.MustPass)+len(p.MustNot) > 0 || asked > 25_000 {
		t.Errorf("asked %d times for %+v", asked, p)
	}
}

// generated is a node with random pods, and a judge that is a function of its seed.
type generated struct {
	members, locals []probe.Pod
	ports           []uint16
	judge           probe.Judge
}

func generate(t *rapid.T) generated {
	var g generated
	for i := range rapid.IntRange(0, 9).Draw(t, "pods") {
		p := pod(fmt.Sprintf("plant/%d", i), byte(i+1), rapid.Bool().Draw(t, "dual"))
		if len(p.Addrs) > 1 && rapid.Bool().Draw(t, "IPv6 only") {
			p.Addrs = p.Addrs[1:]
		}
		p.Zoned = rapid.Bool().Draw(t, "zoned")
		if rapid.Bool().Draw(t, "member") {
			g.members = append(g.members, p)
		}
		g.locals = append(g.locals, p)
	}
	g.ports = rapid.SliceOfNDistinct(rapid.Uint16Range(1, 65535), 0, 4, rapid.ID).Draw(t, "ports")
	salt := rapid.Byte().Draw(t, "judge")
	g.judge = func(src, dst netip.Addr, port uint16) probe.Answer {
		h := fnv.New32a()
		fmt.Fprint(h, salt, src, dst, port)
		return []probe.Answer{probe.Admitted, probe.Refused, probe.Unknown}[h.Sum32()>>8%3]
	}
	return g
}

func (g generated) isMember(e probe.End) bool {
	return slices.ContainsFunc(g.members, func(p probe.Pod) bool { return p.Name == e.Pod && slices.Contains(p.Addrs, e.Addr) })
}

func TestChosenIsSureAndOfTheZone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generate(t)
		p := probe.Choose(g.members, g.locals, g.ports, rapid.Uint32().Draw(t, "seed"), g.judge)
		for want, attempts := range map[probe.Answer][]probe.Attempt{probe.Admitted: p.MustPass, probe.Refused: p.MustNot} {
			for _, a := range attempts {
				if got := g.judge(a.From.Addr, a.To.Addr, a.Port); got != want {
					t.Fatalf("%s: the judge says %s, want %s", a, got, want)
				}
				if !g.isMember(a.From) && !g.isMember(a.To) {
					t.Fatalf("%s: neither end is a member", a)
				}
				if a.From.Pod == a.To.Pod || a.From.Addr == a.To.Addr || a.From.Addr.Is4() != a.To.Addr.Is4() {
					t.Fatalf("%s: no pair: %s, %s", a, a.From.Addr, a.To.Addr)
				}
				if want == probe.Admitted && !slices.Contains(g.ports, a.Port) || want == probe.Refused && a.Port < 32768 {
					t.Fatalf("%s: not a port for this", a)
				}
			}
		}
	})
}

// What can be tried is found: no pair and port is missed on a node of this size.
func TestChosenIsFoundIfThereIsAny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generate(t)
		any := false
		for _, m := range g.members {
			for _, o := range g.locals {
				for _, src := range m.Addrs {
					for _, dst := range o.Addrs {
						for _, port := range g.ports {
							pair := m.Name != o.Name && src.Is4() == dst.Is4()
							any = any || pair && (g.judge(src, dst, port) == probe.Admitted || g.judge(dst, src, port) == probe.Admitted)
						}
					}
				}
			}
		}
		p := probe.Choose(g.members, g.locals, g.ports, rapid.Uint32().Draw(t, "seed"), g.judge)
		if found := len(p.MustPass) > 0; found != any {
			t.Fatalf("found: %t, want %t", found, any)
		}
	})
}

func TestChoosingIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generate(t)
		seed := rapid.Uint32().Draw(t, "seed")
		want := probe.Choose(g.members, g.locals, g.ports, seed, g.judge)
		members := rapid.Permutation(g.members).Draw(t, "members in order")
		locals := rapid.Permutation(g.locals).Draw(t, "locals in order")
		got := probe.Choose(members, locals, g.ports, seed, g.judge)
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Fatal(diff)
		}
	})
}
