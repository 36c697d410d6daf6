// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// drawTerm draws a term over two labels that every set of labels in allLabels uses.
func drawTerm(t *rapid.T) *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	for range rapid.IntRange(0, 3).Draw(t, "requirements") {
		r := metav1.LabelSelectorRequirement{
			Key: rapid.SampledFrom([]string{"k", "l", "m"}).Draw(t, "key"),
			Operator: rapid.SampledFrom([]metav1.LabelSelectorOperator{
				metav1.LabelSelectorOpIn, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn,
				metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist,
			}).Draw(t, "operator"),
		}
		if r.Operator == metav1.LabelSelectorOpIn || r.Operator == metav1.LabelSelectorOpNotIn {
			r.Values = rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 2).Draw(t, "values")
		}
		s.MatchExpressions = append(s.MatchExpressions, r)
	}
	if rapid.Bool().Draw(t, "equal") {
		s.MatchLabels = map[string]string{"k": rapid.SampledFrom([]string{"a", "b"}).Draw(t, "value")}
	}
	return s
}

// allLabels are all sets of three labels, each absent or of one of four values.
func allLabels() []labels.Set {
	var out []labels.Set
	values := []string{"", "a", "b", "c", "d"}
	for _, k := range values {
		for _, l := range values {
			for _, m := range values {
				set := labels.Set{"k": k, "l": l, "m": m}
				for key, v := range set {
					if v == "" {
						delete(set, key)
					}
				}
				out = append(out, set)
			}
		}
	}
	return out
}

func selects(t *rapid.T, s *metav1.LabelSelector, set labels.Set) bool {
	compiled, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Matches(set)
}

// TestComplement: what matches within and no peer matches exactly one term, and nothing
// else matches any.
func TestComplement(t *testing.T) {
	universe := allLabels()
	rapid.Check(t, func(t *rapid.T) {
		inside := drawTerm(t)
		within, possible := termOf(inside)
		if !possible {
			return
		}
		selectors := rapid.SliceOfN(rapid.Custom(drawTerm), 0, 6).Draw(t, "peers")
		var peers []term
		for _, s := range selectors {
			if peer, ok := termOf(s); ok {
				peers = append(peers, peer)
			}
		}
		terms, whole := complement(within, peers)
		if !whole {
			t.Fatalf("%d terms for %d peers are not whole", len(terms), len(peers))
		}
		for _, set := range universe {
			want := 0
			if selects(t, inside, set) && !slices.ContainsFunc(selectors, func(s *metav1.LabelSelector) bool { return selects(t, s, set) }) {
				want = 1
			}
			got := 0
			for _, found := range terms {
				if selects(t, found.selector(), set) {
					got++
				}
			}
			if got != want {
				t.Fatalf("%v: %d of %v match it, want %d\nwithin %v, not %v", set, got, terms, want, within, peers)
			}
		}
	})
}

// TestTerms: a term says what its selectors say together, also when nothing can.
func TestTerms(t *testing.T) {
	universe := allLabels()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawTerm(t), drawTerm(t)
		both, ok := termOf(a, b)
		for _, set := range universe {
			want := selects(t, a, set) && selects(t, b, set)
			if got := ok && selects(t, both.selector(), set); got != want {
				t.Fatalf("%v and %v: %v, %t matches %v: %t, want %t", a, b, both, ok, set, got, want)
			}
		}
	})
}

func peersApart(n int, apart func(i int) map[string]string) []term {
	var out []term
	for i := range n {
		t, _ := termOf(&metav1.LabelSelector{MatchLabels: apart(i)})
		out = append(out, t)
	}
	return out
}

// TestComplementIsShort: the usual ways to tell zones apart cost few selectors, however
// many zones there are; the unusual ones are cut, and never say too much.
func TestComplementIsShort(t *testing.T) {
	ns := "io.kubernetes.pod.namespace"
	tests := map[string]struct {
		peers []term
		terms int
		whole bool
		// named is how many namespaces the first of them leaves out.
		named int
	}{
		"a namespace each": {peersApart(200, func(i int) map[string]string {
			return map[string]string{ns: strconv.Itoa(i)}
		}), 1, true, 200},
		"one namespace, a label each": {peersApart(200, func(i int) map[string]string {
			return map[string]string{ns: "plant", "cell": strconv.Itoa(i)}
		}), 2, true, 1},
		"a namespace and a label each": {peersApart(30, func(i int) map[string]string {
			return map[string]string{ns: strconv.Itoa(i), "app": strconv.Itoa(i)}
		}), 31, true, 30},
		"the same label in a namespace each": {peersApart(30, func(i int) map[string]string {
			return map[string]string{ns: strconv.Itoa(i), "app": "x"}
		}), 2, true, 30},
		"too many namespaces with a label each": {peersApart(100, func(i int) map[string]string {
			return map[string]string{ns: strconv.Itoa(i), "app": strconv.Itoa(i)}
		}), mostTerms, false, 100},
		"labels that cross in every way": {peersApart(14, func(i int) map[string]string {
			return map[string]string{fmt.Sprintf("a%d", i): "x", fmt.Sprintf("b%d", i): "x"}
		}), mostTerms, false, 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			within, _ := termOf(&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: ns, Operator: metav1.LabelSelectorOpExists},
			}})
			terms, whole := complement(within, tc.peers)
			if len(terms) != tc.terms || whole != tc.whole {
				t.Errorf("%d terms, whole %t, want %d, %t", len(terms), whole, tc.terms, tc.whole)
			}
			for _, found := range terms {
				for _, peer := range tc.peers {
					if both, ok := found.and(peer); ok {
						t.Fatalf("%v matches a peer: %v", found, both)
					}
				}
			}
			if first := terms[0][ns]; first.bounded || len(first.values) != tc.named {
				t.Errorf("namespaces of nobody are not denied whole: %+v", first)
			}
		})
	}
}

// TestOtherPorts: a port is denied exactly when it is not open, in as few ranges as there
// are gaps, and as the agent reads them.
func TestOtherPorts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var open []protocol.PortRange
		for range rapid.IntRange(1, 4).Draw(t, "ranges") {
			first := rapid.OneOf(rapid.Uint16Range(1, 9), rapid.Uint16Range(65530, 65535)).Draw(t, "first")
			last := rapid.OneOf(rapid.Just(first), rapid.Uint16Range(first, min(first, 65532)+3), rapid.Just(uint16(65535))).Draw(t, "last")
			open = append(open, protocol.PortRange{
				Transport: rapid.SampledFrom([]protocol.Transport{protocol.TCP, protocol.UDP, protocol.SCTP}).Draw(t, "transport"),
				First:     first, Last: last,
			})
		}
		rules := otherPorts(open).rules
		for _, transport := range []protocol.Transport{protocol.TCP, protocol.UDP, protocol.SCTP} {
			for _, port := range []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 1000, 65529, 65530, 65531, 65532, 65533, 65534, 65535} {
				isOpen := slices.ContainsFunc(open, func(r protocol.PortRange) bool {
					return r.Transport == transport && r.First <= port && port <= r.Last
				})
				denied := 0
				for _, rule := range rules {
					for _, p := range rule.Ports {
						first, err := strconv.Atoi(p.Port)
						if err != nil || first == 0 && p.EndPort != 0 {
							t.Fatalf("%+v is every port to Cilium", p)
						}
						last := max(int(p.EndPort), first)
						if string(p.Protocol) == string(transport) && (first == 0 || first <= int(port) && int(port) <= last) {
							denied++
						}
					}
				}
				if (denied == 1) == isOpen || denied > 1 {
					t.Fatalf("%d/%s: open %t, in %d of %+v", port, transport, isOpen, denied, rules)
				}
			}
		}
	})
}

func TestOtherPortsFitTheAgent(t *testing.T) {
	all := func(transport protocol.Transport) protocol.PortRange {
		return protocol.PortRange{Transport: transport, First: 1, Last: 65535}
	}
	if p := otherPorts([]protocol.PortRange{all(protocol.TCP), all(protocol.UDP), all(protocol.SCTP)}); !p.none() {
		t.Errorf("with every port open, these are denied: %+v", p)
	}
	if p := otherPorts([]protocol.PortRange{all(protocol.TCP)}); p.none() || p.every {
		t.Errorf("with every TCP port open, the rest is %+v", p)
	}
	var many []protocol.PortRange
	for i := range uint16(50) {
		many = append(many, protocol.PortRange{Transport: protocol.TCP, First: 100 + 2*i, Last: 100 + 2*i})
	}
	var sizes []int
	for _, rule := range otherPorts(many).rules {
		sizes = append(sizes, len(rule.Ports))
	}
	if diff := cmp.Diff([]int{40, 13}, sizes); diff != "" {
		t.Errorf("51 gaps and 2 transports in rules of (-want +got):\n%s", diff)
	}
}
