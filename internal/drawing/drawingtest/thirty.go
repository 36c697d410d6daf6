// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawingtest

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// utility is a plant that is being made.
type utility struct {
	plant drawing.Plant
	zones map[string]*topology.Zone
}

// zone adds one: what it is of, its pods and its devices.
func (u *utility) zone(name string, level v1alpha1.Level, kind v1alpha1.ZoneType, sl int32, owner, parent string, workloads []string, devices ...string) *topology.Zone {
	z := &topology.Zone{
		Name: name, Level: level, Type: kind, Enforce: true, InternalTraffic: true, DNS: true,
		SL: topology.Levels{IAC: sl, UC: sl, SI: sl, DC: min(sl, 2), RDF: sl, TRE: sl, RA: sl}, HasAssets: len(devices) > 0,
	}
	facts := drawing.ZoneFacts{Owner: owner, Parent: parent}
	if len(workloads) > 0 {
		z.Workloads = []topology.Workloads{{Namespaces: []string{name}, Matching: []string{name}}}
	}
	for i, w := range workloads {
		facts.Workloads = append(facts.Workloads, drawing.Workload{Name: w, Pods: 1 + i%2})
		z.PodCount += 1 + i%2
	}
	for i, tag := range devices {
		at := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 20, byte(len(u.zones)), byte(i + 1)}), 32)
		z.Assets = append(z.Assets, &topology.Asset{Name: strings.ToLower(tag), Tag: tag, Addresses: []netip.Prefix{at}})
		z.Networks = append(z.Networks, at)
	}
	u.zones[name] = z
	u.plant.Zones[name] = facts
	u.plant.Model.Zones = append(u.plant.Model.Zones, z)
	return z
}

// conduit adds one. What begins with "@" is the device that enforces it; "pods" and
// "devices" behind a zone's name narrow an end.
func (u *utility) conduit(name, from, to string, data v1alpha1.DataDirection, flows string, more ...string) *topology.Conduit {
	c := &topology.Conduit{Name: name, Data: data, Initiator: u.end(from)}
	for r := range strings.SplitSeq(to, ",") {
		c.Responders = append(c.Responders, u.end(r))
	}
	for key := range strings.SplitSeq(flows, ",") {
		p, ok := protocol.Lookup(key)
		if !ok {
			panic("no protocol " + key)
		}
		c.Flows = append(c.Flows, topology.ResolvedFlow{Protocol: key, Ports: p.Ports, Enforceable: p.Enforceable()})
		c.Ports = append(c.Ports, p.Ports...)
		if p.Initiator == protocol.InitiatorBoth {
			c.BothWays = append(c.BothWays, p.Ports...)
		}
	}
	facts := drawing.ConduitFacts{RiskOwner: "Head of operations", Approval: fmt.Sprintf("CR-%d", 3000+len(u.plant.Model.Conduits))}
	for _, m := range more {
		if device, ok := strings.CutPrefix(m, "@"); ok {
			c.External = device
			facts.Reference = fmt.Sprintf("rule %d", 10+len(u.plant.Model.Conduits))
		} else {
			facts.RiskOwner = m
		}
	}
	u.plant.Conduits[name] = facts
	u.plant.Model.Conduits = append(u.plant.Model.Conduits, c)
	return c
}

func (u *utility) end(s string) topology.End {
	name, only, _ := strings.Cut(s, " ")
	z := u.zones[name]
	if z == nil {
		panic("no zone " + name)
	}
	e := topology.End{Zone: z, WholeZone: only == ""}
	if only != "devices" {
		e.Workloads = z.Workloads
	}
	if only != "pods" {
		e.Networks = z.Networks
	}
	return e
}

// area is a part of the works with its cells.
type area struct {
	name, owner string
	cells       []string
}

var areas = []area{
	{"intake", "Shift intake", []string{"river-screens", "wells"}},
	{"treatment", "Shift treatment", []string{"flocculation", "filtration", "ozone", "dosing"}},
	{"distribution", "Shift network", []string{"pumping", "reservoirs", "boosters"}},
}

// ThirtyZones is a water utility with 30 zones and 80 conduits.
func ThirtyZones() drawing.Plant {
	u := &utility{zones: map[string]*topology.Zone{}, plant: drawing.Plant{
		Model: &topology.Model{Site: &topology.Site{}}, ID: "ww-00", Title: "Water utility, all works",
		Source: drawing.Source{Cluster: true, Name: "ww-00"}, Drawn: time.Date(2026, time.November, 23, 9, 30, 0, 0, berlin),
		Revision: "1207 (main, 51be04d)", Hash: "51be04d7a9c3f2e18b6d5c4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706",
		Findings: &drawing.Findings{Warnings: 14},
		Approvals: []drawing.Approval{
			{By: "owner-a", At: time.Date(2026, time.October, 4, 9, 0, 0, 0, berlin), Reference: "CR-3000"},
			{By: "head of operations", At: time.Date(2026, time.October, 6, 9, 0, 0, 0, berlin)},
		},
		Zones: map[string]drawing.ZoneFacts{}, Conduits: map[string]drawing.ConduitFacts{},
	}}
	u.upper()
	for i, a := range areas {
		u.area(i, a)
	}
	u.safety()
	u.across()
	u.access()
	return u.plant
}

// upper is what all areas share.
func (u *utility) upper() {
	u.zone("corporate", "L5", "Business", 1, "IT operations", "", []string{"erp-connector"}, "=IT+R01-SRV_01", "=IT+R01-SRV_02").APIServer = true
	u.zone("office", "L4", "Business", 1, "IT operations", "", []string{"reporting"}, "=IT+R02-VPN_01", "=IT+R02-SRV_11", "=IT+R02-SRV_12")
	u.zone("telemetry-wan", "L4", "External", 1, "Network provider", "", nil, "=WAN+M01-RTR_01", "=WAN+M02-RTR_01")
	u.zone("dmz", "DMZ", "DMZ", 2, "OT security", "", []string{"reports-portal", "historian-replica", "alarm-relay", "patch-server"}, "=D01+R04-MOD_01")
	u.zone("access-dmz", "DMZ", "DMZ", 3, "OT security", "", []string{"jump-host", "session-recorder"})
	u.zone("historian", "L3", "Control", 2, "Plant operations", "", []string{"historian", "analytics"}, "=O01+R03-SRV_01")
	u.zone("site-services", "L3", "Control", 2, "Plant operations", "", []string{"time", "logs", "patch-mirror"}, "=O01+R03-GPS_01")
	u.zone("engineering", "L3", "Control", 2, "Automation", "", []string{"project-store"}, "=O01+R05-EWS_01", "=O01+R05-EWS_02").Enforce = false
	u.zone("control-room", "L2", "Control", 2, "Plant operations", "", []string{"scada", "alarm-server", "hmi-client"}, "=O01+D01-HMI_01", "=O01+D02-HMI_02")
	u.conduit("erp-orders", "corporate pods", "office pods", "FromInitiator", "https", "Head of IT")
	u.conduit("office-reports", "office", "dmz pods", "ToInitiator", "https", "Head of IT")
	u.conduit("office-jump-host", "office devices", "access-dmz pods", "Both", "https", "OT security lead")
	u.conduit("alarm-mail", "dmz pods", "office devices", "FromInitiator", "smtps")
	u.conduit("patch-import", "dmz pods", "corporate devices", "ToInitiator", "https", "OT security lead")
	u.conduit("historian-replica", "historian pods", "dmz pods", "FromInitiator", "postgres")
	u.conduit("patch-pull", "site-services pods", "dmz pods", "ToInitiator", "https", "OT security lead")
	u.conduit("log-archive", "site-services pods", "dmz pods", "FromInitiator", "syslog-tls", "OT security lead")
	u.conduit("alarm-relay", "control-room pods", "dmz pods", "FromInitiator", "mqtt-tls")
	u.conduit("historian-alarms", "historian pods", "control-room pods", "ToInitiator", "opcua-tcp")
	u.conduit("control-room-services", "control-room", "site-services pods", "ToInitiator", "ntp,nts-ke,syslog-tls")
	u.conduit("engineering-services", "engineering", "site-services", "ToInitiator", "ntp,syslog-tls")
	u.conduit("jump-host-services", "access-dmz pods", "site-services pods", "ToInitiator", "ntp,syslog-tls", "OT security lead")
	u.conduit("recorder-archive", "access-dmz pods", "dmz pods", "FromInitiator", "syslog-tls", "OT security lead")
	u.conduit("telemetry-in", "telemetry-wan devices", "dmz pods", "FromInitiator", "mqtt-tls")
	u.conduit("project-files", "engineering pods", "historian pods", "FromInitiator", "https", "Head of automation").Suspended = true
}
