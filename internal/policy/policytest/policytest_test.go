// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policytest_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
)

func world() policytest.World {
	return policytest.World{
		Namespaces: map[string]map[string]string{"a": {"team": "ot", "kubernetes.io/metadata.name": "a"}, "b": {"kubernetes.io/metadata.name": "b"}},
		Pods: []policytest.Pod{
			{Namespace: "a", Name: "x", Labels: map[string]string{"app": "x"}},
			{Namespace: "a", Name: "y", Labels: map[string]string{"app": "y"}},
			{Namespace: "b", Name: "z", Labels: map[string]string{"app": "x"}},
		},
		Entities: map[netip.Addr]string{
			netip.MustParseAddr("192.0.2.10"): "kube-apiserver", netip.MustParseAddr("192.0.2.11"): "kube-apiserver",
		},
		Outside: map[netip.Addr]bool{netip.MustParseAddr("192.0.2.11"): true},
	}
}

// flow is "from to port/transport" and whether it passes.
type flow struct {
	from, to  policytest.Endpoint
	transport string
	port      uint16
	passes    bool
}

func check(t *testing.T, objects []policy.Manifest, flows []flow) {
	t.Helper()
	e := policytest.New(world(), objects)
	for _, f := range flows {
		if got := e.Allowed(f.from, f.to, f.transport, f.port); got != f.passes {
			t.Errorf("%s to %s at %d/%s: %t, want %t", f.from, f.to, f.port, f.transport, got, f.passes)
		}
	}
}

const ofA = "endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': a}}"

// TestCilium holds the evaluator to what Cilium's documentation says.
func TestCilium(t *testing.T) {
	tests := map[string]ciliumCase{
		"no policy allows": {"[]", []flow{{"a/x", "b/z", "TCP", 1, true}, {"198.51.100.1", "a/x", "TCP", 1, true}}},
		"an empty rule denies its direction": {
			"[{" + ofA + ", ingress: [{}]}]",
			[]flow{{"b/z", "a/x", "TCP", 1, false}, {"a/x", "b/z", "TCP", 1, true}, {"host", "a/x", "TCP", 1, false}},
		},
		"default deny without a rule denies nothing": {
			"[{" + ofA + ", enableDefaultDeny: {ingress: true, egress: true}, ingress: [{}]}]",
			[]flow{{"b/z", "a/x", "TCP", 1, false}, {"a/x", "b/z", "TCP", 1, true}},
		},
		"default deny switched off": {
			"[{" + ofA + ", enableDefaultDeny: {ingress: false, egress: false}, ingress: [{fromEntities: [host]}], egress: [{}]}]",
			[]flow{{"b/z", "a/x", "TCP", 1, true}, {"a/x", "198.51.100.1", "TCP", 1, true}},
		},
		"ports without peers admit everybody": {
			"[{" + ofA + ", ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]}]",
			[]flow{{"b/z", "a/x", "TCP", 80, true}, {"b/z", "a/x", "TCP", 81, false}, {"198.51.100.1", "a/x", "TCP", 80, true}},
		},
		"networks never match pods, and pods never networks": {
			"[{" + ofA + ", egress: [{toCIDRSet: [{cidr: 0.0.0.0/0}, {cidrGroupRef: g}]}], ingress: [{fromEndpoints: [{matchLabels: {'k8s:app': x}}]}]}]",
			[]flow{
				{"a/x", "b/z", "TCP", 1, false},
				{"a/x", "198.51.100.1", "TCP", 1, true},
				{"a/x", "2001:db8::1", "TCP", 1, true},
				{"a/x", "192.0.2.10", "TCP", 1, false},
				{"b/z", "a/x", "TCP", 1, true},
				{"198.51.100.1", "a/x", "TCP", 1, false},
			},
		},
		"entities": {
			"[{" + ofA + ", egress: [{toEntities: [kube-apiserver], toPorts: [{ports: [{port: '6443', endPort: 6444, protocol: TCP}]}]}]}]",
			[]flow{{"a/x", "192.0.2.10", "TCP", 6444, true}, {"a/x", "192.0.2.10", "TCP", 6445, false}, {"a/x", "192.0.2.10", "UDP", 6443, false}},
		},
		"rules add up": {
			"[{" + ofA + ", ingress: [{}]}, {" + ofA + ", enableDefaultDeny: {ingress: false}, " +
				"ingress: [{fromEndpoints: [{matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', operator: In, values: [b]}]}]}]}]",
			[]flow{{"b/z", "a/x", "TCP", 1, true}, {"a/y", "a/x", "TCP", 1, false}},
		},
	}
	for name, tc := range tests {
		t.Run(name, tc.check)
	}
}

func TestCiliumDenies(t *testing.T) {
	tests := map[string]ciliumCase{
		"a deny beats an allow, and isolates by itself unless told not to": {
			"[{" + ofA + ", enableDefaultDeny: {ingress: false, egress: false}, ingress: [{fromEntities: [all]}], egress: [{toEntities: [all]}], " +
				"ingressDeny: [{fromEndpoints: [{matchLabels: {'k8s:app': x}}], toPorts: [{ports: [{port: '80', endPort: 90, protocol: TCP}, {port: '0', protocol: UDP}]}]}], " +
				"egressDeny: [{toCIDRSet: [{cidr: 0.0.0.0/0, except: [198.51.100.0/24]}]}]}, " +
				"{endpointSelector: {matchLabels: {'k8s:app': 'y'}}, ingressDeny: [{fromCIDRSet: [{cidr: 203.0.113.0/24}]}]}]",
			[]flow{
				{"b/z", "a/x", "TCP", 80, false},
				{"b/z", "a/x", "TCP", 91, true},
				{"b/z", "a/x", "UDP", 91, false},
				{"host", "a/x", "TCP", 80, true},
				{"a/x", "198.51.100.1", "TCP", 80, true},
				{"a/x", "198.51.101.1", "TCP", 80, false},
				{"a/x", "192.0.2.10", "TCP", 80, true},
				{"a/x", "192.0.2.11", "TCP", 80, false},
				{"a/x", "2001:db8:1::1", "TCP", 80, true},
				{"a/x", "b/z", "TCP", 80, true},
				{"203.0.113.1", "a/y", "TCP", 80, false},
			},
		},
		"a deny isolates": {
			"[{" + ofA + ", ingressDeny: [{fromEndpoints: [{matchLabels: {'k8s:app': nobody}}]}]}]",
			[]flow{{"b/z", "a/x", "TCP", 1, false}, {"a/x", "b/z", "TCP", 1, true}},
		},
	}
	for name, tc := range tests {
		t.Run(name, tc.check)
	}
}

type ciliumCase struct {
	specs string
	flows []flow
}

func (tc ciliumCase) check(t *testing.T) {
	p := &ciliumv2.CiliumClusterwideNetworkPolicy{}
	unmarshal(t, "{kind: CiliumClusterwideNetworkPolicy, metadata: {name: p}, specs: "+tc.specs+"}", p)
	g := &ciliumv2.CiliumCIDRGroup{}
	unmarshal(t, "{kind: CiliumCIDRGroup, metadata: {name: g}, spec: {externalCIDRs: ['2001:db8::/32']}}", g)
	check(t, []policy.Manifest{p, g}, tc.flows)
}

// TestNetworkPolicy holds the evaluator to what the API's documentation says.
func TestNetworkPolicy(t *testing.T) {
	tests := map[string]struct {
		spec  string
		flows []flow
	}{
		"isolates one direction": {
			"{podSelector: {}, policyTypes: [Ingress]}",
			[]flow{{"b/z", "a/x", "TCP", 1, false}, {"a/x", "b/z", "TCP", 1, true}, {"host", "a/x", "TCP", 1, true}, {"a/x", "a/y", "TCP", 1, false}},
		},
		"a rule without peers admits everybody": {
			"{podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 80, protocol: TCP}]}]}",
			[]flow{{"b/z", "a/x", "TCP", 80, true}, {"198.51.100.1", "a/x", "TCP", 80, true}, {"b/z", "a/x", "TCP", 81, false}},
		},
		"a pod selector alone means the policy's namespace": {
			"{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: x}}}]}]}",
			[]flow{{"b/z", "a/y", "TCP", 1, false}, {"a/x", "a/y", "TCP", 1, true}},
		},
		"both selectors in one peer must match": {
			"{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: ot}}, podSelector: {matchLabels: {app: x}}}]}]}",
			[]flow{{"b/z", "a/y", "TCP", 1, false}, {"a/x", "a/y", "TCP", 1, true}, {"a/y", "a/x", "TCP", 1, false}},
		},
		"networks and ranges": {
			"{podSelector: {matchLabels: {app: x}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: 80, endPort: 90, protocol: TCP}]}]}",
			[]flow{
				{"a/x", "198.51.100.1", "TCP", 85, true},
				{"a/x", "198.51.100.1", "TCP", 91, false},
				{"a/x", "198.51.101.1", "TCP", 85, false},
				{"a/x", "b/z", "TCP", 85, false},
				{"a/y", "b/z", "TCP", 85, true},
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := &networkingv1.NetworkPolicy{}
			unmarshal(t, "{kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: "+tc.spec+"}", p)
			check(t, []policy.Manifest{p}, tc.flows)
		})
	}
}

// TestAdminTier holds the evaluator to what the API's documentation says.
func TestAdminTier(t *testing.T) {
	const subject = "tier: Admin, subject: {pods: {namespaceSelector: {matchLabels: {team: ot}}, podSelector: {}}}, "
	const closed = "{kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}"
	tests := map[string]struct {
		specs []string
		other string
		flows []flow
	}{
		"the first rule decides": {
			[]string{subject + "priority: 5, ingress: [{action: Pass, from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: x}}}}], protocols: [{tcp: {destinationPort: {number: 80}}}]}, " +
				"{action: Deny, from: [{namespaces: {}}]}]"},
			"",
			[]flow{
				{"b/z", "a/x", "TCP", 80, true},
				{"b/z", "a/x", "TCP", 81, false},
				{"b/z", "a/x", "UDP", 80, false},
				{"a/y", "a/x", "TCP", 80, false},
				{"host", "a/x", "TCP", 81, true},
				{"198.51.100.1", "a/x", "TCP", 81, true},
				{"a/x", "b/z", "TCP", 81, true},
			},
		},
		"pass leaves it to others, accept does not": {
			[]string{subject + "priority: 5, ingress: [{action: Pass, from: [{namespaces: {matchLabels: {team: ot}}}]}, {action: Accept, from: [{namespaces: {}}]}]"},
			closed,
			[]flow{{"a/y", "a/x", "TCP", 1, false}, {"b/z", "a/x", "TCP", 1, true}},
		},
		"the lower priority is judged first, and pass ends the tier": {
			[]string{subject + "priority: 9, egress: [{action: Deny, to: [{namespaces: {}}]}]", subject + "priority: 5, egress: [{action: Pass, to: [{namespaces: {matchLabels: {team: ot}}}]}]"},
			"",
			[]flow{{"a/x", "a/y", "TCP", 1, true}, {"a/x", "b/z", "TCP", 1, false}},
		},
		"networks take in nodes, and ranges of ports": {
			[]string{subject + "priority: 5, egress: [{action: Deny, to: [{networks: [192.0.2.0/24, '2001:db8::/32']}], protocols: [{udp: {destinationPort: {range: {start: 5, end: 7}}}}]}]"},
			"",
			[]flow{
				{"a/x", "192.0.2.10", "UDP", 7, false},
				{"a/x", "192.0.2.10", "UDP", 8, true},
				{"a/x", "2001:db8::1", "UDP", 5, false},
				{"a/x", "198.51.100.1", "UDP", 5, true},
				{"a/x", "b/z", "UDP", 5, true},
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var objects []policy.Manifest
			for _, spec := range tc.specs {
				u := &unstructured.Unstructured{}
				unmarshal(t, "{kind: ClusterNetworkPolicy, apiVersion: policy.networking.k8s.io/v1alpha2, metadata: {name: p}, spec: {"+spec+"}}", &u.Object)
				objects = append(objects, u)
			}
			if tc.other != "" {
				p := &networkingv1.NetworkPolicy{}
				unmarshal(t, tc.other, p)
				objects = append(objects, p)
			}
			check(t, objects, tc.flows)
		})
	}
}

// TestAdminTierThatNobodyTakes: what the API server refuses, or nobody may rely on.
func TestAdminTierThatNobodyTakes(t *testing.T) {
	const pods = "{pods: {namespaceSelector: {}, podSelector: {}}}"
	rule := func(action, peers string) string { return "ingress: [{action: " + action + ", from: [" + peers + "]}]" }
	tests := map[string][]string{
		"another tier":           {"tier: Baseline, priority: 5, subject: " + pods},
		"a priority beyond":      {"tier: Admin, priority: 1001, subject: " + pods},
		"networks into a pod":    {"tier: Admin, priority: 5, subject: " + pods + ", " + rule("Deny", "{networks: [10.0.0.0/8]}")},
		"no peers":               {"tier: Admin, priority: 5, subject: " + pods + ", " + rule("Deny", "")},
		"an empty peer":          {"tier: Admin, priority: 5, subject: " + pods + ", " + rule("Deny", "{}")},
		"26 peers":               {"tier: Admin, priority: 5, subject: " + pods + ", " + rule("Deny", strings.Repeat("{namespaces: {}}, ", 25)+"{namespaces: {}}")},
		"another action":         {"tier: Admin, priority: 5, subject: " + pods + ", " + rule("Log", "{namespaces: {}}")},
		"one priority, two ways": {"tier: Admin, priority: 5, subject: " + pods + ", " + rule("Deny", "{namespaces: {}}"), "tier: Admin, priority: 5, subject: " + pods + ", " + rule("Pass", "{namespaces: {}}")},
	}
	for name, specs := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("judged what nobody takes")
				}
			}()
			var objects []policy.Manifest
			for _, spec := range specs {
				u := &unstructured.Unstructured{}
				unmarshal(t, "{kind: ClusterNetworkPolicy, metadata: {name: p}, spec: {"+spec+"}}", &u.Object)
				objects = append(objects, u)
			}
			policytest.New(world(), objects).Allowed("b/z", "a/x", "TCP", 1)
		})
	}
}

// TestWhatItDoesNotJudgePanics: an object that it cannot judge must fail the
// test, not pass it.
func TestWhatItDoesNotJudgePanics(t *testing.T) {
	const head = "{kind: CiliumClusterwideNetworkPolicy, metadata: {name: p}, specs: [{endpointSelector: "
	tests := map[string]string{
		"a deny of everybody":  head + "{matchLabels: {'k8s:app': x}}, egressDeny: [{}]}]}",
		"a deny of ports":      head + "{matchLabels: {'k8s:app': x}}, egressDeny: [{toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]}]}",
		"a deny of an entity":  head + "{matchLabels: {'k8s:app': x}}, egressDeny: [{toEntities: [world]}]}]}",
		"a range from 0":       head + "{matchLabels: {'k8s:app': x}}, egressDeny: [{toEndpoints: [{matchLabels: {'k8s:app': x}}], toPorts: [{ports: [{port: '0', endPort: 9, protocol: TCP}]}]}]}]}",
		"an empty selector":    head + "{}, ingress: [{}]}]}",
		"a key without source": head + "{matchLabels: {'app': x}}, ingress: [{}]}]}",
		"a node selector":      "{kind: CiliumClusterwideNetworkPolicy, metadata: {name: p}, specs: [{nodeSelector: {}, ingress: [{}]}]}",
		"names by DNS":         head + "{matchLabels: {'k8s:app': x}}, egress: [{toFQDNs: [{matchName: a.example}]}]}]}",
		"a named port":         head + "{matchLabels: {'k8s:app': x}}, egress: [{toPorts: [{ports: [{port: http, protocol: TCP}]}]}]}]}",
	}
	for name, doc := range tests {
		t.Run(name, func(t *testing.T) {
			p := &ciliumv2.CiliumClusterwideNetworkPolicy{}
			unmarshal(t, doc, p)
			defer func() {
				if recover() == nil {
					t.Error("judged what it does not know")
				}
			}()
			policytest.New(world(), []policy.Manifest{p}).Allowed("a/x", "b/z", "TCP", 1)
		})
	}
}

func TestLoadSnapshotIsStrict(t *testing.T) {
	const zone = "apiVersion: zonewarden.io/v1alpha1\nkind: Zone\nmetadata: {name: z}\nspec: {owner: me, members: {}%s}\n"
	path := filepath.Join(t.TempDir(), "in.yaml")
	load := func(doc string) error {
		if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := policytest.LoadSnapshot(path)
		if err == nil && (s.Zones[0].Spec.Enforcement != "Observe" || s.Zones[0].Spec.PlatformServices.DNS != "Allow") {
			t.Errorf("the CRD's defaults are missing: %+v", s.Zones[0].Spec)
		}
		return err
	}
	if err := load(strings.Replace(zone, "%s", "", 1)); err != nil {
		t.Errorf("a good document: %v", err)
	}
	for name, doc := range map[string]string{
		"unknown field": strings.Replace(zone, "%s", ", enforcment: Enforce", 1),
		"unknown kind":  "apiVersion: zonewarden.io/v1alpha1\nkind: Zoo\nmetadata: {name: z}\n",
		"no name":       "apiVersion: v1\nkind: Namespace\n",
		"twice":         strings.Replace(zone, "%s", ", owner: you", 1),
	} {
		if err := load(doc); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

func unmarshal(t *testing.T, doc string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(doc), into); err != nil {
		t.Fatal(err)
	}
}
