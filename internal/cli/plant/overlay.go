// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// With is the site once files are applied to it: what they declare takes the place of what
// is there by the same name, and with prune what they do not declare goes. What a
// controller knows of an object (its UID, its last accepted version) stays with it.
func (p *Plant) With(files *Plant, prune bool) *Plant {
	out := *p
	out.Files, out.model = files.Files, nil
	if !p.Live {
		out.Assumed = files.Assumed
	}
	if files.Site != nil {
		out.Site = files.Site.DeepCopy()
		if old := p.Site; old != nil {
			inherit(old, out.Site, equality.Semantic.DeepEqual(old.Spec, out.Site.Spec))
			out.Site.Status = old.Status
		}
	}
	goes := func(kind string) func(string) bool {
		return func(name string) bool {
			return prune && files.Files.Find(v1alpha1.GroupVersion.Group, kind, name) == nil
		}
	}
	out.Zones = over(p.Zones, files.Zones, goes(topology.KindZone), func(old, z *v1alpha1.Zone) bool {
		z.Status = old.Status
		return equality.Semantic.DeepEqual(old.Spec, z.Spec)
	})
	out.Conduits = over(p.Conduits, files.Conduits, goes(topology.KindConduit), func(old, c *v1alpha1.Conduit) bool {
		c.Status = old.Status
		return equality.Semantic.DeepEqual(old.Spec, c.Spec)
	})
	out.Assets = over(p.Assets, files.Assets, goes(topology.KindAsset), func(old, a *v1alpha1.Asset) bool {
		a.Status = old.Status
		return equality.Semantic.DeepEqual(old.Spec, a.Spec)
	})
	out.Certificates = over(p.Certificates, files.Certificates, func(string) bool { return false }, func(old, c *v1alpha1.WorkloadCertificate) bool {
		c.Status = old.Status
		return equality.Semantic.DeepEqual(old.Spec, c.Spec)
	})
	out.layNamespaces(p, files)
	out.Workloads = out.workloadsWithoutPods(files)
	out.waitOver(p)
	return &out
}

type copied[T any] interface {
	*T
	metav1.Object
	DeepCopy() *T
}

// over puts declared objects in the place of those that are there. It copies what it
// takes from files, which may be laid over several sites. Goes says what of the rest goes;
// keep keeps the status, and says whether the spec is the same.
func over[T any, P copied[T]](there, declared []P, goes func(name string) bool, keep func(old, declared P) (same bool)) []P {
	var out []P
	for _, o := range there {
		if named(declared, o) == nil && !goes(o.GetName()) {
			out = append(out, o)
		}
	}
	for _, d := range declared {
		o := P(d.DeepCopy())
		old := named(there, o)
		if old == nil {
			old = P(new(T)) // nobody has accepted what is new
		}
		same := keep(old, o)
		if old.GetName() != "" {
			inherit(old, o, same)
		}
		out = append(out, o)
	}
	return out
}

// named is the object of a list with the name of another one, nil for none.
func named[T any, P copied[T]](list []P, as P) P {
	for _, o := range list {
		if o.GetName() == as.GetName() && o.GetNamespace() == as.GetNamespace() {
			return o
		}
	}
	return nil
}

// inherit gives an object what the API server keeps of the one before it.
func inherit(old, o metav1.Object, sameSpec bool) {
	o.SetUID(old.GetUID())
	o.SetCreationTimestamp(old.GetCreationTimestamp())
	o.SetGeneration(old.GetGeneration())
	if !sameSpec {
		o.SetGeneration(old.GetGeneration() + 1)
	}
	annotations := maps.Clone(old.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, o.GetAnnotations())
	o.SetAnnotations(annotations)
}
