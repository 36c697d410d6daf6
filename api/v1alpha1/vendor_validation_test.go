// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import "slices"

var vendorKind = kind{
	name:      "Vendor",
	resource:  "vendors",
	shortName: "vnd",
	base: `
apiVersion: zonewarden.io/v1alpha1
kind: Vendor
metadata: {name: acme-drives}
spec:
  company: Acme Drives Service
  people: [{user: tech-1@acme.example, name: A. Technician}]
  contractEnd: 2027-06-30
`,
	rules:  vendorRules,
	status: commonStatusRules,
	columns: []column{
		{name: "Company", kind: "string", value: "Acme Drives Service"},
		{name: "Contract-End", kind: "string", value: "2027-06-30"},
		{name: "Zones", kind: "string"},
		{name: "Open", kind: "integer", value: int64(1)},
		{name: "Waiting", kind: "integer", value: int64(2)},
		{name: "Accepted", kind: "string", value: "True"},
		{name: "Age", kind: "date"},
	},
	revision:     "spec.zones: [cell-pumping]",
	sampleStatus: "status: {open: 1, waiting: 2}",
	defaults: `
company: Acme Drives Service
people: [{user: tech-1@acme.example, name: A. Technician}]
contractEnd: "2027-06-30"
`,
}

func vendorRules() []rule {
	return slices.Concat(
		objectName("the name of a Vendor is at most 63 characters long and has no dots, because labels are made of it"),
		required("spec", "spec.company", "spec.people", "spec.contractEnd"),
		text("spec.company", 1, 256),
		list("spec.people", "{user: tech-%d, name: T}", 1, 64),
		[]rule{{
			name: "a person is there once", accepted: "spec.people: [{user: a, name: T}, {user: b, name: T}]",
			refused: "spec.people: [{user: a, name: T}, {user: a, name: U}]", because: []string{"spec.people[1]: Duplicate value"},
		}},
		required("spec.people[0].user", "spec.people[0].name"),
		person("spec.people[0].user"),
		text("spec.people[0].name", 1, 256),
		text("spec.people[0].contact", 0, 256),
		date("spec.contractEnd"),
		set("spec.zones", "zone-%d", 0, 64),
		text("spec.zones[0]", 1, 63),
	)
}
