// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package evidence judges what the node agents saw: whether a zone's enforcement
// is seen by packets, and whether sessions may outlive what admitted them.
//
// It is pure: no client, no clock. Which reports still count is decided by the
// caller. A judgement is made of what was found alone and names nodes in the order
// of their names, so that two looks at the same reports say the same.
package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// maxNames of nodes that a message lists; a count tells the rest.
const maxNames = 3

// Node is a node of the cluster, and what its agent reports.
type Node struct {
	Name string
	// Report is nil when none arrived that still counts.
	Report *v1alpha1.NodeReportStatus
}

// Zone is a zone in force that a judgement is asked about.
type Zone struct {
	Name string
	// Workloads says that it has pods to act at, Enforce that its floor denies.
	Workloads, Enforce bool
	// Asked is the value of the annotation that asks for a probe, "" for none.
	Asked string
}

// Judgement is what a condition says.
type Judgement struct {
	Status          metav1.ConditionStatus
	Reason, Message string
}

// sighting is what one node reports of one zone.
type sighting struct {
	node   *Node
	report *v1alpha1.NodeZoneReport
}

// Evidence is all that the nodes report, by zone. It must not be changed.
type Evidence struct {
	nodes int
	// silent have no report that counts, down a policy agent that does not answer,
	// powerless nobody who can end a live flow.
	silent, down, powerless []string
	zones                   map[string][]sighting
	outside                 []v1alpha1.OutsideFlow
	partly                  []string
}

// New makes evidence of every node of the cluster. The reports are not changed,
// and not copied either.
func New(nodes []Node) *Evidence {
	e := &Evidence{nodes: len(nodes), zones: map[string][]sighting{}}
	sorted := slices.SortedFunc(slices.Values(nodes), func(a, b Node) int { return cmp.Compare(a.Name, b.Name) })
	for i := range sorted {
		n := &sorted[i]
		if n.Report == nil {
			e.silent = append(e.silent, n.Name)
			e.powerless = append(e.powerless, n.Name)
			continue
		}
		if n.Report.PolicyAgent == v1alpha1.PolicyAgentDown {
			e.down = append(e.down, n.Name)
		}
		if n.Report.FlowTable == v1alpha1.FlowTableNone {
			e.powerless = append(e.powerless, n.Name)
		}
		e.outside = append(e.outside, n.Report.OutsideFlows...)
		if n.Report.MoreOutsideFlows {
			e.partly = append(e.partly, n.Name)
		}
		for j := range n.Report.Zones {
			z := &n.Report.Zones[j]
			e.zones[z.Name] = append(e.zones[z.Name], sighting{n, z})
		}
	}
	return e
}

// Zone judges whether a zone's enforcement is seen by packets.
func (e *Evidence) Zone(z Zone) Judgement {
	switch {
	case !z.Workloads:
		return unknown(v1alpha1.ReasonDevicesOnly, "devices only: the zone has no pods that a packet could be tried at")
	case !z.Enforce:
		return unknown(v1alpha1.ReasonObserving, "Observe denies nothing that a packet could show")
	case len(e.silent) == e.nodes:
		return unknown(v1alpha1.ReasonNoNodeAgent, "no node agent reports, so no packet was tried")
	}
	seen := e.zones[z.Name]
	j := e.judge(seen)
	j.Message += answer(z.Asked, seen)
	return j
}

// judge looks at failures first: one packet that went wrong outweighs every node
// that nothing is known of.
func (e *Evidence) judge(seen []sighting) Judgement {
	leaking, cut := having(seen, v1alpha1.ProbeLeaking), having(seen, v1alpha1.ProbeCut)
	verified, down := having(seen, v1alpha1.ProbeVerified), e.downAmong(seen)
	switch {
	case len(leaking) > 0:
		first := leaking[0].report
		return failed(v1alpha1.ReasonLeaking, "what must not pass passed on "+names(nodesOf(leaking))+": "+
			cmp.Or(first.MustNotPass, first.Message, "see its NodeReport"))
	case len(cut) > 0:
		first := cut[0].report
		return failed(v1alpha1.ReasonCut, "what must pass was stopped on "+names(nodesOf(cut))+": "+
			cmp.Or(first.MustPass, first.Message, "see its NodeReport"))
	case len(down) > 0:
		return failed(v1alpha1.ReasonPolicyAgentDown, "the network plugin's policy agent does not answer on "+names(down)+
			": what it was told last goes on, changes do not arrive")
	case len(e.silent) > 0:
		return unknown(v1alpha1.ReasonNodeAgentSilent, "other nodes report, but not "+names(e.silent))
	case len(verified) > 0 && len(verified) == len(seen):
		return Judgement{
			metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets,
			"on every node with members, what must pass passed and what must not did not",
		}
	}
	return nothing(seen)
}

// nothing is the judgement on a zone that could not be tried everywhere.
func nothing(seen []sighting) Judgement {
	for _, s := range seen {
		if s.report.Result != v1alpha1.ProbeVerified {
			return unknown(v1alpha1.ReasonNothingToProbe, "not tried on "+s.node.Name+": "+
				cmp.Or(s.report.Message, "see its NodeReport"))
		}
	}
	return unknown(v1alpha1.ReasonNothingToProbe, "no node has enforced members to try")
}

// downAmong are the nodes without a policy agent that matter to a zone: those that
// report it, or all while none does.
func (e *Evidence) downAmong(seen []sighting) []string {
	if len(seen) == 0 {
		return e.down
	}
	var down []string
	for _, s := range seen {
		if s.node.Report.PolicyAgent == v1alpha1.PolicyAgentDown {
			down = append(down, s.node.Name)
		}
	}
	return down
}

// answer says whether the nodes that have members did what the annotation asks.
func answer(asked string, seen []sighting) string {
	if asked == "" || len(asked) > v1alpha1.VerifyMaxLength || len(seen) == 0 {
		return ""
	}
	var open []string
	for _, s := range seen {
		if s.report.Answers != asked {
			open = append(open, s.node.Name)
		}
	}
	said := fmt.Sprintf("; %s=%s is ", v1alpha1.AnnotationVerify, asked)
	if len(open) == 0 {
		return said + "answered"
	}
	return said + "not answered yet on " + names(open)
}

// Outside returns the flows with addresses outside the cluster that the nodes report,
// and the nodes that have more than they list.
func (e *Evidence) Outside() (all []v1alpha1.OutsideFlow, partly []string) {
	return e.outside, e.partly
}

// Lingering judges whether sessions may outlive what admitted them.
func (e *Evidence) Lingering() Judgement {
	const consequence = ": open sessions may outlive what admitted them"
	switch {
	case len(e.powerless) == e.nodes:
		return Judgement{metav1.ConditionTrue, v1alpha1.ReasonNoNodeAgent, "no node has an agent that can end live flows" + consequence}
	case len(e.powerless) > 0:
		return Judgement{metav1.ConditionTrue, v1alpha1.ReasonNoNodeAgent, "no agent can end live flows on " + names(e.powerless) + consequence}
	}
	return Judgement{metav1.ConditionFalse, v1alpha1.ReasonNodeAgents, "every node has an agent that ends the live flows of what is closed"}
}

func unknown(reason, message string) Judgement {
	return Judgement{metav1.ConditionUnknown, reason, message}
}

func failed(reason, message string) Judgement {
	return Judgement{metav1.ConditionFalse, reason, message}
}

func having(seen []sighting, result v1alpha1.ProbeResult) []sighting {
	var out []sighting
	for _, s := range seen {
		if s.report.Result == result {
			out = append(out, s)
		}
	}
	return out
}

func nodesOf(seen []sighting) []string {
	out := make([]string, 0, len(seen))
	for _, s := range seen {
		out = append(out, s.node.Name)
	}
	return out
}

// names lists the first few, and how many more there are.
func names(all []string) string {
	shown := strings.Join(all[:min(len(all), maxNames)], ", ")
	if more := len(all) - maxNames; more > 0 {
		return fmt.Sprintf("%s and %d more", shown, more)
	}
	return shown
}
