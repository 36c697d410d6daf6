// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import "slices"

// networks says what a list of networks may hold.
func networks(field string) []rule {
	entry := func(sentence, accepted, refused string) rule {
		return rule{
			name:     field + " " + sentence,
			accepted: field + ": [" + accepted + "]",
			refused:  field + ": [" + refused + "]",
			because:  []string{field + "[0]: must be of type cidr"},
		}
	}
	return []rule{
		entry("holds networks, not addresses", "10.9.0.0/16", "10.9.0.1"),
		entry("holds IPv6 networks, not addresses", `"fd00:17::/48"`, `"fd00:17::1"`),
		entry("has octets up to 255", "10.255.0.0/16", "10.256.0.0/16"),
		entry("has IPv4 prefixes up to 32", "10.9.0.1/32", "10.9.0.1/33"),
		entry("has IPv6 prefixes up to 128", `"fd00::1/128"`, `"fd00::1/129"`),
		entry("has no masks", "10.9.0.0/24", "10.9.0.0/255.255.255.0"),
		entry("has four octets", "10.0.0.0/8", "10/8"),
		entry("has no leading zeros", "10.9.10.0/24", "10.09.10.0/24"),
		entry("holds no names", "10.9.0.0/16", "office"),
		entry("holds no empty text", "10.9.0.0/16", `""`),
		{
			name:     field + " has no more characters than a network needs",
			accepted: field + `: ["2001:0db8:0000:0000:0000:0000:0000:0000/128"]`,
			refused:  field + `: ["2001:0db8:0000:0000:0000:0000:192.168.100.100/128"]`,
			because:  []string{field + "[0]: may not be more than 43 bytes"},
		},
	}
}

// serverAddresses says what a list of addresses of a service may hold.
func serverAddresses(field string) []rule {
	pattern := []string{field + "[0]: should match '^[0-9a-fA-F:.]+$'"}
	return []rule{
		{name: field + " holds addresses, not networks", accepted: field + ": [169.254.20.10]", refused: field + ": [169.254.20.0/24]", because: pattern},
		{name: field + " holds no names", accepted: field + `: ["fd00:43::a"]`, refused: field + ": [dns.example]", because: pattern},
		{name: field + " has no interfaces", accepted: field + `: ["fe80::1"]`, refused: field + `: ["fe80::1%eth0"]`, because: pattern},
		{name: field + " holds no empty text", accepted: field + `: ["::1"]`, refused: field + `: [""]`, because: pattern},
		{
			name:     field + " has no more characters than an address needs",
			accepted: field + `: ["0000:0000:0000:0000:0000:ffff:192.168.100.100"]`,
			refused:  field + `: ["0000:0000:0000:0000:00000:ffff:192.168.100.100"]`,
			because:  []string{field + "[0]: may not be more than 45 bytes"},
		},
	}
}

// commonStatusRules are those of Status, which every kind has.
func commonStatusRules() []rule {
	const (
		condition = `{type: T%d, status: "True", reason: R, message: "", lastTransitionTime: "2027-06-30T12:00:00Z"}`
		finding   = `{severity: Error, path: spec, reason: R%d, message: m}`
	)
	return slices.Concat(
		list("status.conditions", condition, 0, 16),
		[]rule{{
			name: "a condition is there once",
			accepted: `status.conditions: [` + condition1 + `]`,
			refused: `status.conditions: [` + condition1 + `, ` + condition1 + `]`,
			because: []string{"status.conditions[1]: Duplicate value"},
		}},
		list("status.findings", finding, 0, 32),
		under("status.findings: [{severity: Error, path: spec, reason: R, message: m}]",
			choice("status.findings[0].severity", "Error", "Warning"),
			required("status.findings[0].severity", "status.findings[0].path", "status.findings[0].reason", "status.findings[0].message")),
	)
}

const condition1 = `{type: Accepted, status: "True", reason: R, message: "", lastTransitionTime: "2027-06-30T12:00:00Z"}`
