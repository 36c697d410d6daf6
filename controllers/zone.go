// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// zoneStatus writes what the outcome says of a zone into its status.
func (s *Segmentation) zoneStatus(o *outcome, z *v1alpha1.Zone) {
	ref := topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}
	v := o.model.Verdicts[ref]
	c := s.conditionsOf(&z.Status.Status, z.Generation)
	c.verdictStatus(v, o.set.Findings[ref])
	if v.Accepted() {
		z.Status.LastGood = &v1alpha1.ZoneLastGood{Generation: z.Generation, Spec: *z.Spec.DeepCopy()}
	}
	model := o.model.Zone(z.Name)
	z.Status.Workloads, z.Status.Assets, z.Status.Conduits = 0, 0, 0
	if model != nil {
		z.Status.Workloads = int32(model.PodCount)   //nolint:gosec // pods of one cluster
		z.Status.Assets = int32(len(model.Assets))   //nolint:gosec // devices of one site
		z.Status.Conduits = int32(o.joining[z.Name]) //nolint:gosec // conduits of one site
	}
	if !c.programmedStatus(o, ref) {
		return
	}
	switch {
	case len(model.Workloads) == 0:
		c.set(v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonDevicesOnly,
			"devices only: the zone has no pods for a policy to act at; its addresses are known to the conduits")
	case !model.Enforce:
		c.set(v1alpha1.ConditionProgrammed, true, v1alpha1.ReasonObserving, "written; Observe denies nothing")
	default:
		c.set(v1alpha1.ConditionProgrammed, true, v1alpha1.ReasonProgrammed,
			fmt.Sprintf("written with the %s backend; denies what no conduit allows", o.backend.chosen))
	}
}
