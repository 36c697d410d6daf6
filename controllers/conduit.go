// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// conduitStatus writes what the outcome says of a conduit into its status.
func (s *Segmentation) conduitStatus(o *outcome, d *v1alpha1.Conduit) {
	ref := topology.ObjectRef{Kind: topology.KindConduit, Name: d.Name}
	v := o.model.Verdicts[ref]
	c := s.conditionsOf(&d.Status.Status, d.Generation)
	c.verdictStatus(v, o.set.Findings[ref])
	if v.Accepted() {
		d.Status.LastGood = &v1alpha1.ConduitLastGood{Generation: d.Generation, Spec: *d.Spec.DeepCopy()}
	}
	model := o.conduits[d.Name]
	d.Status.ResponderSummary = responders(d.Spec.Responders)
	d.Status.FlowSummary, d.Status.EnforcedBy, d.Status.Flows = "", "", nil
	if model != nil {
		d.Status.FlowSummary = model.Summary()
		d.Status.EnforcedBy = model.WeakestEnforcement()
		for _, e := range model.Enforcement() {
			if len(d.Status.Flows) < maxFindings {
				d.Status.Flows = append(d.Status.Flows, v1alpha1.ConduitFlowStatus{
					Responder: e.Responder, Pairs: e.Pairs, EnforcedBy: e.EnforcedBy, Device: e.Device,
				})
			}
		}
	}
	if !c.programmedStatus(o, ref) {
		return
	}
	switch {
	case model.Suspended:
		c.set(v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonSuspended, "suspended: nothing passes by this conduit")
	case !model.HasEnforcementPoint():
		c.set(v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonNoEnforcementPoint,
			"no workload of this cluster at either end, so this cluster can neither pass nor stop it"+byWhom(model))
	default:
		c.set(v1alpha1.ConditionProgrammed, true, v1alpha1.ReasonProgrammed,
			fmt.Sprintf("written with the %s backend", o.backend.chosen))
	}
}

// responders are the zones that are connected to, as declared.
func responders(ends []v1alpha1.ConduitEnd) string {
	names := make([]string, 0, len(ends))
	for _, e := range ends {
		names = append(names, e.Zone)
	}
	return strings.Join(names, ", ")
}

func byWhom(c *topology.Conduit) string {
	if c.External != "" {
		return "; " + c.External + " enforces it"
	}
	return "; nobody enforces it"
}
