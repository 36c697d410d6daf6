// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"slices"
	"testing"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

func TestZone(t *testing.T) {
	t.Parallel()
	verified := func(status metav1.ConditionStatus, reason string) v1alpha1.Status {
		return written(said(v1alpha1.ConditionEnforcementVerified, status, reason, "packets"))
	}
	runStates(t, "Zone", slices.Concat(everyKind(), notWritten(), []state{
		{name: "enforced", status: written(), is: health.HealthStatusHealthy, says: []string{"Programmed: yes"}},
		{
			name: "observing", status: accepted(yes(v1alpha1.ConditionProgrammed, v1alpha1.ReasonObserving)),
			is: health.HealthStatusHealthy, says: []string{"Observing"},
		},
		{
			name: "devices only", status: accepted(no(v1alpha1.ConditionProgrammed, v1alpha1.ReasonDevicesOnly)),
			is: health.HealthStatusHealthy, says: []string{"DevicesOnly"},
		},
		{name: "seen by packets", status: verified(metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets), is: health.HealthStatusHealthy},
		{name: "tried by nobody", status: verified(metav1.ConditionUnknown, v1alpha1.ReasonNoNodeAgent), is: health.HealthStatusHealthy},
		{name: "leaks", status: verified(metav1.ConditionFalse, v1alpha1.ReasonLeaking), is: health.HealthStatusDegraded, says: []string{"Leaking"}},
		{name: "is cut", status: verified(metav1.ConditionFalse, v1alpha1.ReasonCut), is: health.HealthStatusDegraded, says: []string{"Cut"}},
		{
			name: "a node's policy agent is down", status: verified(metav1.ConditionFalse, v1alpha1.ReasonPolicyAgentDown),
			is: health.HealthStatusProgressing, says: []string{"PolicyAgentDown"},
		},
		{
			name: "exposed by others", status: written(yes(v1alpha1.ConditionExposed, v1alpha1.ReasonHostNetwork)),
			is: health.HealthStatusHealthy, says: []string{"Exposed=True", "HostNetwork: yes"},
		},
	}))
}

func TestConduit(t *testing.T) {
	t.Parallel()
	runStates(t, "Conduit", slices.Concat(everyKind(), notWritten(), []state{
		{name: "written", status: written(), is: health.HealthStatusHealthy, says: []string{"Programmed: yes"}},
		{
			name: "between devices", status: accepted(no(v1alpha1.ConditionProgrammed, v1alpha1.ReasonNoEnforcementPoint)),
			is: health.HealthStatusHealthy, says: []string{"NoEnforcementPoint"},
		},
		{
			name: "suspended", status: accepted(no(v1alpha1.ConditionProgrammed, v1alpha1.ReasonSuspended),
				yes(v1alpha1.ConditionSessionsMayLinger, v1alpha1.ReasonNoNodeAgent)),
			is: health.HealthStatusHealthy, says: []string{"Suspended", "SessionsMayLinger=True", "NoNodeAgent"},
		},
		{
			name: "blocked by others", status: written(yes(v1alpha1.ConditionBlocked, v1alpha1.ReasonForeignDeny)),
			is: health.HealthStatusDegraded, says: []string{"ForeignDeny"},
		},
		{
			name: "a bad edit of what is in force", status: written(said(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonLevelSkip,
				"the last accepted version stays in force: spec.responders[0].zone: skips L3")),
			is: health.HealthStatusDegraded, says: []string{"LevelSkip", "stays in force"},
		},
	}))
}

func TestAsset(t *testing.T) {
	t.Parallel()
	runStates(t, "Asset", append(everyKind(),
		state{name: "in a zone", status: v1alpha1.AssetStatus{Status: accepted(), Zone: "cell"}, is: health.HealthStatusHealthy, says: []string{"in zone cell"}},
		state{name: "in no zone", status: v1alpha1.AssetStatus{Status: accepted()}, is: health.HealthStatusHealthy, says: []string{"in no zone"}}))

	type labels = map[string]string
	with := func(accepted labels, status v1alpha1.Status) v1alpha1.AssetStatus {
		return v1alpha1.AssetStatus{Status: status, Zone: "cell", LastGood: &v1alpha1.AssetLastGood{Generation: 1, Labels: accepted}}
	}
	const looks = "not looked at these labels"
	runStates(t, "Asset", []state{
		{name: "its labels were looked at", labels: labels{"in": "cell"}, status: with(labels{"in": "cell"}, accepted()), is: health.HealthStatusHealthy, says: []string{"in zone cell"}},
		{name: "it has none, and that was looked at", status: with(labels{}, accepted()), is: health.HealthStatusHealthy},
		{name: "a label more", labels: labels{"in": "cell", "of": "ada"}, status: with(labels{"in": "cell"}, accepted()), is: health.HealthStatusProgressing, says: []string{looks}},
		{name: "its first label", labels: labels{"in": "cell"}, status: with(labels{}, accepted()), is: health.HealthStatusProgressing, says: []string{looks}},
		{name: "another label", labels: labels{"in": "room"}, status: with(labels{"in": "cell"}, accepted()), is: health.HealthStatusProgressing, says: []string{looks}},
		{name: "a label less", labels: labels{"in": "cell"}, status: with(labels{"in": "cell", "of": "ada"}, accepted()), is: health.HealthStatusProgressing, says: []string{looks}},
		{name: "no label any more", status: with(labels{"in": "cell"}, accepted()), is: health.HealthStatusProgressing, says: []string{looks}},
		{name: "accepted before labels were kept", labels: labels{"in": "cell"}, status: with(nil, accepted()), is: health.HealthStatusHealthy, says: []string{"in zone cell"}},
		{
			name: "its labels wait for somebody to approve them", labels: labels{"in": "room"}, status: with(labels{"in": "cell"}, accepted(no(v1alpha1.ConditionAccepted, v1alpha1.ReasonAwaitingApproval))),
			is: health.HealthStatusSuspended, says: []string{"AwaitingApproval: no"},
		},
		{
			name: "its labels are refused", labels: labels{"in": "room"}, status: with(labels{"in": "cell"}, accepted(no(v1alpha1.ConditionAccepted, v1alpha1.ReasonInvalid))),
			is: health.HealthStatusDegraded, says: []string{"Invalid: no"},
		},
	})
}

func TestSite(t *testing.T) {
	t.Parallel()
	runStates(t, "Site", slices.Concat(everyKind(), notWritten(), []state{
		{
			name: "as declared", status: written(yes(v1alpha1.ConditionGuarded, v1alpha1.ReasonGuarded)),
			is: health.HealthStatusHealthy, says: []string{"Programmed: yes"},
		},
		{
			name: "no guard asked for", status: written(no(v1alpha1.ConditionGuarded, v1alpha1.ReasonNoGuard)),
			is: health.HealthStatusHealthy, says: []string{"NoGuard"},
		},
		{name: "guard changed", status: written(no(v1alpha1.ConditionGuarded, v1alpha1.ReasonGuardChanged)), is: health.HealthStatusDegraded, says: []string{"GuardChanged"}},
		{name: "no such guard", status: written(no(v1alpha1.ConditionGuarded, v1alpha1.ReasonGuardUnavailable)), is: health.HealthStatusDegraded},
		{name: "full", status: written(no(v1alpha1.ConditionWithinBudget, v1alpha1.ReasonBudgetExceeded)), is: health.HealthStatusDegraded, says: []string{"BudgetExceeded"}},
		{name: "nearly full", status: written(yes(v1alpha1.ConditionWithinBudget, v1alpha1.ReasonBudgetNear)), is: health.HealthStatusHealthy},
		{name: "something is held", status: written(yes(v1alpha1.ConditionPruneHeld, v1alpha1.ReasonOrphaned)), is: health.HealthStatusDegraded, says: []string{"Orphaned"}},
		{
			name: "no vendor access", status: written(no(v1alpha1.ConditionClockTrusted, v1alpha1.ReasonClockNotSynchronised),
				no(v1alpha1.ConditionAuditIntact, v1alpha1.ReasonTrailDamaged)),
			is: health.HealthStatusHealthy, says: []string{"ClockTrusted=False", "NotSynchronised", "AuditIntact=False", "TrailDamaged"},
		},
		{
			name: "others did something", status: written(yes(v1alpha1.ConditionExposed, v1alpha1.ReasonForeignPolicy), yes(v1alpha1.ConditionDrift, v1alpha1.ReasonForeignEdit)),
			is: health.HealthStatusHealthy, says: []string{"Exposed=True", "ForeignPolicy", "DriftReverted=True"},
		},
	}))
}

func TestVendorApprovalAndLock(t *testing.T) {
	t.Parallel()
	runStates(t, "Vendor", append(everyKind(),
		state{name: "let in", status: v1alpha1.VendorStatus{Status: accepted(), Open: 1, Waiting: 2}, is: health.HealthStatusHealthy, says: []string{"1 open, 2 waiting"}}))
	runStates(t, "Approval", append(everyKind(),
		state{name: "counts", status: accepted(), is: health.HealthStatusHealthy, says: []string{"Accepted"}},
		state{
			name: "does not count", status: of(no(v1alpha1.ConditionAccepted, "SelfApproval")),
			is: health.HealthStatusDegraded, says: []string{"SelfApproval"},
		}))
	runStates(t, "AccessLock", append(everyKind(),
		state{name: "locks", status: v1alpha1.AccessLockStatus{Status: accepted(), Windows: 3}, is: health.HealthStatusHealthy, says: []string{"3 windows"}}))
}

func TestNodeReport(t *testing.T) {
	t.Parallel()
	up := v1alpha1.NodeReportStatus{PolicyAgent: v1alpha1.PolicyAgentUp, FlowTable: v1alpha1.FlowTableCilium, Verified: 2}
	with := func(change func(*v1alpha1.NodeReportStatus)) v1alpha1.NodeReportStatus {
		s := up
		change(&s)
		return s
	}
	runStates(t, "NodeReport", []state{
		{name: "new", is: health.HealthStatusProgressing},
		{name: "verified", status: up, generation: 4711, is: health.HealthStatusHealthy, says: []string{"2 zones"}},
		{name: "no flow table", status: with(func(s *v1alpha1.NodeReportStatus) { s.FlowTable = v1alpha1.FlowTableNone }), is: health.HealthStatusHealthy, says: []string{"cannot be ended"}},
		{
			name: "down", status: with(func(s *v1alpha1.NodeReportStatus) {
				s.PolicyAgent, s.PolicyAgentMessage = v1alpha1.PolicyAgentDown, "connection refused"
			}), is: health.HealthStatusDegraded, says: []string{"PolicyAgentDown", "connection refused"},
		},
		{
			name: "leaks", status: with(func(s *v1alpha1.NodeReportStatus) {
				s.Failed = 1
				s.Zones = []v1alpha1.NodeZoneReport{{Name: "a", Result: v1alpha1.ProbeVerified}, {Name: "cell", Result: v1alpha1.ProbeLeaking, MustNotPass: "x -> y: passed"}}
			}), is: health.HealthStatusDegraded, says: []string{"Leaking", "cell", "x -> y: passed"},
		},
		{
			name: "cut", status: with(func(s *v1alpha1.NodeReportStatus) {
				s.Failed = 1
				s.Zones = []v1alpha1.NodeZoneReport{{Name: "cell", Result: v1alpha1.ProbeCut}}
			}), is: health.HealthStatusDegraded, says: []string{"Cut", "cell"},
		},
		{name: "more failed than are listed", status: with(func(s *v1alpha1.NodeReportStatus) { s.Failed = 2 }), is: health.HealthStatusDegraded, says: []string{"2 zones"}},
	})
}
