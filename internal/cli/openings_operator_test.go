// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"path/filepath"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// settleOpenings says which approvals of conduits count, and where the conduits stand that
// wait, as the operator does, by package openings.
func (o *operator) settleOpenings(ctx context.Context, all []v1alpha1.Approval) error {
	s, err := o.snapshot(ctx)
	if err != nil || s.Site.Spec.Openings == nil {
		return err
	}
	var approvals []*v1alpha1.Approval
	for i := range all {
		if all[i].Spec.Of.Kind != v1alpha1.ApprovedWindow {
			approvals = append(approvals, &all[i])
		}
	}
	j := openings.Judge(s, approvals)
	for _, a := range approvals {
		says := opened(a.Generation, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "it counts")
		if against := j.Objections[a.Name]; against != nil {
			says = opened(a.Generation, metav1.ConditionFalse, against.Reason, against.Message)
		}
		if meta.SetStatusCondition(&a.Status.Conditions, says) {
			if err := o.p.admin.Status().Update(ctx, a); err != nil {
				return err
			}
		}
	}
	for _, c := range s.Conduits {
		if err := o.settleConduit(ctx, c, j); err != nil {
			return err
		}
	}
	return nil
}

func (o *operator) snapshot(ctx context.Context) (topology.Snapshot, error) {
	s, err := policytest.LoadSnapshot(filepath.Join(config, "samples", "water-works", "00-namespaces.yaml"))
	if err != nil {
		return s, err
	}
	var zones v1alpha1.ZoneList
	var assets v1alpha1.AssetList
	var conduits v1alpha1.ConduitList
	s.Site = &v1alpha1.Site{}
	for _, err := range []error{
		o.p.admin.Get(ctx, siteKey, s.Site), o.p.admin.List(ctx, &zones), o.p.admin.List(ctx, &assets), o.p.admin.List(ctx, &conduits),
	} {
		if err != nil {
			return s, err
		}
	}
	for i := range zones.Items {
		z := &zones.Items[i]
		// They were there before the Site had openings.
		z.Status.LastGood = &v1alpha1.ZoneLastGood{Generation: z.Generation, Spec: z.Spec}
		s.Zones = append(s.Zones, z)
	}
	for i := range assets.Items {
		a := &assets.Items[i]
		a.Status.LastGood = &v1alpha1.AssetLastGood{Generation: a.Generation, Spec: a.Spec, Labels: a.Labels}
		s.Assets = append(s.Assets, a)
	}
	for i := range conduits.Items {
		s.Conduits = append(s.Conduits, &conduits.Items[i])
	}
	return s, nil
}

func (o *operator) settleConduit(ctx context.Context, c *v1alpha1.Conduit, j openings.Judgement) error {
	before := c.Status.DeepCopy()
	ref := topology.ObjectRef{Kind: topology.KindConduit, Name: c.Name}
	if f, held := j.Held()[ref]; held {
		c.Status.Findings, c.Status.FindingCount = []v1alpha1.Finding{f}, 1
		meta.SetStatusCondition(&c.Status.Conditions, opened(c.Generation, metav1.ConditionFalse, f.Reason, "the last accepted version stays in force: "+f.Path+": "+f.Message))
	} else {
		c.Status.Findings, c.Status.FindingCount = nil, 0
		meta.SetStatusCondition(&c.Status.Conditions, opened(c.Generation, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "in force as declared"))
		if c.Status.LastGood == nil || c.Status.LastGood.Generation != c.Generation {
			c.Status.LastGood = &v1alpha1.ConduitLastGood{Generation: c.Generation, Spec: c.Spec, ApprovedBy: j.Approved[ref]}
		}
	}
	c.Status.ObservedGeneration = c.Generation
	if equality.Semantic.DeepEqual(*before, c.Status) {
		return nil
	}
	return o.p.admin.Status().Update(ctx, c)
}

func opened(generation int64, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{
		Type: v1alpha1.ConditionAccepted, Status: status, Reason: reason, Message: message,
		ObservedGeneration: generation, LastTransitionTime: metav1.Unix(1795000000, 0),
	}
}
