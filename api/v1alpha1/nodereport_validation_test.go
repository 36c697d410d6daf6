// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

const nodeReportBase = `
apiVersion: zonewarden.io/v1alpha1
kind: NodeReport
metadata: {name: edge-1}
status:
  renewTime: "2027-06-30T12:00:00.000000Z"
  policyAgent: Up
  flowTable: Cilium
`

// oneZone and oneFlow make room for rules about an entry.
const (
	oneZone = "status.zones: [{name: filtration, result: Verified}]"
	outside = "status.outsideFlows: [{pod: ww/hmi, direction: Out, address: 10.9.9.9, port: 443/TCP}]"
	oneFlow = `status.lastEnded: [{time: "2027-06-30T12:00:00Z", source: ww/hmi, destination: 10.20.2.13, port: 502/TCP}]`
)

var nodeReportKind = kind{
	name:      "NodeReport",
	resource:  "nodereports",
	shortName: "nr",
	base:      nodeReportBase,
	rules:     nodeReportRules,
	status:    func() []rule { return nil },
	columns: []column{
		{name: "Flow-Table", kind: "string", value: "Cilium"},
		{name: "Policy-Agent", kind: "string", value: "Up"},
		{name: "Verified", kind: "integer", value: int64(2)},
		{name: "Failed", kind: "integer", value: int64(1)},
		{name: "Ended", kind: "integer", value: int64(3)},
		{name: "Renewed", kind: "date", wide: true},
		{name: "Age", kind: "date"},
	},
	sampleStatus: `
status.verified: 2
status.failed: 1
status.endedFlows: 3
`,
}

func nodeReportRules() []rule {
	return slices.Concat(
		[]rule{{name: "the name is as long as that of a node", accepted: "metadata.name: " + strings.Repeat("n", 253)}},
		required("status", "status.renewTime", "status.policyAgent", "status.flowTable"),
		instant("status.renewTime"),
		choice("status.policyAgent", "Up", "Down", "Unknown"),
		text("status.policyAgentMessage", 0, 512),
		choice("status.flowTable", "Cilium", "Kernel", "None"),
		text("status.flowTableMessage", 0, 512),
		notNegative("status.verified"), notNegative("status.failed"), notNegative("status.endedFlows"),
		list("status.zones", "{name: z%d, result: Verified}", 0, 500),
		[]rule{{
			name:     "a zone is reported once",
			accepted: "status.zones: [{name: a, result: Cut}, {name: b, result: Cut}]",
			refused:  "status.zones: [{name: a, result: Cut}, {name: a, result: Verified}]",
			because:  []string{"status.zones[1]: Duplicate value"},
		}},
		under(oneZone,
			required("status.zones[0].name", "status.zones[0].result"),
			text("status.zones[0].name", 1, 63),
			choice("status.zones[0].result", "Verified", "Leaking", "Cut", "Unknown"),
			text("status.zones[0].message", 0, 256),
			text("status.zones[0].mustPass", 0, 512),
			text("status.zones[0].mustNotPass", 0, 512),
			instant("status.zones[0].probedAt"),
			text("status.zones[0].answers", 0, v1alpha1.VerifyMaxLength)),
		list("status.lastEnded", `{time: "2027-06-30T12:00:00Z", source: a%d, destination: b, port: 502/TCP}`, 0, 16),
		under(oneFlow,
			required("status.lastEnded[0].time", "status.lastEnded[0].source", "status.lastEnded[0].destination", "status.lastEnded[0].port"),
			instant("status.lastEnded[0].time"),
			text("status.lastEnded[0].source", 0, 317),
			text("status.lastEnded[0].destination", 0, 317),
			text("status.lastEnded[0].port", 0, 16),
			text("status.lastEnded[0].closed", 0, 317)),
		list("status.outsideFlows", "{pod: ww/p%d, direction: In, address: 10.9.9.9, port: 502/TCP}", 0, 64),
		under(outside,
			required("status.outsideFlows[0].pod", "status.outsideFlows[0].direction", "status.outsideFlows[0].address", "status.outsideFlows[0].port"),
			text("status.outsideFlows[0].pod", 0, 317),
			choice("status.outsideFlows[0].direction", "In", "Out"),
			text("status.outsideFlows[0].address", 0, 45),
			text("status.outsideFlows[0].port", 0, 16)),
	)
}

// instant says that a field is a point in time.
func instant(field string) []rule {
	return []rule{{
		name: field + " has date and time", accepted: field + `: "2027-06-30T12:00:00Z"`, refused: field + ": 2027-06-30",
		because: []string{field + ": must be of type date-time"},
	}}
}

// notNegative says that a field is a count.
func notNegative(field string) []rule {
	return []rule{{
		name: field + " is not negative", accepted: field + ": 0", refused: field + ": -1",
		because: []string{field + ": should be greater than or equal to 0"},
	}}
}

// TestReportIsOneWrite applies a report as its type has it, status and all.
func TestReportIsOneWrite(t *testing.T) {
	nodeReportKind.create(t, oneZone)
	report := v1alpha1.NodeReport{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "NodeReport"},
		ObjectMeta: metav1.ObjectMeta{Name: "edge-1"},
		Status: v1alpha1.NodeReportStatus{
			RenewTime:   metav1.NewMicroTime(time.Date(2027, time.June, 30, 12, 0, 15, 0, time.UTC)),
			PolicyAgent: v1alpha1.PolicyAgentDown, FlowTable: v1alpha1.FlowTableNone,
			// Never probed: the time has to go unmentioned.
			Zones: []v1alpha1.NodeZoneReport{{Name: "filtration", Result: v1alpha1.ProbeUnknown, Message: "no pods yet"}},
		},
	}
	content, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	options := metav1.PatchOptions{FieldManager: "zonewarden-node", Force: new(true), FieldValidation: metav1.FieldValidationStrict}
	if _, err := nodeReportKind.client().Patch(t.Context(), "edge-1", types.ApplyPatchType, content, options); err != nil {
		t.Fatal(err)
	}
	status, _ := plain(t, nodeReportKind.read(t, "edge-1").Object["status"]).(map[string]any)
	want := []any{map[string]any{"name": "filtration", "result": "Unknown", "message": "no pods yet"}}
	if diff := cmp.Diff(want, status["zones"]); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}
	if got := fmt.Sprintf("%s, %s", status["policyAgent"], status["flowTable"]); got != "Down, None" {
		t.Errorf("policy agent and flow table: %s", got)
	}
	_, err = nodeReportKind.client().Get(t.Context(), "edge-1", metav1.GetOptions{}, "status")
	if !apierrors.IsNotFound(err) {
		t.Errorf("there is a status subresource: %v", err)
	}
}
