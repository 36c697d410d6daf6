// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
		out.Site = files.Site
		if p.Site != nil {
			out.Site = files.Site.DeepCopy()
			inherit(p.Site, out.Site, equality.Semantic.DeepEqual(p.Site.Spec, files.Site.Spec))
			out.Site.Status = p.Site.Status
		}
	}
	out.Zones = over(p.Zones, files.Zones, prune)
	for _, z := range out.Zones {
		if old := named(p.Zones, z.Name); old != nil && old != z {
			inherit(old, z, equality.Semantic.DeepEqual(old.Spec, z.Spec))
			z.Status = old.Status
		}
	}
	out.Conduits = over(p.Conduits, files.Conduits, prune)
	for _, c := range out.Conduits {
		if old := named(p.Conduits, c.Name); old != nil && old != c {
			inherit(old, c, equality.Semantic.DeepEqual(old.Spec, c.Spec))
			c.Status = old.Status
		}
	}
	out.Assets = over(p.Assets, files.Assets, prune)
	for _, a := range out.Assets {
		if old := named(p.Assets, a.Name); old != nil && old != a {
			inherit(old, a, equality.Semantic.DeepEqual(old.Spec, a.Spec))
			a.Status = old.Status
		}
	}
	out.Certificates = over(p.Certificates, files.Certificates, false)
	out.Namespaces = overNamespaces(p.Namespaces, files.Namespaces)
	return &out
}

type copied[T any] interface {
	*T
	metav1.Object
	DeepCopy() *T
}

// over puts declared objects in the place of those that are there. It copies what it
// takes from files, which may be laid over several sites.
func over[T any, P copied[T]](there, declared []P, prune bool) []P {
	var out []P
	for _, o := range there {
		if !prune && named(declared, o.GetName()) == nil {
			out = append(out, o)
		}
	}
	for _, o := range declared {
		out = append(out, P(o.DeepCopy()))
	}
	return out
}

// named is the object by that name, nil for none. Certificates of several namespaces may
// share a name, which is why those are never inherited from.
func named[T any, P copied[T]](list []P, name string) P {
	for _, o := range list {
		if o.GetName() == name {
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

// overNamespaces adds declared namespaces, and their labels to those that are there.
func overNamespaces(there, declared []topology.Namespace) []topology.Namespace {
	var out []topology.Namespace
	for _, ns := range there {
		i := slices.IndexFunc(declared, func(d topology.Namespace) bool { return d.Name == ns.Name })
		if i >= 0 {
			labels := maps.Clone(ns.Labels)
			if labels == nil {
				labels = map[string]string{}
			}
			maps.Copy(labels, declared[i].Labels)
			ns.Labels = labels
		}
		out = append(out, ns)
	}
	for _, d := range declared {
		if !slices.ContainsFunc(there, func(ns topology.Namespace) bool { return ns.Name == d.Name }) {
			out = append(out, d)
		}
	}
	return out
}
