// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Guarder makes a layer of the guard: objects that deny a zone's members whatever no
// declaration opens, also where a policy of somebody else allows it.
//
// Guard is pure, and is asked only for zones that are in Enforce and have workloads.
// It denies at most what neither the zone nor its neighbours open, as coarse as zones
// are; what it cannot deny exactly it leaves out, and says so in a warning. Its
// objects have no owner: they outlive the declaration and us, as floors do.
type Guarder interface {
	Guard(*topology.Site, *topology.Zone, []topology.Neighbour) ([]*Object, []v1alpha1.Finding)
}

// guarded is a zone in one layer.
type guarded struct {
	layer v1alpha1.GuardLayer
	zone  string
}

// WithAdminTier gives the compiler what makes the layer AdminTier, and returns it.
// Datapath is made by the backend.
func (c *Compiler) WithAdminTier(g Guarder) *Compiler {
	c.adminTier = g
	return c
}

// compileGuards adds the layers that the Site asks for, and returns what it made. A
// layer that nothing here makes is a finding of the Site.
func (c *Compiler) compileGuards(m *topology.Model, set *Set) map[guarded]compiled {
	out := map[guarded]compiled{}
	var prints map[string]string
	var neighbours map[string][]topology.Neighbour
	for _, layer := range layersOf(m.Site.Guard) {
		guarder := c.guarder(layer)
		if guarder == nil {
			set.cannotGuard(layer)
			continue
		}
		if prints == nil {
			prints = m.NeighbourPrints()
		}
		for _, z := range m.Zones {
			if !z.Enforce || len(z.Workloads) == 0 {
				continue
			}
			key, fingerprint := guarded{layer, z.Name}, m.Site.Fingerprint+z.Fingerprint+prints[z.Name]
			made := c.guards[key]
			if made.fingerprint != fingerprint {
				if neighbours == nil {
					neighbours = m.Neighbours()
				}
				objects, findings := guarder.Guard(m.Site, z, neighbours[z.Name])
				releaseWith(z, objects)
				made = compiled{fingerprint: fingerprint, objects: pack(objects), findings: findings}
			}
			out[key] = made
			set.add(topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}, made)
		}
	}
	return out
}

// layersOf are the layers that are objects of zones.
func layersOf(g topology.Guard) []v1alpha1.GuardLayer {
	var out []v1alpha1.GuardLayer
	if g.Datapath {
		out = append(out, v1alpha1.GuardDatapath)
	}
	if g.AdminTier {
		out = append(out, v1alpha1.GuardAdminTier)
	}
	return out
}

func (c *Compiler) guarder(layer v1alpha1.GuardLayer) Guarder {
	if layer == v1alpha1.GuardAdminTier {
		return c.adminTier
	}
	g, _ := c.backend.(Guarder)
	return g
}

func (s *Set) cannotGuard(layer v1alpha1.GuardLayer) {
	needs := map[v1alpha1.GuardLayer]string{
		v1alpha1.GuardDatapath:  "the Cilium backend",
		v1alpha1.GuardAdminTier: "ClusterNetworkPolicy v1alpha2, which this cluster does not serve",
	}
	ref := topology.ObjectRef{Kind: topology.KindSite, Name: topology.SiteName}
	s.Findings[ref] = append(s.Findings[ref], v1alpha1.Finding{
		Severity: v1alpha1.SeverityWarning,
		Path:     "spec.guard.layers",
		Reason:   v1alpha1.ReasonBackendCannot,
		Message:  "layer " + string(layer) + " needs " + needs[layer] + "; nothing of it is in force",
	})
}
