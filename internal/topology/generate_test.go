// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// generator draws sites from pools so small that everything collides: names,
// labels, networks that touch and nest, good ones and bad ones.
type generator struct{ t *rapid.T }

func pick[T any](g generator, label string, pool ...T) T {
	return rapid.SampledFrom(pool).Draw(g.t, label)
}

func (g generator) count(label string, most int) int {
	return rapid.IntRange(0, most).Draw(g.t, label)
}

// rarely is true once in n times.
func (g generator) rarely(label string, n int) bool { return g.count(label, n-1) == 0 && n > 0 }

func (g generator) selector(label, key string, values ...string) *metav1.LabelSelector {
	v := pick(g, label, values...)
	expr := func(op metav1.LabelSelectorOperator, v ...string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: v}}}
	}
	switch g.count(label+" form", 11) {
	case 0:
		return expr(metav1.LabelSelectorOpIn, values...)
	case 1:
		return expr(metav1.LabelSelectorOpNotIn, v)
	case 2:
		return expr(metav1.LabelSelectorOpExists)
	case 3:
		return expr(metav1.LabelSelectorOpDoesNotExist)
	default:
		return sel(key + "=" + v)
	}
}

func (g generator) workloads() v1alpha1.WorkloadMembers {
	var w v1alpha1.WorkloadMembers
	if g.count("by label", 3) == 0 {
		w.NamespaceSelector = g.selector("namespaces", "team", "a", "b")
	} else {
		w.Namespaces = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"n0", "n1", "n2", "n3", "n4", "missing"}), 1, 2, rapid.ID).Draw(g.t, "names")
	}
	if g.count("narrowed", 2) > 0 {
		w.PodSelector = g.selector("pods", pick(g, "key", "cell", "cell", "cell", "line", "app"), "a", "b", "c")
	}
	return w
}

func (g generator) zoneSpec() v1alpha1.ZoneSpec {
	kind := pick(g, "kind", 0, 0, 0, 0, 1, 2, 3)
	s := v1alpha1.ZoneSpec{
		Purdue:      []v1alpha1.Level{pick(g, "level", v1alpha1.LevelL1, v1alpha1.LevelL2), v1alpha1.LevelL1, v1alpha1.LevelDMZ, v1alpha1.LevelL4}[kind],
		Type:        []v1alpha1.ZoneType{v1alpha1.ZoneTypeControl, v1alpha1.ZoneTypeSafety, v1alpha1.ZoneTypeDMZ, v1alpha1.ZoneTypeBusiness}[kind],
		SLTarget:    all(int32(g.count("sl", 4))),
		Enforcement: pick(g, "enforcement", v1alpha1.EnforcementEnforce, v1alpha1.EnforcementObserve),
		Parent:      pick(g, "parent", "", "", "z0", "z1", "nix"),
	}
	for range g.count("entries", 2) {
		s.Members.Workloads = append(s.Members.Workloads, g.workloads())
	}
	if g.count("devices", 1) > 0 {
		s.Members.Assets = &v1alpha1.AssetMembers{}
		if g.count("select assets", 2) > 0 {
			s.Members.Assets.Selector = g.selector("assets", pick(g, "asset key", "in", "in", "kind"), "a", "b", "c")
		}
		for range g.count("cidrs", 2) {
			s.Members.Assets.CIDRs = append(s.Members.Assets.CIDRs, pick[v1alpha1.CIDR](g, "cidr",
				"10.1.0.0/16", "10.1.1.0/24", "10.1.1.128/25", "10.1.2.0/24", "::ffff:10.1.2.0/121", "10.1.1.7/32",
				"fd00:1::/48", "fd00:1:0:1::/64", "10.2.0.0/24", "10.3.0.0/24", "10.4.0.0/24", "10.42.1.0/24", "0.0.0.0/0", "10.1.1.1/24"))
		}
	}
	return s
}

func (g generator) assetSpec() v1alpha1.AssetSpec {
	s := v1alpha1.AssetSpec{
		Tag: pick(g, "tag", "t0", "t1", "t2", "t3", "t4", "t5", "t6"), SharedAddress: g.count("shared", 1) > 0,
	}
	for range 1 + g.count("more addresses", 1) {
		s.Addresses = append(s.Addresses, pick[v1alpha1.AssetAddress](g, "address",
			"10.1.1.1", "10.1.1.7", "10.1.1.130", "10.1.1.0/24", "10.2.0.1", "10.3.0.1", "10.9.0.1", "10.9.0.0/28", "fd00:1::1", "10.42.0.1", "10.1.0.0/16"))
	}
	if g.count("lifecycle", 1) > 0 {
		s.Lifecycle = &v1alpha1.Lifecycle{
			Status:       pick(g, "support", v1alpha1.LifecycleSupported, v1alpha1.LifecycleEndOfSupport),
			EndOfSupport: day(pick(g, "end of support", "2020-01-01", "2040-01-01")),
		}
	}
	return s
}

func (g generator) labels() map[string]string {
	return set(pick(g, "labels", "", "in=a", "in=a", "in=b", "in=b", "in=c", "in=a,kind=a", "kind=b"))
}

func (g generator) end() v1alpha1.ConduitEnd {
	e := v1alpha1.ConduitEnd{Zone: pick(g, "end", "z0", "z1", "z2", "z3", "z4", "z5", "nix")}
	if g.count("narrow pods", 3) == 0 {
		e.Workloads = g.selector("end pods", "app", "a", "b")
	}
	switch g.count("narrow assets", 7) {
	case 0:
		e.Assets = &v1alpha1.AssetSelection{Selector: g.selector("end assets", "kind", "a", "b")}
	case 1:
		e.Assets = &v1alpha1.AssetSelection{Names: []string{pick(g, "end asset", "a0", "a1", "a2", "nix")}}
	}
	return e
}

func (g generator) conduitSpec() v1alpha1.ConduitSpec {
	s := conduit("", "", "").Spec
	s.Initiator, s.Responders = g.end(), []v1alpha1.ConduitEnd{g.end()}
	if g.count("second responder", 3) == 0 {
		s.Responders = append(s.Responders, g.end())
	}
	s.Flows = nil
	for range 1 + g.count("flows", 2) {
		s.Flows = append(s.Flows, pick(g, "flow", proto("modbus-tcp"), proto("modbus-tcp"), proto("https"), proto("opcua-tcp"), proto("bacnet-ip"),
			proto("goose"), proto("ssh"), proto("nix"), port("TCP", 9000), port("UDP", 9000, 9010), port("TCP", 1, 65535), v1alpha1.Flow{}))
	}
	if g.count("excepted", 2) > 0 {
		except("LevelSkip", "DMZBypass", "Cleartext", "AdminProtocol")(&s)
		s.Exceptions[0].Until = day(pick(g, "until", "2020-01-01", "2040-01-01"))
	}
	s.ReviewBy = day(pick(g, "review", "2020-01-01", "2026-06-15", "2040-01-01"))
	s.Suspended = g.count("suspended", 5) == 0
	if g.count("external", 2) == 0 {
		external()(&s)
	}
	return s
}

func (g generator) meta(name string) metav1.ObjectMeta {
	m := meta(name)
	m.Generation = int64(g.count("generation", 1)) + 1
	m.CreationTimestamp = metav1.NewTime(now.Add(time.Duration(g.count("age", 2)) * time.Hour))
	return m
}

// objects draws a site in which nothing was accepted yet.
func (g generator) objects() Snapshot {
	s := Snapshot{Now: now, Site: site(func(s *v1alpha1.SiteSpec) {
		s.UnzonedWorkloads = pick(g, "unzoned", v1alpha1.UnzonedReport, v1alpha1.UnzonedDeny)
		s.ZoneLabelKeys = []string{"cell", "line"}
		s.Rules.LargestLevelStep = 3
	})}
	for i := range 5 {
		scope := "scope=ot"
		if g.rarely("out of scope", 20) {
			scope = "scope=it"
		}
		s.Namespaces = append(s.Namespaces, namespace(fmt.Sprintf("n%d", i), scope+pick(g, "team", "", ",team=a", ",team=b")))
	}
	for i := range 12 {
		labels := pick(g, "cell", "", "cell=a", "cell=b", "cell=c,line=a") + pick(g, "app", "", ",app=a", ",app=b")
		s.Pods = append(s.Pods, Pod{Namespace: fmt.Sprintf("n%d", i%5), Name: fmt.Sprintf("p%d", i), Labels: set(labels)})
	}
	for i := range g.count("zones", 6) {
		s.Zones = append(s.Zones, &v1alpha1.Zone{ObjectMeta: g.meta(fmt.Sprintf("z%d", i)), Spec: g.zoneSpec()})
	}
	for i := range g.count("assets", 6) {
		a := &v1alpha1.Asset{ObjectMeta: g.meta(fmt.Sprintf("a%d", i)), Spec: g.assetSpec()}
		a.Labels = g.labels()
		s.Assets = append(s.Assets, a)
	}
	for i := range g.count("conduits", 6) {
		s.Conduits = append(s.Conduits, &v1alpha1.Conduit{ObjectMeta: g.meta(fmt.Sprintf("c%d", i)), Spec: g.conduitSpec()})
	}
	s.Nodes = []Node{{Name: "m", Networks: []string{"10.4.0.9"}}, {Name: "n", Networks: []string{"10.43.0.0/24"}}}
	s.Services = []Service{{Namespace: "n0", Name: "s", Type: "NodePort", Selector: set("app=a")}, {Namespace: "n1", Name: "s", Type: "LoadBalancer", Selector: set("cell=a")}}
	return s
}

// remembered draws what was accepted before, however unlikely: a status may come
// from a backup, or from another version of the rules.
func (g generator) remembered(s Snapshot) Snapshot {
	for _, z := range s.Zones {
		if g.count("zone was good", 1) > 0 {
			z.Status.LastGood = &v1alpha1.ZoneLastGood{Generation: 1, Spec: g.zoneSpec()}
		}
	}
	for _, a := range s.Assets {
		if g.count("asset was good", 1) > 0 {
			a.Status.LastGood = &v1alpha1.AssetLastGood{Generation: 1, Spec: g.assetSpec()}
			a.Status.Zone = pick(g, "was in", "", "z0", "z1", "nix")
		}
	}
	for _, c := range s.Conduits {
		if g.count("conduit was good", 1) > 0 {
			c.Status.LastGood = &v1alpha1.ConduitLastGood{Generation: 1, Spec: g.conduitSpec()}
		}
	}
	return s
}

// anySite is a site with any past.
func anySite(t *rapid.T) Snapshot {
	g := generator{t}
	return g.remembered(g.objects())
}
