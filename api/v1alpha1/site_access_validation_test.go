// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"slices"
	"strings"
)

// Parts of a Site that others are put under.
const (
	outsideHost  = "spec.access.jumpHosts: [{name: jumphost-1, addresses: [10.30.5.10]}]"
	insideHost   = "spec.access.jumpHosts: [{name: jumphost-1, workloads: {namespace: pam, selector: {matchLabels: {app: guacamole}}}}]"
	sessionPods  = "spec.access.sessionPods: {image: registry.example/tools}"
	acknowledged = `spec.access.clock.acknowledged: {bootID: 5b0ac8a4-4d1a-4c2a-9f0b-0f2d3c4b5a69, by: shift-1, saw: {wall: "2026-11-23T08:00:00Z", sinceBoot: 3m}}`
)

// accessRules are those of a Site's rules for vendor access.
func accessRules() []rule {
	const host = "spec.access.jumpHosts[0]"
	return slices.Concat(
		list("spec.access.jumpHosts", "{name: jumphost-%d, addresses: [10.30.5.10]}", 0, 16),
		jumpHostRules,
		under(outsideHost,
			required(host+".name"),
			text(host+".name", 1, 63),
			set(host+".addresses", "10.30.5.%d", 1, 8),
			jumpHostAddressRules(),
			text(host+".zone", 1, 63),
			choice(host+".reachable", "ClusterIP", "NodePort", "LoadBalancer"),
			text(host+".recorder", 0, 256)),
		under(insideHost,
			required(host+".workloads.namespace", host+".workloads.selector"),
			text(host+".workloads.namespace", 1, 63),
			selector(host+".workloads.selector", "an empty selector would take in every pod of the namespace; name a label of the jump host")),
		tooManyApprovals(number("spec.access.approvals.count", 1, 3)),
		number("spec.access.approvals.safety", 2, 3),
		approvalCountRules,
		timeSpan("spec.access.longest"),
		under("spec.access.breakGlass.longest: 1h", timeSpan("spec.access.breakGlass.longest")),
		[]rule{{
			name: "break-glass lasts 4 hours at most", accepted: "spec.access.breakGlass.longest: 240m", refused: "spec.access.breakGlass.longest: 4h1s",
			because: []string{"spec.access.breakGlass.longest: what one person opens alone lasts 4h at most"},
		}},
		choice("spec.access.sharedIdentities", "Deny", "Allow"),
		choice("spec.access.wholeZone", "Deny", "Allow"),
		set("spec.access.factors", "factor-%d", 0, 8),
		text("spec.access.factors[0]", 1, 32),
		resources("spec.access.relayPods.resources"),
		under(sessionPods,
			required("spec.access.sessionPods.image"),
			text("spec.access.sessionPods.image", 1, 512),
			text("spec.access.sessionPods.seccompProfile", 1, 256),
			resources("spec.access.sessionPods.resources")),
		timeSpan("spec.access.clock.tolerance"),
		choice("spec.access.clock.hardwareClock", "Unknown", "Good"),
		under(acknowledged,
			required("spec.access.clock.acknowledged.bootID", "spec.access.clock.acknowledged.by", "spec.access.clock.acknowledged.saw", "spec.access.clock.acknowledged.saw.wall", "spec.access.clock.acknowledged.saw.sinceBoot"),
			uid("spec.access.clock.acknowledged.bootID"),
			text("spec.access.clock.acknowledged.by", 1, 340),
			instant("spec.access.clock.acknowledged.saw.wall"), uptime("spec.access.clock.acknowledged.saw.sinceBoot")),
	)
}

// resources are those of a pod: a few of each.
func resources(field string) []rule {
	many := func(n int) string {
		var entries []string
		for i := range n {
			entries = append(entries, fmt.Sprintf("r%d: 1", i))
		}
		return "{" + strings.Join(entries, ", ") + "}"
	}
	var out []rule
	for _, of := range []string{field + ".limits", field + ".requests"} {
		out = append(out, rule{
			name: of + " are a few", accepted: of + ": " + many(8), refused: of + ": " + many(9),
			because: []string{of + ": Too many: 9: must have at most 8 items"},
		})
	}
	return out
}

var jumpHostRules = func() []rule {
	either := []string{"spec.access.jumpHosts[0]: a jump host is outside the cluster or in it: give either addresses or workloads"}
	return []rule{
		{
			name: "a jump host is somewhere", accepted: outsideHost, refused: "spec.access.jumpHosts: [{name: jumphost-1}]", because: either,
		},
		{
			name: "a jump host is outside the cluster or in it", accepted: insideHost,
			refused: insideHost + "\nspec.access.jumpHosts[0].addresses: [10.30.5.10]", because: either,
		},
		{
			name: "a jump host is there once", accepted: "spec.access.jumpHosts: [{name: a, addresses: [10.30.5.10]}, {name: b, addresses: [10.30.5.10]}]",
			refused: "spec.access.jumpHosts: [{name: a, addresses: [10.30.5.10]}, {name: a, addresses: [10.30.5.11]}]",
			because: []string{"spec.access.jumpHosts[1]: Duplicate value"},
		},
	}
}()

const safetyLower = "spec.access.approvals: safety must not be lower than count: a safety zone takes no fewer people"

// tooManyApprovals are more than a safety zone can take.
func tooManyApprovals(rules []rule) []rule {
	for i, r := range rules {
		if r.accepted == "spec.access.approvals.count: 3" {
			rules[i] = under("spec.access.approvals.safety: 3", rules[i:i+1])[0]
			rules[i].because = append(rules[i].because, safetyLower)
		}
	}
	return rules
}

var approvalCountRules = []rule{
	{
		name: "a safety zone takes no fewer people", accepted: "spec.access.approvals: {count: 3, safety: 3}",
		refused: "spec.access.approvals: {count: 3, safety: 2}", because: []string{safetyLower},
	},
	{
		name: "count is held against the default of safety", accepted: "spec.access.approvals.count: 2",
		refused: "spec.access.approvals.count: 3", because: []string{safetyLower},
	},
}

// jumpHostAddressRules are those of a device's address, with another sentence.
func jumpHostAddressRules() []rule {
	const field = "spec.access.jumpHosts[0].addresses"
	wide := []string{field + "[0]: a jump host's network must not be wider than /24 (IPv6: /64)"}
	pattern := []string{field + "[0]: " + addressPattern}
	return []rule{
		{name: "a jump host may be a network of 256", accepted: field + ": [10.30.5.0/24]", refused: field + ": [10.30.4.0/23]", because: wide},
		{name: "a jump host is not all of the Internet", accepted: field + ": [10.30.5.10/32]", refused: field + ": [0.0.0.0/0]", because: wide},
		{name: "a jump host may be an IPv6 network of one link", accepted: field + `: ["fd00:30::/64"]`, refused: field + `: ["fd00:30::/63"]`, because: wide},
		{name: "a jump host has no name here", accepted: field + `: ["fd00:30::1"]`, refused: field + ": [jumphost.example]", because: pattern},
		{
			name: "a jump host's address is not too short", accepted: field + `: ["::"]`, refused: field + `: [":"]`,
			because: []string{field + "[0]: should be at least 2 chars long"},
		},
		{
			name:     "a jump host's address is as long as it can be",
			accepted: field + `: ["2001:0db8:0000:0000:0000:0000:0000:0000/128"]`,
			refused:  field + `: ["02001:0db8:0000:0000:0000:0000:0000:0000/128"]`,
			because:  []string{field + "[0]: may not be more than 43 bytes"},
		},
	}
}

// accessFillings are the defaults within spec.access.
var accessFillings = []filling{
	{
		"access without anything", siteKind, "spec.access: {}",
		"spec.access: {approvals: {count: 1, safety: 2}, longest: 12h, breakGlass: {longest: 4h}, sharedIdentities: Deny, wholeZone: Deny, clock: {tolerance: 2m, hardwareClock: Unknown}}",
	},
	{"approvals with one of them", siteKind, "spec.access.approvals: {count: 2}", "spec.access.approvals: {count: 2, safety: 2}"},
	{"a clock without a value, as templates leave it", siteKind, "spec.access.clock: ", "spec.access.clock: {tolerance: 2m, hardwareClock: Unknown}"},
	{
		"a jump host is reached by ClusterIP", siteKind, "spec.access.jumpHosts: [{name: jumphost-1, addresses: [10.30.5.10]}]",
		"spec.access.jumpHosts: [{name: jumphost-1, addresses: [10.30.5.10], reachable: ClusterIP}]",
	},
}
