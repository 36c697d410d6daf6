// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

type prefix = netip.Prefix

// FlowEnforcement says who enforces one kind of pair of a conduit.
type FlowEnforcement struct {
	Responder string
	// Pairs: "workloads to workloads", "workloads to assets", ...
	Pairs string
	// What passes between them.
	What       string
	EnforcedBy v1alpha1.EnforcedBy
	// Device is the external one.
	Device string
	// Layer2 says that this speaks of frames below IP.
	Layer2 bool
	// Flows is how many of the declared flows this speaks of.
	Flows int
}

// Enforcement says for every responder and kind of pair who holds the conduit's
// flows to what is declared. A policy acts at pods only, so a flow without a pod
// at either end, and a frame below IP, is enforced outside the cluster or not at all.
func (c *Conduit) Enforcement() []FlowEnforcement {
	var inIP, below int
	for _, f := range c.Flows {
		if f.Enforceable {
			inIP++
		} else {
			below++
		}
	}
	var out []FlowEnforcement
	for _, responder := range c.Responders {
		for _, p := range pairsOf(c.Initiator, responder) {
			e := FlowEnforcement{Responder: responder.Zone.Name, Pairs: p.name, What: "the packets", Flows: inIP}
			if p.atPod {
				e.EnforcedBy = v1alpha1.EnforcedByCluster
			} else {
				e.EnforcedBy, e.Device = c.outside()
			}
			if inIP > 0 {
				out = append(out, e)
			}
			if below > 0 {
				frames := FlowEnforcement{
					Responder: responder.Zone.Name, Pairs: p.name + " (layer 2)", What: "the frames", Flows: below, Layer2: true,
				}
				frames.EnforcedBy, frames.Device = c.outside()
				out = append(out, frames)
			}
		}
	}
	return out
}

func (c *Conduit) outside() (v1alpha1.EnforcedBy, string) {
	if c.External != "" {
		return v1alpha1.EnforcedByExternal, c.External
	}
	return v1alpha1.EnforcedByNobody, ""
}

type pairKind struct {
	name  string
	atPod bool
}

// pairsOf lists what kinds of members face each other. Networks count by what is
// declared, so that an empty group of assets does not change the answer.
func pairsOf(a, b End) []pairKind {
	var out []pairKind
	for _, x := range a.kinds() {
		for _, y := range b.kinds() {
			out = append(out, pairKind{name: x + " to " + y, atPod: x == "workloads" || y == "workloads"})
		}
	}
	return out
}

func (e End) kinds() []string {
	var out []string
	if len(e.Workloads) > 0 {
		out = append(out, "workloads")
	}
	if len(e.Networks) > 0 || (e.WholeZone && e.Zone.HasAssets) {
		out = append(out, "assets")
	}
	return out
}

// WeakestEnforcement is the worst of all pairs: Nobody, External, Cluster; "" for
// a conduit with nothing at one end.
func (c *Conduit) WeakestEnforcement() v1alpha1.EnforcedBy {
	order := []v1alpha1.EnforcedBy{"", v1alpha1.EnforcedByCluster, v1alpha1.EnforcedByExternal, v1alpha1.EnforcedByNobody}
	worst := 0
	for _, e := range c.Enforcement() {
		worst = max(worst, slices.Index(order, e.EnforcedBy))
	}
	return order[worst]
}

// Count adds up the conduit's flows by who enforces them.
func (c *Conduit) Count() v1alpha1.FlowCounts {
	var out v1alpha1.FlowCounts
	for _, e := range c.Enforcement() {
		switch e.EnforcedBy {
		case v1alpha1.EnforcedByCluster:
			out.Cluster += int32(e.Flows) //nolint:gosec // at most 32 flows
		case v1alpha1.EnforcedByExternal:
			out.External += int32(e.Flows) //nolint:gosec // at most 32 flows
		case v1alpha1.EnforcedByNobody:
			out.Nobody += int32(e.Flows) //nolint:gosec // at most 32 flows
		}
	}
	return out
}

// HasEnforcementPoint says that at least one end has a pod for a policy to act at.
func (c *Conduit) HasEnforcementPoint() bool {
	if len(c.Ports) == 0 {
		return false
	}
	if len(c.Initiator.Workloads) > 0 {
		return true
	}
	return slices.ContainsFunc(c.Responders, func(e End) bool { return len(e.Workloads) > 0 })
}

// within says that one of the networks contains or touches p.
func within(networks []netip.Prefix, p netip.Prefix) bool {
	return slices.ContainsFunc(networks, p.Overlaps)
}

// couldSelect says whether a pod of these workloads could carry these labels.
func couldSelect(w Workloads, selector map[string]string) bool {
	d := demands{}
	for _, s := range w.PodSelectors {
		d.add(s)
	}
	d.add(&metav1.LabelSelector{MatchLabels: selector})
	return d.satisfiable()
}
