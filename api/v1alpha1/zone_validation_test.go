// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import "slices"

const zoneBase = `
apiVersion: zonewarden.io/v1alpha1
kind: Zone
metadata: {name: filtration}
spec:
  purdue: L2
  type: Control
  slTarget: {all: 2}
  members: {workloads: [{namespaces: [ww-filtration]}]}
  owner: Plant operations
`

var zoneKind = kind{
	name:      "Zone",
	resource:  "zones",
	shortName: "zn",
	base:      zoneBase,
	rules:     zoneRules,
	status:    zoneStatusRules,
	columns: []column{
		{name: "Purdue", kind: "string", value: "L2"},
		{name: "Type", kind: "string", value: "Control"},
		{name: "Mode", kind: "string", value: "Observe"},
		{name: "Accepted", kind: "string", value: "True"},
		{name: "Programmed", kind: "string", value: "False"},
		{name: "Verified", kind: "string", value: "Unknown"},
		{name: "Exposed", kind: "string", value: "True"},
		{name: "Pods", kind: "integer", value: int64(4)},
		{name: "Assets", kind: "integer", value: int64(5)},
		{name: "Findings", kind: "integer", value: int64(6)},
		{name: "Reason", kind: "string", wide: true, value: "Accepted"},
		{name: "Age", kind: "date"},
	},
	revision: "spec.enforcement: Enforce",
	sampleStatus: `
status.workloads: 4
status.assets: 5
status.findingCount: 6
`,
	defaults: `
purdue: L2
type: Control
slTarget: {all: 2}
members: {workloads: [{namespaces: [ww-filtration]}]}
internalTraffic: Allow
platformServices: {dns: Allow, apiServer: Deny}
enforcement: Observe
owner: Plant operations
`,
}

func zoneRules() []rule {
	return slices.Concat(
		objectName("the name of a Zone is at most 63 characters long and has no dots, because policies and labels are named after it"),
		required("spec", "spec.purdue", "spec.type", "spec.slTarget", "spec.members", "spec.owner"),
		text("spec.description", 0, 1024),
		purdueRules,
		typeRules(),
		levels("spec.slTarget"),
		parentRules,
		text("spec.parent", 1, 63),
		text("spec.cell", 0, 128),
		memberRules,
		list("spec.members.workloads", "{namespaces: [ns-%d]}", 0, 16),
		set("spec.members.workloads[0].namespaces", "ns-%d", 1, 64),
		text("spec.members.workloads[0].namespaces[0]", 1, 63),
		under("spec.members.workloads: [{}]",
			selector("spec.members.workloads[0].namespaceSelector", "an empty selector would take in every namespace")),
		selector("spec.members.workloads[0].podSelector",
			"an empty selector says nothing; leave podSelector out to take every pod of the namespaces"),
		selector("spec.members.assets.selector", "an empty selector would take in every asset of the site"),
		set("spec.members.assets.cidrs", "10.%d.0.0/16", 0, 64)[:1], // none: see memberRules
		networks("spec.members.assets.cidrs"),
		choice("spec.internalTraffic", "Allow", "Deny"),
		choice("spec.platformServices.dns", "Allow", "Deny"),
		choice("spec.platformServices.apiServer", "Allow", "Deny"),
		zoneCertificateRules(),
		choice("spec.enforcement", "Observe", "Enforce"),
		text("spec.owner", 1, 256),
		text("spec.physicalBoundary", 0, 512),
		remarks("spec.physicalAccessPoints", 32, 256),
		remarks("spec.requirements", 128, 128),
		remarks("spec.policies", 32, 256),
		remarks("spec.assumptions", 32, 256),
		yamlRules,
	)
}

// remarks says what a set of texts may hold.
func remarks(field string, most, longest int) []rule {
	return slices.Concat(set(field, "remark %d", 0, most), text(field+"[0]", 0, longest))
}

const (
	noLevel      = `spec.purdue: supported values: "L0", "L1", "L2", "L3", "DMZ", "L4", "L5"`
	dmzTogether  = "spec: purdue: DMZ and type: DMZ go together"
	safetyLevel  = "spec: a Safety zone is at L0 to L3"
	officeLevel  = "spec: a Business zone is at L4 or L5"
	controlLevel = "spec: a Control zone is at L0 to L3; for L4 and L5 use type Business"
)

var purdueRules = []rule{
	{
		name: "a level that is a number is no level", accepted: "spec.purdue: L1", refused: "spec.purdue: 1",
		because: []string{"spec.purdue: must be of type string", noLevel},
	},
	{
		name: "a level that is a fraction is no level", accepted: "spec.purdue: L3", refused: "spec.purdue: 3.5",
		because: []string{"spec.purdue: must be of type string", noLevel},
	},
	{
		name: "level 3.5 is called DMZ", accepted: "spec.purdue: DMZ\nspec.type: DMZ", refused: "spec.purdue: L3.5\nspec.type: DMZ",
		because: []string{noLevel},
	},
	{
		name: "a level that is a quoted number is no level", refused: `spec.purdue: "1"`,
		because: []string{noLevel},
	},
	{
		name: "a level is in upper case", refused: "spec.purdue: l2",
		because: []string{noLevel},
	},
	{
		name: "there is no level 6", accepted: "spec.purdue: L5\nspec.type: Business", refused: "spec.purdue: L6\nspec.type: External",
		because: []string{noLevel},
	},
	{
		name: "a zone at level DMZ is of type DMZ", accepted: "spec.purdue: DMZ\nspec.type: DMZ", refused: "spec.purdue: DMZ\nspec.type: External",
		because: []string{dmzTogether},
	},
	{
		name: "a zone of type DMZ is at level DMZ", accepted: "spec.purdue: DMZ\nspec.type: DMZ", refused: "spec.purdue: L3\nspec.type: DMZ",
		because: []string{dmzTogether},
	},
	{
		name: "a zone is of one of the types", accepted: "spec.type: Safety", refused: "spec.type: SIS",
		because: []string{`spec.type: supported values: "Control", "Safety", "Business", "DMZ", "Wireless", "Temporary", "External"`},
	},
}

// typeRules says at which levels a zone of each type may be.
func typeRules() []rule {
	levelsOf := []struct {
		zoneType        string
		levels, refused []string
		because         string
	}{
		{"Control", []string{"L0", "L1", "L2", "L3"}, []string{"L4", "L5"}, controlLevel},
		{"Safety", []string{"L0", "L1", "L2", "L3"}, []string{"L4", "L5"}, safetyLevel},
		{"Business", []string{"L4", "L5"}, []string{"L0", "L1", "L2", "L3"}, officeLevel},
		{"Wireless", []string{"L0", "L1", "L2", "L3", "L4", "L5"}, nil, ""},
		{"Temporary", []string{"L0", "L1", "L2", "L3", "L4", "L5"}, nil, ""},
		{"External", []string{"L0", "L1", "L2", "L3", "L4", "L5"}, nil, ""},
	}
	at := func(zoneType, level string) string { return "spec.type: " + zoneType + "\nspec.purdue: " + level }
	var rules []rule
	for _, l := range levelsOf {
		for _, level := range l.levels {
			rules = append(rules, rule{name: "a zone of type " + l.zoneType + " may be at " + level, accepted: at(l.zoneType, level)})
		}
		for _, level := range l.refused {
			rules = append(rules, rule{
				name:     "a zone of type " + l.zoneType + " is not at " + level,
				accepted: at(l.zoneType, l.levels[0]), refused: at(l.zoneType, level), because: []string{l.because},
			})
		}
		if l.zoneType != "Wireless" && l.zoneType != "Temporary" && l.zoneType != "External" {
			because := []string{l.because, dmzTogether}
			rules = append(rules, rule{
				name:     "a zone of type " + l.zoneType + " is not in the DMZ",
				accepted: at(l.zoneType, l.levels[0]), refused: at(l.zoneType, "DMZ"), because: because,
			})
		}
	}
	return rules
}

var parentRules = []rule{{
	name: "a zone is not its own parent", accepted: "spec.parent: works", refused: "spec.parent: filtration",
	because: []string{whole + ": spec.parent: a zone cannot be its own parent"},
}}

const (
	needsMembers    = "spec.members: a zone needs members: workloads, assets or both"
	whichNamespaces = "spec.members.workloads[0]: give either namespaces or namespaceSelector"
	whichAssets     = "spec.members.assets: give selector, cidrs or both"
	namespaceLabels = "namespaceSelector: {matchLabels: {a: b}}"
)

var memberRules = []rule{
	{name: "a zone may have devices only", accepted: "spec.members: {assets: {cidrs: [10.9.0.0/16]}}", refused: "spec.members: {}", because: []string{needsMembers}},
	{name: "an empty list of workloads is no member", refused: "spec.members: {workloads: []}", because: []string{needsMembers}},
	{name: "devices make up for an empty list of workloads", accepted: "spec.members: {workloads: [], assets: {selector: {matchLabels: {a: b}}}}"},
	{
		name: "workloads are in namespaces", accepted: "spec.members.workloads: [{" + namespaceLabels + "}]",
		refused: "spec.members.workloads: [{}]", because: []string{whichNamespaces},
	},
	{
		name: "workloads are not picked by pod labels alone", accepted: "spec.members.workloads: [{namespaces: [a], podSelector: {matchLabels: {a: b}}}]",
		refused: "spec.members.workloads: [{podSelector: {matchLabels: {a: b}}}]", because: []string{whichNamespaces},
	},
	{
		name: "namespaces are named or selected, not both", accepted: "spec.members.workloads: [{namespaces: [a]}, {" + namespaceLabels + "}]",
		refused: "spec.members.workloads: [{namespaces: [a], " + namespaceLabels + "}]", because: []string{whichNamespaces},
	},
	{
		name: "devices are selected or in networks", accepted: "spec.members.assets: {cidrs: [10.9.0.0/16], selector: {matchLabels: {a: b}}}",
		refused: "spec.members.assets: {}", because: []string{whichAssets},
	},
	{name: "an empty list of networks holds no device", refused: "spec.members.assets: {cidrs: []}", because: []string{whichAssets}},
	{
		name: "a network is there once", accepted: "spec.members.assets.cidrs: [10.9.0.0/16, 10.8.0.0/16]",
		refused: "spec.members.assets.cidrs: [10.9.0.0/16, 10.9.0.0/16]", because: []string{"spec.members.assets.cidrs[1]: Duplicate value"},
	},
}

// yamlRules are about texts that YAML takes for something else.
var yamlRules = []rule{
	{
		name: "a cell that is a number needs quotes", accepted: `spec.cell: "07"`, refused: "spec.cell: 07",
		because: []string{"spec.cell: must be of type string"},
	},
	{
		name: "an owner who is called No needs quotes", accepted: `spec.owner: "No"`, refused: "spec.owner: No",
		because: []string{"spec.owner: must be of type string"},
	},
	{
		name: "an owner without a name is missing", refused: "spec.owner:",
		because: []string{"spec.owner: Required value"},
	},
	{
		name: "a namespace that is a number needs quotes", accepted: `spec.members.workloads[0].namespaces: ["17"]`,
		refused: "spec.members.workloads[0].namespaces: [17]",
		because: []string{"spec.members.workloads[0].namespaces[0]: must be of type string"},
	},
	{
		name: "requirements are a list", accepted: "spec.requirements: [SR 1.13 RE 1]", refused: "spec.requirements: SR 1.13 RE 1",
		because: []string{"spec.requirements: must be of type array"},
	},
}

func zoneStatusRules() []rule {
	return slices.Concat(commonStatusRules(), lastGoodRules(zoneBase))
}
