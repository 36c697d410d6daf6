// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access/grant"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Who is where. Pods of the site have 10.42.0.x, see load.
var (
	ownPod      = netip.MustParseAddr("10.42.9.1")
	operatorPod = netip.MustParseAddr("10.42.9.2")
	otherPod    = netip.MustParseAddr("10.42.9.3")
	elsewhere   = netip.MustParseAddr("198.51.100.7")
	jumpHosts   = map[string][]netip.Addr{
		"jumphost-1": {netip.MustParseAddr("10.30.5.10"), netip.MustParseAddr("fd00:30::10")},
		"jumphost-2": {netip.MustParseAddr("10.42.0.14")},
		"jumphost-3": {netip.MustParseAddr("10.30.5.1"), netip.MustParseAddr("10.30.5.10")},
	}
	devices = map[string][]netip.Addr{
		"drive-01a": {netip.MustParseAddr("10.1.2.3")},
		"drive-01b": {netip.MustParseAddr("10.1.2.4"), netip.MustParseAddr("fd00:17::4")},
	}
	apps = map[string][]netip.Addr{
		"supervision/hmi":       {netip.MustParseAddr("10.42.0.10"), netip.MustParseAddr("10.42.0.11")},
		"supervision/historian": {netip.MustParseAddr("10.42.0.12")},
		"lab/rig":               {netip.MustParseAddr("10.42.0.13")},
	}
	portsTried = []uint16{1, 22, 502, 503, 504, 505, 7702, 20000, 20001, 20005}
)

// asked is one part of a drawn reach, in plain terms.
type asked struct {
	to          []netip.Addr
	transport   protocol.Transport
	first, last uint16
}

func (a asked) covers(to netip.Addr, transport protocol.Transport, port uint16) bool {
	return slices.Contains(a.to, to) && transport == a.transport && a.first <= port && port <= a.last
}

func drawReach(t *rapid.T, kind v1alpha1.Grant) (v1alpha1.Reach, asked) {
	a := asked{transport: rapid.SampledFrom([]protocol.Transport{protocol.TCP, protocol.UDP}).Draw(t, "transport")}
	a.first = rapid.SampledFrom([]uint16{22, 502, 7702, 20000}).Draw(t, "port")
	a.last = a.first + rapid.Uint16Range(0, 2).Draw(t, "width")
	flow := ports(int32(a.first), int32(a.last), string(a.transport))
	if kind != v1alpha1.GrantSourceAddress && rapid.Bool().Draw(t, "devices") {
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"drive-01a", "drive-01b"}), 1, 2, rapid.ID).Draw(t, "assets")
		for _, name := range names {
			a.to = append(a.to, devices[name]...)
		}
		return assets(flow, names...), a
	}
	if rapid.IntRange(0, 4).Draw(t, "whole") == 0 {
		a.to = slices.Concat(apps["supervision/hmi"], apps["supervision/historian"])
		return v1alpha1.Reach{Zone: "supervision", WholeZone: true, Flows: []v1alpha1.Flow{flow}}, a
	}
	at := rapid.SampledFrom([]string{"supervision/hmi", "supervision/historian", "lab/rig"}).Draw(t, "app")
	a.to = apps[at]
	zone, app, _ := strings.Cut(at, "/")
	return workloads(zone, app, flow), a
}

// world is the cluster with the floors, and with a set's policies or without.
func world(p plant, b v1alpha1.Backend, set *grant.Set) *verdict.Rules {
	c := verdict.Cluster{Namespaces: map[string]map[string]string{}}
	for _, ns := range []string{"scada", "pumping", "pam", "lab", v1alpha1.NamespaceAccess, "zonewarden-system"} {
		c.Namespaces[ns] = map[string]string{"kubernetes.io/metadata.name": ns, "plant": "ww-17"}
	}
	for _, pod := range p.pods {
		c.Pods = append(c.Pods, verdict.Pod{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels, Addresses: []netip.Addr{netip.MustParseAddr(pod.Addresses[0].IP)}})
	}
	labels := func(window string) map[string]string {
		return map[string]string{v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue, v1alpha1.LabelKind: "VendorAccessWindow", v1alpha1.LabelName: window}
	}
	c.Pods = append(c.Pods,
		verdict.Pod{Namespace: v1alpha1.NamespaceAccess, Name: "own", Labels: labels("acme-drives"), Addresses: []netip.Addr{ownPod}},
		verdict.Pod{Namespace: v1alpha1.NamespaceAccess, Name: "other", Labels: labels("other"), Addresses: []netip.Addr{otherPod}},
		verdict.Pod{Namespace: "zonewarden-system", Name: "operator", Labels: map[string]string{"app.kubernetes.io/name": "zonewarden"}, Addresses: []netip.Addr{operatorPod}})
	objects := []policy.Manifest{&networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.NamespaceAccess, Name: "default-deny"},
		Spec:       networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}},
	}}
	var backend policy.Backend = cilium.Backend{}
	if b == v1alpha1.BackendNetwork {
		backend = networkpolicy.Backend{}
	}
	for _, z := range p.model.Zones {
		made, _ := backend.Zone(p.model.Site, z)
		for _, o := range made {
			objects = append(objects, o.Manifest)
		}
	}
	if set != nil {
		for _, o := range set.Objects {
			if o.GVK.Kind == "NetworkPolicy" || o.GVK.Kind == "CiliumNetworkPolicy" {
				objects = append(objects, o.Manifest)
			}
		}
	}
	for _, o := range objects {
		raw, err := json.Marshal(o)
		if err != nil {
			panic(err)
		}
		var content map[string]any
		if err := json.Unmarshal(raw, &content); err != nil {
			panic(err)
		}
		c.Objects = append(c.Objects, content)
	}
	return verdict.New(c)
}

// TestNothingElsePasses draws windows and asks an engine that knows nothing of grants about
// every packet between everybody: what is asked for passes, from the window's pod or the
// jump host and on these ports, and everything else is as it was without the window.
func TestNothingElsePasses(t *testing.T) {
	t.Parallel()
	p := load(t)
	everybody := []netip.Addr{ownPod, operatorPod, otherPod, elsewhere}
	for _, some := range []map[string][]netip.Addr{jumpHosts, devices, apps} {
		for _, addresses := range some {
			for _, a := range addresses {
				if !slices.Contains(everybody, a) {
					everybody = append(everybody, a)
				}
			}
		}
	}
	base := map[v1alpha1.Backend]*verdict.Rules{}
	for _, b := range backends {
		base[b] = world(p, b, nil)
	}
	tried, passed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]v1alpha1.Grant{v1alpha1.GrantRelay, v1alpha1.GrantSessionPod, v1alpha1.GrantSourceAddress}).Draw(t, "grant")
		through := rapid.SampledFrom([]string{"jumphost-1", "jumphost-2", "jumphost-3"}).Draw(t, "through")
		backend := rapid.SampledFrom([]v1alpha1.Backend{v1alpha1.BackendCilium, v1alpha1.BackendNetwork}).Draw(t, "backend")
		var reach []v1alpha1.Reach
		var want []asked
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			r, a := drawReach(t, kind)
			reach, want = append(reach, r), append(want, a)
		}
		w := window(kind, through, reach...)
		if problems := grant.Check(w, p.site, p.model, p.pods, nil); len(problems) > 0 {
			t.Fatal(problems)
		}
		set := grant.Compile(p.input(w, backend))
		checkOwned(t, w, set)
		now := world(p, backend, &set)
		for _, from := range everybody {
			for _, to := range everybody {
				if from == to || from.Is4() != to.Is4() {
					continue
				}
				for _, transport := range []protocol.Transport{protocol.TCP, protocol.UDP} {
					for _, port := range portsTried {
						f := verdict.Flow{Source: from, Destination: to, Transport: transport, Port: port}
						wanted := base[backend].Judge(f).Answer
						if opened(kind, through, set, want, f) {
							wanted = verdict.Admitted
							passed++
						}
						tried++
						if got := now.Judge(f); got.Answer != wanted {
							t.Fatalf("%s %s: %+v is %s by %v, not %s", kind, through, f, got.Answer, got.By, wanted)
						}
					}
				}
			}
		}
	})
	t.Logf("%d packets, %d of them let in", tried, passed)
}

// opened says whether a window is to let a packet pass.
func opened(kind v1alpha1.Grant, through string, set grant.Set, want []asked, f verdict.Flow) bool {
	reached := slices.ContainsFunc(want, func(a asked) bool { return a.covers(f.Destination, f.Transport, f.Port) })
	if kind == v1alpha1.GrantSourceAddress {
		return reached && slices.Contains(jumpHosts[through], f.Source)
	}
	switch {
	case f.Source == ownPod:
		return reached
	case f.Destination != ownPod:
		return false
	case f.Source == operatorPod:
		return f.Transport == protocol.TCP && f.Port == 7702
	default:
		return kind == v1alpha1.GrantRelay && slices.Contains(jumpHosts[through], f.Source) &&
			slices.ContainsFunc(set.Endpoints, func(e grant.Endpoint) bool { return e.Listen == f.Port && e.Transport == f.Transport })
	}
}

// checkOwned: every object is in a namespace that the window touches, and goes with the
// fuse there.
func checkOwned(t *rapid.T, w *v1alpha1.VendorAccessWindow, set grant.Set) {
	touched := []string{v1alpha1.NamespaceAccess, "pam"}
	for _, r := range w.Spec.Reach {
		touched = append(touched, map[string]string{"supervision": "scada", "cell-pumping": "pumping", "lab": "lab"}[r.Zone])
	}
	fuses := map[string]bool{}
	for _, f := range set.Fuses {
		fuses[f.Namespace] = true
	}
	for _, o := range set.Objects {
		if !slices.Contains(touched, o.Namespace) || !fuses[o.Namespace] {
			t.Fatalf("%s %s/%s is in a namespace that is not touched, or has no fuse", o.GVK.Kind, o.Namespace, o.Name)
		}
		o.Own("uid-1")
		owners := o.Manifest.GetOwnerReferences()
		if len(owners) != 1 || owners[0].Kind != "Job" || owners[0].Name != "window-acme-drives" || owners[0].UID != "uid-1" || owners[0].BlockOwnerDeletion != nil {
			t.Fatalf("%s %s/%s is owned by %v", o.GVK.Kind, o.Namespace, o.Name, owners)
		}
	}
}

// TestOrderOfPodsIsNothing: what was made once is found again.
func TestOrderOfPodsIsNothing(t *testing.T) {
	t.Parallel()
	p := load(t)
	in := p.input(cases()["relay-pods"], v1alpha1.BackendCilium)
	first := digests(grant.Compile(in))
	in.Pods = slices.Clone(in.Pods)
	slices.Reverse(in.Pods)
	in.Left, in.Latest = in.Left/2, in.Latest/2
	if second := digests(grant.Compile(in)); !slices.Equal(first, second) {
		t.Errorf("%v\n%v", first, second)
	}
	in.Pods[len(in.Pods)-1].Addresses[0].IP = "10.42.0.99"
	if third := digests(grant.Compile(in)); slices.Equal(first, third) {
		t.Error("a target with another address makes the same relay")
	}
}

func digests(s grant.Set) []string {
	var out []string
	for _, o := range slices.Concat(s.Fuses, s.Objects) {
		out = append(out, fmt.Sprint(o.GVK.Kind, o.Namespace, o.Name, o.Digest))
	}
	return out
}

// TestNothingIsMadeOf what is not whole: each of these would be open to too many, or for
// too long.
func TestNothingIsMadeOf(t *testing.T) {
	t.Parallel()
	p := load(t)
	for name, change := range map[string]func(*grant.Input){
		"nothing left":     func(in *grant.Input) { in.Left = 0 },
		"no UID":           func(in *grant.Input) { in.Window.UID = "" },
		"nobody":           func(in *grant.Input) { in.Grant.People = nil },
		"no backend":       func(in *grant.Input) { in.Backend = v1alpha1.BackendAuto },
		"no key":           func(in *grant.Input) { in.Operator.Key = nil },
		"no model":         func(in *grant.Input) { in.Model = nil },
		"unknown grant":    func(in *grant.Input) { in.Grant.Kind = "Tunnel" },
		"unknown jumphost": func(in *grant.Input) { in.Grant.Through = "jumphost-9" },
		"no target":        func(in *grant.Input) { in.Window.Spec.Reach[0].Assets = []string{"drive-09"} },
		"zone is gone":     func(in *grant.Input) { in.Model = &topology.Model{Site: in.Model.Site} },
	} {
		in := p.input(window(v1alpha1.GrantRelay, "jumphost-1", assets(named("modbus-tcp"), "drive-01a")), v1alpha1.BackendCilium)
		change(&in)
		if s := grant.Compile(in); len(s.Objects)+len(s.Fuses) > 0 || s.Pod != nil {
			t.Errorf("%s: %d objects", name, len(s.Objects))
		}
	}
}

// TestNames: no name is too long, and no two windows share one.
func TestNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.StringMatching(`[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?`)
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		if n := grant.Name(a); len(n) > 63 {
			t.Fatal(n)
		}
		if a != b && grant.Name(a) == grant.Name(b) {
			t.Fatal(a, b)
		}
	})
	long := "a23456789-123456789-123456789-123456789-123456789-123456789-123"
	if got := grant.Name(long); got != "window--a23456789-123456789-123456789-123456789-1234-"+got[len(got)-10:] {
		t.Error(got)
	}
	if got := grant.Name("acme-drives"); got != "window-acme-drives" {
		t.Error(got)
	}
}
