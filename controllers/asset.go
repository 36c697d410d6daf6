// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// assetChanges are the assets whose status is to be written.
func (s *Segmentation) assetChanges(o *outcome) []statusChange {
	var changes []statusChange
	for _, a := range o.snapshot.Assets {
		status := s.assetStatus(o, a)
		if status.LastGood == a.Status.LastGood && sameAssetStatus(a.Status, status) {
			continue
		}
		after := a.DeepCopy()
		after.Status = status
		changes = append(changes, statusChange{a, after, transitionOf(&a.Status.Status, &status.Status)})
	}
	return changes
}

// assetStatus is the status that the outcome gives an asset. Its zone is written
// with its last good version: together they say what is in force.
func (s *Segmentation) assetStatus(o *outcome, a *v1alpha1.Asset) v1alpha1.AssetStatus {
	status := a.Status
	ref := topology.ObjectRef{Kind: topology.KindAsset, Name: a.Name}
	v := o.model.Verdicts[ref]
	s.conditionsOf(&status.Status, a.Generation).verdictStatus(v, nil)
	if good := status.LastGood; v.Accepted() && (good == nil || good.Generation != a.Generation || good.Labels == nil || !maps.Equal(good.Labels, a.Labels)) {
		status.LastGood = &v1alpha1.AssetLastGood{
			Generation: a.Generation, Spec: *a.Spec.DeepCopy(), Labels: map[string]string{}, ApprovedBy: o.approvedBy(ref, good),
			Spent: openings.Spent(a, o.approvals),
		}
		maps.Copy(status.LastGood.Labels, a.Labels)
	}
	status.Zone = o.model.AssetZones[a.Name]
	return status
}

// sameAssetStatus compares all but lastGood, which is compared by identity.
func sameAssetStatus(a, b v1alpha1.AssetStatus) bool {
	a.LastGood, b.LastGood = nil, nil
	return equality.Semantic.DeepEqual(a, b)
}
