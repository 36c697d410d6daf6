// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

func site() *topology.Site {
	return &topology.Site{
		DNS: topology.DNS{Namespace: "kube-system", PodLabels: map[string]string{"k8s-app": "kube-dns"}, Port: 53},
		API: topology.APIServer{Port: 6443},
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

func whole(z *topology.Zone) topology.End {
	return topology.End{Zone: z, Workloads: z.Workloads, Networks: z.Networks, WholeZone: true}
}

func modbus(from, to topology.End) *topology.Conduit {
	return &topology.Conduit{
		Name: "modbus", UID: "uid-c", Initiator: from, Responders: []topology.End{to},
		Ports: []protocol.PortRange{{Transport: protocol.TCP, First: 502, Last: 502}},
	}
}

// names returns namespace/name of each object, sorted.
func names(objects []*policy.Object) []string {
	var out []string
	for _, o := range objects {
		out = append(out, o.Manifest.GetNamespace()+"/"+o.Manifest.GetName())
	}
	slices.Sort(out)
	return out
}

// cellA is how names say that the pods labelled cell=a are selected.
const cellA = "35e1f38def12"

// TestNamesSayWhichPods: one name stands for one set of pods, so that what selects
// others is another object.
func TestNamesSayWhichPods(t *testing.T) {
	conduit := func(w topology.Workloads) []string {
		objects, _ := networkpolicy.Backend{}.Conduit(site(), modbus(whole(zone("z", w)), whole(zone("r", in("r")))))
		return names(objects)
	}
	half := conduit(labelled(in("plant"), equal("cell", "a")))
	if diff := cmp.Diff([]string{"plant/conduit-modbus.out." + cellA, "r/conduit-modbus.in.r"}, half); diff != "" {
		t.Error(diff)
	}
	less := conduit(labelled(in("plant"), equal("cell", "a"), equal("app", "hmi")))
	if slices.Equal(half, less) || slices.Equal(half, conduit(in("plant"))) {
		t.Error("other pods by the same name")
	}
}

func TestOneObjectInEachExistingNamespace(t *testing.T) {
	second := labelled(in("b", "c"), equal("cell", "a"))
	second.DenyRest = true
	first := in("a")
	first.Namespaces = []string{"a", "not-there-yet"}
	again := in("a", "d")
	objects, findings := networkpolicy.Backend{}.Zone(site(), zone("z", first, second, again))
	want := []string{"a/zone-z", "b/zone-z." + cellA, "b/zone-z.rest", "c/zone-z." + cellA, "c/zone-z.rest", "d/zone-z"}
	if diff := cmp.Diff(want, names(objects)); diff != "" {
		t.Error(diff)
	}
	if len(findings) != 0 {
		t.Errorf("findings: %v", findings)
	}
}

func TestNamesNeverMeet(t *testing.T) {
	cell := zone("cell", labelled(in("plant"), equal("cell", "a")), labelled(in("plant"), equal("cell", "b")))
	cell.Workloads[0].DenyRest = true
	cell2, rest := zone("cell-2", in("plant")), zone("cell-rest", in("plant"))
	var objects []*policy.Object
	for _, z := range []*topology.Zone{cell, cell2, rest} {
		o, _ := networkpolicy.Backend{}.Zone(site(), z)
		objects = append(objects, o...)
	}
	for _, c := range []*topology.Conduit{
		{Name: "x", Responders: []topology.End{whole(zone("cell-in-b", in("plant")))}},
		{Name: "x-in-cell", Responders: []topology.End{whole(zone("b", in("plant")))}},
		{Name: "x-out", Responders: []topology.End{whole(cell), whole(cell2)}},
	} {
		c.Initiator = whole(cell)
		c.Ports = []protocol.PortRange{{Transport: protocol.TCP, First: 1, Last: 1}}
		o, _ := networkpolicy.Backend{}.Conduit(site(), c)
		objects = append(objects, o...)
	}
	all := names(objects)
	if unique := slices.Compact(slices.Clone(all)); len(unique) != len(all) {
		t.Errorf("two declarations make one object: %v", all)
	}
}

func TestLongestNamesFit(t *testing.T) {
	long := strings.Repeat("z", 63)
	var entries []topology.Workloads
	for i := range 16 {
		entries = append(entries, labelled(in("plant"), equal("cell", strconv.Itoa(i))))
	}
	z := zone(long, entries...)
	c := modbus(whole(z), whole(z))
	c.Name = long
	objects, _ := networkpolicy.Backend{}.Conduit(site(), c)
	floors, _ := networkpolicy.Backend{}.Zone(site(), z)
	for _, name := range names(append(objects, floors...)) {
		if len(name) > 253 {
			t.Errorf("%d characters: %s", len(name), name)
		}
	}
}

func TestObserveWritesNothing(t *testing.T) {
	a, b := zone("a", in("a")), zone("b", in("b"))
	a.Enforce = false
	if objects, _ := (networkpolicy.Backend{}).Zone(site(), a); len(objects) != 0 {
		t.Errorf("floor in Observe: %v", names(objects))
	}
	objects, _ := networkpolicy.Backend{}.Conduit(site(), modbus(whole(a), whole(b)))
	if diff := cmp.Diff([]string{"b/conduit-modbus.in.b"}, names(objects)); diff != "" {
		t.Errorf("the observing end is left alone: %s", diff)
	}
}

func TestOnlyTheDirectionsUsed(t *testing.T) {
	a, b := zone("a", in("a")), zone("b", in("b"))
	c := modbus(whole(a), whole(b))
	types := func() map[string][]networkingv1.PolicyType {
		out := map[string][]networkingv1.PolicyType{}
		objects, _ := networkpolicy.Backend{}.Conduit(site(), c)
		for _, o := range objects {
			out[o.Manifest.GetName()] = o.Manifest.(*networkingv1.NetworkPolicy).Spec.PolicyTypes
		}
		return out
	}
	want := map[string][]networkingv1.PolicyType{"conduit-modbus.out": {"Egress"}, "conduit-modbus.in.b": {"Ingress"}}
	if diff := cmp.Diff(want, types()); diff != "" {
		t.Error(diff)
	}
	c.BothWays = c.Ports
	both := []networkingv1.PolicyType{"Ingress", "Egress"}
	want = map[string][]networkingv1.PolicyType{"conduit-modbus.out": both, "conduit-modbus.in.b": both}
	if diff := cmp.Diff(want, types()); diff != "" {
		t.Errorf("both ways: %s", diff)
	}
}

func TestConduitsThatOpenNothingMakeNoObject(t *testing.T) {
	a, b := zone("a", in("a")), zone("b", in("b"))
	tests := map[string]func(*topology.Conduit){
		"suspended":         func(c *topology.Conduit) { c.Suspended = true },
		"no ports":          func(c *topology.Conduit) { c.Ports = nil },
		"only port 0":       func(c *topology.Conduit) { c.Ports = []protocol.PortRange{{Transport: protocol.TCP}} },
		"nobody at one end": func(c *topology.Conduit) { c.Responders = []topology.End{{Zone: b}} },
		"no existing namespace": func(c *topology.Conduit) {
			c.Initiator.Workloads = []topology.Workloads{{Namespaces: []string{"later"}}}
			c.Responders = []topology.End{{Zone: b, Workloads: c.Initiator.Workloads}}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			c := modbus(whole(a), whole(b))
			change(c)
			if objects, _ := (networkpolicy.Backend{}).Conduit(site(), c); len(objects) != 0 {
				t.Errorf("made %v", names(objects))
			}
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
		z.InternalTraffic = false // so that nothing but the floor's own selector is at stake
		calls := map[string]func(){
			"zone":    func() { networkpolicy.Backend{}.Zone(site(), z) },
			"conduit": func() { networkpolicy.Backend{}.Conduit(site(), modbus(whole(z), whole(zone("b", in("b"))))) },
		}
		for what, call := range calls {
			t.Run(name+", "+what, func(t *testing.T) {
				defer func() {
					if recover() == nil {
						t.Error("compiled an entry that takes in every namespace")
					}
				}()
				call()
			})
		}
	}
}

func TestFindings(t *testing.T) {
	byLabel := topology.Workloads{NamespaceSelector: equal("area", "packing"), Matching: []string{"line-1"}}
	z := zone("z", in("a"), byLabel)
	z.APIServer = true
	for _, enforce := range []bool{true, false} {
		z.Enforce = enforce
		_, findings := networkpolicy.Backend{}.Zone(site(), z)
		var paths []string
		for _, f := range findings {
			paths = append(paths, string(f.Severity)+" "+f.Path)
			if f.Reason != v1alpha1.ReasonBackendCannot || f.Message == "" {
				t.Errorf("finding %+v", f)
			}
		}
		want := []string{"Warning spec.members.workloads[1].namespaceSelector", "Error spec.platformServices.apiServer"}
		if diff := cmp.Diff(want, paths); diff != "" {
			t.Errorf("enforce %t: %s", enforce, diff)
		}
	}
	s := site()
	s.API.Addresses = []netip.Addr{netip.MustParseAddr("192.0.2.10")}
	if _, findings := (networkpolicy.Backend{}).Zone(s, z); len(findings) != 1 {
		t.Errorf("the address is given, findings: %v", findings)
	}
}

func TestOwner(t *testing.T) {
	a, b := zone("a", in("a")), zone("b", in("b"))
	s := site()
	s.FailMode = v1alpha1.FailModeClosed
	objects, _ := networkpolicy.Backend{}.Conduit(s, modbus(whole(a), whole(b)))
	want := []metav1.OwnerReference{{APIVersion: "zonewarden.io/v1alpha1", Kind: "Conduit", Name: "modbus", UID: "uid-c"}}
	for _, o := range objects {
		if diff := cmp.Diff(want, o.Manifest.GetOwnerReferences()); diff != "" {
			t.Errorf("%s: %s", o.Manifest.GetName(), diff)
		}
	}
	floors, _ := networkpolicy.Backend{}.Zone(s, a)
	for _, o := range floors {
		if len(o.Manifest.GetOwnerReferences()) != 0 {
			t.Errorf("%s would go with its declaration", o.Manifest.GetName())
		}
	}
}

// TestObjectsShareNoMemory: whoever changes one object, as server-side apply
// clients do, must not change another, or the model.
func TestObjectsShareNoMemory(t *testing.T) {
	z := zone("z", labelled(in("a", "b"), equal("cell", "a")))
	z.Networks = []netip.Prefix{netip.MustParsePrefix("10.20.0.0/24")}
	before, err := json.Marshal(z.Workloads)
	if err != nil {
		t.Fatal(err)
	}
	objects, _ := networkpolicy.Backend{}.Zone(site(), z)
	spec := &objects[0].Manifest.(*networkingv1.NetworkPolicy).Spec
	spec.PodSelector.MatchLabels["cell"] = "changed"
	spec.Ingress[0].From[0].NamespaceSelector.MatchExpressions[0].Values[0] = "changed"
	spec.Ingress[0].From[0].PodSelector.MatchLabels["cell"] = "changed"
	after, err := json.Marshal(z.Workloads)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Errorf("the model changed: %s", diff)
	}
	for _, o := range objects[1:] {
		if raw, _ := json.Marshal(o.Manifest); strings.Contains(string(raw), "changed") {
			t.Errorf("another object changed: %s", raw)
		}
	}
}
