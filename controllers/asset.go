// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// assetStatus writes what the outcome says of an asset into its status.
func (s *Segmentation) assetStatus(o *outcome, a *v1alpha1.Asset) {
	v := o.model.Verdicts[topology.ObjectRef{Kind: topology.KindAsset, Name: a.Name}]
	s.conditionsOf(&a.Status.Status, a.Generation).verdictStatus(v, nil)
	if v.Accepted() {
		a.Status.LastGood = &v1alpha1.AssetLastGood{Generation: a.Generation, Spec: *a.Spec.DeepCopy()}
	}
	a.Status.Zone = o.model.AssetZones[a.Name]
}
