// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import "slices"

var lockKind = kind{
	name:      "AccessLock",
	resource:  "accesslocks",
	shortName: "lock",
	base: `
apiVersion: zonewarden.io/v1alpha1
kind: AccessLock
metadata: {name: acme-out}
spec: {vendor: acme-drives, reason: strange traffic, by: shift-1}
`,
	rules:  lockRules,
	status: commonStatusRules,
	updates: func() []rule {
		return unchangeable("a lock does not change: make another, then delete this one",
			"spec.reason: nothing", "spec.vendor: other", "spec: {person: tech-1, reason: strange traffic, by: shift-1}")
	},
	columns: []column{
		{name: "Vendor", kind: "string", value: "acme-drives"},
		{name: "Person", kind: "string"},
		{name: "Zone", kind: "string"},
		{name: "Everything", kind: "boolean"},
		{name: "By", kind: "string", value: "shift-1"},
		{name: "Windows", kind: "integer", value: int64(2)},
		{name: "Why", kind: "string", value: "strange traffic"},
		{name: "Age", kind: "date"},
	},
	sampleStatus: "status.windows: 2",
	defaults:     "{vendor: acme-drives, reason: strange traffic, by: shift-1}",
}

func lockRules() []rule {
	one := []string{"spec: a lock is of one thing: give one of vendor, person, zone, everything: true"}
	const nothing = "spec.vendor: null\n"
	return slices.Concat(
		required("spec", "spec.reason", "spec.by"),
		text("spec.vendor", 1, 63),
		under("spec.vendor: null", text("spec.person", 1, 340), text("spec.zone", 1, 63)),
		text("spec.reason", 1, 1024),
		text("spec.by", 1, 340),
		[]rule{
			{name: "a lock is of something", accepted: nothing + "spec.everything: true", refused: nothing, because: one},
			{name: "a lock of everything says so", accepted: nothing + "spec.everything: true", refused: nothing + "spec.everything: false", because: one},
			{name: "a lock is not of a vendor and a person", accepted: nothing + "spec.person: tech-1", refused: "spec.person: tech-1", because: one},
			{name: "a lock is not of a vendor and a zone", accepted: nothing + "spec.zone: cell-1", refused: "spec.zone: cell-1", because: one},
			{name: "a lock is not of everything and a vendor", accepted: "spec.everything: false", refused: "spec.everything: true", because: one},
			{
				name: "everything has no quotes", accepted: nothing + "spec.everything: true", refused: nothing + `spec.everything: "true"`,
				because: []string{"spec.everything: must be of type boolean"},
			},
		},
	)
}
