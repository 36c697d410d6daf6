// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// conduitChanges are the conduits whose status is to be written.
func (s *Segmentation) conduitChanges(o *outcome) []statusChange {
	var changes []statusChange
	s.statuses.forget(len(o.snapshot.Conduits))
	for _, c := range o.snapshot.Conduits {
		if s.statuses.stands(o, c) {
			continue
		}
		status := s.conduitStatus(o, c)
		if status.LastGood == c.Status.LastGood && sameConduitStatus(c.Status, status) {
			s.statuses.note(o, c)
			continue
		}
		after := c.DeepCopy()
		after.Status = status
		changes = append(changes, statusChange{c, after, transitionOf(&c.Status.Status, &status.Status)})
	}
	return changes
}

// conduitStatus is the status that the outcome gives a conduit.
func (s *Segmentation) conduitStatus(o *outcome, d *v1alpha1.Conduit) v1alpha1.ConduitStatus {
	status := d.Status
	ref := topology.ObjectRef{Kind: topology.KindConduit, Name: d.Name}
	v := o.model.Verdicts[ref]
	c := s.conditionsOf(&status.Status, d.Generation)
	c.verdictStatus(v, o.set.Findings[ref])
	if v.Accepted() && (status.LastGood == nil || status.LastGood.Generation != d.Generation) {
		status.LastGood = &v1alpha1.ConduitLastGood{Generation: d.Generation, Spec: *d.Spec.DeepCopy(), ApprovedBy: o.approvedBy(ref, status.LastGood)}
	}
	model := o.conduits[d.Name]
	status.ResponderSummary = responders(d.Spec.Responders)
	status.FlowSummary, status.EnforcedBy, status.Flows = "", "", nil
	if model != nil {
		status.FlowSummary = model.Summary()
		status.EnforcedBy = model.WeakestEnforcement()
		for _, e := range model.Enforcement() {
			if len(status.Flows) < maxFindings {
				status.Flows = append(status.Flows, v1alpha1.ConduitFlowStatus{
					Responder: e.Responder, Pairs: e.Pairs, EnforcedBy: e.EnforcedBy, Device: e.Device,
				})
			}
		}
	}
	if c.programmedStatus(o, ref) {
		c.conduitProgrammed(o, model)
	}
	c.conduitBlocked(o, model)
	// Only where something was closed: one silent node must not cost a write for
	// each conduit of the plant.
	if model != nil && model.Suspended {
		c.judge(v1alpha1.ConditionSessionsMayLinger, o.evidence.Lingering())
	} else {
		c.drop(v1alpha1.ConditionSessionsMayLinger)
	}
	return status
}

// conduitProgrammed says what it means that a conduit in force is written.
func (c conditions) conduitProgrammed(o *outcome, model *topology.Conduit) {
	switch {
	case model.Suspended:
		c.set(v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonSuspended, "suspended: nothing passes by this conduit")
	case !model.HasEnforcementPoint():
		c.set(v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonNoEnforcementPoint,
			"no workload of this cluster at either end, so this cluster can neither pass nor stop it"+byWhom(model))
	case o.backend.chosen == v1alpha1.BackendNetwork && !enforcedAnywhere(model):
		c.set(v1alpha1.ConditionProgrammed, true, v1alpha1.ReasonObserving,
			"every zone that it joins is in Observe, where this backend writes nothing")
	default:
		c.set(v1alpha1.ConditionProgrammed, true, v1alpha1.ReasonProgrammed,
			fmt.Sprintf("written with the %s backend", o.backend.chosen))
	}
}

// sameConduitStatus compares all but lastGood, which is compared by identity.
func sameConduitStatus(a, b v1alpha1.ConduitStatus) bool {
	a.LastGood, b.LastGood = nil, nil
	return equality.Semantic.DeepEqual(a, b)
}

// responders are the zones that are connected to, as declared.
func responders(ends []v1alpha1.ConduitEnd) string {
	names := make([]string, 0, len(ends))
	for _, e := range ends {
		names = append(names, e.Zone)
	}
	return strings.Join(names, ", ")
}

// enforcedAnywhere says that a zone with workloads at one of the ends is enforced.
func enforcedAnywhere(c *topology.Conduit) bool {
	enforced := func(e topology.End) bool { return e.Zone.Enforce && len(e.Workloads) > 0 }
	return enforced(c.Initiator) || slices.ContainsFunc(c.Responders, enforced)
}

func byWhom(c *topology.Conduit) string {
	if c.External != "" {
		return "; " + c.External + " enforces it"
	}
	return "; nobody enforces it"
}
