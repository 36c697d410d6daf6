// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"slices"
	"strings"
)

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
		{name: "Kind", kind: "string", value: "VendorAccessWindow"},
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
		approvedKindRules(),
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

// specHash is that of some object.
const specHash = "spec.of.specHash: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// approvedKindRules are about what is decided on: of a Zone, Conduit or Asset it is a spec that
// somebody has read, and the decision is for good.
func approvedKindRules() []rule {
	hashGoes := []string{"spec.of: specHash goes with a Zone, Conduit or Asset, and is needed there: its status and kubectl zonewarden plan print it"}
	forGood := []string{"spec: what a Zone, Conduit or Asset opens is approved or denied, for good: leave until out, and to end it change the object"}
	pattern := []string{"spec.of.specHash: should match '^sha256:[0-9a-f]{64}$'"}
	out := []rule{
		{name: "a window has no hash of its spec", accepted: "spec.of.kind: VendorAccessWindow", refused: specHash, because: hashGoes},
		{name: "a hash is not empty", accepted: "spec.of.kind: Zone\n" + specHash, refused: "spec.of.kind: Zone\nspec.of.specHash: \"\"", because: pattern},
		{name: "a hash says by what it was made", accepted: "spec.of.kind: Zone\n" + specHash, refused: "spec.of.kind: Zone\n" + strings.Replace(specHash, "sha256:", "sha512:", 1), because: pattern},
		{
			name: "a hash has 64 digits", accepted: "spec.of.kind: Zone\n" + specHash, refused: "spec.of.kind: Zone\n" + specHash + "0",
			because: []string{"spec.of.specHash: may not be more than 71 bytes"},
		},
	}
	all := choice("spec.of.kind", "VendorAccessWindow", "Zone", "Conduit", "Asset")
	out = append(out, all[0])
	for _, r := range all[1:] {
		of := r.accepted + "\n" + specHash
		out = append(
			out, under(specHash, []rule{r})[0],
			rule{name: r.name + " with the hash of what was read", accepted: of, refused: r.accepted, because: hashGoes},
			rule{name: r.name + ", which is denied for good", accepted: of + "\nspec.decision: Deny", refused: of + "\nspec.decision: Revoke", because: forGood},
			rule{name: r.name + ", which nobody arms", accepted: of, refused: of + "\nspec.decision: Arm", because: forGood},
			rule{name: r.name + ", which is approved for good", accepted: of, refused: of + "\nspec.until: 2026-11-23T13:00", because: forGood},
		)
	}
	return out
}
