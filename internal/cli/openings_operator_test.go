// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/openings"
)

// settleOpenings counts the approvals of conduits, and says where these stand, as the operator
// does.
func (o *operator) settleOpenings(ctx context.Context, approvals []v1alpha1.Approval) error {
	var conduits v1alpha1.ConduitList
	site := &v1alpha1.Site{}
	if err := o.p.admin.List(ctx, &conduits); err != nil {
		return err
	}
	if err := o.p.admin.Get(ctx, siteKey, site); err != nil || site.Spec.Openings == nil {
		return err
	}
	for i := range conduits.Items {
		c := &conduits.Items[i]
		accepted := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionAccepted)
		if accepted == nil || accepted.Reason != v1alpha1.ReasonAwaitingApproval || accepted.ObservedGeneration != c.Generation {
			continue
		}
		by, denied, err := o.countOpenings(ctx, c, approvals)
		if err != nil {
			return err
		}
		before := c.Status.DeepCopy()
		switch {
		case denied != "":
			meta.SetStatusCondition(&c.Status.Conditions, opened(c.Generation, metav1.ConditionFalse, v1alpha1.ReasonOpeningDenied, string(denied)+" denied it"))
		case len(by) >= int(site.Spec.Openings.Approvals):
			meta.SetStatusCondition(&c.Status.Conditions, opened(c.Generation, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "in force as declared"))
			c.Status.LastGood = &v1alpha1.ConduitLastGood{Generation: c.Generation, Spec: c.Spec, ApprovedBy: by}
			c.Status.Findings, c.Status.FindingCount = nil, 0
		case len(by) > 0:
			meta.SetStatusCondition(&c.Status.Conditions, opened(c.Generation, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval,
				fmt.Sprintf("it waits for %d more approval", int(site.Spec.Openings.Approvals)-len(by))))
		}
		if fmt.Sprint(before.Conditions) == fmt.Sprint(c.Status.Conditions) {
			continue
		}
		if err := o.p.admin.Status().Update(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// countOpenings says of each approval of a conduit whether it counts, and who approved and
// who denied.
func (o *operator) countOpenings(ctx context.Context, c *v1alpha1.Conduit, approvals []v1alpha1.Approval) (by []v1alpha1.Username, denied v1alpha1.Username, err error) {
	hash, err := openings.HashConduit(c)
	if err != nil {
		return nil, "", err
	}
	for i := range approvals {
		a := &approvals[i]
		if a.Spec.Of.Kind != v1alpha1.ApprovedConduit || a.Spec.Of.UID != string(c.UID) {
			continue
		}
		counts := a.Spec.Of.SpecHash == hash && a.Spec.Of.Generation == c.Generation && string(a.Spec.Requester) == c.Annotations[v1alpha1.AnnotationAuthor]
		if len(a.Status.Conditions) == 0 {
			says := opened(a.Generation, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "it counts")
			if !counts {
				says = opened(a.Generation, metav1.ConditionFalse, v1alpha1.ReasonOtherSpec, "spec.of: it declares another thing by now")
			}
			a.Status.Conditions = []metav1.Condition{says}
			if err := o.p.admin.Status().Update(ctx, a); err != nil {
				return nil, "", err
			}
		}
		switch {
		case !counts:
		case a.Spec.Decision == v1alpha1.DecisionDeny:
			denied = a.Spec.Approver
		case !slices.Contains(by, a.Spec.Approver):
			by = append(by, a.Spec.Approver)
		}
	}
	slices.Sort(by)
	return by, denied, nil
}

func opened(generation int64, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{
		Type: v1alpha1.ConditionAccepted, Status: status, Reason: reason, Message: message,
		ObservedGeneration: generation, LastTransitionTime: metav1.Unix(1795000000, 0),
	}
}
