// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
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
	v := o.model.Verdicts[topology.ObjectRef{Kind: topology.KindAsset, Name: a.Name}]
	s.conditionsOf(&status.Status, a.Generation).verdictStatus(v, nil)
	if v.Accepted() && (status.LastGood == nil || status.LastGood.Generation != a.Generation) {
		status.LastGood = &v1alpha1.AssetLastGood{Generation: a.Generation, Spec: *a.Spec.DeepCopy()}
	}
	status.Zone = o.model.AssetZones[a.Name]
	return status
}

// sameAssetStatus compares all but lastGood, which is compared by identity.
func sameAssetStatus(a, b v1alpha1.AssetStatus) bool {
	a.LastGood, b.LastGood = nil, nil
	return equality.Semantic.DeepEqual(a, b)
}
