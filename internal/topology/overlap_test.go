// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"testing"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Two zones that are declared at once and cannot both be: the older wins.
func TestOverlapOfDeclaredZones(t *testing.T) {
	pods := []string{"Error spec.members.workloads Overlap"}
	net := []string{"Error spec.members.assets.cidrs[0] Overlap"}
	older := func(opts ...zoneOption) *v1alpha1.Zone { return zone("older", opts...) }
	newer := func(opts ...zoneOption) *v1alpha1.Zone { return zone("newer", append(opts, born(1))...) }
	x := namespace("x", "scope=ot,team=a")
	cases := map[string]findingCase{
		"apart":                                 {[]any{older(), newer()}, "Zone/newer", nil, ""},
		"one namespace":                         {[]any{older(of(inNamespaces("x"))), newer(of(inNamespaces("y", "x")))}, "Zone/newer", pods, `"older"`},
		"one namespace, seen from the winner":   {[]any{older(of(inNamespaces("x"))), newer(of(inNamespaces("x")))}, "Zone/older", nil, ""},
		"one namespace, apart by a pod label":   {[]any{older(of(podsIn(sel("cell=a"), "x"))), newer(of(podsIn(sel("cell=b"), "x")))}, "Zone/newer", nil, ""},
		"one namespace and the same pod label":  {[]any{older(of(podsIn(sel("cell=a"), "x"))), newer(of(podsIn(sel("cell=a"), "x")))}, "Zone/newer", pods, ""},
		"one namespace, only one has a label":   {[]any{older(of(podsIn(sel("cell=a"), "x"))), newer(of(inNamespaces("x")))}, "Zone/newer", pods, ""},
		"one namespace by two of its labels":    {[]any{x, older(of(inSelected(sel("team=a")))), newer(of(inSelected(sel("tier=b"))))}, "Zone/newer", pods, ""},
		"values of one namespace label":         {[]any{x, older(of(inSelected(sel("team=a")))), newer(of(inSelected(sel("team=b"))))}, "Zone/newer", nil, ""},
		"a namespace by its name and its label": {[]any{x, older(of(inNamespaces("x"))), newer(of(inSelected(sel("team=a"))))}, "Zone/newer", pods, ""},
		"its name as a label":                   {[]any{older(of(inNamespaces("x"))), newer(of(inSelected(sel(namespaceNameLabel + "=x"))))}, "Zone/newer", pods, ""},
		"the same network":                      {[]any{older(cidrs("10.1.0.0/24")), newer(cidrs("10.1.0.0/24"))}, "Zone/newer", net, "10.1.0.0/24"},
		"a network inside":                      {[]any{older(cidrs("10.1.0.0/16")), newer(cidrs("10.1.7.0/24"))}, "Zone/newer", net, ""},
		"a network around":                      {[]any{older(cidrs("10.1.7.0/24")), newer(cidrs("10.1.0.0/16"))}, "Zone/newer", net, ""},
		"networks side by side":                 {[]any{older(cidrs("10.1.0.0/24")), newer(cidrs("10.1.1.0/24"))}, "Zone/newer", nil, ""},
		"an asset in another zone's network": {
			[]any{older(cidrs("10.1.0.0/16")), newer(assetsOf("in=newer")), asset("a", "in=newer", "10.1.0.1")},
			"Asset/a",
			[]string{"Error spec.addresses[0] Overlap"},
			`Zone/older in zone "older"`,
		},
		"which takes no zone along": {[]any{older(cidrs("10.1.0.0/16")), newer(assetsOf("in=newer")), asset("a", "in=newer", "10.1.0.1")}, "Zone/newer", nil, ""},
		"nor a zone that is newer than the asset": {
			[]any{zone("young", cidrs("10.1.0.0/16"), born(40)), older(assetsOf("in=older")), asset("a", "in=older", "10.1.0.1")},
			"Zone/young",
			nil, "",
		},
		"an asset that two zones select": {
			[]any{older(assetsOf("k=1")), newer(assetsOf("l=1")), asset("a", "k=1,l=1", "10.1.0.1")},
			"Asset/a",
			[]string{"Warning metadata.labels Overlap"},
			`stays in zone "older"`,
		},
		"seen from the zone that lacks it": {
			[]any{older(assetsOf("k=1")), newer(assetsOf("l=1")), asset("a", "k=1,l=1", "10.1.0.1")},
			"Zone/newer",
			[]string{"Warning spec.members.assets.selector Overlap"},
			"",
		},
		"seen from the zone that has it":   {[]any{older(assetsOf("k=1")), newer(assetsOf("l=1")), asset("a", "k=1,l=1", "10.1.0.1")}, "Zone/older", nil, ""},
		"the same age: by name":            {[]any{zone("b", of(inNamespaces("x"))), zone("a", of(inNamespaces("x")))}, "Zone/b", pods, `"a"`},
		"one zone may overlap with itself": {[]any{zone("a", of(inNamespaces("x"), podsIn(sel("cell=a"), "x")), cidrs("10.1.0.0/16", "10.1.1.0/24"))}, "Zone/a", nil, ""},
	}
	runFindings(t, cases)
	for name, c := range cases {
		slices.Reverse(c.objects)
		cases[name] = c
	}
	t.Run("in the other order", func(t *testing.T) { runFindings(t, cases) })
}

// What is in force wins over the edit that causes the conflict, whoever is older.
func TestOverlapByAnEdit(t *testing.T) {
	older, newer := zone("older", cidrs("10.1.0.0/24")), zone("newer", born(1), cidrs("10.2.0.0/24"))
	s := settled(t, snapshot(older, newer))
	edit(older, func() { older.Spec.Members.Workloads = []v1alpha1.WorkloadMembers{inNamespaces("older", "newer")} })
	m := Resolve(s)
	expectKept(t, m, KindZone, "older")
	expectAccepted(t, m, KindZone, "newer")
	if got := m.Zone("older").Workloads[0].Namespaces; !slices.Equal(got, []string{"older"}) {
		t.Errorf("the older zone has %v, want what it had", got)
	}
	edit(older, func() {
		older.Spec.Members.Workloads = []v1alpha1.WorkloadMembers{inNamespaces("older")}
		older.Spec.Members.Assets.CIDRs = []v1alpha1.CIDR{"10.2.0.0/16"}
	})
	m = Resolve(s)
	expectKept(t, m, KindZone, "older")
	expectAccepted(t, m, KindZone, "newer")
	if got := m.Zone("older").Networks[0].String(); got != "10.1.0.0/24" {
		t.Errorf("the older zone has %v, want what it had", got)
	}
}

// Members change places in one step: neither edit conflicts with the other.
func TestSwap(t *testing.T) {
	a, b := zone("a", cidrs("10.1.0.0/24")), zone("b", cidrs("10.2.0.0/24"))
	s := settled(t, snapshot(a, b))
	edit(a, func() { a.Spec.Members = *zone("b", cidrs("10.2.0.0/24")).Spec.Members.DeepCopy() })
	edit(b, func() { b.Spec.Members = *zone("a", cidrs("10.1.0.0/24")).Spec.Members.DeepCopy() })
	m := Resolve(s)
	expectAccepted(t, m, KindZone, "a")
	expectAccepted(t, m, KindZone, "b")
	if m.Zone("a").Workloads[0].Namespaces[0] != "b" || m.Zone("b").Networks[0].String() != "10.1.0.0/24" {
		t.Errorf("not swapped: %+v, %+v", m.Zone("a"), m.Zone("b"))
	}
	// Where one half of the swap fails, the other must wait, not bridge the two.
	edit(b, func() { b.Spec.Members.Assets.CIDRs = []v1alpha1.CIDR{"::/0"} })
	m = Resolve(s)
	expectKept(t, m, KindZone, "a")
	expectKept(t, m, KindZone, "b")
}

// A chain of edits, each into the place of the next, falls back as a whole when
// the last place is taken.
func TestChainOfEditsFallsBack(t *testing.T) {
	a, b, c := zone("a"), zone("b"), zone("c")
	s := settled(t, snapshot(a, b, c))
	move := func(z *v1alpha1.Zone, to string) { edit(z, func() { of(inNamespaces(to))(z) }) }
	move(a, "b")
	move(b, "c")
	m := Resolve(s)
	expectKept(t, m, KindZone, "a")
	expectKept(t, m, KindZone, "b")
	expectAccepted(t, m, KindZone, "c")
}

func TestAssetsStayWhereTheyAre(t *testing.T) {
	t.Run("when a second zone selects them, also once that is accepted", func(t *testing.T) {
		older, newer := zone("older"), zone("newer", born(1), assetsOf("k=1"))
		a := asset("a", "k=1,l=1", "10.1.0.1")
		s := settled(t, snapshot(older, newer, a))
		edit(older, func() { assetsOf("l=1")(older) })
		for range 3 {
			m := Resolve(s)
			if got := m.AssetZones["a"]; got != "newer" {
				t.Fatalf("the asset went to %q", got)
			}
			persist(s, m)
		}
	})
	t.Run("and one zone's edit that takes an asset costs only that zone", func(t *testing.T) {
		owner, thief := zone("owner", born(9), cidrs("10.1.0.0/24")), zone("thief", assetsOf("k=1"))
		a := asset("a", "k=2", "10.1.0.1")
		s := settled(t, snapshot(owner, thief, a))
		edit(thief, func() { assetsOf("k=2")(thief) })
		m := Resolve(s)
		expectKept(t, m, KindZone, "thief")
		expectAccepted(t, m, KindZone, "owner")
		expectAccepted(t, m, KindAsset, "a")
	})
	t.Run("and one zone's edit that lets an asset go costs only that zone", func(t *testing.T) {
		home, other := zone("home", cidrs("10.1.0.0/24"), assetsOf("k=1")), zone("other", born(1), assetsOf("l=1"))
		a := asset("a", "k=1", "10.1.0.1")
		s := settled(t, snapshot(home, other, a))
		a.Labels = set("k=1,l=1") // other selects it too, and does not get it
		persist(s, Resolve(s))
		edit(home, func() { assetsOf("k=2")(home) })
		m := Resolve(s)
		expectKept(t, m, KindZone, "home")
		expectAccepted(t, m, KindAsset, "a")
		if got := m.AssetZones["a"]; got != "home" {
			t.Errorf("the asset went to %q", got)
		}
	})
}

// Labels have no generation and no last good version: what moved by them loses.
func TestRelabelledAssets(t *testing.T) {
	t.Run("a wrong label on an old asset takes no zone out", func(t *testing.T) {
		home, other := zone("home", born(9), assetsOf("in=home"), cidrs("10.1.0.0/24")), zone("other", born(9), assetsOf("in=other"))
		a := asset("a", "in=home", "10.1.0.1")
		s := settled(t, snapshot(home, other, a))
		a.Labels = set("in=other") // labels have no generation
		m := Resolve(s)
		expectAccepted(t, m, KindZone, "home")
		expectAccepted(t, m, KindZone, "other")
		if v := verdictOf(t, m, KindAsset, "a"); v.InForce || !v.Has(v1alpha1.ReasonOverlap) {
			t.Errorf("asset: %+v, want it out by Overlap", v)
		}
	})
	t.Run("nor an asset that shares its address", func(t *testing.T) {
		home, other := zone("home", assetsOf("in=home")), zone("other", assetsOf("in=other"))
		a, b := shared(asset("a", "in=home", "10.1.0.1")), shared(asset("b", "in=home", "10.1.0.1"))
		s := settled(t, snapshot(home, other, a, b))
		a.Labels = set("in=other")
		m := Resolve(s)
		expectAccepted(t, m, KindAsset, "b")
		if verdictOf(t, m, KindAsset, "a").InForce {
			t.Errorf("the relabelled asset is in force: %v", m.AssetZones)
		}
	})
}

// What an asset falls back to has a tag, which somebody may have taken.
func TestTagsAreUniqueAmongWhatIsInForce(t *testing.T) {
	a, b := asset("a", "", "10.1.0.1"), asset("b", "", "10.1.0.2")
	s := settled(t, snapshot(a, b))
	edit(a, func() { a.Spec.Tag = "=b" })
	s.Assets = append(s.Assets, tagged(asset("c", "", "10.1.0.3"), "=a"))
	m := Resolve(s)
	expectKept(t, m, KindAsset, "a")
	expectAccepted(t, m, KindAsset, "b")
	if v := verdictOf(t, m, KindAsset, "c"); v.InForce {
		t.Errorf("c has the tag that a falls back to: %+v", v)
	}
}

func expectKept(t *testing.T, m *Model, kind, name string) {
	t.Helper()
	if v := verdictOf(t, m, kind, name); !v.InForce || !v.Kept || v.Accepted() || len(v.Errors()) == 0 {
		t.Errorf("%v: in force %v, kept %v, accepted %v, errors %v; want it kept for an error", v.Ref, v.InForce, v.Kept, v.Accepted(), v.Errors())
	}
}

func expectAccepted(t *testing.T, m *Model, kind, name string) {
	t.Helper()
	if v := verdictOf(t, m, kind, name); !v.Accepted() || len(v.Errors()) > 0 {
		t.Errorf("%v is not accepted: %v", v.Ref, v.Findings)
	}
}

func expectOut(t *testing.T, m *Model, kind, name string) {
	t.Helper()
	if v := verdictOf(t, m, kind, name); v.InForce || v.Kept || len(v.Errors()) == 0 {
		t.Errorf("%v: in force %v, kept %v; want it out for an error", v.Ref, v.InForce, v.Kept)
	}
}
