// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"maps"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// accept writes into the statuses what the operator would have of objects that it has
// accepted, so that an edit which is not leaves them as they are.
func (p *Plant) accept() {
	m := p.Model()
	accepted := func(kind, name string) bool {
		v := m.Verdicts[topology.ObjectRef{Kind: kind, Name: name}]
		return v != nil && v.Accepted()
	}
	for _, z := range p.Zones {
		if accepted(topology.KindZone, z.Name) {
			z.Status.LastGood = &v1alpha1.ZoneLastGood{Generation: z.Generation, Spec: *z.Spec.DeepCopy()}
		}
	}
	for _, c := range p.Conduits {
		if accepted(topology.KindConduit, c.Name) {
			c.Status.LastGood = &v1alpha1.ConduitLastGood{Generation: c.Generation, Spec: *c.Spec.DeepCopy()}
		}
	}
	for _, a := range p.Assets {
		if accepted(topology.KindAsset, a.Name) {
			a.Status.LastGood = &v1alpha1.AssetLastGood{Generation: a.Generation, Spec: *a.Spec.DeepCopy(), Labels: map[string]string{}}
			maps.Copy(a.Status.LastGood.Labels, a.Labels)
			a.Status.Zone = m.AssetZones[a.Name]
		}
	}
}
