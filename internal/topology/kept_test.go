// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// plant is a site where everything is accepted: devices, two zones, a conduit.
func plant() (Snapshot, *v1alpha1.Zone, *v1alpha1.Zone, *v1alpha1.Asset, *v1alpha1.Conduit) {
	top, low := scada(), plc(of(), assetsOf("in=plc"))
	a, c := asset("p1", "in=plc", "10.1.0.1"), conduit("c", "scada", "plc")
	return snapshot(top, low, a, c), top, low, a, c
}

// An edit that is not accepted changes nothing that is in force.
func TestBadEditKeepsWhatWasAccepted(t *testing.T) {
	build := func() (Snapshot, map[string]func()) {
		s, top, low, a, c := plant()
		return s, map[string]func(){
			"a zone with a bad network":        func() { edit(top, func() { cidrs("0.0.0.0/0")(top) }) },
			"a zone with a bad label key":      func() { edit(top, func() { of(podsIn(sel("job=x"), "scada"))(top) }) },
			"a zone of devices without sense":  func() { edit(low, func() { low.Spec.Members.Assets.Selector = badSelector() }) },
			"a conduit with a bad protocol":    func() { edit(c, func() { c.Spec.Flows = []v1alpha1.Flow{proto("modbus-tpc")} }) },
			"a conduit to nowhere":             func() { edit(c, func() { c.Spec.Responders[0].Zone = "nix" }) },
			"a conduit from nowhere":           func() { edit(c, func() { c.Spec.Initiator.Zone = "nix" }) },
			"a conduit with an admin protocol": func() { edit(c, func() { c.Spec.Flows = append(c.Spec.Flows, proto("rdp")) }) },
			"a conduit to an unknown asset": func() {
				edit(c, func() { c.Spec.Responders[0].Assets = &v1alpha1.AssetSelection{Names: []string{"nix"}} })
			},
			"an asset with a bad address": func() { edit(a, func() { a.Spec.Addresses[0] = "10.42.0.1" }) },
		}
	}
	_, names := build()
	for name := range names {
		t.Run(name, func(t *testing.T) {
			s, edits := build()
			settled(t, s)
			before := Resolve(s)
			edits[name]()
			after := Resolve(s)
			for i, z := range before.Zones {
				if after.Zones[i].Fingerprint != z.Fingerprint {
					t.Errorf("zone %s changed:\n%s", z.Name, cmp.Diff(z, after.Zones[i], equateNetworks))
				}
			}
			if len(after.Conduits) != 1 || after.Conduits[0].Fingerprint != before.Conduits[0].Fingerprint {
				t.Errorf("the conduit changed: %v", after.Conduits)
			}
			var kept int
			for ref, v := range after.Verdicts {
				if !v.InForce {
					t.Errorf("%v is out of force: %v", ref, v.Findings)
				}
				if v.Kept {
					kept++
					expectKept(t, after, ref.Kind, ref.Name)
				}
			}
			if kept != 1 {
				t.Errorf("%d objects are kept, want the edited one", kept)
			}
		})
	}
}

// The same mistakes in objects that were never accepted put nothing in force.
func TestNeverAcceptedIsNotInTheModel(t *testing.T) {
	s := snapshot(scada(), plc(), zone("bad", cidrs("::/0")), asset("bad", "", "10.42.0.1"),
		conduit("bad", "scada", "plc", flows(proto("ssh"))), conduit("c", "scada", "plc"))
	m := Resolve(s)
	for _, kind := range []string{KindZone, KindAsset, KindConduit} {
		expectOut(t, m, kind, "bad")
	}
	if m.Zone("bad") != nil || len(m.Conduits) != 1 || len(m.Zones) != 2 {
		t.Errorf("zones %v, conduits %v", m.Zones, m.Conduits)
	}
	expectAccepted(t, m, KindConduit, "c")
}

// An edit of a zone, or of the Site, that makes a standing conduit break a rule keeps it.
func TestConduitIsKeptWhenItsSurroundingsChange(t *testing.T) {
	changes := map[string]func(s Snapshot, top, low *v1alpha1.Zone, a *v1alpha1.Asset){
		"the level of a zone": func(_ Snapshot, top, _ *v1alpha1.Zone, _ *v1alpha1.Asset) {
			level("L4", "Business")(top)
			top.Generation++
		},
		"the security level": func(_ Snapshot, _, low *v1alpha1.Zone, _ *v1alpha1.Asset) { sl(4)(low); low.Generation++ },
		"the type of a zone": func(_ Snapshot, top, low *v1alpha1.Zone, _ *v1alpha1.Asset) {
			level("L1", "Safety")(low)
			level("DMZ", "DMZ")(top)
			low.Generation++
			top.Generation++
		},
		"the site's rules":          func(s Snapshot, _, _ *v1alpha1.Zone, _ *v1alpha1.Asset) { s.Site.Spec.Rules.LargestLevelStep = 0 },
		"the asset leaves the zone": func(_ Snapshot, _, _ *v1alpha1.Zone, a *v1alpha1.Asset) { a.Labels = nil },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			s, top, low, a, c := plant()
			c.Spec.Responders[0].Assets = &v1alpha1.AssetSelection{Names: []string{"p1"}}
			settled(t, s)
			change(s, top, low, a)
			m := Resolve(s)
			expectKept(t, m, KindConduit, "c")
			if len(m.Conduits) != 1 || !m.Conduits[0].Kept || len(m.Conduits[0].Ports) != 1 {
				t.Errorf("conduits %+v", m.Conduits)
			}
			expectAccepted(t, m, KindZone, "plc")
		})
	}
}

// A conduit that was accepted goes only with a zone that it joins.
func TestKeptConduitGoesWithItsZone(t *testing.T) {
	s, _, low, a, c := plant()
	settled(t, s)
	edit(c, func() { c.Spec.Flows = []v1alpha1.Flow{proto("ssh")} })
	expectKept(t, Resolve(s), KindConduit, "c")
	s.Zones = []*v1alpha1.Zone{low}
	s.Assets = []*v1alpha1.Asset{a}
	m := Resolve(s)
	expectOut(t, m, KindConduit, "c")
	if len(m.Conduits) != 0 {
		t.Errorf("conduits %v", m.Conduits)
	}
}

// A conduit whose edit names a zone that is gone falls back to one that is there.
func TestSettledConduitWhoseZoneIsRenamed(t *testing.T) {
	s, _, _, _, c := plant()
	settled(t, s)
	edit(c, func() { c.Spec.Responders[0].Zone = "plc-2" })
	m := Resolve(s)
	expectKept(t, m, KindConduit, "c")
	if got := m.Conduits[0].Responders[0].Zone.Name; got != "plc" {
		t.Errorf("responder %q, want the one it had", got)
	}
}

// A zone that was accepted stays when the cluster changes around it.
func TestZoneIsKeptWhenTheClusterChanges(t *testing.T) {
	s, _, low, _, _ := plant()
	cidrs("192.168.7.0/24")(low)
	settled(t, s)
	s.Nodes = []Node{{Name: "n", Networks: []string{"192.168.7.9"}}}
	s.Site.Spec.Scope.NamespaceSelector = *sel("scope=it")
	s.Site.Spec.ZoneLabelKeys = nil
	m := Resolve(s)
	expectKept(t, m, KindZone, "plc")
	expectKept(t, m, KindZone, "scada")
	expectAccepted(t, m, KindConduit, "c")
}

// Nothing but warnings depends on the time.
func TestTimeClosesNothing(t *testing.T) {
	a, c := asset("p1", "in=plc", "10.1.0.1"), conduit("c", "mes", "plc", except("LevelSkip"))
	a.Spec.Lifecycle = &v1alpha1.Lifecycle{EndOfSupport: day("2030-01-01")}
	c.Spec.ReviewBy = day("2027-01-01")
	c.Spec.Exceptions[0].Until = day("2026-12-31")
	s := snapshot(mes(), plc(assetsOf("in=plc")), a, c)
	want := Resolve(s)
	expectAccepted(t, want, KindConduit, "c")
	for _, years := range []int{-200, -30, -1, 1, 5, 40, 900} {
		later := s
		later.Now = now.AddDate(years, 0, 0)
		got := Resolve(later)
		sameInForce(t, want, got)
		if years > 4 {
			v := verdictOf(t, got, KindConduit, "c")
			if !v.Has(v1alpha1.ReasonReviewOverdue) || !v.Has(v1alpha1.ReasonExceptionExpired) || !verdictOf(t, got, KindAsset, "p1").Has(v1alpha1.ReasonSupportEnded) {
				t.Errorf("after %d years nothing warns: %v", years, v.Findings)
			}
		}
	}
	zero := s
	zero.Now = time.Time{}
	sameInForce(t, want, Resolve(zero))
}

// What closes, and what lifts a deny, holds whatever else is wrong with the edit.
func TestSuspendedAndObserveHoldInABadEdit(t *testing.T) {
	s, top, _, _, c := plant()
	top.Spec.Enforcement = v1alpha1.EnforcementEnforce
	settled(t, s)
	edit(c, func() { c.Spec.Flows, c.Spec.Suspended = []v1alpha1.Flow{proto("modbus-tpc")}, true })
	edit(top, func() { cidrs("0.0.0.0/0")(top); top.Spec.Enforcement = v1alpha1.EnforcementObserve })
	m := Resolve(s)
	expectKept(t, m, KindConduit, "c")
	expectKept(t, m, KindZone, "scada")
	if !m.Conduits[0].Suspended {
		t.Error("the conduit stays open although its author suspended it")
	}
	if m.Zone("scada").Enforce {
		t.Error("the zone still denies although its author set it to Observe")
	}
}
