// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"slices"
	"strings"
)

const assetBase = `
apiVersion: zonewarden.io/v1alpha1
kind: Asset
metadata: {name: plc-filter}
spec:
  tag: =A01+K02-PLC_03
  addresses: [10.20.2.13]
  role: PLC
`

var assetKind = kind{
	name:      "Asset",
	resource:  "assets",
	shortName: "ast",
	base:      assetBase,
	rules:     assetRules,
	status:    assetStatusRules,
	columns: []column{
		{name: "Tag", kind: "string", value: "=A01+K02-PLC_03"},
		{name: "Zone", kind: "string", value: "filtration"},
		{name: "Role", kind: "string", value: "PLC"},
		{name: "Addresses", kind: "string", value: `["10.20.2.13"]`},
		{name: "Accepted", kind: "string", value: "True"},
		{name: "Criticality", kind: "string", wide: true, value: "Medium"},
		{name: "Vendor", kind: "string", wide: true},
		{name: "Model", kind: "string", wide: true},
		{name: "Age", kind: "date"},
	},
	revision:     "spec.role: RTU",
	sampleStatus: "status.zone: filtration",
	defaults: `
tag: =A01+K02-PLC_03
addresses: [10.20.2.13]
role: PLC
criticality: Medium
`,
}

func assetRules() []rule {
	return slices.Concat(
		objectName("the name of an Asset is at most 63 characters long and has no dots, because policies and labels are named after it"),
		required("spec", "spec.tag", "spec.addresses", "spec.role"),
		text("spec.tag", 1, 128),
		set("spec.addresses", "10.20.2.%d", 1, 16),
		addressRules(),
		sharedAddressRules,
		choice("spec.role", "PLC", "RTU", "DCS", "SafetyController", "HMI", "Drive", "RemoteIO", "Instrument", "Relay",
			"Gateway", "NetworkDevice", "Workstation", "Server", "Printer", "Other"),
		text("spec.vendor", 0, 128),
		text("spec.model", 0, 128),
		text("spec.firmware", 0, 64),
		text("spec.location", 0, 256),
		assetYAMLRules,
		choice("spec.criticality", "Low", "Medium", "High"),
		choice("spec.lifecycle.status", "Supported", "EndOfSale", "EndOfSupport"),
		date("spec.lifecycle.endOfSupport"),
		remarks("spec.lifecycle.compensatingControls", 16, 256),
	)
}

const tooWide = "an asset's network must not be wider than /24 (IPv6: /64); put wider networks into the zone's members.assets.cidrs"

const addressPattern = `should match '^([0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?|[0-9a-fA-F:]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*(/[0-9]{1,3})?)$'`

// addressRules says what the address of a device is. That an octet is not above 255
// and a prefix not above 32 or 128 is checked by the operator.
func addressRules() []rule {
	entry := func(sentence, accepted, refused string, because ...string) rule {
		for i := range because {
			because[i] = "spec.addresses[0]: " + because[i]
		}
		return rule{
			name:     "an address " + sentence,
			accepted: "spec.addresses: [" + accepted + "]", refused: "spec.addresses: [" + refused + "]", because: because,
		}
	}
	const long = `"2001:0db8:0000:0000:0000:0000:0000:0000/128"` // 43 characters
	return []rule{
		entry("may be a network of 256", "10.20.2.0/24", "10.20.2.0/23", tooWide),
		entry("is not all of the Internet", "10.20.2.16/28", "0.0.0.0/0", tooWide),
		entry("has up to two digits for a prefix", "10.20.2.13/32", "10.20.2.13/032", addressPattern),
		entry("may be an IPv6 network of one link", `"fd00:17:2::/64"`, `"fd00:17:2::/63"`, tooWide),
		entry("is not an IPv6 network with a prefix that would do for IPv4", `"fd00:17:2::13/128"`, `"fd00::/24"`, tooWide),
		entry("is not all of the IPv6 Internet", `"fd00:17:2::13"`, `"::/0"`, tooWide),
		entry("has four octets", "10.20.2.13", "10.20.2", addressPattern),
		entry("has no port", "10.20.2.13", `"10.20.2.13:502"`, addressPattern),
		entry("is no name", "10.20.2.13", "plc.example", addressPattern),
		entry("is no range", "10.20.2.16/28", "10.20.2.16-10.20.2.31", addressPattern),
		entry("has no mask", "10.20.2.0/24", "10.20.2.0/255.255.255.0", addressPattern),
		entry("has no interface", `"fe80::1"`, `"fe80::1%eth0"`, addressPattern),
		entry("has no spaces", "10.20.2.13", `" 10.20.2.13"`, addressPattern),
		entry("has no prefix that is no number", "10.20.2.13/32", "10.20.2.13/x", addressPattern),
		entry("may be as short as IPv6 has it", `"::"`, `":"`, "should be at least 2 chars long"),
		entry("is as long as it can be", long, strings.Replace(long, "2001", "02001", 1), "may not be more than 43 bytes"),
		entry("is a text", "10.20.2.13", "10.20", "must be of type string"),
		{name: "the addresses are a list", refused: "spec.addresses: 10.20.2.13", because: []string{"spec.addresses: must be of type array"}},
		{
			name: "every address is looked at", accepted: "spec.addresses: [10.20.2.13, 10.20.3.0/24]", refused: "spec.addresses: [10.20.2.13, 10.20.3.0/16]",
			because: []string{"spec.addresses[1]: " + tooWide},
		},
	}
}

var sharedAddressRules = []rule{{
	name: "sharedAddress is yes or no", accepted: "spec.sharedAddress: yes", refused: `spec.sharedAddress: "yes"`,
	because: []string{"spec.sharedAddress: must be of type boolean"},
}}

var assetYAMLRules = []rule{
	{
		name: "a firmware version that is a number needs quotes", accepted: `spec.firmware: "2.9"`, refused: "spec.firmware: 2.9",
		because: []string{"spec.firmware: must be of type string"},
	},
	{name: "a firmware version with two dots needs none", accepted: "spec.firmware: 2.9.1"},
	{
		name: "a tag that is a number needs quotes", accepted: `spec.tag: "0815"`, refused: "spec.tag: 0815",
		because: []string{"spec.tag: must be of type string"},
	},
	{
		name: "a model that is a number needs quotes", accepted: `spec.model: "1214"`, refused: "spec.model: 1214",
		because: []string{"spec.model: must be of type string"},
	},
	{
		name: "a location that is a number needs quotes", accepted: `spec.location: "12"`, refused: "spec.location: 12",
		because: []string{"spec.location: must be of type string"},
	},
}

func assetStatusRules() []rule {
	return slices.Concat(commonStatusRules(), lastGoodRules(assetBase), spentRules())
}

func spentRules() []rule {
	return under("status.lastGood: {generation: 1, spec: {tag: a, addresses: [10.20.2.13], role: PLC}}",
		list("status.lastGood.spent", "5b0ac8a4-4d1a-4c2a-9f0b-%012d", 0, 32))
}
