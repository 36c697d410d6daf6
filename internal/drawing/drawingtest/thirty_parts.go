// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawingtest

import (
	"fmt"
	"time"

	"github.com/zonewarden/zonewarden/internal/drawing"
)

// area adds a supervision of its own, its cells with their field devices, and what they
// say to each other and to the control room.
func (u *utility) area(n int, a area) {
	u.zone(a.name, "L2", "Control", 2, a.owner, "", []string{"opcua-aggregator"}, fmt.Sprintf("=A%02d+D01-HMI_01", n+1))
	u.conduit("scada-"+a.name, "control-room pods", a.name+" pods", "Both", "opcua-tcp")
	u.conduit("history-"+a.name, "historian pods", a.name+" pods", "ToInitiator", "opcua-tcp")
	u.conduit("services-"+a.name, a.name, "site-services pods", "ToInitiator", "ntp,nts-ke,syslog-tls")
	for i, c := range a.cells {
		tag := func(kind string, k int) string { return fmt.Sprintf("=A%02d%c+K01-%s_%02d", n+1, 'A'+i, kind, k) }
		name := "cell-" + c
		u.zone(name, "L1", "Control", 2, a.owner, a.name, []string{"opcua-server", "modbus-gateway"},
			tag("PLC", 1), tag("PLC", 2), tag("RIO", 1), tag("RIO", 2))
		u.conduit("opcua-"+c, a.name+" pods", name+" pods", "Both", "opcua-tcp")
		u.conduit("time-"+c, name, a.name+" pods", "ToInitiator", "ntp,syslog-tls")
		u.conduit("panel-"+c, a.name+" devices", name+" devices", "Both", "modbus-tcp", "@FW-OT-1")
	}
}

// safety systems and process networks stand apart.
func (u *utility) safety() {
	u.zone("safety-chlorine", "L1", "Safety", 3, "Safety engineering", "", nil, "=A02S+F01-SIS_01", "=A02S+F01-GAS_01", "=A02S+F01-GAS_02")
	u.zone("safety-ozone", "L1", "Safety", 3, "Safety engineering", "", nil, "=A02T+F01-SIS_01")
	u.zone("safety-surge", "L1", "Safety", 2, "Safety engineering", "", []string{"sis-readout"}, "=A03S+F01-SIS_01")
	u.zone("field-filters", "L0", "Control", 1, "Shift treatment", "", nil, "=A02B+X01-FT_01", "=A02B+X01-FT_02", "=A02B+X01-AT_01")
	u.zone("field-drives", "L0", "Control", 1, "Shift network", "", nil, "=A03A+X01-VFD_01", "=A03A+X01-VFD_02")
	u.zone("wireless-wells", "L0", "Wireless", 2, "Shift intake", "", nil, "=A01B+W01-GW_01", "=A01B+W01-LT_01")
	u.conduit("surge-readout", "cell-pumping pods", "safety-surge pods", "ToInitiator", "opcua-tcp", "Safety engineering")
	u.conduit("field-filters-poll", "cell-filtration pods", "field-filters", "ToInitiator", "modbus-tcp")
	u.conduit("field-drives-poll", "cell-pumping devices", "field-drives", "Both", "ethernet-ip-io", "@FW-OT-2")
	u.conduit("wells-wireless", "cell-wells devices", "wireless-wells", "ToInitiator", "modbus-tcp")
	u.conduit("ozone-trip", "cell-ozone devices", "safety-ozone devices", "ToInitiator", "modbus-tcp", "@FW-SIS-1")
}

// across joins what lies side by side.
func (u *utility) across() {
	u.zone("laboratory", "L3", "Control", 2, "Laboratory", "", []string{"lims-connector"}, "=L01+R01-AN_01")
	u.zone("energy", "L2", "Control", 2, "Energy", "", []string{"iec104-gateway"}, "=E01+K01-RTU_01", "=E01+K01-RTU_02")
	u.zone("contractors", "L3", "Temporary", 2, "OT security", "", nil, "=O01+R06-NB_01")
	u.conduit("dosing-flow", "cell-dosing devices", "cell-pumping devices", "ToInitiator", "modbus-tls", "@FW-OT-1")
	u.conduit("backwash-lock", "cell-filtration devices", "cell-pumping devices", "Both", "modbus-tcp")
	u.conduit("well-level", "cell-wells devices", "cell-river-screens devices", "ToInitiator", "modbus-tcp")
	u.conduit("reservoir-level", "cell-boosters devices", "cell-reservoirs devices", "ToInitiator", "modbus-tcp", "@FW-OT-1")
	u.conduit("booster-start", "cell-pumping pods", "cell-boosters pods", "FromInitiator", "opcua-tcp")
	u.conduit("laboratory-values", "laboratory pods", "historian pods", "FromInitiator", "https")
	u.conduit("laboratory-time", "laboratory", "site-services pods", "ToInitiator", "ntp")
	u.conduit("laboratory-samples", "laboratory pods", "cell-dosing pods,cell-filtration pods,cell-flocculation pods", "ToInitiator", "opcua-tcp")
	u.conduit("energy-scada", "control-room pods", "energy pods", "Both", "iec104-tls")
	u.conduit("energy-history", "historian pods", "energy pods", "ToInitiator", "opcua-tcp")
	u.conduit("energy-time", "energy", "site-services pods", "ToInitiator", "ntp")
	u.conduit("energy-pumps", "energy pods", "distribution pods", "Both", "opcua-tcp")
	u.conduit("grid-operator", "telemetry-wan devices", "energy devices", "Both", "iec104", "@FW-WAN-1")
	u.conduit("remote-telemetry", "control-room pods", "telemetry-wan devices", "ToInitiator", "dnp3")
	u.conduit("alarms-areas", "distribution pods", "control-room pods", "FromInitiator", "opcua-tcp")
	u.conduit("contractor-files", "contractors devices", "engineering pods", "FromInitiator", "https", "OT security lead")
	u.conduit("engineering-projects", "engineering pods", "intake pods,treatment pods,distribution pods", "Both", "opcua-tcp", "Head of automation")
	u.conduit("analytics", "historian pods", "laboratory pods", "ToInitiator", "https")
	u.conduit("office-laboratory", "office", "dmz pods", "Both", "https", "Laboratory")
	u.conduit("reports-copy", "dmz pods", "corporate", "FromInitiator", "https", "Head of IT")
	u.conduit("dosing-rates", "treatment pods", "cell-dosing devices", "Both", "ethernet-ip,ethernet-ip-io")
	u.conduit("intake-network", "intake pods", "distribution pods", "Both", "opcua-tcp")
	u.conduit("ozone-demand", "cell-ozone pods", "cell-flocculation pods", "ToInitiator", "opcua-tcp")
}

// access is what is open for a time.
func (u *utility) access() {
	p := &u.plant
	p.JumpHosts = []drawing.JumpHost{
		{Name: "jumphost-1", Zone: "access-dmz", Address: "pods in access-dmz"},
		{Name: "jumphost-2", Zone: "access-dmz", Address: "10.30.5.10"},
	}
	p.Windows = []drawing.OpenWindow{
		{
			Name: "acme-drives", Vendor: "Acme Drives Service", People: 1, JumpHost: "jumphost-1", Zones: []string{"cell-pumping"},
			Reaches: []string{"=A03A+K01-PLC_01"}, What: "modbus-tcp 502/TCP", Until: time.Date(2026, time.November, 23, 12, 0, 0, 0, berlin),
		},
		{
			Name: "vendorb-scada", Vendor: "Vendor B", People: 2, JumpHost: "jumphost-2", Zones: []string{"control-room"},
			Reaches: []string{"scada"}, What: "rdp 3389/TCP", Until: time.Date(2026, time.November, 23, 16, 30, 0, 0, berlin),
		},
	}
	p.Bypasses = []drawing.Bypass{{Zone: "cell-boosters", Until: time.Date(2026, time.November, 23, 14, 0, 0, 0, berlin), By: "shift-2"}}
}
