// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// plant is a random site: four zones, each half of a namespace by a label, with
// pods of two applications and with devices, and conduits between parts of them.
type plant struct {
	site     *topology.Site
	zones    []*topology.Zone
	conduits []*topology.Conduit
	world    policytest.World
	ends     []policytest.Endpoint
}

const cellLabel = "zonewarden.io/cell"

func drawPlant(t *rapid.T) *plant {
	p := &plant{
		site: &topology.Site{
			DNS: topology.DNS{Namespace: "kube-system", PodLabels: map[string]string{"k8s-app": "kube-dns"}, Port: 53},
			API: topology.APIServer{Port: 6443},
		},
		world: policytest.World{Namespaces: map[string]map[string]string{
			"other": {"kubernetes.io/metadata.name": "other"},
		}},
		ends: []policytest.Endpoint{"other/stray", "198.51.100.9"},
	}
	p.world.Pods = append(p.world.Pods, policytest.Pod{Namespace: "other", Name: "stray", Labels: map[string]string{"app": "a", cellLabel: "c0"}})
	for i := range 4 {
		p.addZone(t, i)
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "conduits") {
		p.conduits = append(p.conduits, p.drawConduit(t, i))
	}
	return p
}

func (p *plant) addZone(t *rapid.T, i int) {
	namespace, cell := fmt.Sprintf("ns%d", i/2), fmt.Sprintf("c%d", i%2)
	p.world.Namespaces[namespace] = map[string]string{"kubernetes.io/metadata.name": namespace, "half": namespace}
	w := topology.Workloads{
		Matching:     []string{namespace},
		PodSelectors: []*metav1.LabelSelector{{MatchLabels: map[string]string{cellLabel: cell}}},
	}
	if rapid.Bool().Draw(t, "by label") {
		w.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"half": namespace}}
	} else {
		w.Namespaces = []string{namespace}
	}
	z := &topology.Zone{
		Name: fmt.Sprintf("zone%d", i), Enforce: true, Workloads: []topology.Workloads{w},
		InternalTraffic: rapid.Bool().Draw(t, "internal"),
		HasAssets:       rapid.Bool().Draw(t, "assets"),
	}
	if z.HasAssets {
		z.Networks = []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("10.20.%d.0/24", i))}
		p.ends = append(p.ends, policytest.Endpoint(fmt.Sprintf("10.20.%d.7", i)))
	}
	for _, app := range []string{"a", "b"} {
		name := fmt.Sprintf("%s-%s", cell, app)
		p.world.Pods = append(p.world.Pods, policytest.Pod{Namespace: namespace, Name: name, Labels: map[string]string{"app": app, cellLabel: cell}})
		p.ends = append(p.ends, policytest.Endpoint(namespace+"/"+name))
	}
	p.zones = append(p.zones, z)
}

func (p *plant) drawConduit(t *rapid.T, i int) *topology.Conduit {
	c := &topology.Conduit{Name: fmt.Sprintf("conduit%d", i)}
	for range rapid.IntRange(1, 3).Draw(t, "ports") {
		first := rapid.Uint16Range(1, 6).Draw(t, "first")
		c.Ports = append(c.Ports, protocol.PortRange{
			Transport: rapid.SampledFrom([]protocol.Transport{protocol.TCP, protocol.UDP}).Draw(t, "transport"),
			First:     first, Last: first + rapid.Uint16Range(0, 2).Draw(t, "more"),
		})
	}
	if rapid.Bool().Draw(t, "both ways") {
		c.BothWays = c.Ports[:1]
	}
	zones := rapid.Permutation(p.zones).Draw(t, "zones")
	c.Initiator = drawEnd(t, zones[0])
	for _, z := range zones[rapid.IntRange(0, 1).Draw(t, "itself"):rapid.IntRange(2, 4).Draw(t, "responders")] {
		c.Responders = append(c.Responders, drawEnd(t, z))
	}
	return c
}

func drawEnd(t *rapid.T, z *topology.Zone) topology.End {
	switch rapid.IntRange(0, 2).Draw(t, "narrow") {
	case 0:
		return topology.End{Zone: z, Workloads: z.Workloads, Networks: z.Networks, WholeZone: true}
	case 1:
		w := z.Workloads[0]
		app := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "app")
		w.PodSelectors = append(slices.Clone(w.PodSelectors), &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}})
		return topology.End{Zone: z, Workloads: []topology.Workloads{w}, Narrowed: true}
	default:
		return topology.End{Zone: z, Networks: z.Networks, Narrowed: true}
	}
}

func (p *plant) compile(b policy.Backend) []*policy.Object {
	objects, _ := compile(b, &topology.Model{Site: p.site, Zones: p.zones, Conduits: p.conduits})
	return objects
}

// expected is what the declarations say, worked out without any policy: where an
// end is a pod of a zone, the flow needs internal traffic or a conduit.
func (p *plant) expected(from, to policytest.Endpoint, transport string, port uint16) bool {
	a, b := p.zoneOf(from), p.zoneOf(to)
	if !enforced(from, a) && !enforced(to, b) || a != nil && a == b && a.InternalTraffic {
		return true
	}
	return p.throughConduit(from, to, transport, port)
}

// enforced says that a policy acts at this end: a pod of a zone.
func enforced(e policytest.Endpoint, z *topology.Zone) bool {
	return z != nil && strings.Contains(string(e), "/")
}

func (p *plant) throughConduit(from, to policytest.Endpoint, transport string, port uint16) bool {
	for _, c := range p.conduits {
		for _, r := range c.Responders {
			if p.has(c.Initiator, from) && p.has(r, to) && holds(c.Ports, transport, port) ||
				p.has(r, from) && p.has(c.Initiator, to) && holds(c.BothWays, transport, port) {
				return true
			}
		}
	}
	return false
}

func (p *plant) zoneOf(e policytest.Endpoint) *topology.Zone {
	for _, z := range p.zones {
		if p.has(topology.End{Workloads: z.Workloads, Networks: z.Networks}, e) {
			return z
		}
	}
	return nil
}

func (p *plant) has(end topology.End, e policytest.Endpoint) bool {
	if addr, err := netip.ParseAddr(string(e)); err == nil {
		return slices.ContainsFunc(end.Networks, func(n netip.Prefix) bool { return n.Contains(addr) })
	}
	i := slices.IndexFunc(p.world.Pods, func(pod policytest.Pod) bool { return pod.Namespace+"/"+pod.Name == string(e) })
	pod := p.world.Pods[i]
	return slices.ContainsFunc(end.Workloads, func(w topology.Workloads) bool {
		return slices.Contains(w.Matching, pod.Namespace) && carries(pod.Labels, w.PodSelectors)
	})
}

// carries is enough for the selectors that are drawn here, which have labels only.
func carries(labels map[string]string, selectors []*metav1.LabelSelector) bool {
	for _, s := range selectors {
		for k, v := range s.MatchLabels {
			if labels[k] != v {
				return false
			}
		}
	}
	return true
}

func holds(ranges []protocol.PortRange, transport string, port uint16) bool {
	return slices.ContainsFunc(ranges, func(r protocol.PortRange) bool {
		return string(r.Transport) == transport && r.First <= port && port <= r.Last
	})
}

// TestBackendsSayWhatIsDeclared: in an enforced site both backends pass exactly
// the flows that the declarations pass, between any two pods and addresses.
func TestBackendsSayWhatIsDeclared(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlant(t)
		ports := rapid.SliceOfNDistinct(rapid.Uint16Range(1, 9), 2, 2, rapid.ID).Draw(t, "looked at")
		for name, b := range backends {
			e := policytest.New(p.world, manifests(p.compile(b)))
			for _, from := range p.ends {
				for _, to := range p.ends {
					if from == to {
						continue // a pod always reaches itself, no policy sees it
					}
					for _, port := range ports {
						for _, transport := range []string{"TCP", "UDP"} {
							if got, want := e.Allowed(from, to, transport, port), p.expected(from, to, transport, port); got != want {
								t.Fatalf("%s: %s to %s at %d/%s: %t, declared is %t", name, from, to, port, transport, got, want)
							}
						}
					}
				}
			}
		}
	})
}

// TestNoRuleWithoutPeerOrPort looks at the JSON form, as the API server gets it:
// a missing list of peers or ports there means all of them.
func TestNoRuleWithoutPeerOrPort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlant(t)
		for name, b := range backends {
			for _, o := range p.compile(b) {
				var content map[string]any
				raw, err := json.Marshal(o.Manifest)
				if err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(raw, &content); err != nil {
					t.Fatal(err)
				}
				requireNoEmptySelector(t, name, content)
				if o.Part == policy.PartConduit {
					requirePeersAndPorts(t, name, content)
				}
			}
		}
	})
}

// requirePeersAndPorts walks to every rule of either direction.
func requirePeersAndPorts(t *rapid.T, backend string, value any) {
	walk(value, func(key string, v any) {
		rules, isList := v.([]any)
		if key != "ingress" && key != "egress" || !isList {
			return
		}
		for _, r := range rules {
			peers, ports := 0, 0
			for k, list := range r.(map[string]any) {
				n := len(list.([]any))
				if k == "ports" || k == "toPorts" {
					ports += n
				} else {
					peers += n
				}
			}
			if peers == 0 || ports == 0 {
				t.Fatalf("%s: a rule of a conduit with %d peers and %d ports: %v", backend, peers, ports, r)
			}
		}
	})
}

// requireNoEmptySelector: in NetworkPolicy an empty podSelector means the pods of
// one namespace, which is how a whole namespace is said; all others mean everything.
func requireNoEmptySelector(t *rapid.T, backend string, value any) {
	walk(value, func(key string, v any) {
		if list, ok := v.([]any); ok && (key == "fromEndpoints" || key == "toEndpoints") {
			for _, s := range list {
				requireSelector(t, backend, key, s)
			}
		}
		if key == "endpointSelector" || key == "namespaceSelector" {
			requireSelector(t, backend, key, v)
		}
	})
}

func requireSelector(t *rapid.T, backend, key string, v any) {
	s, _ := v.(map[string]any)
	labels, _ := s["matchLabels"].(map[string]any)
	expressions, _ := s["matchExpressions"].([]any)
	if len(labels)+len(expressions) == 0 {
		t.Fatalf("%s: an empty %s", backend, key)
	}
}

func walk(value any, visit func(key string, v any)) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			visit(key, inner)
			walk(inner, visit)
		}
	case []any:
		for _, inner := range v {
			walk(inner, visit)
		}
	}
}

// TestCompilingIsPure: the same model gives the same objects, and stays as it is.
func TestCompilingIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlant(t)
		before := fmt.Sprintf("%+v", snapshotOf(p))
		for name, b := range backends {
			first, second := p.compile(b), p.compile(b)
			for i := range first {
				if first[i].Digest != second[i].Digest || first[i].Digest != policy.Digest(first[i].Manifest) {
					t.Fatalf("%s: %s differs from one time to the next", name, first[i].Manifest.GetName())
				}
			}
		}
		if after := fmt.Sprintf("%+v", snapshotOf(p)); before != after {
			t.Fatalf("the model changed:\n%s\n%s", before, after)
		}
	})
}

func snapshotOf(p *plant) string {
	raw, err := json.Marshal([]any{p.zones, p.conduits})
	if err != nil {
		panic(err)
	}
	return string(raw)
}
