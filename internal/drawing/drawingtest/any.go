// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawingtest

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Hostile are texts that mean something in the languages that drawings are written in,
// to a terminal, or to the eye.
var Hostile = []string{
	`<script>alert(1)</script>`, `</text></svg>`, `]]><!--`, `"]; end`, `\N \G \" \`, `a"b'c`, `&lt;&#34;`, "#quot; #59;",
	"%%{init: {}}%%", "\x1b[31mred\x1b]0;x\x07", "line\nbreak\r\n\ttab", "\u202eevil\u2066", "\x00\xff\xfe", "日本語の水道", "ÄÖÜ ß é",
	strings.Repeat("long-", 80), strings.Repeat("W", 300), "`code` *bold*", "javascript:alert(1)", "x--> y -.-> z", "|pipe| {brace}",
}

// maker draws plants.
type maker struct{ t *rapid.T }

func pick[T any](m maker, label string, pool ...T) T { return rapid.SampledFrom(pool).Draw(m.t, label) }

func (m maker) count(label string, most int) int { return rapid.IntRange(0, most).Draw(m.t, label) }

// text is hostile once in a while.
func (m maker) text(label string) string {
	if m.count(label+" kind", 3) == 0 {
		return pick(m, label, Hostile...)
	}
	return pick(m, label, "", "Plant operations", "=A01+K02-PLC_03", "FW-OT-1", "filtration")
}

// Any is a plant with up to so many zones and conduits.
func Any(t *rapid.T, zones, conduits int) drawing.Plant {
	m := maker{t}
	p := drawing.Plant{
		Model: &topology.Model{}, ID: m.text("id"), Title: m.text("title"), Source: drawing.Source{Cluster: m.count("cluster", 1) > 0, Name: m.text("source")},
		PodsUnseen: m.count("pods unseen", 3) == 0,
		Revision:   m.text("revision"), Hash: m.text("hash"), Zones: map[string]drawing.ZoneFacts{}, Conduits: map[string]drawing.ConduitFacts{},
	}
	if m.count("dated", 1) > 0 {
		p.Drawn = time.Date(2026, time.November, 23, 9, 30, 0, 0, berlin)
	}
	for i := range m.count("zones", zones) {
		name := fmt.Sprintf("z%d%s", i, strings.TrimSpace(m.text("name")))
		p.Model.Zones = append(p.Model.Zones, m.zone(name))
		p.Zones[name] = drawing.ZoneFacts{Owner: m.text("owner"), Parent: pick(m, "parent", "", "", "area-1", "area-2", m.text("area")), Cell: m.text("cell"), ApprovedBy: m.approvers()}
	}
	if len(p.Model.Zones) > 0 {
		for i := range m.count("conduits", conduits) {
			name := fmt.Sprintf("c%d%s", i, m.text("conduit"))
			p.Model.Conduits = append(p.Model.Conduits, m.conduit(name, p.Model.Zones))
			p.Conduits[name] = drawing.ConduitFacts{RiskOwner: m.text("risk owner"), Reference: m.text("reference"), Cleartext: m.count("clear", 3) == 0, ApprovedBy: m.approvers()}
		}
	}
	m.access(&p)
	return p
}

func (m maker) zone(name string) *topology.Zone {
	z := &topology.Zone{
		Name: name, Level: pick(m, "level", topology.Ladder()...),
		Type:    pick(m, "type", v1alpha1.ZoneTypeControl, v1alpha1.ZoneTypeControl, v1alpha1.ZoneTypeControl, v1alpha1.ZoneTypeSafety, v1alpha1.ZoneTypeWireless),
		Enforce: m.count("enforce", 3) > 0, InternalTraffic: m.count("internal", 3) > 0, DNS: m.count("dns", 1) > 0, APIServer: m.count("api", 3) == 0,
		SL:       topology.Levels{IAC: 2, UC: 2, SI: int32(m.count("SI", 4)), DC: int32(m.count("DC", 4)), RDF: 2, TRE: 2, RA: 2},
		PodCount: m.count("pods", 12), Kept: m.count("kept", 9) == 0,
	}
	if m.count("has workloads", 3) > 0 {
		z.Workloads = []topology.Workloads{{Namespaces: []string{"n"}, Matching: []string{"n"}}}
	}
	for i := range m.count("devices", 5) {
		at := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, 1, byte(i + 1)}), 32)
		z.Assets = append(z.Assets, &topology.Asset{Name: fmt.Sprintf("a%d", i), Tag: m.text("tag"), Addresses: []netip.Prefix{at}})
		z.Networks = append(z.Networks, at)
	}
	for _, n := range []string{"10.9.0.0/16", "fd00:17:9::/48"}[:m.count("networks", 2)] {
		z.Networks = append(z.Networks, netip.MustParsePrefix(n))
	}
	return z
}

func (m maker) conduit(name string, zones []*topology.Zone) *topology.Conduit {
	end := func() topology.End {
		z := rapid.SampledFrom(zones).Draw(m.t, "end")
		e := topology.End{Zone: z}
		if m.count("pods of end", 2) > 0 {
			e.Workloads = z.Workloads
		}
		if m.count("devices of end", 2) > 0 {
			e.Networks = z.Networks
		}
		return e
	}
	c := &topology.Conduit{
		Name: name, Initiator: end(), External: pick(m, "external", "", "", m.text("device")), Suspended: m.count("suspended", 9) == 0,
		Data: pick(m, "data", v1alpha1.DataBoth, v1alpha1.DataToInitiator, v1alpha1.DataFromInitiator), Kept: m.count("kept", 9) == 0,
	}
	for range 1 + m.count("more responders", 3) {
		c.Responders = append(c.Responders, end())
	}
	for range m.count("flows", 3) {
		p, _ := protocol.Lookup(pick(m, "protocol", "https", "modbus-tcp", "opcua-tcp", "ethernet-ip-io", "goose", "ntp"))
		c.Flows = append(c.Flows, topology.ResolvedFlow{Protocol: p.Key, Ports: p.Ports, Enforceable: p.Enforceable()})
		if p.Initiator == protocol.InitiatorBoth {
			c.BothWays = p.Ports
		}
	}
	return c
}

func (m maker) approvers() []string {
	var out []string
	for range m.count("approvers", 2) {
		out = append(out, m.text("approver"))
	}
	return out
}

// access: jump hosts in zones and in none, windows that reach what is not there.
func (m maker) access(p *drawing.Plant) {
	names := []string{"", "missing"}
	for _, z := range p.Model.Zones {
		names = append(names, z.Name)
	}
	for i := range m.count("jump hosts", 2) {
		p.JumpHosts = append(p.JumpHosts, drawing.JumpHost{Name: fmt.Sprintf("j%d", i), Zone: pick(m, "jump host zone", names...), Address: m.text("address")})
	}
	for i := range m.count("windows", 3) {
		w := drawing.OpenWindow{
			Name: fmt.Sprintf("w%d%s", i, m.text("window")), Vendor: m.text("vendor"), JumpHost: pick(m, "through", "j0", "j1", "j9"), What: m.text("what"),
			Reaches: []string{m.text("reach")}, Zones: []string{pick(m, "reached", names...), pick(m, "reached too", names...)},
		}
		if m.count("has end", 2) > 0 {
			w.Until = time.Date(2026, time.November, 23, 12, 0, 0, 0, berlin)
		}
		p.Windows = append(p.Windows, w)
	}
	for range m.count("bypasses", 2) {
		p.Bypasses = append(p.Bypasses, drawing.Bypass{Zone: pick(m, "bypassed", names...), Until: pick(m, "until", time.Time{}, time.Date(2026, time.November, 23, 12, 0, 0, 0, berlin))})
	}
	for range m.count("approvals", 4) {
		p.Approvals = append(p.Approvals, drawing.Approval{By: m.text("approver"), Reference: m.text("change")})
	}
}

// Shuffled is the same plant in another order.
func Shuffled(t *rapid.T, p drawing.Plant) drawing.Plant {
	model := *p.Model
	model.Zones, model.Conduits = nil, nil
	copies := map[*topology.Zone]*topology.Zone{}
	for _, z := range p.Model.Zones {
		other := *z
		other.Assets, other.Networks = permuted(t, z.Assets), permuted(t, z.Networks)
		copies[z] = &other
	}
	for _, z := range permuted(t, p.Model.Zones) {
		model.Zones = append(model.Zones, copies[z])
	}
	for _, c := range permuted(t, p.Model.Conduits) {
		other := *c
		other.Responders = permuted(t, c.Responders)
		other.Initiator.Zone = copies[c.Initiator.Zone]
		for i := range other.Responders {
			other.Responders[i].Zone = copies[other.Responders[i].Zone]
		}
		model.Conduits = append(model.Conduits, &other)
	}
	p.Model = &model
	p.JumpHosts, p.Windows, p.Bypasses, p.Approvals = permuted(t, p.JumpHosts), permuted(t, p.Windows), permuted(t, p.Bypasses), permuted(t, p.Approvals)
	return p
}

func permuted[T any](t *rapid.T, list []T) []T {
	if list == nil {
		return nil
	}
	return rapid.Permutation(list).Draw(t, "order")
}
