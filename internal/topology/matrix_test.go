// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// waterworks has pods at L2 and L3, pumps that are devices, and drives on their own.
func waterworks() Snapshot {
	pumps := zone("pumps", level(v1alpha1.LevelL1, v1alpha1.ZoneTypeControl), of(), assetsOf("in=pumps"))
	drives := zone("drives", level(v1alpha1.LevelL1, v1alpha1.ZoneTypeControl), of(), cidrs("10.2.0.0/24"), func(z *v1alpha1.Zone) { z.Spec.InternalTraffic = v1alpha1.PermissionDeny })
	scada := scada(cidrs("10.3.0.0/24"), func(z *v1alpha1.Zone) { z.Spec.PlatformServices.APIServer = v1alpha1.PermissionAllow })
	mes := mes(observe(), func(z *v1alpha1.Zone) { z.Spec.PlatformServices.DNS = v1alpha1.PermissionDeny })
	poll := conduit("poll", "scada", "pumps", flows(proto("modbus-tcp"), port("TCP", 9000, 9001)), func(c *v1alpha1.ConduitSpec) {
		c.Responders = append(c.Responders, v1alpha1.ConduitEnd{Zone: "drives"})
	})
	io := conduit("io", "scada", "pumps", flows(proto("ethernet-ip-io"), proto("goose")), external(), func(c *v1alpha1.ConduitSpec) { c.Initiator.Workloads = sel("app=io") })
	link := conduit("link", "pumps", "drives")
	read := conduit("read", "mes", "scada", flows(proto("https")), func(c *v1alpha1.ConduitSpec) { c.Responders[0].Workloads = sel("app=api") })
	off := conduit("off", "mes", "scada", func(c *v1alpha1.ConduitSpec) { c.Suspended = true })
	return snapshot(pumps, drives, scada, mes, poll, io, link, read, off, asset("p1", "in=pumps", "10.1.0.1"))
}

func TestMatrix(t *testing.T) {
	m := Resolve(waterworks())
	var got []string
	for _, p := range m.Matrix() {
		got = append(got, fmt.Sprintf("%s > %s | %s | %s | %s | %s%s | %d", p.From, p.To, p.By, p.What, p.Pairs, p.EnforcedBy, p.Device, p.Flows))
	}
	const polled, moved = "modbus-tcp 502/TCP; 9000-9001/TCP", "ethernet-ip-io 2222/UDP; goose"
	want := []string{
		"mes > mes | internal | any |  | Cluster | 0",
		"mes > scada | read | https 443/TCP | workloads to workloads | Cluster | 1",
		"pumps > drives | link | modbus-tcp 502/TCP | assets to assets | Nobody | 1",
		"pumps > pumps | internal | any |  | Nobody | 0",
		"pumps > scada | io | 2222/UDP | assets to workloads | Cluster | 0",
		"scada > (api-server) | platform | kube-apiserver |  | Cluster | 0",
		"scada > (dns) | platform | dns |  | Cluster | 0",
		"scada > drives | poll | " + polled + " | assets to assets | Nobody | 2",
		"scada > drives | poll | " + polled + " | workloads to assets | Cluster | 2",
		"scada > pumps | io | " + moved + " | workloads to assets | Cluster | 1",
		"scada > pumps | io | " + moved + " | workloads to assets (layer 2) | ExternalFW-1 | 1",
		"scada > pumps | poll | " + polled + " | assets to assets | Nobody | 2",
		"scada > pumps | poll | " + polled + " | workloads to assets | Cluster | 2",
		"scada > scada | internal | any |  | Cluster | 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("matrix (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(v1alpha1.FlowCounts{Cluster: 2 + 2 + 1 + 1, External: 1, Nobody: 2 + 2 + 1}, m.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestEnforcement(t *testing.T) {
	m := Resolve(waterworks())
	by := map[string]*Conduit{}
	for _, c := range m.Conduits {
		by[c.Name] = c
	}
	weakest := map[string]v1alpha1.EnforcedBy{
		"poll": v1alpha1.EnforcedByNobody, "io": v1alpha1.EnforcedByExternal, "link": v1alpha1.EnforcedByNobody,
		"read": v1alpha1.EnforcedByCluster, "off": v1alpha1.EnforcedByCluster,
	}
	points := map[string]bool{"poll": true, "io": true, "link": false, "read": true, "off": true}
	for name, want := range weakest {
		if got := by[name].WeakestEnforcement(); got != want {
			t.Errorf("%s: weakest %q, want %q", name, got, want)
		}
		if got := by[name].HasEnforcementPoint(); got != points[name] {
			t.Errorf("%s: enforcement point %v, want %v", name, got, points[name])
		}
	}
	udp := []protocol.PortRange{{Transport: protocol.UDP, First: 2222, Last: 2222}}
	if diff := cmp.Diff([][]protocol.PortRange{udp, udp}, [][]protocol.PortRange{by["io"].Ports, by["io"].BothWays}); diff != "" {
		t.Errorf("ports of cyclic I/O (-want +got):\n%s", diff)
	}
	oneWay := *by["io"]
	oneWay.BothWays = nil
	if conduitFingerprint(&oneWay) == conduitFingerprint(by["io"]) {
		t.Error("the fingerprint does not tell one way from both")
	}
	if len(by["poll"].BothWays) != 0 || len(by["poll"].Ports) != 2 {
		t.Errorf("ports of a poll: %v, both ways %v", by["poll"].Ports, by["poll"].BothWays)
	}
}

func TestUnzoned(t *testing.T) {
	pods := []any{
		Pod{Namespace: "line", Name: "in", Labels: set("cell=a")},
		Pod{Namespace: "line", Name: "stray"},
		Pod{Namespace: "lab", Name: "stray"},
		Pod{Namespace: "elsewhere", Name: "other"},
		namespace("elsewhere", "scope=ot"),
	}
	line, lab := func() *v1alpha1.Zone { return zone("line", of(podsIn(sel("cell=a"), "line"))) }, zone("lab", observe(), of(podsIn(sel("cell=a"), "lab")))
	deny := site(func(s *v1alpha1.SiteSpec) { s.UnzonedWorkloads = v1alpha1.UnzonedDeny })
	watched := zone("watched", observe(), of(podsIn(sel("cell=b"), "line")))
	unzoned := []string{"Warning spec.unzonedWorkloads UnzonedWorkloads"}
	runFindings(t, map[string]findingCase{
		"a pod beside an enforced zone":    {append(pods, line(), lab), "Site/site", unzoned, "1 pods"},
		"by its name":                      {append(pods, line(), lab), "Site/site", unzoned, "line/stray"},
		"all pods are in":                  {append(pods, zone("line"), lab), "Site/site", nil, ""},
		"Observe asks for nothing":         {append(pods, lab), "Site/site", nil, ""},
		"a zone in Observe lets them pass": {append(pods, deny, line(), watched), "Zone/line", []string{"Warning spec.members.workloads UnzonedNotDenied"}, ""},
		"no zone in Observe":               {append(pods, deny, line()), "Zone/line", nil, ""},
		"Report denies nothing anyway":     {append(pods, line(), watched), "Zone/line", nil, ""},
	})
	rest := func(objects ...any) bool {
		return Resolve(snapshot(append(objects, pods...)...)).Zone("line").Workloads[0].DenyRest
	}
	if !rest(deny, line()) || rest(deny, line(), watched) || rest(line()) || rest(deny, zone("line")) {
		t.Error("the rest of a namespace is denied when it must not be, or not when it must")
	}
	m := Resolve(snapshot(append(pods, line(), lab)...))
	if m.Zone("line").PodCount != 1 || m.Zone("lab").PodCount != 0 {
		t.Errorf("pods: line %d, lab %d", m.Zone("line").PodCount, m.Zone("lab").PodCount)
	}
	if diff := cmp.Diff([]Pod{{Namespace: "line", Name: "stray"}}, m.Unzoned); diff != "" {
		t.Errorf("unzoned (-want +got):\n%s", diff)
	}
}
