// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"slices"
)

var siteKind = kind{
	name:     "Site",
	resource: "sites",
	base: `
apiVersion: zonewarden.io/v1alpha1
kind: Site
metadata: {name: site}
spec:
  id: ww-17
  scope:
    namespaceSelector: {matchLabels: {zonewarden.io/scope: ot}}
`,
	rules:  siteRules,
	status: siteStatusRules,
	columns: []column{
		{name: "ID", kind: "string", value: "ww-17"},
		{name: "Backend", kind: "string", value: "Cilium"},
		{name: "Accepted", kind: "string", value: "True"},
		{name: "Programmed", kind: "string", value: "False"},
		{name: "Held", kind: "integer", value: int64(3)},
		{name: "By-Us", kind: "integer", value: int64(11)},
		{name: "By-Others", kind: "integer", value: int64(12)},
		{name: "By-Nobody", kind: "integer", value: int64(13)},
		{name: "Age", kind: "date"},
	},
	revision: "spec.title: Water works 17, North",
	sampleStatus: `
status.backend: Cilium
status.held.count: 3
status.flows: {cluster: 11, external: 12, nobody: 13}
`,
	defaults: `
id: ww-17
timeZone: UTC
scope:
  namespaceSelector: {matchLabels: {zonewarden.io/scope: ot}}
backend: Auto
failMode: LastKnown
unzonedWorkloads: Report
guard: {layers: [Admission], hostNetwork: Deny, secondInterfaces: Deny}
platform:
  dns: {namespace: kube-system, podLabels: {k8s-app: kube-dns}, port: 53}
  apiServer: {port: 6443}
  policyMapEntries: 16384
rules:
  largestLevelStep: 1
  directITToOT: Refuse
  adminProtocols: Refuse
  personToPerson: Refuse
  obsoleteAssets: Refuse
  cleartextWarnFrom: 2
  cleartextRefuseFrom: 3
access:
  approvals: {count: 1, safety: 2}
  longest: 12h
  breakGlass: {longest: 4h}
  sharedIdentities: Deny
  wholeZone: Deny
  clock: {tolerance: 2m, hardwareClock: Unknown}
`,
}

func siteRules() []rule {
	return slices.Concat(
		siteIdentityRules,
		required("spec", "spec.id", "spec.scope", "spec.scope.namespaceSelector"),
		text("spec.id", 1, 63),
		text("spec.title", 0, 256),
		text("spec.timeZone", 1, 64),
		selector("spec.scope.namespaceSelector", scopeIsEverything),
		set("spec.zoneLabelKeys", "plant.example/key-%d", 0, 16),
		text("spec.zoneLabelKeys[0]", 1, 317),
		choice("spec.backend", "Auto", "Cilium", "KubernetesNetworkPolicy"),
		choice("spec.failMode", "LastKnown", "Closed"),
		choice("spec.unzonedWorkloads", "Report", "Deny"),
		guardRules,
		choice("spec.guard.layers[0]", "Admission", "Datapath", "AdminTier"),
		choice("spec.guard.hostNetwork", "Deny", "Warn", "Allow"),
		choice("spec.guard.secondInterfaces", "Deny", "Warn", "Allow"),
		set("spec.guard.neverExempt", "gitops-%d", 0, 32),
		text("spec.guard.neverExempt[0]", 1, 317),
		set("spec.clusterNetworks", "10.%d.0.0/16", 0, 32),
		networks("spec.clusterNetworks"),
		platformRules,
		text("spec.platform.dns.namespace", 1, 63),
		number("spec.platform.dns.port", 1, 65535),
		set("spec.platform.dns.addresses", "10.43.0.%d", 0, 8),
		serverAddresses("spec.platform.dns.addresses"),
		number("spec.platform.apiServer.port", 1, 65535),
		set("spec.platform.apiServer.addresses", "10.20.3.%d", 0, 16),
		serverAddresses("spec.platform.apiServer.addresses"),
		number("spec.platform.policyMapEntries", 256, 65536),
		number("spec.rules.largestLevelStep", 1, 6),
		choice("spec.rules.directITToOT", "Refuse", "Warn"),
		choice("spec.rules.adminProtocols", "Refuse", "Warn"),
		choice("spec.rules.personToPerson", "Refuse", "Warn"),
		choice("spec.rules.obsoleteAssets", "Refuse", "Warn"),
		cleartextRules,
		accessRules(),
		under("spec.openings.approvedFrom: 3",
			required("spec.openings.approvedFrom"),
			openingsFrom(number("spec.openings.approvedFrom", 1, 4)),
			number("spec.openings.approvals", 1, 5)),
		siteCertificateRules(),
	)
}

// openingsFrom have a second cause: a level's own limits, of which 0 is one, hold beside those of
// the field.
func openingsFrom(rules []rule) []rule {
	for i := range rules {
		rules[i].because = append(rules[i].because, whole+`: "spec.openings.approvedFrom" must validate all the schemas (allOf)`)
	}
	return rules
}

const scopeIsEverything = "an empty selector would take in every namespace of the cluster; name a label, for example matchLabels: {zonewarden.io/scope: ot}"

var siteIdentityRules = []rule{
	{
		name: "there is one Site by one name", accepted: "metadata.name: site", refused: "metadata.name: plant",
		because: []string{whole + ": a cluster has one Site, its name must be 'site'"},
	},
	{
		name: "the name of the Site does not end in a number", refused: "metadata.name: site-2",
		because: []string{whole + ": a cluster has one Site, its name must be 'site'"},
	},
	{
		name: "spec.id is lower case", accepted: "spec.id: ww-17-north", refused: "spec.id: WW-17",
		because: []string{"spec.id: should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'"},
	},
	{
		name: "spec.id ends in a letter or digit", accepted: "spec.id: w", refused: "spec.id: ww-",
		because: []string{"spec.id: should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'"},
	},
	{
		name: "spec.id that is a number needs quotes", accepted: `spec.id: "17"`, refused: "spec.id: 17",
		because: []string{"spec.id: must be of type string"},
	},
	{
		name: "spec.title that is a number needs quotes", accepted: `spec.title: "17"`, refused: "spec.title: 17",
		because: []string{"spec.title: must be of type string"},
	},
}

var guardRules = []rule{
	{
		name: "a guard has each layer once", accepted: "spec.guard.layers: [Admission, Datapath, AdminTier]",
		refused: "spec.guard.layers: [Datapath, Datapath]",
		because: []string{"spec.guard.layers[1]: Duplicate value"},
	},
	{
		name: "a guard may have no layer, as a list", accepted: "spec.guard.layers: []", refused: "spec.guard.layers: None",
		because: []string{"spec.guard.layers: must be of type array"},
	},
}

var platformRules = []rule{
	{
		name: "the DNS pods have a label", accepted: "spec.platform.dns.podLabels: {dns: mine}",
		refused: "spec.platform.dns.podLabels: {}",
		because: []string{"spec.platform.dns.podLabels: should have at least 1 properties"},
	},
	{
		name: "the DNS pods have up to 8 labels", accepted: "spec.platform.dns.podLabels: {a: v, b: v, c: v, d: v, e: v, f: v, g: v, h: v}",
		refused: "spec.platform.dns.podLabels: {a: v, b: v, c: v, d: v, e: v, f: v, g: v, h: v, i: v}",
		because: []string{"spec.platform.dns.podLabels: must have at most 8 items"},
	},
	{
		name: "a DNS pod's label that is a switch needs quotes", accepted: `spec.platform.dns.podLabels: {dns: "on"}`,
		refused: "spec.platform.dns.podLabels: {dns: on}",
		because: []string{"spec.platform.dns.podLabels.dns: must be of type string"},
	},
	{
		name: "a port is a number", accepted: "spec.platform.dns.port: 5353", refused: `spec.platform.dns.port: "53"`,
		because: []string{"spec.platform.dns.port: must be of type integer"},
	},
}

const warnAfterRefuse = "spec.rules: cleartextWarnFrom must not be higher than cleartextRefuseFrom"

var cleartextRules = []rule{
	{
		name: "cleartextWarnFrom is at least 1", accepted: "spec.rules.cleartextWarnFrom: 1",
		refused: "spec.rules.cleartextWarnFrom: 0",
		because: []string{"spec.rules.cleartextWarnFrom: should be greater than or equal to 1"},
	},
	{
		name: "cleartextWarnFrom is at most 5", accepted: "spec.rules: {cleartextWarnFrom: 5, cleartextRefuseFrom: 5}",
		refused: "spec.rules: {cleartextWarnFrom: 6, cleartextRefuseFrom: 5}",
		because: []string{"spec.rules.cleartextWarnFrom: should be less than or equal to 5", warnAfterRefuse},
	},
	{
		name: "cleartextRefuseFrom is at least 1", accepted: "spec.rules: {cleartextWarnFrom: 1, cleartextRefuseFrom: 1}",
		refused: "spec.rules: {cleartextWarnFrom: 1, cleartextRefuseFrom: 0}",
		because: []string{"spec.rules.cleartextRefuseFrom: should be greater than or equal to 1", warnAfterRefuse},
	},
	{
		name: "cleartextRefuseFrom is at most 5", accepted: "spec.rules.cleartextRefuseFrom: 5",
		refused: "spec.rules.cleartextRefuseFrom: 6",
		because: []string{"spec.rules.cleartextRefuseFrom: should be less than or equal to 5"},
	},
	{
		name: "cleartext may be warned about and refused from the same level", accepted: "spec.rules: {cleartextWarnFrom: 3, cleartextRefuseFrom: 3}",
		refused: "spec.rules: {cleartextWarnFrom: 4, cleartextRefuseFrom: 3}",
		because: []string{warnAfterRefuse},
	},
	{
		name: "cleartextWarnFrom is held against the default of cleartextRefuseFrom", accepted: "spec.rules.cleartextWarnFrom: 3",
		refused: "spec.rules.cleartextWarnFrom: 4",
		because: []string{warnAfterRefuse},
	},
	{
		name: "cleartextRefuseFrom is held against the default of cleartextWarnFrom", accepted: "spec.rules.cleartextRefuseFrom: 2",
		refused: "spec.rules.cleartextRefuseFrom: 1",
		because: []string{warnAfterRefuse},
	},
}

func siteStatusRules() []rule {
	return slices.Concat(
		commonStatusRules(),
		choice("status.backend", "Auto", "Cilium", "KubernetesNetworkPolicy"),
		under("status.flows: {cluster: 1, external: 2, nobody: 3}",
			required("status.flows.cluster", "status.flows.external", "status.flows.nobody")),
		list("status.held.names", "Zone/z%d", 0, 32),
		under(`status.clock.run: {wall: "2026-11-23T08:00:00Z", sinceBoot: 3m}`,
			required("status.clock.run.wall", "status.clock.run.sinceBoot"),
			instant("status.clock.run.wall"), uptime("status.clock.run.sinceBoot")),
	)
}
