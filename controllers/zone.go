// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// zoneChanges are the zones whose status is to be written.
func (s *Segmentation) zoneChanges(o *outcome) []statusChange {
	var changes []statusChange
	for _, z := range o.snapshot.Zones {
		status := s.zoneStatus(o, z)
		if status.LastGood == z.Status.LastGood && sameZoneStatus(z.Status, status) {
			continue
		}
		after := z.DeepCopy()
		after.Status = status
		changes = append(changes, statusChange{z, after, transitionOf(&z.Status.Status, &status.Status)})
	}
	return changes
}

// zoneStatus is the status that the outcome gives a zone.
func (s *Segmentation) zoneStatus(o *outcome, z *v1alpha1.Zone) v1alpha1.ZoneStatus {
	status := z.Status
	ref := topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}
	v := o.model.Verdicts[ref]
	c := s.conditionsOf(&status.Status, z.Generation)
	exposed, found := o.exposedZone(z.Name)
	c.verdictStatus(v, slices.Concat(o.set.Findings[ref], found))
	c.judge(v1alpha1.ConditionExposed, exposed)
	if v.Accepted() && (status.LastGood == nil || status.LastGood.Generation != z.Generation) {
		status.LastGood = &v1alpha1.ZoneLastGood{Generation: z.Generation, Spec: *z.Spec.DeepCopy(), ApprovedBy: o.approvedBy(ref, status.LastGood)}
	}
	model := o.model.Zone(z.Name)
	status.Workloads, status.Assets, status.Conduits = 0, 0, 0
	if model != nil {
		status.Workloads = int32(model.PodCount)   //nolint:gosec // pods of one cluster
		status.Assets = int32(len(model.Assets))   //nolint:gosec // devices of one site
		status.Conduits = int32(o.joining[z.Name]) //nolint:gosec // conduits of one site
	}
	c.judge(v1alpha1.ConditionEnforcementVerified, o.verification(z.Name))
	if !c.programmedStatus(o, ref) {
		return status
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
	return status
}

// sameZoneStatus compares all but lastGood, which is compared by identity: it is
// replaced only when a new generation was accepted.
func sameZoneStatus(a, b v1alpha1.ZoneStatus) bool {
	a.LastGood, b.LastGood = nil, nil
	return equality.Semantic.DeepEqual(a, b)
}
