// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"testing"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Zones of the usual plant, by level.
func plc(opts ...zoneOption) *v1alpha1.Zone {
	return zone("plc", append([]zoneOption{level(v1alpha1.LevelL1, v1alpha1.ZoneTypeControl)}, opts...)...)
}

func scada(opts ...zoneOption) *v1alpha1.Zone { return zone("scada", opts...) }

func mes(opts ...zoneOption) *v1alpha1.Zone {
	return zone("mes", append([]zoneOption{level(v1alpha1.LevelL3, v1alpha1.ZoneTypeControl)}, opts...)...)
}

func dmz() *v1alpha1.Zone { return zone("dmz", level(v1alpha1.LevelDMZ, v1alpha1.ZoneTypeDMZ)) }

func office() *v1alpha1.Zone {
	return zone("office", level(v1alpha1.LevelL4, v1alpha1.ZoneTypeBusiness))
}

func safety() *v1alpha1.Zone { return zone("sis", level(v1alpha1.LevelL1, v1alpha1.ZoneTypeSafety)) }

// rules is a site with other rules.
func rules(change func(*v1alpha1.SegmentationRules)) *v1alpha1.Site {
	return site(func(s *v1alpha1.SiteSpec) { change(&s.Rules) })
}

func steps(n int32) *v1alpha1.Site {
	return rules(func(r *v1alpha1.SegmentationRules) { r.LargestLevelStep = n })
}

func TestLevelRules(t *testing.T) {
	const at = "spec.responders[0].zone"
	warnDirect := rules(func(r *v1alpha1.SegmentationRules) { r.DirectITToOT = v1alpha1.RuleWarn })
	ext := zone("ext", level(v1alpha1.LevelL3, v1alpha1.ZoneTypeExternal))
	runFindings(t, map[string]findingCase{
		"neighbours on the ladder pass":            {[]any{plc(), scada(), conduit("c", "scada", "plc")}, "Conduit/c", nil, ""},
		"two steps do not":                         {[]any{plc(), mes(), conduit("c", "mes", "plc")}, "Conduit/c", []string{"Error " + at + " LevelSkip"}, "2 steps"},
		"nor two steps upwards":                    {[]any{plc(), mes(), conduit("c", "plc", "mes")}, "Conduit/c", []string{"Error " + at + " LevelSkip"}, ""},
		"two steps pass where the site allows two": {[]any{steps(2), plc(), mes(), conduit("c", "mes", "plc")}, "Conduit/c", nil, ""},
		"three steps do not, where it allows two":  {[]any{steps(2), plc(), dmz(), conduit("c", "dmz", "plc")}, "Conduit/c", []string{"Error " + at + " LevelSkip"}, ""},
		"an exception lifts it":                    {[]any{plc(), mes(), conduit("c", "mes", "plc", except("LevelSkip"))}, "Conduit/c", nil, ""},
		"another rule's exception does not": {
			[]any{plc(), mes(), conduit("c", "mes", "plc", except("DMZBypass"))},
			"Conduit/c",
			[]string{"Error " + at + " LevelSkip", "Warning spec.exceptions[0] ExceptionUnused"},
			"",
		},
		"the office does not reach operations": {[]any{office(), mes(), conduit("c", "office", "mes")}, "Conduit/c", []string{"Error " + at + " DMZBypass"}, "replica"},
		"nor operations the office":            {[]any{office(), mes(), conduit("c", "mes", "office")}, "Conduit/c", []string{"Error " + at + " DMZBypass"}, ""},
		"an external zone counts as office":    {[]any{ext, mes(), conduit("c", "ext", "mes")}, "Conduit/c", []string{"Error " + at + " DMZBypass"}, ""},
		"the office reaches the DMZ":           {[]any{office(), dmz(), conduit("c", "office", "dmz")}, "Conduit/c", nil, ""},
		"and the DMZ operations":               {[]any{mes(), dmz(), conduit("c", "dmz", "mes")}, "Conduit/c", nil, ""},
		"the site may only warn of it":         {[]any{warnDirect, office(), mes(), conduit("c", "office", "mes")}, "Conduit/c", []string{"Warning " + at + " DMZBypass"}, ""},
		"an exception lifts the DMZ rule":      {[]any{office(), mes(), conduit("c", "office", "mes", except("DMZBypass"))}, "Conduit/c", nil, ""},
		"each responder is judged by itself": {[]any{scada(), plc(), mes(), dmz(), conduit("c", "scada", "plc", func(c *v1alpha1.ConduitSpec) {
			c.Responders = []v1alpha1.ConduitEnd{{Zone: "plc"}, {Zone: "dmz"}, {Zone: "mes"}}
		})}, "Conduit/c", []string{"Error spec.responders[1].zone LevelSkip"}, ""},
	})
}

func TestSafetyRules(t *testing.T) {
	const at = "spec.responders[0].zone"
	runFindings(t, map[string]findingCase{
		"a safety zone meets a control zone": {[]any{safety(), scada(), conduit("c", "scada", "sis")}, "Conduit/c", nil, ""},
		"but never the DMZ, whoever opens": {
			[]any{steps(6), safety(), dmz(), conduit("c", "dmz", "sis")},
			"Conduit/c",
			[]string{"Error " + at + " SafetyExposed"},
			"",
		},
		"nor towards it": {
			[]any{steps(6), safety(), dmz(), conduit("c", "sis", "dmz")},
			"Conduit/c",
			[]string{"Error " + at + " SafetyExposed"},
			"",
		},
		"nor the office, whatever is excepted": {
			[]any{safety(), office(), conduit("c", "office", "sis", except("DMZBypass", "LevelSkip"))},
			"Conduit/c",
			[]string{"Error " + at + " SafetyExposed", "Warning spec.exceptions[1] ExceptionUnused"},
			"",
		},
		"a safety protocol stays inside safety zones": {
			[]any{safety(), scada(), conduit("c", "scada", "sis", flows(proto("tristation")))},
			"Conduit/c",
			[]string{"Error spec.flows[0].protocol SafetyExposed"},
			`zone "scada"`,
		},
		"also on another port": {
			[]any{safety(), scada(), conduit("c", "scada", "sis", flows(onPort("tristation", port("UDP", 9999))))},
			"Conduit/c",
			[]string{"Error spec.flows[0].protocol SafetyExposed"},
			"",
		},
		"between two safety zones it passes": {[]any{
			safety(), zone("sis2", level(v1alpha1.LevelL1, v1alpha1.ZoneTypeSafety)),
			conduit("c", "sis", "sis2", flows(proto("tristation"))),
		}, "Conduit/c", nil, ""},
	})
}

func TestConduitTargetRules(t *testing.T) {
	lower := func(c *v1alpha1.ConduitSpec) { l := all(1); c.SLTarget = &l }
	equal := func(c *v1alpha1.ConduitSpec) { l := all(2); c.SLTarget = &l }
	oneLower := func(c *v1alpha1.ConduitSpec) {
		l, one := all(3), v1alpha1.SecurityLevel(1)
		l.RA = &one
		c.SLTarget = &l
	}
	secure := flows(withMode("opcua-tcp", v1alpha1.ModeSignAndEncrypt))
	noWhy := func(c *v1alpha1.ConduitSpec) { c.Why = v1alpha1.Justification{Need: "n", RiskOwner: "r"} }
	two := []any{scada(sl(2)), plc(sl(1))}
	with := func(c *v1alpha1.Conduit) []any { return append([]any{c}, two...) }
	runFindings(t, map[string]findingCase{
		"a target as high as the zones'": {with(conduit("c", "scada", "plc", secure, equal)), "Conduit/c", nil, ""},
		"a lower one":                    {with(conduit("c", "scada", "plc", secure, lower)), "Conduit/c", []string{"Error spec.slTarget SecurityLevelLowered"}, ""},
		"one requirement lower": {
			with(conduit("c", "scada", "plc", secure, oneLower)), "Conduit/c",
			[]string{"Error spec.slTarget SecurityLevelLowered"},
			"",
		},
		"a lower one with an exception": {with(conduit("c", "scada", "plc", secure, lower, except("SecurityLevelLowered"))), "Conduit/c", nil, ""},
		"from SL-T 2 on nothing may be left out of why": {
			with(conduit("c", "scada", "plc", secure, noWhy)), "Conduit/c",
			[]string{"Warning spec.why WhyIncomplete"},
			"[ifLost ifAbused approval]",
		},
		"below that it may": {[]any{scada(), plc(), conduit("c", "scada", "plc", noWhy)}, "Conduit/c", nil, ""},
	})
}

func TestObsoleteRules(t *testing.T) {
	old := func() *v1alpha1.Asset {
		a := asset("old", "in=mes", "10.1.0.1")
		a.Spec.Lifecycle = &v1alpha1.Lifecycle{Status: v1alpha1.LifecycleEndOfSupport}
		return a
	}
	fresh := asset("fresh", "in=mes", "10.1.0.2")
	reach := func(name string) conduitOption {
		return func(c *v1alpha1.ConduitSpec) {
			c.Responders[0].Assets = &v1alpha1.AssetSelection{Names: []string{name}}
		}
	}
	const at = "spec.responders[0].zone"
	m := func() *v1alpha1.Zone { return mes(assetsOf("in=mes")) }
	warn := rules(func(r *v1alpha1.SegmentationRules) { r.ObsoleteAssets = v1alpha1.RuleWarn })
	bypass := except("DMZBypass")
	runFindings(t, map[string]findingCase{
		"the office reaches an obsolete asset": {
			[]any{office(), m(), old(), fresh, conduit("c", "office", "mes", bypass)},
			"Conduit/c",
			[]string{"Error " + at + " ObsoleteAsset"},
			`"old" (=old)`,
		},
		"also when it is the initiator": {
			[]any{office(), m(), old(), conduit("c", "mes", "office", bypass)},
			"Conduit/c",
			[]string{"Error " + at + " ObsoleteAsset"},
			"",
		},
		"by name":                 {[]any{office(), m(), old(), fresh, conduit("c", "office", "mes", bypass, reach("old"))}, "Conduit/c", []string{"Error " + at + " ObsoleteAsset"}, ""},
		"or only its neighbour":   {[]any{office(), m(), old(), fresh, conduit("c", "office", "mes", bypass, reach("fresh"))}, "Conduit/c", nil, ""},
		"operations may reach it": {[]any{scada(), m(), old(), conduit("c", "scada", "mes")}, "Conduit/c", nil, ""},
		"the site may only warn":  {[]any{warn, office(), m(), old(), conduit("c", "office", "mes", bypass)}, "Conduit/c", []string{"Warning " + at + " ObsoleteAsset"}, ""},
		"an exception lifts it":   {[]any{office(), m(), old(), conduit("c", "office", "mes", except("DMZBypass", "ObsoleteAsset"))}, "Conduit/c", nil, ""},
	})
}

func TestDateRules(t *testing.T) {
	review := func(d string) conduitOption { return func(c *v1alpha1.ConduitSpec) { c.ReviewBy = day(d) } }
	until := func(d string) conduitOption {
		return func(c *v1alpha1.ConduitSpec) { except("LevelSkip")(c); c.Exceptions[0].Until = day(d) }
	}
	support := func(d string, s v1alpha1.LifecycleStatus) *v1alpha1.Asset {
		a := asset("a", "", "10.1.0.1")
		a.Spec.Lifecycle = &v1alpha1.Lifecycle{Status: s, EndOfSupport: day(d)}
		return a
	}
	auckland := site(func(s *v1alpha1.SiteSpec) { s.TimeZone = "Pacific/Auckland" })
	runFindings(t, map[string]findingCase{
		"a review due today is not overdue": {[]any{scada(), plc(), conduit("c", "scada", "plc", review("2026-06-15"))}, "Conduit/c", nil, ""},
		"one due yesterday is":              {[]any{scada(), plc(), conduit("c", "scada", "plc", review("2026-06-14"))}, "Conduit/c", []string{"Warning spec.reviewBy ReviewOverdue"}, ""},
		"today is the site's day":           {[]any{auckland, scada(), plc(), conduit("c", "scada", "plc", review("2026-06-15"))}, "Conduit/c", []string{"Warning spec.reviewBy ReviewOverdue"}, ""},
		"an exception until today":          {[]any{mes(), plc(), conduit("c", "mes", "plc", until("2026-06-15"))}, "Conduit/c", nil, ""},
		"an expired one still holds":        {[]any{mes(), plc(), conduit("c", "mes", "plc", until("2026-06-14"))}, "Conduit/c", []string{"Warning spec.exceptions[0].until ExceptionExpired"}, ""},
		"an exception that nothing needs":   {[]any{scada(), plc(), conduit("c", "scada", "plc", except("LevelSkip"))}, "Conduit/c", []string{"Warning spec.exceptions[0] ExceptionUnused"}, ""},
		"support that ends today":           {[]any{support("2026-06-15", "")}, "Asset/a", nil, ""},
		"support that ended":                {[]any{support("2026-06-14", "")}, "Asset/a", []string{"Warning spec.lifecycle.endOfSupport SupportEnded"}, ""},
		"and somebody said so":              {[]any{support("2026-06-14", v1alpha1.LifecycleEndOfSupport)}, "Asset/a", nil, ""},
	})
}
