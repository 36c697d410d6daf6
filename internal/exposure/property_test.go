// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/exposure"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// drawForeign draws a policy of others in or around the plant.
func drawForeign(t *rapid.T, i int) string {
	pick := func(what string, from ...string) string {
		return rapid.SampledFrom(from).Draw(t, fmt.Sprint(what, " of ", i))
	}
	namespace := pick("namespace", "cell", "cell", "scada", "scada", "lab", "spare", "office")
	var doc string
	if rapid.Bool().Draw(t, fmt.Sprint("plain ", i)) {
		peer := func(direction string) string {
			return direction + ": [{" + pick(direction, "podSelector: {}", "podSelector: {matchLabels: {app: gateway}}", "namespaceSelector: {}",
				"namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: cell}}", "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: scada}}",
				"namespaceSelector: {matchLabels: {team: it}}", "ipBlock: {cidr: 10.20.0.0/16, except: [10.20.9.0/24]}", "ipBlock: {cidr: 10.20.9.0/24}", "ipBlock: {cidr: 0.0.0.0/0}") + "}]"
		}
		ports := func(direction string) string {
			return pick("ports "+direction, "", ", ports: [{port: 4840}]", ", ports: [{port: 9100, endPort: 9200}]", ", ports: [{port: 53, protocol: UDP}]", ", ports: [{port: http}]")
		}
		doc = np(namespace, "podSelector: "+pick("subject", "{}", "{matchLabels: {app: gateway}}", "{matchLabels: {app: hmi}}")+
			", policyTypes: ["+pick("types", "Ingress", "Egress", "Ingress, Egress")+"], ingress: [{"+peer("from")+ports("in")+"}], egress: [{"+peer("to")+ports("out")+"}]")
	} else {
		entry := func(direction string) string {
			return "{" + pick(direction, direction+"Endpoints: [{}]", direction+"Endpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': scada}}]",
				direction+"Entities: [world]", direction+"Entities: [cluster]", direction+"Entities: [kube-apiserver]", direction+"CIDR: [10.20.9.0/25]", direction+"CIDR: [10.20.9.128/25]") +
				pick("ports "+direction, "", ", toPorts: [{ports: [{port: '4840', protocol: TCP}]}]", ", toPorts: [{ports: [{port: '9000', endPort: 9300, protocol: ANY}]}]",
					", toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET}]}}]") + "}"
		}
		sections := pick("sections", "ingress: [%s]", "egress: [%s]", "ingressDeny: [%s]", "egressDeny: [%s]")
		direction := "from"
		if strings.HasPrefix(sections, "egress") {
			direction = "to"
		}
		doc = cnp(namespace, "endpointSelector: "+pick("subject", "{}", "{matchLabels: {app: gateway}}", "{matchLabels: {app: hmi}}")+", "+fmt.Sprintf(sections, entry(direction)))
	}
	return strings.Replace(doc, "{name: p,", fmt.Sprintf("{name: p%d,", i), 1)
}

func drawForeigns(t *rapid.T) []string {
	var out []string
	for i := range rapid.IntRange(1, 4).Draw(t, "objects") {
		out = append(out, drawForeign(t, i))
	}
	return out
}

// judges are made of everything, with and without the objects of others.
type judges struct {
	ours, all *verdict.Rules
	at        map[string]netip.Addr
	zones     map[string]string // enforced, by pod
}

func judgesOf(tb testing.TB, in exposure.Input) *judges {
	tb.Helper()
	out := &judges{at: map[string]netip.Addr{}, zones: map[string]string{}}
	c := verdict.Cluster{Namespaces: map[string]map[string]string{}, Nodes: []netip.Addr{netip.MustParseAddr("192.168.7.1")}}
	for _, ns := range in.Snapshot.Namespaces {
		c.Namespaces[ns.Name] = ns.Labels
	}
	members := in.Model.Members()
	for _, p := range in.Snapshot.Pods {
		a := netip.MustParseAddr(p.Addresses[0].IP)
		name := p.Namespace + "/" + p.Name
		out.at[name] = a
		if z := members.ZoneOf(p); z != nil && z.Enforce {
			out.zones[name] = z.Name
		}
		c.Pods = append(c.Pods, verdict.Pod{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, Addresses: []netip.Addr{a}})
	}
	for _, o := range in.Objects {
		var content map[string]any
		if err := json.Unmarshal(o.JSON(), &content); err != nil {
			tb.Fatal(err)
		}
		c.Objects = append(c.Objects, content)
	}
	out.ours = verdict.New(c)
	c.Objects = append(slices.Clone(c.Objects), in.Foreign...)
	out.all = verdict.New(c)
	return out
}

// flow reads "a -> b 1/TCP".
func (j *judges) flow(tb testing.TB, s string) verdict.Flow {
	tb.Helper()
	var from, arrow, to, at string
	if _, err := fmt.Sscan(s, &from, &arrow, &to, &at); err != nil {
		tb.Fatalf("%q: %v", s, err)
	}
	port, transport, _ := strings.Cut(at, "/")
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		tb.Fatalf("%q: %v", s, err)
	}
	address := func(name string) netip.Addr {
		if a, ok := j.at[name]; ok {
			return a
		}
		return netip.MustParseAddr(name)
	}
	return verdict.Flow{Source: address(from), Destination: address(to), Transport: protocol.Transport(transport), Port: uint16(number)}
}

// TestWhatIsReportedIsSo: the example of every policy that opens passes with it and
// not by ours alone; what opens in fact is never taken for clean; and the example of
// every conduit that is cut passes by ours alone and not with the others.
func TestWhatIsReportedIsSo(t *testing.T) {
	opened, cut := 0, 0
	for name, backend := range backends {
		t.Run(name, func(t *testing.T) {
			s := plant(t)
			rapid.Check(t, func(rt *rapid.T) {
				docs := drawForeigns(rt)
				in := input(t, &s, backend, docs...)
				j := judgesOf(t, in)
				dirty := map[string]bool{}
				for _, line := range looked(in) {
					head, text, _ := strings.Cut(line, ": ")
					zone, kind, _ := strings.Cut(head, " ")
					dirty[zone] = true
					_, example, _ := strings.Cut(text, " lets ")
					before, after := verdict.Refused, verdict.Admitted
					switch {
					case zone == "conduit":
						_, example, _ = strings.Cut(text, " refuses ")
						before, after = after, before
						cut++
					case kind != "ForeignPolicy":
						continue
					default:
						opened++
					}
					f := j.flow(t, example)
					// A deny that may or may not apply closes nothing.
					if a, b := j.ours.Judge(f).Answer, j.all.Opinion(f).UnlessDenied; a != before || b != after {
						rt.Fatalf("%s: %s by ours, %s by all\n%s", line, a, b, strings.Join(docs, "---\n"))
					}
				}
				j.checkClean(t, rt, dirty, docs)
				j.checkConduits(t, rt, in, docs)
			})
		})
	}
	t.Logf("%d opened, %d cut", opened, cut)
	if opened < 50 || cut < 5 {
		t.Errorf("%d opened, %d cut: that shows too little", opened, cut)
	}
}

// checkClean tries many flows of the zones that nothing was found in.
func (j *judges) checkClean(tb testing.TB, t *rapid.T, dirty map[string]bool, docs []string) {
	tb.Helper()
	far := append(slices.Sorted(maps.Keys(j.at)), "198.51.100.7", "10.20.1.11", "10.20.9.7", "10.20.9.200", "10.20.5.5")
	for pod, zone := range j.zones {
		if dirty[zone] {
			continue
		}
		for _, other := range far {
			if other == pod || dirty[j.zones[other]] {
				continue // it is named at the other end
			}
			for _, port := range []string{"22/TCP", "4840/TCP", "4841/TCP", "9100/TCP", "9150/TCP", "53/UDP", "9200/UDP"} {
				for _, s := range []string{pod + " -> " + other + " " + port, other + " -> " + pod + " " + port} {
					f := j.flow(tb, s)
					if j.ours.Judge(f).Answer == verdict.Refused && j.all.Opinion(f).UnlessDenied == verdict.Admitted {
						t.Fatalf("%s is open, and zone %s taken for clean (%v)\n%s", s, zone, dirty, strings.Join(docs, "---\n"))
					}
				}
			}
		}
	}
}

// checkConduits tries flows of the conduits that are not said to be cut.
func (j *judges) checkConduits(tb testing.TB, t *rapid.T, in exposure.Input, docs []string) {
	tb.Helper()
	var w exposure.Watcher
	r := w.Look(in)
	for conduit, flows := range map[string][]string{
		"scada-cell":  {"scada/hmi-0 -> cell/gateway-1 4840/TCP", "scada/hmi-0 -> cell/opcua-0 4840/TCP"},
		"drives-cell": {"10.20.9.7 -> cell/gateway-1 9100/TCP", "10.20.9.200 -> cell/gateway-0 9100/TCP"},
		"lab-cell":    {"lab/bench-0 -> cell/opcua-0 9200/TCP", "lab/bench-0 -> cell/gateway-1 9200/TCP"},
	} {
		for _, s := range flows {
			f := j.flow(tb, s)
			_, blocked := r.BlockedBy(conduit)
			if j.ours.Judge(f).Answer == verdict.Admitted && j.all.Judge(f).Answer == verdict.Refused && !blocked {
				t.Fatalf("%s is cut, and nothing said of conduit %s\n%s", s, conduit, strings.Join(docs, "---\n"))
			}
		}
	}
}

// TestTheSameAsOursIsNoFinding: an object of others that says what one of ours says opens
// nothing and cuts nothing, in all of the golden plants.
func TestTheSameAsOursIsNoFinding(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join("..", "policy", "testdata", "*", "in.yaml"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	copies := 0
	for _, path := range cases {
		for name, backend := range backends {
			s, err := policytest.LoadSnapshot(path)
			if err != nil {
				t.Fatal(err)
			}
			in := input(t, &s, backend)
			for i, o := range in.Objects {
				if o.Part == policy.PartFloor {
					continue // see TestForeignDenies: a default deny may cut where ours does not stand
				}
				in.Foreign = []map[string]any{copyOf(t, o, i)}
				copies++
				if got := looked(in); len(got) > 0 {
					t.Errorf("%s, %s, a copy of %s: %v", path, name, o.Name, got)
				}
			}
		}
	}
	if copies < 40 {
		t.Errorf("%d copies", copies)
	}
}

func copyOf(tb testing.TB, o *policy.Object, i int) map[string]any {
	tb.Helper()
	var content map[string]any
	if err := json.Unmarshal(o.JSON(), &content); err != nil {
		tb.Fatal(err)
	}
	metadata := map[string]any{"name": "copy-" + o.Name, "uid": fmt.Sprint("uid-", i), "resourceVersion": "1"}
	if o.Namespace != "" {
		metadata["namespace"] = o.Namespace
	}
	content["metadata"] = metadata
	return content
}

// TestOrderDoesNotMatter of anything that comes in lists.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := plant(t)
		s.Nodes = append(s.Nodes, topology.Node{Name: "edge-2", Networks: []string{"10.42.1.0/24", "192.168.7.2"}})
		in := input(t, &s, backends["cilium"], drawForeigns(rt)...)
		in.Services = []exposure.Service{
			{Namespace: "cell", Name: "a", Type: "NodePort", Selector: map[string]string{"app": "gateway"}},
			{Namespace: "cell", Name: "b", Type: "NodePort", Selector: map[string]string{"app": "opcua"}},
		}
		want := looked(in)
		seed := rapid.Uint64().Draw(rt, "seed")
		shuffle(seed, s.Pods)
		shuffle(seed, s.Namespaces)
		shuffle(seed, s.Nodes)
		shuffle(seed, in.Foreign)
		shuffle(seed, in.Services)
		if diff := cmp.Diff(want, looked(in)); diff != "" {
			rt.Fatalf("(-before +after)\n%s", diff)
		}
	})
}

func shuffle[T any](seed uint64, list []T) {
	rand.New(rand.NewPCG(seed, seed)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// TestAnotherBackend is another answer to the same site: where nothing of ours stands, a
// default deny of others cuts.
func TestAnotherBackend(t *testing.T) {
	s := plant(t)
	var w exposure.Watcher
	for _, step := range []struct {
		backend string
		cut     bool
	}{{"cilium", false}, {"networkpolicy", true}, {"cilium", false}} {
		in := input(t, &s, backends[step.backend], np("lab", everyPod+", policyTypes: [Egress]"))
		if _, blocked := w.Look(in).BlockedBy("lab-cell"); blocked != step.cut {
			t.Errorf("on %s: blocked %t", step.backend, blocked)
		}
	}
}

// TestMemoryChangesNothing: one that looks again and again finds what a new one does,
// whatever changes in between.
func TestMemoryChangesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := plant(t)
		var w exposure.Watcher
		compiler := policy.NewCompiler(backends["cilium"])
		var foreign []map[string]any
		for step := range 6 {
			switch rapid.IntRange(0, 6).Draw(rt, "change") {
			case 0:
				foreign = append(foreign, object(t, drawForeign(rt, step), step))
			case 1:
				if len(foreign) > 0 {
					changed := object(t, drawForeign(rt, step), 0)
					old := foreign[0]["metadata"].(map[string]any)
					changed["metadata"].(map[string]any)["uid"], changed["metadata"].(map[string]any)["resourceVersion"] = old["uid"], fmt.Sprint("v", step)
					foreign = append([]map[string]any{changed}, foreign[1:]...)
				}
			case 2:
				foreign = foreign[:len(foreign)/2]
			case 3:
				i := rapid.IntRange(0, len(s.Pods)-1).Draw(rt, "pod")
				s.Pods = slices.Clone(s.Pods)
				s.Pods[i].Labels = map[string]string{"app": rapid.SampledFrom([]string{"hmi", "gateway", "x"}).Draw(rt, "app")}
			case 4:
				i := rapid.IntRange(0, len(s.Conduits)-1).Draw(rt, "conduit")
				c := s.Conduits[i].DeepCopy()
				c.Spec.Suspended = !c.Spec.Suspended
				s.Conduits = slices.Clone(s.Conduits)
				s.Conduits[i] = c
			case 5:
				i := slices.IndexFunc(s.Namespaces, func(ns topology.Namespace) bool { return ns.Name == "spare" })
				s.Namespaces = slices.Clone(s.Namespaces)
				s.Namespaces[i].Labels = map[string]string{"team": rapid.SampledFrom([]string{"it", "ot"}).Draw(rt, "team")}
			case 6:
				i := rapid.IntRange(0, len(s.Pods)-1).Draw(rt, "pod")
				s.Pods = slices.Clone(s.Pods)
				s.Pods[i].HostNetwork = !s.Pods[i].HostNetwork
			}
			m := topology.Resolve(s)
			in := exposure.Input{Snapshot: &s, Model: m, Objects: compiler.Compile(m).Objects, Foreign: foreign}
			if diff := cmp.Diff(looked(in), lines(in, w.Look(in))); diff != "" {
				rt.Fatalf("step %d (-anew +again)\n%s", step, diff)
			}
		}
	})
}
