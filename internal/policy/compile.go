// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Set is what a model becomes.
type Set struct {
	// Objects sorted by part, namespace, name and kind.
	Objects []*Object
	// Findings of the backend: what it cannot express.
	Findings map[topology.ObjectRef][]v1alpha1.Finding
}

// Compiler turns models into sets of objects with one backend. What did not
// change since the last model is not compiled again, which changes the cost and
// never the result.
type Compiler struct {
	backend   Backend
	adminTier Guarder
	zones     map[string]compiled
	conduits  map[string]compiled
	guards    map[guarded]compiled
}

type compiled struct {
	fingerprint string
	objects     []*Object
	findings    []v1alpha1.Finding
}

// NewCompiler returns a compiler with nothing remembered.
func NewCompiler(b Backend) *Compiler { return &Compiler{backend: b} }

// Compile returns the objects of everything in force. Without a Site nothing is.
func (c *Compiler) Compile(m *topology.Model) Set {
	set := Set{Findings: map[topology.ObjectRef][]v1alpha1.Finding{}}
	if m.Site == nil {
		return set
	}
	zones := make(map[string]compiled, len(m.Zones))
	for _, z := range m.Zones {
		fingerprint := m.Site.Fingerprint + z.Fingerprint
		out := c.zones[z.Name]
		if out.fingerprint != fingerprint {
			out = c.compileZone(m.Site, z, fingerprint)
		}
		zones[z.Name] = out
		set.add(topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}, out)
	}
	conduits := make(map[string]compiled, len(m.Conduits))
	for _, d := range m.Conduits {
		fingerprint := m.Site.Fingerprint + d.Fingerprint
		out := c.conduits[d.Name]
		if out.fingerprint != fingerprint {
			objects, findings := c.backend.Conduit(m.Site, d)
			out = compiled{fingerprint: fingerprint, objects: pack(objects), findings: findings}
		}
		conduits[d.Name] = out
		set.add(topology.ObjectRef{Kind: topology.KindConduit, Name: d.Name}, out)
	}
	c.zones, c.conduits = zones, conduits
	c.guards = c.compileGuards(m, &set)
	slices.SortFunc(set.Objects, func(a, b *Object) int {
		return cmp.Or(cmp.Compare(a.Part, b.Part),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.GVK.Kind, b.GVK.Kind))
	})
	return set
}

func (c *Compiler) compileZone(site *topology.Site, z *topology.Zone, fingerprint string) compiled {
	objects, findings := c.backend.Zone(site, z)
	releaseWith(z, objects)
	return compiled{fingerprint: fingerprint, objects: pack(objects), findings: findings}
}

// releaseWith stamps the objects of a zone whose deletion was announced.
func releaseWith(z *topology.Zone, objects []*Object) {
	if !z.Release {
		return
	}
	for _, o := range objects {
		o.release(string(z.UID))
	}
}

func pack(objects []*Object) []*Object {
	for _, o := range objects {
		o.pack()
	}
	return objects
}

func (s *Set) add(ref topology.ObjectRef, c compiled) {
	s.Objects = append(s.Objects, c.objects...)
	if len(c.findings) > 0 {
		s.Findings[ref] = append(s.Findings[ref], c.findings...)
	}
}

// release stamps an object with the zone whose deletion was announced, so that
// it can go when the zone has gone.
func (o *Object) release(uid string) {
	annotations := o.Manifest.GetAnnotations()
	annotations[v1alpha1.AnnotationRelease] = uid
	o.Manifest.SetAnnotations(annotations)
	o.Digest = Digest(o.Manifest)
}
