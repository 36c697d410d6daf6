// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

func site() *topology.Site {
	return &topology.Site{
		FailMode: v1alpha1.FailModeLastKnown,
		DNS:      topology.DNS{Namespace: "kube-system", PodLabels: map[string]string{"k8s-app": "kube-dns"}, Port: 53},
		API:      topology.APIServer{Port: 6443},
	}
}

func zone(name string, entries ...topology.Workloads) *topology.Zone {
	return &topology.Zone{Name: name, UID: "uid-1", Enforce: true, InternalTraffic: true, DNS: true, Workloads: entries}
}

func in(namespaces ...string) topology.Workloads {
	return topology.Workloads{Namespaces: namespaces, Matching: namespaces}
}

func labelled(w topology.Workloads, selectors ...*metav1.LabelSelector) topology.Workloads {
	w.PodSelectors = selectors
	return w
}

func equal(key, value string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
}

func tcp(first, last uint16) protocol.PortRange {
	return protocol.PortRange{Transport: protocol.TCP, First: first, Last: last}
}

func floor(t *testing.T, z *topology.Zone) *ciliumv2.CiliumClusterwideNetworkPolicy {
	t.Helper()
	objects, _ := cilium.Backend{}.Zone(site(), z)
	for _, o := range objects {
		if p, ok := o.Manifest.(*ciliumv2.CiliumClusterwideNetworkPolicy); ok && o.Part == policy.PartFloor {
			return p
		}
	}
	t.Fatalf("no floor among %d objects", len(objects))
	return nil
}

func conduit(t *testing.T, s *topology.Site, c *topology.Conduit) *ciliumv2.CiliumClusterwideNetworkPolicy {
	t.Helper()
	objects, _ := cilium.Backend{}.Conduit(s, c)
	if len(objects) != 1 {
		t.Fatalf("%d objects, want 1", len(objects))
	}
	return objects[0].Manifest.(*ciliumv2.CiliumClusterwideNetworkPolicy)
}

// selectorJSON is what the API server gets to see.
func selectorJSON(t *testing.T, s api.EndpointSelector) string {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestSelectors(t *testing.T) {
	tests := map[string]struct {
		workloads topology.Workloads
		want      string
	}{
		"one namespace": {in("scada"), `{"matchLabels":{"k8s:io.kubernetes.pod.namespace":"scada"}}`},
		"several namespaces": {
			in("a", "b"),
			`{"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"In","values":["a","b"]}]}`,
		},
		"namespace labels": {
			topology.Workloads{NamespaceSelector: equal("example.com/area", "packing")},
			`{"matchLabels":{"k8s:io.cilium.k8s.namespace.labels.example.com/area":"packing"},` +
				`"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"Exists"}]}`,
		},
		"exclusion of namespaces still asks for a namespace": {
			topology.Workloads{NamespaceSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "team", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"it"}},
			}}},
			`{"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"Exists"},` +
				`{"key":"k8s:io.cilium.k8s.namespace.labels.team","operator":"NotIn","values":["it"]}]}`,
		},
		"pod selectors are merged": {
			labelled(in("scada"), equal("app", "hmi"), equal("tier", "1")),
			`{"matchLabels":{"k8s:app":"hmi","k8s:io.kubernetes.pod.namespace":"scada","k8s:tier":"1"}}`,
		},
		"conflicting pod selectors match nothing": {
			labelled(in("scada"), equal("app", "hmi"), equal("app", "historian")),
			`{"matchLabels":{"k8s:app":"hmi","k8s:io.kubernetes.pod.namespace":"scada"},` +
				`"matchExpressions":[{"key":"k8s:app","operator":"In","values":["historian"]}]}`,
		},
		"a pod selector cannot move to another namespace": {
			labelled(in("scada"), equal("io.kubernetes.pod.namespace", "office")),
			`{"matchLabels":{"k8s:io.kubernetes.pod.namespace":"scada"},` +
				`"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"In","values":["office"]}]}`,
		},
		"a namespace label too long for Cilium": {
			topology.Workloads{NamespaceSelector: equal(strings.Repeat("k", 40), "v"), Matching: []string{"line-1"}},
			`{"matchLabels":{"k8s:io.kubernetes.pod.namespace":"line-1"}}`,
		},
		"a namespace label too long for Cilium, and no namespace yet": {
			topology.Workloads{NamespaceSelector: equal(strings.Repeat("k", 40), "v")},
			`{"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"DoesNotExist"},` +
				`{"key":"k8s:io.kubernetes.pod.namespace","operator":"Exists"}]}`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := floor(t, zone("z", tc.workloads))
			if diff := cmp.Diff(tc.want, selectorJSON(t, p.Specs[0].EndpointSelector)); diff != "" {
				t.Error(diff)
			}
			requireParses(t, p)
		})
	}
}

func TestNoNamespacePartPanics(t *testing.T) {
	bad := map[string]topology.Workloads{
		"none":                     {PodSelectors: []*metav1.LabelSelector{equal("app", "hmi")}},
		"empty namespace selector": {NamespaceSelector: &metav1.LabelSelector{}},
	}
	for name, w := range bad {
		z := zone("z", w)
		end := topology.End{Zone: z, Workloads: z.Workloads}
		c := &topology.Conduit{Name: "c", Initiator: end, Responders: []topology.End{end}, Ports: []protocol.PortRange{tcp(1, 1)}}
		calls := map[string]func(){
			"zone":    func() { cilium.Backend{}.Zone(site(), z) },
			"conduit": func() { cilium.Backend{}.Conduit(site(), c) },
		}
		for what, call := range calls {
			t.Run(name+", "+what, func(t *testing.T) {
				defer func() {
					if recover() == nil {
						t.Error("compiled a selector that takes in the whole cluster")
					}
				}()
				call()
			})
		}
	}
}

func TestObserveIsTheSameObject(t *testing.T) {
	z := zone("z", labelled(in("plant"), equal("cell", "a")))
	enforced := floor(t, z)
	z.Enforce = false
	observed := floor(t, z)
	for i, r := range observed.Specs {
		d := r.EnableDefaultDeny
		if d.Ingress == nil || d.Egress == nil || *d.Ingress || *d.Egress {
			t.Errorf("rule %d denies in Observe: %+v", i, d)
		}
		r.EnableDefaultDeny = enforced.Specs[i].EnableDefaultDeny
	}
	if diff := cmp.Diff(mustJSON(t, enforced), mustJSON(t, observed)); diff != "" {
		t.Errorf("more than default deny differs:\n%s", diff)
	}
}

func TestDenyRestOnlyInEnforceAndOnlyWherePodsAreNarrowed(t *testing.T) {
	narrowed := labelled(in("plant"), equal("cell", "a"))
	narrowed.DenyRest = true
	whole := in("plant")
	whole.DenyRest = true
	z := zone("z", narrowed)
	if got := len(floor(t, z).Specs); got != 2 {
		t.Errorf("enforced: %d rules, want the floor and the rest", got)
	}
	z.Enforce = false
	if got := len(floor(t, z).Specs); got != 1 {
		t.Errorf("observed: %d rules, want the floor only", got)
	}
	if got := len(floor(t, zone("z", whole)).Specs); got != 1 {
		t.Errorf("whole namespaces: %d rules, want the floor only", got)
	}
}

func TestEmptyAssetGroupIsAList(t *testing.T) {
	z := &topology.Zone{Name: "field", HasAssets: true}
	objects, _ := cilium.Backend{}.Zone(site(), z)
	if len(objects) != 1 || objects[0].Part != policy.PartAssets {
		t.Fatalf("a zone of devices makes %d objects", len(objects))
	}
	if got := mustJSON(t, objects[0].Manifest); !strings.Contains(got, `"externalCIDRs":[]`) {
		t.Errorf("null is refused by the API server: %s", got)
	}
}

func TestManyPortsAreSplit(t *testing.T) {
	a, b := zone("a", in("a")), zone("b", in("b"))
	var ports []protocol.PortRange
	for p := uint16(1); p <= 199; p += 2 {
		ports = append(ports, tcp(p, p))
	}
	ports = append(ports, protocol.PortRange{Transport: protocol.UDP, First: 50000, Last: 50009})
	p := conduit(t, site(), &topology.Conduit{
		Name: "wide", Ports: ports,
		Initiator:  topology.End{Zone: a, Workloads: a.Workloads},
		Responders: []topology.End{{Zone: b, Workloads: b.Workloads}},
	})
	requireParses(t, p)
	var got []api.PortProtocol
	for _, r := range p.Specs[0].Egress[0].ToPorts {
		if len(r.Ports) > 40 {
			t.Errorf("%d ports in one rule, Cilium takes 40", len(r.Ports))
		}
		got = append(got, r.Ports...)
	}
	if len(got) != len(ports) {
		t.Errorf("%d ports, want %d", len(got), len(ports))
	}
	if last := got[len(got)-1]; last != (api.PortProtocol{Port: "50000", EndPort: 50009, Protocol: api.ProtoUDP}) {
		t.Errorf("the range became %+v", last)
	}
}

func TestConduitsThatOpenNothingMakeNoObject(t *testing.T) {
	a, b := zone("a", in("a")), zone("b", in("b"))
	devices := &topology.Zone{Name: "field", HasAssets: true, Networks: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/24")}}
	ends := func(z *topology.Zone) topology.End {
		return topology.End{Zone: z, Workloads: z.Workloads, Networks: z.Networks, WholeZone: true}
	}
	base := func() *topology.Conduit {
		return &topology.Conduit{Name: "c", Initiator: ends(a), Responders: []topology.End{ends(b)}, Ports: []protocol.PortRange{tcp(502, 502)}}
	}
	tests := map[string]func(*topology.Conduit){
		"suspended":           func(c *topology.Conduit) { c.Suspended = true },
		"no ports":            func(c *topology.Conduit) { c.Ports = nil },
		"only port 0":         func(c *topology.Conduit) { c.Ports = []protocol.PortRange{tcp(0, 0)} },
		"devices at both":     func(c *topology.Conduit) { c.Initiator, c.Responders = ends(devices), []topology.End{ends(devices)} },
		"nobody at one end":   func(c *topology.Conduit) { c.Responders = []topology.End{{Zone: b}} },
		"nobody at the other": func(c *topology.Conduit) { c.Initiator = topology.End{Zone: a} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			c := base()
			change(c)
			if objects, _ := (cilium.Backend{}).Conduit(site(), c); len(objects) != 0 {
				t.Errorf("made %s", mustJSON(t, objects[0].Manifest))
			}
		})
	}
}

func TestOwner(t *testing.T) {
	a, b := zone("a", in("a")), zone("b", in("b"))
	c := &topology.Conduit{
		Name: "c", UID: "uid-c", Ports: []protocol.PortRange{tcp(502, 502)},
		Initiator:  topology.End{Zone: a, Workloads: a.Workloads},
		Responders: []topology.End{{Zone: b, Workloads: b.Workloads}},
	}
	s := site()
	if got := conduit(t, s, c).OwnerReferences; len(got) != 0 {
		t.Errorf("LastKnown: owned by %v", got)
	}
	s.FailMode = v1alpha1.FailModeClosed
	want := []metav1.OwnerReference{{APIVersion: "zonewarden.io/v1alpha1", Kind: "Conduit", Name: "c", UID: "uid-c"}}
	if diff := cmp.Diff(want, conduit(t, s, c).OwnerReferences); diff != "" {
		t.Errorf("Closed: %s", diff)
	}
	objects, _ := cilium.Backend{}.Zone(s, a)
	for _, o := range objects {
		if len(o.Manifest.GetOwnerReferences()) != 0 {
			t.Errorf("%s would go with its declaration", o.Manifest.GetName())
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
