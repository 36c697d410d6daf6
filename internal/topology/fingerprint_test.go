// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"testing"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// fingerprints of the one zone, conduit and site under test.
func fingerprints(t *testing.T, change func(*v1alpha1.Site, *v1alpha1.Zone, *v1alpha1.Zone, *v1alpha1.Asset, *v1alpha1.Conduit)) [4]string {
	t.Helper()
	top, low := scada(of(podsIn(sel("cell=a"), "scada"))), plc(assetsOf("in=plc"))
	a := asset("p1", "in=plc", "10.1.0.1")
	c := conduit("c", "scada", "plc", external())
	c.Spec.ReviewBy = day("2030-01-01")
	st := site()
	change(st, top, low, a, c)
	m := Resolve(snapshot(st, top, low, a, c, namespace("more", "scope=ot")))
	if len(m.Zones) != 2 || len(m.Conduits) != 1 {
		t.Fatalf("not all is in force: %v", m.Verdicts)
	}
	return [4]string{m.Site.Fingerprint, m.Zone("scada").Fingerprint, m.Zone("plc").Fingerprint, m.Conduits[0].Fingerprint}
}

type fingerprintChange = func(*v1alpha1.Site, *v1alpha1.Zone, *v1alpha1.Zone, *v1alpha1.Asset, *v1alpha1.Conduit)

func onSite(f func(*v1alpha1.SiteSpec)) fingerprintChange {
	return func(s *v1alpha1.Site, _, _ *v1alpha1.Zone, _ *v1alpha1.Asset, _ *v1alpha1.Conduit) { f(&s.Spec) }
}

func onZone(f func(*v1alpha1.Zone)) fingerprintChange {
	return func(_ *v1alpha1.Site, z, _ *v1alpha1.Zone, _ *v1alpha1.Asset, _ *v1alpha1.Conduit) { f(z) }
}

func onAsset(f func(*v1alpha1.Asset)) fingerprintChange {
	return func(_ *v1alpha1.Site, _, _ *v1alpha1.Zone, a *v1alpha1.Asset, _ *v1alpha1.Conduit) { f(a) }
}

func onConduit(f func(*v1alpha1.ConduitSpec)) fingerprintChange {
	return func(_ *v1alpha1.Site, _, _ *v1alpha1.Zone, _ *v1alpha1.Asset, c *v1alpha1.Conduit) { f(&c.Spec) }
}

// Which of the fingerprints change: site, SCADA zone, PLC zone, conduit.
var (
	nothing   = [4]bool{}
	ofSite    = [4]bool{0: true}
	ofZone    = [4]bool{1: true, 3: true}
	ofLow     = [4]bool{2: true, 3: true}
	ofConduit = [4]bool{3: true}
)

type fingerprintCase struct {
	change fingerprintChange
	want   [4]bool
}

func runFingerprints(t *testing.T, cases map[string]fingerprintCase) {
	t.Helper()
	base := fingerprints(t, onSite(func(*v1alpha1.SiteSpec) {}))
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := fingerprints(t, c.change)
			for i, what := range []string{"site", "SCADA zone", "PLC zone", "conduit"} {
				if (got[i] != base[i]) != c.want[i] {
					t.Errorf("%s: changed is %v, want %v", what, got[i] != base[i], c.want[i])
				}
			}
		})
	}
}

func TestFingerprints(t *testing.T) {
	runFingerprints(t, map[string]fingerprintCase{
		"the same again":        {onSite(func(*v1alpha1.SiteSpec) {}), nothing},
		"site: fail mode":       {onSite(func(s *v1alpha1.SiteSpec) { s.FailMode = v1alpha1.FailModeClosed }), ofSite},
		"site: DNS namespace":   {onSite(func(s *v1alpha1.SiteSpec) { s.Platform.DNS.Namespace = "dns" }), ofSite},
		"site: DNS labels":      {onSite(func(s *v1alpha1.SiteSpec) { s.Platform.DNS.PodLabels = set("a=b") }), ofSite},
		"site: DNS port":        {onSite(func(s *v1alpha1.SiteSpec) { s.Platform.DNS.Port = 5353 }), ofSite},
		"site: DNS addresses":   {onSite(func(s *v1alpha1.SiteSpec) { s.Platform.DNS.Addresses = []string{"169.254.20.10"} }), ofSite},
		"site: API port":        {onSite(func(s *v1alpha1.SiteSpec) { s.Platform.APIServer.Port = 443 }), ofSite},
		"site: API addresses":   {onSite(func(s *v1alpha1.SiteSpec) { s.Platform.APIServer.Addresses = []string{"192.0.2.1"} }), ofSite},
		"site: title":           {onSite(func(s *v1alpha1.SiteSpec) { s.Title = "Water works" }), nothing},
		"site: rules":           {onSite(func(s *v1alpha1.SiteSpec) { s.Rules.LargestLevelStep = 2 }), nothing},
		"site: unzoned denied":  {onSite(func(s *v1alpha1.SiteSpec) { s.UnzonedWorkloads = v1alpha1.UnzonedDeny }), ofZone},
		"zone: enforcement":     {onZone(observe()), ofZone},
		"zone: internal":        {onZone(func(z *v1alpha1.Zone) { z.Spec.InternalTraffic = v1alpha1.PermissionDeny }), ofZone},
		"zone: DNS":             {onZone(func(z *v1alpha1.Zone) { z.Spec.PlatformServices.DNS = v1alpha1.PermissionDeny }), ofZone},
		"zone: API server":      {onZone(func(z *v1alpha1.Zone) { z.Spec.PlatformServices.APIServer = v1alpha1.PermissionAllow }), ofZone},
		"zone: namespaces":      {onZone(of(podsIn(sel("cell=a"), "scada", "more"))), ofZone},
		"zone: pod labels":      {onZone(of(podsIn(sel("cell=b"), "scada"))), ofZone},
		"zone: networks":        {onZone(cidrs("10.7.0.0/24")), ofZone},
		"zone: another by name": {onZone(func(z *v1alpha1.Zone) { z.UID = "other" }), ofZone},
		"zone: release":         {onZone(func(z *v1alpha1.Zone) { z.Annotations = map[string]string{v1alpha1.AnnotationAllowRelease: "gone"} }), ofZone},
		"zone: documentation": {onZone(func(z *v1alpha1.Zone) {
			z.Spec.Description, z.Spec.Owner, z.Spec.Cell, z.Spec.Parent, z.Spec.PhysicalBoundary = "d", "o", "c", "plc", "p"
			z.Spec.Policies, z.Spec.Requirements, z.Generation = []string{"p"}, []string{"r"}, 9
		}), nothing},
		"zone: level":      {onZone(level(v1alpha1.LevelL1, v1alpha1.ZoneTypeControl)), nothing},
		"zone: SL":         {onZone(sl(2)), nothing},
		"asset: address":   {onAsset(func(a *v1alpha1.Asset) { a.Spec.Addresses[0] = "10.1.0.2" }), ofLow},
		"asset: out of it": {onAsset(func(a *v1alpha1.Asset) { a.Labels = nil }), ofLow},
		"asset: firmware":  {onAsset(func(a *v1alpha1.Asset) { a.Spec.Firmware, a.Spec.Vendor, a.Spec.Tag = "2", "v", "t" }), nothing},
	})
}

func TestConduitFingerprints(t *testing.T) {
	runFingerprints(t, map[string]fingerprintCase{
		"conduit: protocol": {onConduit(func(c *v1alpha1.ConduitSpec) { c.Flows[0].Protocol = "modbus-tls" }), ofConduit},
		"conduit: port":     {onConduit(func(c *v1alpha1.ConduitSpec) { c.Flows[0] = onPort("modbus-tcp", port("TCP", 1502)) }), ofConduit},
		"conduit: both ways": {onConduit(func(c *v1alpha1.ConduitSpec) {
			c.Flows[0] = proto("ethernet-ip-io")
		}), ofConduit},
		"conduit: suspended": {onConduit(func(c *v1alpha1.ConduitSpec) { c.Suspended = true }), ofConduit},
		"conduit: narrowed":  {onConduit(func(c *v1alpha1.ConduitSpec) { c.Initiator.Workloads = sel("app=x") }), ofConduit},
		"conduit: assets": {onConduit(func(c *v1alpha1.ConduitSpec) {
			c.Responders[0].Assets = &v1alpha1.AssetSelection{Names: []string{"p1"}}
		}), ofConduit},
		"conduit: direction": {onConduit(func(c *v1alpha1.ConduitSpec) {
			c.Initiator.Zone, c.Responders[0].Zone = "plc", "scada"
		}), ofConduit},
		"conduit: documentation": {onConduit(func(c *v1alpha1.ConduitSpec) {
			c.Why = v1alpha1.Justification{Need: "other"}
			c.ReviewBy, c.Data = day("2031-01-01"), v1alpha1.DataToInitiator
			c.ExternalEnforcement.Device = "FW-2"
		}), nothing},
	})
}

// A kept object has the fingerprint of what it was accepted as.
func TestFingerprintOfKept(t *testing.T) {
	s, top, _, _, _ := plant()
	settled(t, s)
	want := Resolve(s)
	edit(top, func() { cidrs("::/0")(top); top.Spec.InternalTraffic = v1alpha1.PermissionDeny })
	got := Resolve(s)
	if got.Zone("scada").Fingerprint != want.Zone("scada").Fingerprint || got.Conduits[0].Fingerprint != want.Conduits[0].Fingerprint {
		t.Error("an edit that is not accepted changed what policies are made of")
	}
}
