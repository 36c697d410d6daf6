// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/evidence"
)

// The nodes of these tests: one that reports, and one that does not.

func node(name string, zones ...v1alpha1.NodeZoneReport) evidence.Node {
	return evidence.Node{Name: name, Report: &v1alpha1.NodeReportStatus{
		PolicyAgent: v1alpha1.PolicyAgentUp, FlowTable: v1alpha1.FlowTableKernel, Zones: zones,
	}}
}

func silent(name string) evidence.Node { return evidence.Node{Name: name} }

// down is a node whose policy agent does not answer.
func down(n evidence.Node) evidence.Node {
	n.Report.PolicyAgent = v1alpha1.PolicyAgentDown
	return n
}

// unsure is a node whose policy agent cannot be asked.
func unsure(n evidence.Node) evidence.Node {
	n.Report.PolicyAgent = v1alpha1.PolicyAgentUnknown
	return n
}

func powerless(n evidence.Node) evidence.Node {
	n.Report.FlowTable = v1alpha1.FlowTableNone
	return n
}

func cell(result v1alpha1.ProbeResult) v1alpha1.NodeZoneReport {
	z := v1alpha1.NodeZoneReport{
		Name: "cell", Result: result, MustPass: "cell/a -> cell/b 502/TCP: stopped", MustNotPass: "office/c -> cell/b 502/TCP: passed",
	}
	if result == v1alpha1.ProbeUnknown {
		z.Message = "no pod listens"
	}
	return z
}

func answering(value string, z v1alpha1.NodeZoneReport) v1alpha1.NodeZoneReport {
	z.Answers = value
	return z
}

func other(result v1alpha1.ProbeResult) v1alpha1.NodeZoneReport {
	z := cell(result)
	z.Name = "other"
	return z
}

var (
	verified = cell(v1alpha1.ProbeVerified)
	leaking  = cell(v1alpha1.ProbeLeaking)
	cut      = cell(v1alpha1.ProbeCut)
	untried  = cell(v1alpha1.ProbeUnknown)
)

const (
	isTrue    = metav1.ConditionTrue
	isFalse   = metav1.ConditionFalse
	isUnknown = metav1.ConditionUnknown
)

// row is one line of the table: nodes, and what is to come of them.
type row struct {
	name   string
	nodes  []evidence.Node
	status metav1.ConditionStatus
	reason string
	// says is what the message holds among others.
	says string
}

func zoneRows() []row {
	return slices.Concat(unknownRows(), failedRows(), trueRows())
}

func unknownRows() []row {
	return []row{
		{"a cluster without nodes", nil, isUnknown, v1alpha1.ReasonNoNodeAgent, "no packet was tried"},
		{"no node reports", []evidence.Node{silent("a"), silent("b")}, isUnknown, v1alpha1.ReasonNoNodeAgent, "no packet was tried"},
		{"one of two is silent", []evidence.Node{silent("b"), node("a", verified)}, isUnknown, v1alpha1.ReasonNodeAgentSilent, "not b"},
		{
			"more are silent than are named",
			[]evidence.Node{silent("e"), silent("d"), silent("c"), silent("b"), silent("f"), node("a", verified)},
			isUnknown, v1alpha1.ReasonNodeAgentSilent, "not b, c, d and 2 more",
		},
		{"a silent node outweighs one that did not try", []evidence.Node{node("a", untried), silent("b")}, isUnknown, v1alpha1.ReasonNodeAgentSilent, "not b"},
		{"no node has members", []evidence.Node{node("a"), node("b", other(v1alpha1.ProbeVerified))}, isUnknown, v1alpha1.ReasonNothingToProbe, "no node has enforced members"},
		{"nothing could be tried", []evidence.Node{node("a", untried)}, isUnknown, v1alpha1.ReasonNothingToProbe, "on a: no pod listens"},
		{"tried on one node of two", []evidence.Node{node("a", verified), node("b", untried)}, isUnknown, v1alpha1.ReasonNothingToProbe, "on b: no pod listens"},
	}
}

func failedRows() []row {
	return []row{
		{"a leak", []evidence.Node{node("a", verified), node("b", leaking)}, isFalse, v1alpha1.ReasonLeaking, "on b: office/c -> cell/b 502/TCP: passed"},
		{"a leak on several nodes", []evidence.Node{node("b", leaking), node("a", leaking)}, isFalse, v1alpha1.ReasonLeaking, "on a, b: office/c"},
		{"a leak beside silent nodes", []evidence.Node{node("a", leaking), silent("b")}, isFalse, v1alpha1.ReasonLeaking, "on a"},
		{"a leak beside a node that did not try", []evidence.Node{node("a", untried), node("b", leaking)}, isFalse, v1alpha1.ReasonLeaking, "on b"},
		{"a leak outweighs a cut", []evidence.Node{node("a", cut), node("b", leaking)}, isFalse, v1alpha1.ReasonLeaking, "on b"},
		{"a leak outweighs a dead policy agent", []evidence.Node{down(node("a", leaking))}, isFalse, v1alpha1.ReasonLeaking, "on a"},
		{"a cut", []evidence.Node{node("a", cut)}, isFalse, v1alpha1.ReasonCut, "on a: cell/a -> cell/b 502/TCP: stopped"},
		{"a cut beside silent nodes", []evidence.Node{node("a", cut), silent("b")}, isFalse, v1alpha1.ReasonCut, "on a"},
		{"a cut outweighs a dead policy agent", []evidence.Node{node("a", cut), down(node("b", verified))}, isFalse, v1alpha1.ReasonCut, "on a"},
		{"a report without words", []evidence.Node{node("a", v1alpha1.NodeZoneReport{Name: "cell", Result: v1alpha1.ProbeCut})}, isFalse, v1alpha1.ReasonCut, "see its NodeReport"},
		{"no policy agent where the members are", []evidence.Node{node("a", verified), down(node("b", verified))}, isFalse, v1alpha1.ReasonPolicyAgentDown, "on b:"},
		{"no policy agent on the only node that reports", []evidence.Node{down(node("a", verified)), silent("b")}, isFalse, v1alpha1.ReasonPolicyAgentDown, "on a:"},
		{"no policy agent, and nobody has members", []evidence.Node{node("a"), down(node("b"))}, isFalse, v1alpha1.ReasonPolicyAgentDown, "on b:"},
	}
}

func trueRows() []row {
	return []row{
		{"seen on the only node", []evidence.Node{node("a", verified)}, isTrue, v1alpha1.ReasonSeenByPackets, "on every node with members"},
		{"seen on both", []evidence.Node{node("a", verified), node("b", verified)}, isTrue, v1alpha1.ReasonSeenByPackets, ""},
		{"seen where the members are", []evidence.Node{node("a", verified), node("b")}, isTrue, v1alpha1.ReasonSeenByPackets, ""},
		{"another zone leaks", []evidence.Node{node("a", verified, other(v1alpha1.ProbeLeaking))}, isTrue, v1alpha1.ReasonSeenByPackets, ""},
		{"no policy agent where no members are", []evidence.Node{node("a", verified), down(node("b"))}, isTrue, v1alpha1.ReasonSeenByPackets, ""},
		{"a policy agent that cannot be asked", []evidence.Node{unsure(node("a", verified))}, isTrue, v1alpha1.ReasonSeenByPackets, ""},
		{"nobody who ends flows", []evidence.Node{powerless(node("a", verified))}, isTrue, v1alpha1.ReasonSeenByPackets, ""},
	}
}

func check(t *testing.T, want row, got evidence.Judgement) {
	t.Helper()
	if got.Status != want.status || got.Reason != want.reason || !strings.Contains(got.Message, want.says) {
		t.Errorf("got %s/%s %q\nwant %s/%s %q", got.Status, got.Reason, got.Message, want.status, want.reason, want.says)
	}
}

func TestAZoneIsJudgedByWhatTheNodesSaw(t *testing.T) {
	t.Parallel()
	for _, r := range zoneRows() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			check(t, r, evidence.New(r.nodes).Zone(evidence.Zone{Name: "cell", Workloads: true, Enforce: true}))
		})
	}
}

// TestWhatCannotBeSeenIsUnknown: these say so whoever reports what.
func TestWhatCannotBeSeenIsUnknown(t *testing.T) {
	t.Parallel()
	for _, r := range zoneRows() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			e := evidence.New(r.nodes)
			observing := e.Zone(evidence.Zone{Name: "cell", Workloads: true})
			check(t, row{status: isUnknown, reason: v1alpha1.ReasonObserving}, observing)
			devices := e.Zone(evidence.Zone{Name: "cell", Enforce: true})
			check(t, row{status: isUnknown, reason: v1alpha1.ReasonDevicesOnly}, devices)
		})
	}
}

func TestTheOrderOfNodesChangesNothing(t *testing.T) {
	t.Parallel()
	for _, r := range zoneRows() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			zone := evidence.Zone{Name: "cell", Workloads: true, Enforce: true, Asked: "now"}
			backwards := slices.Clone(r.nodes)
			slices.Reverse(backwards)
			one, two := evidence.New(r.nodes), evidence.New(backwards)
			if diff := cmp.Diff(one.Zone(zone), two.Zone(zone)); diff != "" {
				t.Errorf("(-one +other)\n%s", diff)
			}
			if diff := cmp.Diff(one.Lingering(), two.Lingering()); diff != "" {
				t.Errorf("(-one +other)\n%s", diff)
			}
		})
	}
}

func TestARequestIsAnsweredWhenEveryNodeWithMembersDid(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", v1alpha1.VerifyMaxLength)
	for _, test := range []struct {
		name  string
		asked string
		nodes []evidence.Node
		says  string // how the message ends
	}{
		{"not asked", "", []evidence.Node{node("a", answering("before", verified))}, "did not"},
		{"asked", "7", []evidence.Node{node("a", answering("6", verified)), node("b", verified), node("c")}, "; zonewarden.io/verify=7 is not answered yet on a, b"},
		{"one answers", "7", []evidence.Node{node("a", answering("7", verified)), node("b", verified)}, "; zonewarden.io/verify=7 is not answered yet on b"},
		{"both answer", "7", []evidence.Node{node("a", answering("7", verified)), node("b", answering("7", verified))}, "; zonewarden.io/verify=7 is answered"},
		{"a failure is an answer", "7", []evidence.Node{node("a", answering("7", leaking))}, "passed; zonewarden.io/verify=7 is answered"},
		{"nobody can answer", "7", []evidence.Node{node("a")}, "no node has enforced members to try"},
		{"as long as can be", long, []evidence.Node{node("a", answering(long, verified))}, " is answered"},
		{"too long to be answered", long + "a", []evidence.Node{node("a", verified)}, "did not"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := evidence.New(test.nodes).Zone(evidence.Zone{Name: "cell", Workloads: true, Enforce: true, Asked: test.asked})
			if !strings.HasSuffix(got.Message, test.says) {
				t.Errorf("message %q, want it to end with %q", got.Message, test.says)
			}
		})
	}
}

func TestSessionsLingerWhereNobodyEndsThem(t *testing.T) {
	t.Parallel()
	for _, r := range []row{
		{"a cluster without nodes", nil, isTrue, v1alpha1.ReasonNoNodeAgent, "no node has an agent"},
		{"no node reports", []evidence.Node{silent("a"), silent("b")}, isTrue, v1alpha1.ReasonNoNodeAgent, "no node has an agent"},
		{"one is silent", []evidence.Node{node("a"), silent("b")}, isTrue, v1alpha1.ReasonNoNodeAgent, "on b:"},
		{"one sees no flows", []evidence.Node{powerless(node("a")), node("b")}, isTrue, v1alpha1.ReasonNoNodeAgent, "on a:"},
		{"none sees flows", []evidence.Node{powerless(node("a"))}, isTrue, v1alpha1.ReasonNoNodeAgent, "no node has an agent"},
		{
			"more than are named",
			[]evidence.Node{silent("a"), silent("b"), powerless(node("c")), silent("d"), node("e")},
			isTrue, v1alpha1.ReasonNoNodeAgent, "on a, b, c and 1 more:",
		},
		{"every node ends them", []evidence.Node{node("a"), node("b")}, isFalse, v1alpha1.ReasonNodeAgents, "every node"},
		{"also without a policy agent", []evidence.Node{down(node("a", leaking))}, isFalse, v1alpha1.ReasonNodeAgents, "every node"},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			check(t, r, evidence.New(r.nodes).Lingering())
		})
	}
}

func TestOutsideFlowsOfEveryNode(t *testing.T) {
	t.Parallel()
	one, two := node("a"), node("b")
	one.Report.OutsideFlows = []v1alpha1.OutsideFlow{{Pod: "cell/a"}, {Pod: "cell/b"}}
	two.Report.OutsideFlows, two.Report.MoreOutsideFlows = []v1alpha1.OutsideFlow{{Pod: "cell/c"}}, true
	all, partly := evidence.New([]evidence.Node{silent("c"), two, one}).Outside()
	if diff := cmp.Diff([]v1alpha1.OutsideFlow{{Pod: "cell/a"}, {Pod: "cell/b"}, {Pod: "cell/c"}}, all); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b"}, partly); diff != "" {
		t.Errorf("nodes with more (-want +got)\n%s", diff)
	}
}
