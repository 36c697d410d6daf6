// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// insiders are the far ends inside the cluster.
var insiders = []netip.Addr{
	netip.MustParseAddr(places["a/x"]), netip.MustParseAddr("fd00::1"), netip.MustParseAddr(places["a/y"]),
	netip.MustParseAddr(places["b/z"]), netip.MustParseAddr(places["lost/w"]), netip.MustParseAddr(places["node"]),
}

// outsiders lie on either side of the edges of someNetworks.
var outsiders = []string{
	"198.51.100.0", "198.51.100.1", "198.51.100.2", "198.51.100.255", "198.51.101.0", "192.0.2.1", "192.0.3.0", "10.0.0.77", "203.0.113.9", "2001:db8::9",
}

func drawNetworkPolicy(t *rapid.T) string {
	peer := func(label string) string {
		return rapid.SampledFrom([]string{
			"", "podSelector: {}", "podSelector: {matchLabels: {app: x}}", "namespaceSelector: {}", "namespaceSelector: {matchLabels: {team: ot}}",
			"ipBlock: {cidr: 0.0.0.0/0, except: [198.51.100.0/24]}", "ipBlock: {cidr: 198.51.100.0/24, except: [198.51.100.1/32]}", "ipBlock: {cidr: '::/0'}",
		}).Draw(t, label)
	}
	ports := func(label string) string {
		return rapid.SampledFrom([]string{"", ", ports: [{port: 80}]", ", ports: [{port: 80, endPort: 82}, {protocol: UDP}]", ", ports: [{port: http}]"}).Draw(t, label)
	}
	rule := func(direction string) string {
		p := peer(direction)
		if p == "" {
			return strings.TrimPrefix(ports("ports of "+direction), ", ")
		}
		return direction + ": [{" + p + "}]" + ports("ports of "+direction)
	}
	subject := rapid.SampledFrom([]string{"{}", "{matchLabels: {app: x}}"}).Draw(t, "subject")
	types := rapid.SampledFrom([]string{"Ingress", "Egress", "Ingress, Egress"}).Draw(t, "types")
	return np + "spec: {podSelector: " + subject + ", policyTypes: [" + types + "], ingress: [{" + rule("from") + "}], egress: [{" + rule("to") + "}]}"
}

func drawAny(t *rapid.T, label string) string {
	if rapid.Bool().Draw(t, label+" is plain") {
		return drawNetworkPolicy(t)
	}
	return drawPolicy(t)
}

// everyFlow of the tests' cluster, at every port that random policies tell apart.
var everyFlow = func() (out []string) {
	inside := []string{"a/x", "fd00::1", "a/y", "b/z", "lost/w"}
	var pairs [][2]string
	for i, p := range inside {
		for j, q := range inside {
			if i != j {
				pairs = append(pairs, [2]string{p, q})
			}
		}
		pairs = append(pairs, [2]string{p, "node"})
		for _, o := range outsiders {
			pairs = append(pairs, [2]string{p, o}, [2]string{o, p})
		}
	}
	for _, pair := range pairs {
		for _, port := range []uint16{1, 79, 80, 81, 82, 83, 65535} {
			for _, t := range []protocol.Transport{protocol.TCP, protocol.UDP, protocol.SCTP} {
				out = append(out, fmt.Sprintf("%s %s %d/%s", pair[0], pair[1], port, t))
			}
		}
	}
	return slices.DeleteFunc(out, mixesFamilies)
}()

func mixesFamilies(s string) bool {
	var from, to string
	_, _ = fmt.Sscan(s, &from, &to)
	v6 := func(place string) bool { return strings.Contains(place, "::") || place == "out6" }
	return v6(from) != v6(to)
}

// candidatesOf are the candidates of an object at all pods, as flows.
func candidatesOf(t *testing.T, object map[string]any, r *verdict.Rules) []verdict.Candidate {
	t.Helper()
	var out []verdict.Candidate
	o, ends := verdict.Read(object), verdict.Ends{}
	for _, a := range insiders {
		ends.Inside = append(ends.Inside, r.End(a))
	}
	for _, a := range insiders {
		whole := o.Candidates(r, a, ends, func(c verdict.Candidate) bool {
			out = append(out, c)
			return true
		})
		if !whole {
			t.Fatalf("addresses outside were left out at %s", a)
		}
	}
	return out
}

// TestCandidatesAreComplete: where adding an object turns any refusal into an
// admission, or into something unknown, one of its candidates shows that.
func TestCandidatesAreComplete(t *testing.T) {
	opened := map[verdict.Answer]int{}
	rapid.Check(t, func(rt *rapid.T) {
		docs := []string{group}
		for i := range rapid.IntRange(0, 3).Draw(rt, "others") {
			docs = append(docs, drawAny(rt, fmt.Sprint("other ", i)))
		}
		others := objects(t, strings.Join(docs, "\n---\n"))
		doc := drawAny(rt, "object")
		object := objects(t, doc)[0]
		before, after := verdict.New(cluster(others...)), verdict.New(cluster(append(others, object)...))
		shown := map[verdict.Answer]string{}
		for _, c := range candidatesOf(t, object, after) {
			if before.Judge(c.Flow).Answer == verdict.Refused {
				shown[after.Judge(c.Flow).Answer] = fmt.Sprint(c)
			}
		}
		for _, s := range everyFlow {
			f := flow(t, s)
			answer := after.Judge(f).Answer
			if answer == verdict.Refused || before.Judge(f).Answer != verdict.Refused {
				continue
			}
			opened[answer]++
			if shown[answer] == "" {
				rt.Fatalf("%s is %s, and no candidate is: %v\nby %s\nbeside %s", s, answer, shown, doc, strings.Join(docs, "\n---\n"))
			}
		}
	})
	t.Log(opened)
	if opened[verdict.Admitted] == 0 || opened[verdict.Unknown] == 0 {
		t.Errorf("opened %v: that compares too little", opened)
	}
}

// TestOpinionIsTheVerdict: the short form answers the same.
func TestOpinionIsTheVerdict(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		docs := []string{group}
		for i := range rapid.IntRange(1, 4).Draw(rt, "policies") {
			docs = append(docs, drawAny(rt, fmt.Sprint("policy ", i)))
		}
		rules := verdict.New(cluster(objects(t, strings.Join(docs, "\n---\n"))...))
		for _, s := range append(slices.Clone(someFlows), "twice a/x 80/TCP", "a/x twice 80/TCP", "a/x local 80/TCP", "fd00::1 a/x 80/TCP", "a/x out 80/ICMP") {
			want, got := rules.Judge(flow(t, s)).Answer, rules.Opinion(flow(t, s))
			if got.Answer != want {
				rt.Fatalf("%s: %s, Judge says %s\n%s", s, got.Answer, want, strings.Join(docs, "\n---\n"))
			}
			if want != verdict.Unknown && got.UnlessDenied != want {
				rt.Fatalf("%s: %s, and %s unless denied\n%s", s, want, got.UnlessDenied, strings.Join(docs, "\n---\n"))
			}
		}
	})
}

func TestDoubtfulDenies(t *testing.T) {
	t.Parallel()
	open := ccnp + "spec: {" + ofX + ", egress: [{toEntities: [all]}]}"
	strange := "\n---\napiVersion: example.com/v1\nkind: Strange\nmetadata: {name: s}\n"
	denyNames := "\n---\n" + deny("{toPorts: [{ports: [{port: http, protocol: TCP}]}]}")
	denyAll := "\n---\n" + deny("{toEntities: [all]}")
	for name, tc := range map[string]struct {
		objects       string
		answer, other verdict.Answer
	}{
		"none":             {open, verdict.Admitted, verdict.Admitted},
		"a kind":           {open + strange, verdict.Unknown, verdict.Admitted},
		"a port's name":    {open + denyNames, verdict.Unknown, verdict.Admitted},
		"beside a certain": {open + denyNames + denyAll, verdict.Refused, verdict.Refused},
		"no allow":         {allow("{toEntities: [host]}") + strange, verdict.Unknown, verdict.Unknown},
	} {
		rules := verdict.New(cluster(objects(t, tc.objects)...))
		got := rules.Opinion(flow(t, "a/x out 80/TCP"))
		if got.Answer != tc.answer || got.UnlessDenied != tc.other {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestObjectByItself(t *testing.T) {
	t.Parallel()
	rules := verdict.New(cluster(objects(t, allow("{}"))...)) // x is closed for what it sends
	for name, tc := range map[string]struct {
		object          string
		name, namespace string
		allows, refuses string
	}{
		"an allow":                        {allow("{toEntities: [all]}"), "CiliumClusterwideNetworkPolicy/p", "a", "a/x", ""},
		"an allow of nothing":             {allow("{}"), "CiliumClusterwideNetworkPolicy/p", "a", "", ""},
		"a deny":                          {deny("{toEntities: [all]}"), "CiliumClusterwideNetworkPolicy/p", "a", "", "a/x"},
		"default deny where there is one": {np + "spec: {podSelector: {}, policyTypes: [Egress]}", "NetworkPolicy/a/np", "a", "", "a/y"},
		"default deny of the other way":   {np + "spec: {podSelector: {}, policyTypes: [Ingress]}", "NetworkPolicy/a/np", "a", "", "a/x a/y"},
		"several namespaces":              {ccnp + "specs: [{" + ofX + ", egress: [{}]}, {endpointSelector: {}, egress: [{toEntities: [all]}]}]", "CiliumClusterwideNetworkPolicy/p", "", "a/x a/y b/z lost/w", "a/y b/z lost/w"},
		"not understood":                  {np + "spec: {podSelector: {}, tier: 1}", "NetworkPolicy/a/np", "a", "a/x a/y", "a/x a/y"},
		"a group":                         {group, "CiliumCIDRGroup/g", "", "", ""},
		"another kind":                    {"apiVersion: example.com/v1\nkind: Strange\nmetadata: {name: s, namespace: b}\n", "Strange/b/s", "", "a/x a/y b/z lost/w", "a/x a/y b/z lost/w"},
	} {
		o := verdict.Read(objects(t, tc.object)[0])
		var allows, refuses []string
		for _, place := range []string{"a/x", "a/y", "b/z", "lost/w", "node", "out", "twice"} {
			at := netip.MustParseAddr(places[place])
			if o.Allows(rules, at) {
				allows = append(allows, place)
			}
			if o.Refuses(rules, at) {
				refuses = append(refuses, place)
			}
		}
		got := []string{o.Name(), o.Namespace(), strings.Join(allows, " "), strings.Join(refuses, " ")}
		if diff := cmp.Diff([]string{tc.name, tc.namespace, tc.allows, tc.refuses}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestPortsTellRunsApart(t *testing.T) {
	t.Parallel()
	rules := verdict.New(cluster(objects(t, strings.Join([]string{
		allow("{toPorts: [{ports: [{port: '80', endPort: 82, protocol: TCP}, {port: '90', protocol: UDP}]}]}"),
		deny("{toPorts: [{ports: [{port: '81', protocol: TCP}]}]}"),
		np + "spec: {podSelector: {matchLabels: {app: 'y'}}, ingress: [{ports: [{port: 100}]}]}",
	}, "\n---\n"))...))
	for s, want := range map[string][]uint16{
		"a/x a/y 0/TCP":  {1, 80, 81, 82, 83, 100, 101},
		"a/x out 0/TCP":  {1, 80, 81, 82, 83},
		"a/x out 0/UDP":  {1, 90, 91},
		"out a/y 0/TCP":  {1, 100, 101},
		"a/y a/x 0/TCP":  {1}, // neither has rules of that direction
		"out out6 0/TCP": {1},
	} {
		if diff := cmp.Diff(want, rules.Ports(flow(t, s), 1, 65535)); diff != "" {
			t.Errorf("%s: %s", s, diff)
		}
	}
	if diff := cmp.Diff([]uint16{81, 82}, rules.Ports(flow(t, "a/x out 0/TCP"), 81, 82)); diff != "" {
		t.Error(diff)
	}
}

// TestManyNetworks: when addresses are left out, that is said.
func TestManyNetworks(t *testing.T) {
	t.Parallel()
	var blocks []string
	for i := range 100 {
		blocks = append(blocks, fmt.Sprintf("{cidr: 198.51.%d.0/24}", i))
	}
	object := objects(t, allow("{toCIDRSet: ["+strings.Join(blocks, ", ")+"]}"))[0]
	rules, n := verdict.New(cluster(object)), 0
	whole := verdict.Read(object).Candidates(rules, netip.MustParseAddr(places["a/x"]), verdict.Ends{}, func(verdict.Candidate) bool {
		n++
		return true
	})
	if whole || n == 0 {
		t.Errorf("%d candidates, whole %t", n, whole)
	}
}

// TestNothingIsOutsideInTheCluster: an address in the pod range that nobody has now is
// no example of what reaches a pod from outside.
func TestNothingIsOutsideInTheCluster(t *testing.T) {
	t.Parallel()
	object := objects(t, np+"spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}")[0]
	rules := verdict.New(cluster(object))
	for cluster, want := range map[string]string{"192.168.0.0/16": "10.0.0.0", "10.0.0.0/24": "10.0.1.0", "10.0.0.0/8": ""} {
		first := ""
		ends := verdict.Ends{Cluster: []netip.Prefix{netip.MustParsePrefix(cluster)}}
		verdict.Read(object).Candidates(rules, netip.MustParseAddr(places["a/x"]), ends, func(c verdict.Candidate) bool {
			if first == "" || c.Source.String() < first {
				first = c.Source.String()
			}
			return true
		})
		if first != want {
			t.Errorf("with %s: %q, want %q", cluster, first, want)
		}
	}
}
