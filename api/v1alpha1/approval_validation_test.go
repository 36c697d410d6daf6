// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import "slices"

var approvalKind = kind{
	name:      "Approval",
	resource:  "approvals",
	shortName: "apv",
	base: `
apiVersion: zonewarden.io/v1alpha1
kind: Approval
metadata: {name: acme-drives-1}
spec:
  of: {kind: VendorAccessWindow, name: acme-drives, uid: 5b0ac8a4-4d1a-4c2a-9f0b-0f2d3c4b5a69, generation: 1}
  requester: planner-1
  approver: shift-1
  decision: Approve
`,
	rules:  approvalRules,
	status: commonStatusRules,
	updates: func() []rule {
		return unchangeable("an approval does not change: to extend, approve again; to end, revoke",
			"spec.decision: Deny", "spec.until: 2026-11-23T13:00", "spec.reason: second thoughts", "spec.of.generation: 2",
			"spec.of.uid: 5b0ac8a4-4d1a-4c2a-9f0b-0f2d3c4b5a60", "spec.approver: shift-2", "spec.factors: [otp]")
	},
	columns: []column{
		{name: "Of", kind: "string", value: "acme-drives"},
		{name: "Decision", kind: "string", value: "Approve"},
		{name: "Approver", kind: "string", value: "shift-1"},
		{name: "Until", kind: "string"},
		{name: "Accepted", kind: "string", value: "True"},
		{name: "Requester", kind: "string", wide: true, value: "planner-1"},
		{name: "Why", kind: "string", wide: true},
		{name: "Age", kind: "date"},
	},
	sampleStatus: "status.observedGeneration: 1",
	defaults: `
of: {kind: VendorAccessWindow, name: acme-drives, uid: 5b0ac8a4-4d1a-4c2a-9f0b-0f2d3c4b5a69, generation: 1}
requester: planner-1
approver: shift-1
decision: Approve
`,
}

func approvalRules() []rule {
	untilNot := []string{"spec: until goes with Approve and Arm only: Deny and Revoke are for good"}
	differ := []string{"spec: approver and requester must differ: nobody decides on what they asked for themselves; to withdraw a request, delete it"}
	const until = "\nspec.until: 2026-11-23T13:00"
	return slices.Concat(
		required("spec", "spec.of", "spec.requester", "spec.approver", "spec.decision"),
		required("spec.of.kind", "spec.of.name", "spec.of.uid", "spec.of.generation"),
		choice("spec.of.kind", "VendorAccessWindow"),
		text("spec.of.name", 1, 63),
		uid("spec.of.uid"),
		number("spec.of.generation", 1, 1<<40)[:1],
		text("spec.requester", 1, 340),
		text("spec.approver", 1, 340),
		choice("spec.decision", "Approve", "Deny", "Revoke", "Arm"),
		moment("spec.until"),
		set("spec.factors", "factor-%d", 0, 8),
		text("spec.factors[0]", 1, 32),
		text("spec.reason", 0, 1024),
		[]rule{
			{name: "nobody approves for themselves", accepted: "spec.approver: shift-2", refused: "spec.approver: planner-1", because: differ},
			{name: "nobody revokes for themselves", accepted: "spec.decision: Revoke", refused: "spec.decision: Revoke\nspec.requester: shift-1", because: differ},
			{name: "Deny is for good", accepted: "spec.decision: Deny", refused: "spec.decision: Deny" + until, because: untilNot},
			{name: "Revoke is for good", accepted: "spec.decision: Revoke", refused: "spec.decision: Revoke" + until, because: untilNot},
			{name: "Arm may be until", accepted: "spec.decision: Arm" + until},
		},
	)
}
