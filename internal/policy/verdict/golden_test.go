// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

var backends = map[string]policy.Backend{"cilium": cilium.Backend{}, "networkpolicy": networkpolicy.Backend{}}

// TestGoldenPlants compares with policytest, which shares no line with this
// package, what either makes of the golden plants: every pair of ends at every
// port in use and beside. Whatever is certain here is so there.
func TestGoldenPlants(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join("..", "testdata", "*", "in.yaml"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	total, answers := 0, map[verdict.Answer]int{}
	for _, in := range cases {
		snapshot, err := policytest.LoadSnapshot(in)
		if err != nil {
			t.Fatal(err)
		}
		for name, backend := range backends {
			t.Run(filepath.Base(filepath.Dir(in))+"/"+name, func(t *testing.T) {
				p := plantOf(t, snapshot, backend)
				for _, f := range p.flows() {
					total++
					answers[p.compare(t, f)]++
				}
			})
		}
	}
	t.Logf("%d flows: %v", total, answers)
	if total < 5000 || answers[verdict.Admitted] == 0 || answers[verdict.Refused] == 0 || answers[verdict.Unknown]*10 > total {
		t.Errorf("of %d flows: %v; that compares too little", total, answers)
	}
}

// plant is a golden plant for both judges.
type plant struct {
	rules   *verdict.Rules
	other   *policytest.Evaluator
	ends    []policytest.Endpoint
	at      map[policytest.Endpoint]netip.Addr
	special map[policytest.Endpoint]bool
	ports   []protocol.PortRange
}

func plantOf(t *testing.T, s topology.Snapshot, b policy.Backend) *plant {
	t.Helper()
	model, world := topology.Resolve(s), policytest.WorldOf(s)
	p := &plant{at: map[policytest.Endpoint]netip.Addr{}, special: map[policytest.Endpoint]bool{}}
	c := verdict.Cluster{Namespaces: world.Namespaces}
	for i, pod := range world.Pods {
		a := netip.AddrFrom4([4]byte{10, 42, 0, byte(i + 1)})
		c.Pods = append(c.Pods, verdict.Pod{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels, Addresses: []netip.Addr{a}})
		p.addEnd(policytest.Endpoint(pod.Namespace+"/"+pod.Name), a)
	}
	for a := range world.Entities {
		p.special[policytest.Endpoint(a.String())] = true
		p.addEnd(policytest.Endpoint(a.String()), a)
		if !a.IsLinkLocalUnicast() {
			c.Nodes = append(c.Nodes, a)
		}
	}
	for _, z := range model.Zones {
		for _, n := range z.Networks {
			p.addEnd(policytest.Endpoint(n.Addr().String()), n.Addr())
		}
	}
	for _, a := range []string{"198.51.100.250", "2001:db8:ffff::1"} {
		p.addEnd(policytest.Endpoint(a), netip.MustParseAddr(a))
	}
	manifests := compile(b, model)
	for _, m := range manifests {
		c.Objects = append(c.Objects, unstructured(t, m))
	}
	p.rules, p.other, p.ports = verdict.New(c), policytest.New(world, manifests), portsOf(model)
	return p
}

func (p *plant) addEnd(e policytest.Endpoint, a netip.Addr) {
	if _, ok := p.at[e]; !ok {
		p.at[e], p.ends = a, append(p.ends, e)
	}
}

func compile(b policy.Backend, m *topology.Model) []policy.Manifest {
	var out []policy.Manifest
	add := func(objects []*policy.Object) {
		for _, o := range objects {
			out = append(out, o.Manifest)
		}
	}
	for _, z := range m.Zones {
		objects, _ := b.Zone(m.Site, z)
		add(objects)
	}
	for _, c := range m.Conduits {
		objects, _ := b.Conduit(m.Site, c)
		add(objects)
	}
	return out
}

// unstructured is an object as a client that knows no types has it.
func unstructured(t *testing.T, o any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// portsOf are the ends of every range that a conduit or a platform service uses,
// and the ports beside.
func portsOf(m *topology.Model) []protocol.PortRange {
	ranges := []protocol.PortRange{{Transport: protocol.UDP, First: 53, Last: 53}, {Transport: protocol.TCP, First: 6443, Last: 6443}}
	for _, c := range m.Conduits {
		ranges = append(append(ranges, c.Ports...), c.BothWays...)
	}
	var out []protocol.PortRange
	for _, r := range ranges {
		for _, port := range []uint16{r.First - 1, r.First, r.Last, r.Last + 1} {
			for _, transport := range []protocol.Transport{protocol.TCP, protocol.UDP} {
				if one := (protocol.PortRange{Transport: transport, First: port, Last: port}); port != 0 && !slices.Contains(out, one) {
					out = append(out, one)
				}
			}
		}
	}
	return out
}

// question is a flow between ends of a plant.
type question struct {
	from, to policytest.Endpoint
	port     protocol.PortRange
}

func (p *plant) flows() []question {
	var out []question
	for _, from := range p.ends {
		for _, to := range p.ends {
			for _, port := range p.ports {
				if from != to {
					out = append(out, question{from, to, port})
				}
			}
		}
	}
	return out
}

func (p *plant) compare(t *testing.T, q question) verdict.Answer {
	t.Helper()
	got := p.rules.Judge(verdict.Flow{Source: p.at[q.from], Destination: p.at[q.to], Transport: q.port.Transport, Port: q.port.First})
	want := verdict.Refused
	if p.other.Allowed(q.from, q.to, string(q.port.Transport), q.port.First) {
		want = verdict.Admitted
	}
	where := fmt.Sprintf("%s to %s at %d/%s", q.from, q.to, q.port.First, q.port.Transport)
	switch {
	case got.Answer == verdict.Unknown:
		// Only what comes from a node, may be one, or may be the Kubernetes API is in
		// doubt among our own objects.
		api := q.port.First == 6443 && q.port.Transport == protocol.TCP
		if !p.special[q.from] && !p.special[q.to] && !api {
			t.Errorf("%s: not known, by %v", where, got.By)
		}
	case got.Answer != want:
		t.Errorf("%s: %v, by %v; want %v", where, got.Answer, got.By, want)
	case want == verdict.Refused && len(got.By) == 0:
		t.Errorf("%s: refused by nothing", where)
	}
	for _, name := range got.By {
		if !strings.Contains(name, "/") {
			t.Errorf("%s: by %q", where, name)
		}
	}
	return got.Answer
}
