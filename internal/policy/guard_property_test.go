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

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/policy/api"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/admintier"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// layer is one layer of the guard beside the backend that it stands with.
type layer struct {
	guarder policy.Guarder
	backend policy.Backend
	// holds says whether the layer can deny what a pod sends to, or gets from, a peer.
	holds func(w policytest.World, peer policytest.Endpoint, ingress bool) bool
}

var layers = map[string]layer{
	"Datapath": {cilium.Backend{}, cilium.Backend{}, func(w policytest.World, peer policytest.Endpoint, _ bool) bool {
		return isPod(peer) || outside(w, peer)
	}},
	"AdminTier, Cilium":        {admintier.Guard{}, cilium.Backend{}, adminHolds},
	"AdminTier, NetworkPolicy": {admintier.Guard{}, backends["networkpolicy"], adminHolds},
}

// adminHolds: no ingress from networks.
func adminHolds(_ policytest.World, peer policytest.Endpoint, ingress bool) bool {
	return isPod(peer) || !ingress && peer != policytest.Host
}

func isPod(e policytest.Endpoint) bool { return strings.Contains(string(e), "/") }

func outside(w policytest.World, e policytest.Endpoint) bool {
	addr, err := netip.ParseAddr(string(e))
	return err == nil && (w.Entities[addr] == "" || w.Outside[addr])
}

// declared says what the declarations open to and from pods, as coarse as zones are,
// worked out without neighbours, selectors of policies or complements.
type declared struct {
	model *topology.Model
	world policytest.World
}

// zoneOf returns the zone of a pod.
func (d declared) zoneOf(e policytest.Endpoint) *topology.Zone {
	for _, z := range d.model.Zones {
		if d.in(z.Workloads, nil, e) {
			return z
		}
	}
	return nil
}

// in says whether an end is one of these pods or networks.
func (d declared) in(entries []topology.Workloads, networks []netip.Prefix, e policytest.Endpoint) bool {
	if addr, err := netip.ParseAddr(string(e)); err == nil {
		return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr) })
	}
	for _, pod := range d.world.Pods {
		if pod.Namespace+"/"+pod.Name == string(e) {
			ns := topology.Namespace{Name: pod.Namespace, Labels: d.world.Namespaces[pod.Namespace]}
			return slices.ContainsFunc(entries, func(w topology.Workloads) bool {
				return w.MatchesNamespace(ns) && w.MatchesLabels(pod.Labels)
			})
		}
	}
	return false
}

// opens says whether something lets a zone's pods speak with a peer in a direction.
func (d declared) opens(z *topology.Zone, q question) bool {
	if d.model.Site.Access && strings.HasPrefix(string(q.peer), "zonewarden-access/") {
		return true // held at its own side
	}
	if z.InternalTraffic && d.in(z.Workloads, z.Networks, q.peer) || !q.ingress && d.platform(z, q) {
		return true
	}
	for _, other := range d.model.Zones {
		speaks, onPort := false, false
		for _, c := range d.model.Conduits {
			for _, r := range c.Responders {
				if c.Suspended {
					continue
				}
				join := func(own, far topology.End, in, out []protocol.PortRange) {
					if own.Zone == z && far.Zone == other {
						speaks = speaks || d.in(far.Workloads, far.Networks, q.peer)
						onPort = onPort || q.ingress && holds(in, q.transport, q.port) || !q.ingress && holds(out, q.transport, q.port)
					}
				}
				join(r, c.Initiator, c.Ports, c.BothWays)
				join(c.Initiator, r, c.BothWays, c.Ports)
			}
		}
		if speaks && onPort {
			return true
		}
	}
	return false
}

func (d declared) platform(z *topology.Zone, q question) bool {
	dns, kube := d.model.Site.DNS, d.model.Site.API
	addr, _ := netip.ParseAddr(string(q.peer))
	named := d.in([]topology.Workloads{{
		Namespaces:   []string{dns.Namespace},
		PodSelectors: []*metav1.LabelSelector{{MatchLabels: dns.PodLabels}},
	}}, nil, q.peer)
	return z.DNS && q.transport != "SCTP" && q.port == dns.Port && (named || slices.Contains(dns.Addresses, addr)) ||
		z.APIServer && q.transport == "TCP" && q.port == kube.Port && slices.Contains(kube.Addresses, addr)
}

// undecided: where the Kubernetes API may be anywhere outside, that is left alone.
func (d declared) undecided(z *topology.Zone, q question) bool {
	return !q.ingress && !isPod(q.peer) && z.APIServer && len(d.model.Site.API.Addresses) == 0
}

// allowAll are policies of somebody else that let everything through, everywhere.
func allowAll(w policytest.World, b policy.Backend) []policy.Manifest {
	var out []policy.Manifest
	for ns := range w.Namespaces {
		out = append(out, &networkingv1.NetworkPolicy{
			TypeMeta:   metav1.TypeMeta{Kind: "NetworkPolicy"},
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "allow-all"},
			Spec: networkingv1.NetworkPolicySpec{
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
				Ingress:     []networkingv1.NetworkPolicyIngressRule{{}}, Egress: []networkingv1.NetworkPolicyEgressRule{{}},
			},
		})
	}
	if (b != cilium.Backend{}) {
		return out
	}
	everybody := api.EntitySlice{api.EntityAll}
	p := &ciliumv2.CiliumClusterwideNetworkPolicy{TypeMeta: metav1.TypeMeta{Kind: "CiliumClusterwideNetworkPolicy"}}
	p.Specs = api.Rules{{
		Ingress: []api.IngressRule{{IngressCommonRule: api.IngressCommonRule{FromEntities: everybody}}},
		Egress:  []api.EgressRule{{EgressCommonRule: api.EgressCommonRule{ToEntities: everybody}}},
	}}
	anyPod := `{"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"Exists"}]}`
	if err := json.Unmarshal([]byte(anyPod), &p.Specs[0].EndpointSelector); err != nil {
		panic(err)
	}
	return append(out, p)
}

// guardsOf are the objects of one layer, for the zones that a compiler asks it for.
func guardsOf(g policy.Guarder, m *topology.Model) []*policy.Object {
	var out []*policy.Object
	neighbours := m.Neighbours()
	for _, z := range m.Zones {
		if z.Enforce && len(z.Workloads) > 0 {
			objects, _ := g.Guard(m.Site, z, neighbours[z.Name])
			out = append(out, objects...)
		}
	}
	return out
}

// verdicts are four judges: without the guard and with it, and each beside somebody's
// policies that allow everything.
type verdicts struct{ plain, guarded, opened, openedGuarded *policytest.Evaluator }

func judge(l layer, m *topology.Model, w policytest.World) verdicts {
	objects, _ := compile(l.backend, m)
	plain, guards, foreign := manifests(objects), manifests(guardsOf(l.guarder, m)), allowAll(w, l.backend)
	return verdicts{
		plain: policytest.New(w, plain), guarded: policytest.New(w, slices.Concat(plain, guards)),
		opened:        policytest.New(w, slices.Concat(plain, foreign)),
		openedGuarded: policytest.New(w, slices.Concat(plain, foreign, guards)),
	}
}

// at says what the pod lets through.
func (q question) at(e *policytest.Evaluator) bool {
	if q.ingress {
		_, in := e.Directions(q.peer, q.pod, q.transport, q.port)
		return in
	}
	out, _ := e.Directions(q.pod, q.peer, q.transport, q.port)
	return out
}

// guardProblem looks at one flow at one pod. What is opened at the grain of zones is as
// it was, whoever else allows what; what is not is denied, whoever allows it; pods of no
// guarded zone and the node are as they were.
func guardProblem(l layer, d declared, v verdicts, q question) string {
	z := d.zoneOf(q.pod)
	opened := z == nil || !z.Enforce || q.peer == policytest.Host || d.opens(z, q)
	switch {
	case opened && (q.at(v.plain) != q.at(v.guarded) || q.at(v.opened) != q.at(v.openedGuarded)):
		return "the guard changes what it must leave alone"
	case q.at(v.guarded) && !q.at(v.plain) || q.at(v.openedGuarded) && !q.at(v.opened):
		return "the guard opens something"
	case !opened && l.holds(d.world, q.peer, q.ingress) && !d.undecided(z, q) && q.at(v.openedGuarded):
		return "the guard does not hold"
	}
	return ""
}

// TestGuardDeniesTheComplement is the promise of both layers, on sites that the model
// resolves, between any pods and addresses, on every port near one that is declared.
func TestGuardDeniesTheComplement(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		s := draw{t}.snapshot()
		model, world := topology.Resolve(s), worldOf(s)
		d, judges := declared{model, world}, map[string]verdicts{}
		for name, l := range layers {
			judges[name] = judge(l, model, world)
		}
		ports := rapid.SliceOfNDistinct(rapid.SampledFrom(d.portsNearby()), 3, 3, rapid.ID).Draw(t, "ports")
		for _, q := range d.asked(d.somePods(t), ports) {
			for name, l := range layers {
				if problem := guardProblem(l, d, judges[name], q); problem != "" {
					t.Fatalf("%s: %+v: %s", name, q, problem)
				}
			}
			if z := d.zoneOf(q.pod); z != nil && z.Enforce {
				seen[fmt.Sprintf("pods %t, opened %t", isPod(q.peer), d.opens(z, q))]++
			}
		}
	})
	for _, kind := range []string{"pods true, opened true", "pods true, opened false", "pods false, opened true", "pods false, opened false"} {
		if seen[kind] < 200 {
			t.Errorf("%s: %d flows, which proves little", kind, seen[kind])
		}
	}
	t.Logf("flows at pods of guarded zones: %v", seen)
}

// question is one flow at one pod.
type question struct {
	pod, peer policytest.Endpoint
	ingress   bool
	transport string
	port      uint16
}

// asked are the questions about these pods and any other end, in both directions.
func (d declared) asked(pods []policytest.Endpoint, ports []protocol.PortRange) []question {
	var out []question
	for _, pod := range pods {
		for _, peer := range d.ends() {
			if peer == pod {
				continue // a pod always reaches itself, no policy sees it
			}
			for _, p := range ports {
				out = append(out, question{pod, peer, true, string(p.Transport), p.First}, question{pod, peer, false, string(p.Transport), p.First})
			}
		}
	}
	return out
}

// ends are the node, every pod, an address of every network and entity, and some outside.
func (d declared) ends() []policytest.Endpoint {
	out := append(d.pods(), policytest.Host, "198.51.100.9", "2001:db8:ffff::1", "10.1.9.9", "10.1.1.3")
	for _, z := range d.model.Zones {
		for _, n := range z.Networks {
			out = append(out, policytest.Endpoint(n.Addr().String()))
		}
	}
	for _, a := range slices.Concat(d.model.Site.DNS.Addresses, d.model.Site.API.Addresses) {
		out = append(out, policytest.Endpoint(a.String()))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (d declared) pods() []policytest.Endpoint {
	var out []policytest.Endpoint
	for _, p := range d.world.Pods {
		out = append(out, policytest.Endpoint(p.Namespace+"/"+p.Name))
	}
	return out
}

// somePods draws three pods, two of them in zones if there are.
func (d declared) somePods(t *rapid.T) []policytest.Endpoint {
	pods := rapid.Permutation(d.pods()).Draw(t, "pods")
	slices.SortStableFunc(pods[1:], func(a, b policytest.Endpoint) int { return d.rank(a) - d.rank(b) })
	return pods[:3]
}

func (d declared) rank(pod policytest.Endpoint) int {
	if z := d.zoneOf(pod); z != nil && z.Enforce {
		return 0
	}
	return 1
}

// portsNearby are the ports of the platform and of the conduits, and those beside them.
func (d declared) portsNearby() []protocol.PortRange {
	dns, kube := d.model.Site.DNS.Port, d.model.Site.API.Port
	near := []protocol.PortRange{
		{Transport: protocol.TCP, First: dns, Last: dns}, {Transport: protocol.UDP, First: dns, Last: dns}, {Transport: protocol.TCP, First: kube, Last: kube},
	}
	for _, c := range d.model.Conduits {
		near = append(near, c.Ports...)
	}
	var out []protocol.PortRange
	for _, r := range near {
		for _, port := range []int{int(r.First) - 1, int(r.First), int(r.Last), int(r.Last) + 1} {
			one := protocol.PortRange{Transport: r.Transport, First: uint16(port)}
			if port > 0 && port < 65536 && !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
	}
	return out
}
