// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// +kubebuilder:rbac:groups=zonewarden.io,resources=approvals,verbs=get;list;watch
// +kubebuilder:rbac:groups=zonewarden.io,resources=approvals/status,verbs=get;patch

// fetchApprovals reads the Approvals of Zones, Conduits and Assets. Those of windows are
// read, and answered, by Windows.
func (s *Segmentation) fetchApprovals(ctx context.Context) ([]*v1alpha1.Approval, error) {
	var list v1alpha1.ApprovalList
	if err := s.cache.List(ctx, &list, shared); err != nil {
		return nil, fmt.Errorf("listing %T: %w", &list, err)
	}
	var out []*v1alpha1.Approval
	for i := range list.Items {
		if list.Items[i].Spec.Of.Kind != v1alpha1.ApprovedWindow {
			out = append(out, &list.Items[i])
		}
	}
	return out, nil
}

// lastGood of a Zone, Conduit or Asset.
type lastGood interface{ Approvers() []v1alpha1.Username }

// approvedBy is who let what is accepted now open something: who approved it, else who
// approved of the version before it, because what opens nothing needs nobody.
func (o *outcome) approvedBy(ref topology.ObjectRef, before lastGood) []v1alpha1.Username {
	if by := o.openings.Approved[ref]; len(by) > 0 {
		return by
	}
	return before.Approvers()
}

// approvalChanges say of each approval whether it counts.
func (s *Segmentation) approvalChanges(o *outcome) []statusChange {
	if o.snapshot.Site == nil {
		return nil
	}
	var out []statusChange
	for _, a := range o.approvals {
		after := a.DeepCopy()
		c := s.conditionsOf(&after.Status, a.Generation)
		after.Status.ObservedGeneration = a.Generation
		if against := o.openings.Objections[a.Name]; against != nil {
			c.set(v1alpha1.ConditionAccepted, false, against.Reason, against.Message)
		} else {
			c.set(v1alpha1.ConditionAccepted, true, v1alpha1.ReasonAccepted, "it counts")
		}
		if !equality.Semantic.DeepEqual(a.Status, after.Status) {
			out = append(out, statusChange{before: a, after: after})
		}
	}
	return out
}
