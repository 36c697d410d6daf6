// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"encoding/json"
	"fmt"
	"log/slog" //nolint:depguard // Cilium's functions ask for one
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"testing"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/admintier"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// largePlant has zones of two sorts, each with ten conduits, twenty pods of four sorts
// and a device: half with a namespace of their own, half five at a time in one and told
// apart by a label.
func largePlant(zones int) (*topology.Model, policytest.World) {
	m := &topology.Model{Site: plantSite()}
	w := policytest.World{Namespaces: map[string]map[string]string{
		"kube-system": {"kubernetes.io/metadata.name": "kube-system"}, "other": {"kubernetes.io/metadata.name": "other"},
	}}
	w.Pods = append(w.Pods, policytest.Pod{Namespace: "kube-system", Name: "dns", Labels: map[string]string{"k8s-app": "kube-dns"}})
	for i := range 20 {
		w.Pods = append(w.Pods, policytest.Pod{Namespace: "other", Name: fmt.Sprint(i), Labels: map[string]string{"app": fmt.Sprint(i)}})
	}
	for i := range zones {
		name, ns := fmt.Sprintf("zone-%03d", i), fmt.Sprintf("ns-%03d", i)
		entry := topology.Workloads{}
		if i%2 == 1 {
			ns = fmt.Sprintf("shared-%03d", i/10)
			entry.PodSelectors = []*metav1.LabelSelector{{MatchLabels: map[string]string{"cell": name}}}
		}
		entry.Namespaces, entry.Matching = []string{ns}, []string{ns}
		w.Namespaces[ns] = map[string]string{"kubernetes.io/metadata.name": ns}
		for p := range 20 {
			w.Pods = append(w.Pods, policytest.Pod{
				Namespace: ns, Name: fmt.Sprintf("%s-%d", name, p), Labels: map[string]string{"cell": name, "app": fmt.Sprint(p % 4)},
			})
		}
		m.Zones = append(m.Zones, &topology.Zone{
			Name: name, UID: "uid", Enforce: true, InternalTraffic: true, DNS: true, HasAssets: true, Workloads: []topology.Workloads{entry},
			Networks: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 100, byte(i / 250), byte(i % 250)}), 32)},
		})
	}
	for i, z := range m.Zones {
		for c := range 10 {
			other := m.Zones[(i+c+1)%zones]
			m.Conduits = append(m.Conduits, &topology.Conduit{
				Name: fmt.Sprintf("%s-%d", z.Name, c), UID: "uid", Initiator: wholeZone(z), Responders: []topology.End{wholeZone(other)},
				Ports: []protocol.PortRange{{Transport: protocol.TCP, First: 502, Last: 502}},
			})
		}
	}
	return m, w
}

func plantSite() *topology.Site {
	return &topology.Site{
		DNS: topology.DNS{Namespace: "kube-system", PodLabels: map[string]string{"k8s-app": "kube-dns"}, Port: 53},
		API: topology.APIServer{Port: 6443},
	}
}

func wholeZone(z *topology.Zone) topology.End {
	return topology.End{Zone: z, Workloads: z.Workloads, Networks: z.Networks, WholeZone: true}
}

// hub is a zone in the middle of as many others, each told by a namespace, a label and a
// network, each with ports of its own.
func hub(spokes int) *topology.Model {
	m := &topology.Model{Site: plantSite()}
	center := &topology.Zone{Name: "hub", UID: "uid", Enforce: true, Workloads: []topology.Workloads{{Namespaces: []string{"hub"}}}}
	m.Zones = append(m.Zones, center)
	for i := range spokes {
		z := &topology.Zone{
			Name: fmt.Sprintf("spoke-%d", i), UID: "uid", Enforce: true, InternalTraffic: true, HasAssets: true,
			Workloads: []topology.Workloads{{
				Namespaces:   []string{fmt.Sprintf("spoke-%d", i)},
				PodSelectors: []*metav1.LabelSelector{{MatchLabels: map[string]string{"app": fmt.Sprintf("app-%d", i)}}},
			}},
			Networks: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 100, byte(i), 0}), 24)},
		}
		m.Zones = append(m.Zones, z)
		c := &topology.Conduit{Name: z.Name, UID: "uid", Initiator: wholeZone(center), Responders: []topology.End{wholeZone(z)}}
		for p := range 5 {
			first := uint16(1000*p + 10*i + 1)
			c.Ports = append(c.Ports, protocol.PortRange{Transport: protocol.TCP, First: first, Last: first + uint16(p)})
		}
		m.Conduits = append(m.Conduits, c)
	}
	return m
}

// cost is what a plant's objects come to.
type cost struct {
	objects, rules, bytes int
	// entries are keys in the policy map of one pod: the mean over pods, and the most.
	mean, most int
}

// costOf adds up objects, and works out what Cilium's agent makes of them for each pod: a
// key for each direction, peer identity and masked port.
func costOf(t *testing.T, w policytest.World, objects []*policy.Object) cost {
	t.Helper()
	var out cost
	var entries []*policytypes.PolicyEntry
	groups := map[netip.Prefix][]string{}
	for _, o := range objects {
		out.objects, out.bytes = out.objects+1, out.bytes+len(o.JSON())
		switch m := o.Manifest.(type) {
		case *ciliumv2.CiliumClusterwideNetworkPolicy:
			parsed := ciliumEntries(t, o.JSON())
			out.rules += len(parsed)
			entries = append(entries, parsed...)
		case *ciliumv2.CiliumCIDRGroup:
			for _, cidr := range m.Spec.ExternalCIDRs {
				p := netip.MustParsePrefix(string(cidr))
				groups[p] = append(groups[p], m.Name)
			}
		}
	}
	for _, e := range entries {
		for _, s := range e.L3 {
			for _, p := range s.GetCIDRPrefixes() {
				groups[p] = append(groups[p], "")
			}
		}
	}
	pods := identities(w)
	peers, looked, total := slices.Concat(pods, addressIdentities(groups)), 0, 0
	for i := 0; i < len(pods); i += 1 + len(pods)/mostLookedAt {
		n := mapEntries(entries, pods[i], peers)
		looked, total, out.most = looked+1, total+n, max(out.most, n)
	}
	out.mean = total / looked
	return out
}

// mostLookedAt is about how many pods of a plant are looked at.
const mostLookedAt = 25

// ciliumEntries are a policy's rules as the agent's engine is handed them.
func ciliumEntries(t fataler, raw []byte) policytypes.PolicyEntries {
	p := &ciliumv2.CiliumClusterwideNetworkPolicy{}
	if err := json.Unmarshal(raw, p); err != nil {
		t.Fatalf("%v", err)
	}
	rules, err := p.Parse(slog.New(slog.DiscardHandler), "")
	if err != nil {
		t.Fatalf("Cilium refuses %s: %v", p.Name, err)
	}
	return policyutils.RulesToPolicyEntries(rules)
}

// fataler is what testing.T and rapid.T have in common here.
type fataler interface{ Fatalf(string, ...any) }

// identities are those of pods: one for each set of labels.
func identities(w policytest.World) []labels.LabelArray {
	seen := map[string]bool{}
	var out []labels.LabelArray
	for _, p := range w.Pods {
		var list labels.LabelArray
		for k, v := range p.Labels {
			list = append(list, labels.NewLabel(k, v, labels.LabelSourceK8s))
		}
		for k, v := range w.Namespaces[p.Namespace] {
			list = append(list, labels.NewLabel("io.cilium.k8s.namespace.labels."+k, v, labels.LabelSourceK8s))
		}
		list = append(list, labels.NewLabel("io.kubernetes.pod.namespace", p.Namespace, labels.LabelSourceK8s)).Sort()
		if key := list.String(); !seen[key] {
			seen[key] = true
			out = append(out, list)
		}
	}
	return out
}

// addressIdentities are one for each network that any policy names, with its groups, and
// for every other address.
func addressIdentities(groups map[netip.Prefix][]string) []labels.LabelArray {
	var out []labels.LabelArray
	for p, names := range groups {
		list := labels.GetCIDRLabelArray(p)
		for _, name := range names {
			if name != "" {
				list = append(list, api.LabelForCIDRGroupRef(name))
			}
		}
		out = append(out, list)
	}
	for _, everywhere := range []string{"0.0.0.0/0", "::/0"} {
		out = append(out, labels.GetCIDRLabelArray(netip.MustParsePrefix(everywhere)))
	}
	return append(out, labels.LabelArray{labels.NewLabel(labels.IDNameHost, "", labels.LabelSourceReserved)})
}

func mapEntries(entries []*policytypes.PolicyEntry, subject labels.LabelArray, peers []labels.LabelArray) int {
	keys := map[string]bool{}
	for _, e := range entries {
		if !e.Subject.Matches(subject) {
			continue
		}
		ports := maskedPorts(e.L4)
		for i, peer := range peers {
			if !e.L3.Matches(peer) {
				continue
			}
			for _, port := range ports {
				keys[fmt.Sprintf("%t %d %s", e.Ingress, i, port)] = true
			}
		}
	}
	return len(keys)
}

// maskedPorts are ports as the map has them: blocks of a power of two that begin at a
// multiple of it.
func maskedPorts(rules api.PortRules) []string {
	if len(rules) == 0 {
		return []string{"all"}
	}
	var out []string
	for _, rule := range rules {
		for _, p := range rule.Ports {
			first, err := strconv.Atoi(p.Port)
			if err != nil {
				panic(err)
			}
			last := max(first, int(p.EndPort))
			if first == 0 {
				out = append(out, string(p.Protocol))
				continue
			}
			for first <= last {
				size := 1 << bits.TrailingZeros(uint(first))
				for first+size-1 > last {
					size /= 2
				}
				out = append(out, fmt.Sprintf("%s %d/%d", p.Protocol, first, size))
				first += size
			}
		}
	}
	return out
}

// TestGuardCosts logs the figures of docs/performance.md, and fails when they grow.
func TestGuardCosts(t *testing.T) {
	option.Config.EnableIPv4, option.Config.EnableIPv6 = true, true
	t.Cleanup(func() { option.Config.EnableIPv4, option.Config.EnableIPv6 = false, false })
	sample := waterWorks(t)
	model, world := largePlant(100)
	plants := map[string]struct {
		model *topology.Model
		world policytest.World
		// atMost with the guard on.
		atMost cost
	}{
		"water works": {
			topology.Resolve(sample), worldOf(sample), cost{objects: 38, rules: 150, bytes: 60_000, mean: 400, most: 800},
		},
		"100 zones with 10 conduits each": {model, world, cost{objects: 1300, rules: 5500, bytes: 2_000_000, mean: 3500, most: 3600}},
	}
	for name, p := range plants {
		objects, _ := compile(cilium.Backend{}, p.model)
		guards := guardsOf(cilium.Backend{}, p.model)
		off, on := costOf(t, p.world, objects), costOf(t, p.world, slices.Concat(objects, guards))
		admin, bytes := guardsOf(admintier.Guard{}, p.model), 0
		for _, o := range admin {
			bytes += len(o.JSON())
		}
		t.Logf("%s: off %+v, on %+v; Admin tier %d objects of %d bytes", name, off, on, len(admin), bytes)
		if most := p.atMost; on.objects > most.objects || on.rules > most.rules || on.bytes > most.bytes || on.mean > most.mean || on.most > most.most {
			t.Errorf("%s: %+v, which is more than %+v", name, on, most)
		}
	}
}
