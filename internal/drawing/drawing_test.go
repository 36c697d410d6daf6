// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawing_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/drawing/drawingtest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

func conduitNamed(t *testing.T, d *drawing.Drawing, name string) drawing.Conduit {
	t.Helper()
	for _, c := range d.Conduits {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no conduit %s", name)
	return drawing.Conduit{}
}

func zoneNamed(t *testing.T, d *drawing.Drawing, name string) drawing.Zone {
	t.Helper()
	for _, z := range d.Zones {
		if z.Name == name {
			return z
		}
	}
	t.Fatalf("no zone %s", name)
	return drawing.Zone{}
}

func TestWaterWorks(t *testing.T) {
	d := drawing.New(drawingtest.WaterWorks(t))
	want := drawing.Title{
		Site: "Water works 17, North", ID: "ww-17", Of: "cluster ww-17", Drawn: "2026-11-23 09:30 CET", Revision: "214 (main, 9f3c2ab)",
		Hash: "9f3c2ab4d0c1e7f85a6b3d2c1908f7e6d5c4b3a29180f7e6d5c4b3a291807f6e", Approved: []string{"owner-a, 2026-11-01, CR-2200"},
		Findings: "0 errors, 5 warnings", Conduits: "20 conduits: 17 us, 2 firewall, 1 nobody",
		Flows: "34 flows: 31 us, 2 firewall, 1 nobody", Members: "8 zones, 21 pods, 19 devices", Windows: "1 open window",
	}
	if diff := cmp.Diff(want, d.Title); diff != "" {
		t.Errorf("title (-want +got):\n%s", diff)
	}
	var bands []string
	for _, b := range d.Bands {
		words := []string{string(b.Level), b.Border}
		for _, z := range b.Zones {
			words = append(words, d.Zones[z].Name)
		}
		bands = append(bands, strings.Join(append(words, b.Crossing...), " "))
	}
	if diff := cmp.Diff([]string{
		"L4  enterprise", "DMZ IT / DMZ border dmz 1 2 3 4", "L3 DMZ / OT border site-historian 7 8 9 15 W1",
		"L2  cell-dosing cell-filtration cell-pumping supervision", "L1  safety-chlorine",
	}, bands); diff != "" {
		t.Errorf("bands (-want +got):\n%s", diff)
	}
}

func TestZonesSayWhetherTheyHold(t *testing.T) {
	p := drawingtest.WaterWorks(t)
	p.Bypasses = []drawing.Bypass{
		{Zone: "cell-pumping", Until: time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)},
		{Zone: "cell-pumping", Until: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)},
	}
	d := drawing.New(p)
	for name, want := range map[string]drawing.Zone{
		"supervision":     {State: drawing.Enforced},
		"cell-dosing":     {State: drawing.ObservedOnly, Note: "OBSERVE: nothing is denied"},
		"cell-pumping":    {State: drawing.Bypassed, Note: "BYPASSED until 2026-11-23 06:00 UTC: nothing is denied"},
		"safety-chlorine": {State: drawing.DevicesOnly, Safety: true, Note: "devices only: nothing here is enforced by this cluster"},
	} {
		got := zoneNamed(t, d, name)
		if got.State != want.State || got.Note != want.Note || got.Safety != want.Safety {
			t.Errorf("zone %s is %s, safety %v: %q", name, got.State, got.Safety, got.Note)
		}
	}
	dosing := zoneNamed(t, d, "cell-dosing")
	if dosing.SL != "SL-T 2, SI 3, DC 1, RDF 3" || dosing.Owner != "Shift dosing" || dosing.Cell != "dosing" || !dosing.DNS || dosing.API {
		t.Errorf("cell-dosing: %+v", dosing)
	}
	if got := zoneNamed(t, d, "supervision").Workloads; !cmp.Equal(got, []string{"alarm-server", "enip-gateway", "hmi-client", "scada x2"}) {
		t.Errorf("workloads %v", got)
	}
	if got := zoneNamed(t, d, "enterprise").Networks; !cmp.Equal(got, []string{"10.9.0.0/16", "fd00:17:9::/48"}) {
		t.Errorf("networks %v, those of assets left out", got)
	}
}

// TestTheWeakerIsShown: what only observes is not drawn as enforced, and of several ends
// the weakest gives a conduit its style.
func TestTheWeakerIsShown(t *testing.T) {
	p := drawingtest.WaterWorks(t)
	type shown struct {
		Style drawing.Style
		By    string
	}
	look := func(name string) shown {
		c := conduitNamed(t, drawing.New(p), name)
		return shown{c.Style, c.By}
	}
	for name, want := range map[string]shown{
		"scada-opcua":        {drawing.Us, "us"}, // one of its ends observes, the other denies
		"panel-drives":       {drawing.External, "FW-OT-1 rule 12"},
		"filter-pump-link":   {drawing.Nobody, "nobody"},
		"dosing-flow-signal": {drawing.External, "FW-OT-1 rule 7"},
		"dosing-enip":        {drawing.Us, "us"},
	} {
		if got := look(name); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	p.Bypasses = []drawing.Bypass{{Zone: "supervision"}}
	if got := look("dosing-enip"); got != (shown{drawing.Observed, "us (only observed)"}) {
		t.Errorf("from a bypassed zone to devices of one that observes: %+v", got)
	}
	c := conduitNamed(t, drawing.New(p), "scada-opcua")
	var ends []drawing.Style
	for _, e := range c.To {
		ends = append(ends, e.Style)
	}
	if c.Style != drawing.Observed || !cmp.Equal(ends, []drawing.Style{drawing.Observed, drawing.Us, drawing.Us}) {
		t.Errorf("scada-opcua is %v, to its ends %v", c.Style, ends)
	}
	for _, m := range p.Model.Conduits {
		m.Suspended = m.Name == "scada-opcua"
	}
	if got := look("scada-opcua"); got != (shown{drawing.Suspended, "suspended"}) {
		t.Errorf("suspended: %+v", got)
	}
	if n := drawing.New(p).Counts; n.Suspended != 1 || n.Conduits != 20 || n.Us+n.Observed+n.External+n.Nobody != 19 {
		t.Errorf("counts %+v", n)
	}
}

// TestADeviceIsNobodyElse: a device that is named like us, or like nobody, reads as a device.
func TestADeviceIsNobodyElse(t *testing.T) {
	p := drawingtest.WaterWorks(t)
	for name, want := range map[string]string{"us": "device us rule 12", "Nobody here": "device Nobody here rule 12", "usher": "usher rule 12"} {
		for _, c := range p.Model.Conduits {
			if c.Name == "panel-drives" {
				c.External = name
			}
		}
		if c := conduitNamed(t, drawing.New(p), "panel-drives"); c.By != want || c.Style != drawing.External {
			t.Errorf("%q reads %q, %v", name, c.By, c.Style)
		}
	}
}

// TestElsewhereAddsUp: whatever is not drawn as held by this cluster is listed, and what
// nobody enforces as such.
func TestElsewhereAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawing.New(drawingtest.Any(t, 6, 12))
		listed := map[string][]string{}
		for _, s := range d.Elsewhere {
			for _, n := range s.Conduits {
				listed[n] = append(listed[n], s.Who)
			}
		}
		for _, c := range d.Conduits {
			who := listed[c.Mark()]
			switch {
			case (c.Style == drawing.Us || c.Style == drawing.Suspended) != (len(who) == 0):
				t.Fatalf("conduit %+v is listed under %v", c, who)
			case c.Style == drawing.Nobody && !slices.Contains(who, "nobody"), c.Style == drawing.Observed && !slices.Contains(who, "us (only observed)"):
				t.Fatalf("conduit %+v is listed under %v", c, who)
			}
		}
	})
}

func TestConduitsSayWhatPasses(t *testing.T) {
	d := drawing.New(drawingtest.WaterWorks(t))
	c := conduitNamed(t, d, "dosing-enip")
	if !c.BothWays || !c.Cleartext || c.Brief != "ethernet-ip 44818 +1" || c.Data != v1alpha1.DataBoth {
		t.Errorf("%+v", c)
	}
	// NTP may be protected, and is said to be.
	if conduitNamed(t, d, "services-dosing").Cleartext {
		t.Error("a protected protocol is drawn as cleartext")
	}
	p := drawingtest.WaterWorks(t)
	f := p.Conduits["services-dosing"]
	f.Cleartext = true
	p.Conduits["services-dosing"] = f
	if !conduitNamed(t, drawing.New(p), "services-dosing").Cleartext {
		t.Error("what is declared to be cleartext is not drawn as such")
	}
}

// TestUnknownIsSaid: nothing that nobody told is shown as none, ok or approved.
func TestUnknownIsSaid(t *testing.T) {
	got := drawing.New(drawing.Plant{}).Title
	want := drawing.Title{
		Site: "Site without a name", ID: "not known", Of: "directory not known, not a cluster", Drawn: "not known", Revision: "not known",
		Hash: "not known", Approved: []string{drawing.Unapproved}, Findings: "not known", Windows: "open windows not known",
		Conduits: "0 conduits: 0 us, 0 firewall, 0 nobody", Flows: "0 flows: 0 us, 0 firewall, 0 nobody", Members: "0 zones, 0 pods, 0 devices",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("title (-want +got):\n%s", diff)
	}
	if got := drawing.New(drawing.Plant{Windows: []drawing.OpenWindow{}}).Title.Windows; got != "0 open windows" {
		t.Errorf("no windows: %q", got)
	}
}

// TestUncountedPods: of zones that take pods in the number is not known, also where some of
// them were seen. A zone of devices has none, whoever looks.
func TestUncountedPods(t *testing.T) {
	p := drawingtest.WaterWorks(t)
	seen := drawing.New(p)
	p.PodsUnseen = true
	unseen := drawing.New(p)
	for i, z := range unseen.Zones {
		was := seen.Zones[i]
		want := "pods not known"
		if was.State == drawing.DevicesOnly {
			want = "0 pods"
		}
		if z.PodCount() != want || len(z.Workloads) > 0 {
			t.Errorf("%s: %q, %v, want %q", z.Name, z.PodCount(), z.Workloads, want)
		}
		if was.PodCount() != drawing.Several(was.Pods, "pod") || was.PodsUnseen || len(was.Workloads) == 0 && was.Pods > 0 {
			t.Errorf("%s as seen: %q, %v", was.Name, was.PodCount(), was.Workloads)
		}
	}
	if got := unseen.Title.Members; got != "8 zones, pods not known, 19 devices" {
		t.Errorf("members: %q", got)
	}
}

// TestWindowsFromNowhere: a jump host that is in no zone gets a place, and a zone that is
// not in force is named.
func TestWindowsFromNowhere(t *testing.T) {
	p := drawingtest.WaterWorks(t)
	p.JumpHosts = []drawing.JumpHost{{Name: "jumphost-9", Address: "192.0.2.9"}}
	p.Windows = []drawing.OpenWindow{{Name: "w", JumpHost: "jumphost-9", Zones: []string{"gone", "cell-pumping", "cell-pumping"}}}
	d := drawing.New(p)
	w := d.Windows[0]
	if from := d.Zones[w.From]; !from.Outside || from.Level != v1alpha1.LevelDMZ || !cmp.Equal(from.JumpHosts, []string{"jumphost-9 192.0.2.9"}) {
		t.Errorf("it comes from %+v", from)
	}
	if len(w.To) != 1 || d.Zones[w.To[0]].Name != "cell-pumping" || !cmp.Equal(w.Unknown, []string{"gone"}) || w.Ends() != "end not known" {
		t.Errorf("%+v", w)
	}
	if d.Title.Members != "8 zones, 21 pods, 19 devices" {
		t.Errorf("the place counts as a zone: %s", d.Title.Members)
	}
	c := conduitNamed(t, d, "scada-opcua")
	if d.Zones[c.From].Name != "supervision" {
		t.Errorf("a conduit's end moved to %s", d.Zones[c.From].Name)
	}
}

// TestDeclaredTakesWhatIsInForce, not what was refused.
func TestDeclaredTakesWhatIsInForce(t *testing.T) {
	z := &v1alpha1.Zone{Spec: v1alpha1.ZoneSpec{Owner: "new"}, Status: v1alpha1.ZoneStatus{LastGood: &v1alpha1.ZoneLastGood{Spec: v1alpha1.ZoneSpec{Owner: "old", Parent: "area"}, ApprovedBy: []v1alpha1.Username{"owner-1", "owner-2"}}}}
	c := &v1alpha1.Conduit{
		Spec:   v1alpha1.ConduitSpec{Why: v1alpha1.Justification{RiskOwner: "new"}},
		Status: v1alpha1.ConduitStatus{LastGood: &v1alpha1.ConduitLastGood{Spec: v1alpha1.ConduitSpec{Why: v1alpha1.Justification{RiskOwner: "old"}, Flows: []v1alpha1.Flow{{DeclaredMode: v1alpha1.ModeNone}}}, ApprovedBy: []v1alpha1.Username{"owner-3"}}},
	}
	z.Name, c.Name = "z", "c"
	m := &topology.Model{Zones: []*topology.Zone{{Name: "z", Kept: true}}, Conduits: []*topology.Conduit{{Name: "c", Kept: true}}}
	site := &v1alpha1.Site{Spec: v1alpha1.SiteSpec{ID: "ww-1", Title: "Works", Access: v1alpha1.SiteAccess{JumpHosts: []v1alpha1.JumpHost{
		{Name: "j1", Zone: "z", Addresses: []v1alpha1.JumpHostAddress{"192.0.2.1", "192.0.2.2"}}, {Name: "j2", Workloads: &v1alpha1.JumpHostWorkloads{Namespace: "n"}},
	}}}}
	got := drawing.Declared(m, topology.Snapshot{Site: site, Zones: []*v1alpha1.Zone{z}, Conduits: []*v1alpha1.Conduit{c}})
	want := drawing.Plant{
		Model: m, ID: "ww-1", Title: "Works", Findings: &drawing.Findings{},
		JumpHosts: []drawing.JumpHost{{Name: "j1", Zone: "z", Address: "192.0.2.1 192.0.2.2"}, {Name: "j2", Address: "pods in n"}},
		Zones:     map[string]drawing.ZoneFacts{"z": {Owner: "old", Parent: "area", ApprovedBy: []string{"owner-1", "owner-2"}}},
		Conduits:  map[string]drawing.ConduitFacts{"c": {RiskOwner: "old", Cleartext: true, ApprovedBy: []string{"owner-3"}}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(drawing.Plant{}, "Model")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestApprovedByIsOfWhatIsDrawn: who approved another version, or a file, approved nothing of
// what is drawn.
func TestApprovedByIsOfWhatIsDrawn(t *testing.T) {
	p := drawingtest.Approved(t)
	if d := drawing.New(p); conduitNamed(t, d, "dosing-enip").ApprovedBy != "owner-1, owner-2" || zoneNamed(t, d, "safety-chlorine").ApprovedBy != "owner-1" {
		t.Errorf("as approved: %+v", d.Conduits)
	}
	for _, c := range drawing.New(p).Conduits {
		if c.Name != "dosing-enip" && c.ApprovedBy != "" {
			t.Errorf("%s was approved in another version, and is drawn as approved by %s", c.Name, c.ApprovedBy)
		}
	}
	p.Source.Cluster = false
	d := drawing.New(p)
	if c, z := conduitNamed(t, d, "dosing-enip"), zoneNamed(t, d, "safety-chlorine"); c.ApprovedBy+z.ApprovedBy != "" {
		t.Errorf("a directory says who approved: %q, %q", c.ApprovedBy, z.ApprovedBy)
	}
}

func TestFormatSL(t *testing.T) {
	for want, l := range map[string]topology.Levels{
		"SL-T 0":             {},
		"SL-T 2":             {IAC: 2, UC: 2, SI: 2, DC: 2, RDF: 2, TRE: 2, RA: 2},
		"SL-T 2, SI 3, DC 1": {IAC: 2, UC: 2, SI: 3, DC: 1, RDF: 2, TRE: 2, RA: 2},
		"SL-T 3, IAC 1":      {IAC: 1, UC: 3, SI: 3, DC: 3, RDF: 3, TRE: 3, RA: 3},
	} {
		if got := drawing.FormatSL(l); got != want {
			t.Errorf("%+v: %q, want %q", l, got, want)
		}
	}
}

// TestTextIsPlain: whatever people have written comes out on one line, and steers nothing.
func TestTextIsPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawing.New(drawingtest.Any(t, 6, 8))
		texts := append([]string{d.Title.Site, d.Title.ID, d.Title.Of, d.Title.Revision, d.Title.Hash}, d.Title.Approved...)
		for _, z := range d.Zones {
			texts = append(append(append(texts, z.Name, z.Owner, z.ApprovedBy, z.Parent, z.Cell, z.Note), z.Devices...), z.JumpHosts...)
		}
		for _, c := range d.Conduits {
			texts = append(texts, c.Name, c.By, c.Device, c.What, c.Brief, c.Owner, c.Need, c.ApprovedBy)
		}
		for _, w := range d.Windows {
			texts = append(append(append(texts, w.Name, w.Vendor, w.JumpHost, w.What), w.Reaches...), w.Unknown...)
		}
		for _, s := range texts {
			if len([]rune(s)) > 600 || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q", s)
			}
		}
	})
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawingtest.Any(t, 10, 20)
		if diff := cmp.Diff(drawing.New(p), drawing.New(drawingtest.Shuffled(t, p))); diff != "" {
			t.Fatalf("the order changed the drawing:\n%s", diff)
		}
	})
}
