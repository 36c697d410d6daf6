// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySite(t)
		shuffled := s
		shuffled.Zones = rapid.Permutation(s.Zones).Draw(t, "zones in order")
		shuffled.Conduits = rapid.Permutation(s.Conduits).Draw(t, "conduits in order")
		shuffled.Assets = rapid.Permutation(s.Assets).Draw(t, "assets in order")
		shuffled.Namespaces = rapid.Permutation(s.Namespaces).Draw(t, "namespaces in order")
		shuffled.Pods = rapid.Permutation(s.Pods).Draw(t, "pods in order")
		shuffled.Nodes = rapid.Permutation(s.Nodes).Draw(t, "nodes in order")
		shuffled.Services = rapid.Permutation(s.Services).Draw(t, "services in order")
		if diff := cmp.Diff(Resolve(s), Resolve(shuffled), equateNetworks); diff != "" {
			t.Fatalf("the order changed the model:\n%s", diff)
		}
	})
}

func deepCopy(s Snapshot) Snapshot {
	out := s
	out.Site = s.Site.DeepCopy()
	out.Zones = copied(s.Zones, (*v1alpha1.Zone).DeepCopy)
	out.Conduits = copied(s.Conduits, (*v1alpha1.Conduit).DeepCopy)
	out.Assets = copied(s.Assets, (*v1alpha1.Asset).DeepCopy)
	out.Namespaces = copied(s.Namespaces, func(n Namespace) Namespace { n.Labels = maps.Clone(n.Labels); return n })
	out.Pods = copied(s.Pods, func(p Pod) Pod { p.Labels = maps.Clone(p.Labels); return p })
	out.Nodes = copied(s.Nodes, func(n Node) Node { n.Networks = slices.Clone(n.Networks); return n })
	out.Services = copied(s.Services, func(v Service) Service { v.Selector = maps.Clone(v.Selector); return v })
	return out
}

func copied[T any](list []T, clone func(T) T) []T {
	if list == nil {
		return nil
	}
	out := make([]T, 0, len(list))
	for _, v := range list {
		out = append(out, clone(v))
	}
	return out
}

func TestResolveChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySite(t)
		before := deepCopy(s)
		m := Resolve(s)
		m.Matrix()
		m.Counts()
		if diff := cmp.Diff(before, s); diff != "" {
			t.Fatalf("Resolve changed its input:\n%s", diff)
		}
		if diff := cmp.Diff(m, Resolve(s), equateNetworks); diff != "" {
			t.Fatalf("a second look is another one:\n%s", diff)
		}
	})
}

func TestTimeAloneClosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySite(t)
		moved := s
		moved.Now = now.AddDate(rapid.IntRange(-60, 60).Draw(t, "years"), 0, rapid.IntRange(-400, 400).Draw(t, "days"))
		sameInForce(t, Resolve(s), Resolve(moved))
	})
}

// Nothing is in two zones, and a conduit joins zones that are there.
func TestWhatIsInForceFitsTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySite(t)
		m := Resolve(s)
		checkMembership(t, s, m)
		checkConduits(t, m)
		checkVerdicts(t, s, m)
	})
}

func checkMembership(t *rapid.T, s Snapshot, m *Model) {
	pods := slices.Clone(s.Pods)
	for _, ns := range s.Namespaces { // also pods that are not there yet
		for _, l := range []string{"", "cell=a", "cell=b", "cell=c", "line=a", "cell=a,line=b", "cell=d,line=c,app=a"} {
			pods = append(pods, Pod{Namespace: ns.Name, Name: "later", Labels: set(l)})
		}
	}
	for _, p := range pods {
		var in []string
		for _, z := range m.Zones {
			if slices.ContainsFunc(z.Workloads, func(w Workloads) bool {
				return slices.Contains(w.Matching, p.Namespace) && w.MatchesLabels(p.Labels)
			}) {
				in = append(in, z.Name)
			}
		}
		if len(in) > 1 {
			t.Fatalf("pod %v is in zones %v", p, in)
		}
	}
	tags := map[string]bool{}
	for i, a := range m.Zones {
		for _, b := range m.Zones[i+1:] {
			if slices.ContainsFunc(a.Networks, func(p prefix) bool { return within(b.Networks, p) }) {
				t.Fatalf("zones %s %v and %s %v overlap", a.Name, a.Networks, b.Name, b.Networks)
			}
		}
		for _, x := range a.Assets {
			if tags[x.Tag] {
				t.Fatalf("two assets with tag %q", x.Tag)
			}
			tags[x.Tag] = true
			if m.AssetZones[x.Name] != a.Name {
				t.Fatalf("asset %s is in zone %s and in %q", x.Name, a.Name, m.AssetZones[x.Name])
			}
		}
	}
}

func checkConduits(t *rapid.T, m *Model) {
	for _, c := range m.Conduits {
		for _, e := range append([]End{c.Initiator}, c.Responders...) {
			if e.Zone == nil || m.Zone(e.Zone.Name) != e.Zone {
				t.Fatalf("conduit %s joins %+v, which is not in force", c.Name, e.Zone)
			}
			for _, p := range e.Networks {
				if !slices.ContainsFunc(e.Zone.Networks, func(z prefix) bool { return z.Bits() <= p.Bits() && z.Contains(p.Addr()) }) {
					t.Fatalf("conduit %s reaches %s, which is not in zone %s", c.Name, p, e.Zone.Name)
				}
			}
		}
		for _, p := range append(slices.Clone(c.Ports), c.BothWays...) {
			if p.First == 0 || p.Last < p.First || p.Transport == "" {
				t.Fatalf("conduit %s has port %+v", c.Name, p)
			}
		}
	}
}

func checkVerdicts(t *rapid.T, s Snapshot, m *Model) {
	if want := 1 + len(s.Zones) + len(s.Assets) + len(s.Conduits); len(m.Verdicts) != want {
		t.Fatalf("%d verdicts, want %d", len(m.Verdicts), want)
	}
	inModel := map[ObjectRef]bool{{KindSite, SiteName}: true}
	for _, z := range m.Zones {
		inModel[ObjectRef{KindZone, z.Name}] = true
	}
	for _, c := range m.Conduits {
		inModel[ObjectRef{KindConduit, c.Name}] = true
	}
	for ref, v := range m.Verdicts {
		if ref.Kind != KindAsset && v.InForce != inModel[ref] {
			t.Fatalf("%v: in force %v, in the model %v", ref, v.InForce, inModel[ref])
		}
		if v.Accepted() != (len(v.Errors()) == 0) {
			t.Fatalf("%v: accepted %v with errors %v", ref, v.Accepted(), v.Errors())
		}
	}
}

// What was accepted stays accepted when nobody changes anything. What lost to
// something that lost itself may come in later, but that comes to an end.
func TestAcceptedStaysAccepted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := generator{t}.objects()
		m := Resolve(s)
		persist(s, m)
		for range len(s.Zones) + len(s.Assets) + len(s.Conduits) {
			next := Resolve(s)
			for ref, v := range m.Verdicts {
				if v.Accepted() && !next.Verdicts[ref].Accepted() {
					t.Fatalf("%v was accepted, and now has %v", ref, next.Verdicts[ref].Findings)
				}
			}
			for name, zone := range m.AssetZones {
				if next.AssetZones[name] != zone {
					t.Fatalf("asset %s went from %q to %q by itself", name, zone, next.AssetZones[name])
				}
			}
			persist(s, next)
			m = next
		}
		sameInForce(t, m, Resolve(s))
	})
}

// One object's mistake takes no other out of force, through any history of edits.
func TestOneEditTakesNothingElseOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generator{t}
		s := g.objects()
		m := Resolve(s)
		persist(s, m)
		for range 4 {
			edited := g.editOne(&s)
			next := Resolve(s)
			for ref, v := range m.Verdicts {
				if now := next.Verdicts[ref]; ref != edited && v.InForce && !now.InForce {
					t.Fatalf("an edit of %v took %v out of force: %v", edited, ref, now.Findings)
				}
			}
			checkMembership(t, s, next)
			persist(s, next)
			m = next
		}
	})
}

// editOne changes one object in any way, and says which.
func (g generator) editOne(s *Snapshot) ObjectRef {
	switch kind := g.count("what to edit", 5); {
	case kind <= 1 && len(s.Zones) > 0:
		z := rapid.SampledFrom(s.Zones).Draw(g.t, "zone")
		edit(z, func() { z.Spec = g.zoneSpec() })
		return ObjectRef{KindZone, z.Name}
	case kind == 2 && len(s.Assets) > 0:
		a := rapid.SampledFrom(s.Assets).Draw(g.t, "asset")
		edit(a, func() { a.Spec = g.assetSpec() })
		return ObjectRef{KindAsset, a.Name}
	case kind == 3 && len(s.Assets) > 0:
		a := rapid.SampledFrom(s.Assets).Draw(g.t, "asset")
		a.Labels = g.labels() // a label is no edit of the spec
		return ObjectRef{KindAsset, a.Name}
	case kind == 4 && len(s.Conduits) > 0:
		c := rapid.SampledFrom(s.Conduits).Draw(g.t, "conduit")
		edit(c, func() { c.Spec = g.conduitSpec() })
		return ObjectRef{KindConduit, c.Name}
	default:
		s.Site.Spec.Rules.LargestLevelStep = int32(g.count("step", 6))
		s.Site.Spec.ClusterNetworks = []v1alpha1.CIDR{pick[v1alpha1.CIDR](g, "cluster", "10.42.0.0/16", "10.1.0.0/16", "10.9.0.1/16")}
		s.Site.Spec.ZoneLabelKeys = []string{pick(g, "zone label", "cell", "line", "app")}
		ns := rapid.SampledFrom(s.Namespaces).Draw(g.t, "namespace")
		ns.Labels["team"], ns.Labels["scope"] = pick(g, "team", "a", "b", "c"), pick(g, "scope", "ot", "ot", "it")
		return ObjectRef{KindSite, SiteName}
	}
}
