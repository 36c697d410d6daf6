// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// namedByZones are the namespaces that zones name, sorted.
func (p *Plant) namedByZones() []string {
	var out []string
	for _, z := range p.Zones {
		for _, w := range z.Spec.Members.Workloads {
			out = append(out, w.Namespaces...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// assumeNamespaces adds those of the names that are not there, with the labels that the
// Site's scope asks for.
func (p *Plant) assumeNamespaces(names []string) {
	for _, name := range names {
		if isThere(p.Namespaces, name) {
			continue
		}
		ns := topology.Namespace{Name: name, Labels: withName(nil, name)}
		if p.Site != nil {
			maps.Copy(ns.Labels, p.Site.Spec.Scope.NamespaceSelector.MatchLabels)
		}
		p.Namespaces = append(p.Namespaces, ns)
		p.assumedNamespaces = append(p.assumedNamespaces, name)
	}
}

func isThere(list []topology.Namespace, name string) bool {
	return slices.ContainsFunc(list, func(ns topology.Namespace) bool { return ns.Name == name })
}

// knownNamespaces are those that a cluster or a file has, without the assumed ones.
func (p *Plant) knownNamespaces() []topology.Namespace {
	var out []topology.Namespace
	for _, ns := range p.Namespaces {
		if !slices.Contains(p.assumedNamespaces, ns.Name) {
			out = append(out, ns)
		}
	}
	return out
}

// layNamespaces lays the namespaces of files over those that were there before. An assumed
// one is nobody's word: it gives way to what is there as to what is declared, or the labels
// that are missing in truth would be seen nowhere.
func (p *Plant) layNamespaces(before, files *Plant) {
	there, declared := before.knownNamespaces(), files.knownNamespaces()
	p.Namespaces, p.assumedNamespaces = overNamespaces(there, declared, before.Live), nil
	if before.Live {
		p.Unseen = slices.Concat(p.Unseen, p.labelsThatMayGo(there, declared))
	}
	assumed := slices.Concat(before.assumedNamespaces, files.assumedNamespaces)
	p.assumeNamespaces(slices.DeleteFunc(p.namedByZones(), func(name string) bool { return !slices.Contains(assumed, name) }))
}

// overNamespaces puts declared namespaces in the place of those that are there. A folder is
// all that there is, so what it no longer names is gone; in a cluster a label may be
// somebody else's, and applying a manifest that does not name it leaves it.
func overNamespaces(there, declared []topology.Namespace, live bool) []topology.Namespace {
	out := slices.Clone(declared)
	for _, ns := range there {
		i := slices.IndexFunc(out, func(d topology.Namespace) bool { return d.Name == ns.Name })
		switch {
		case i < 0:
			out = append(out, ns)
		case live:
			labels := maps.Clone(ns.Labels)
			if labels == nil {
				labels = map[string]string{}
			}
			maps.Copy(labels, out[i].Labels)
			out[i].Labels = labels
		}
	}
	return out
}

// labelsThatMayGo says which labels by which the Site or a zone selects namespaces a cluster
// has and the manifest of the namespace does not name: whether applying takes them off is up
// to who put them there.
func (p *Plant) labelsThatMayGo(there, declared []topology.Namespace) []string {
	keys := p.namespaceKeys()
	var out []string
	for _, ns := range there {
		i := slices.IndexFunc(declared, func(d topology.Namespace) bool { return d.Name == ns.Name })
		if i < 0 {
			continue
		}
		unnamed := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
			return !has(ns.Labels, key) || has(declared[i].Labels, key)
		})
		if len(unnamed) > 0 {
			out = append(out, fmt.Sprintf("namespace %s carries %s, which its manifest does not name: applying it may take that off",
				ns.Name, strings.Join(unnamed, ", ")))
		}
	}
	return out
}

func has(labels map[string]string, key string) bool {
	_, ok := labels[key]
	return ok
}

// namespaceKeys are the labels by which the Site and the zones select namespaces, sorted.
func (p *Plant) namespaceKeys() []string {
	var out []string
	if p.Site != nil {
		out = topology.SelectorKeys(&p.Site.Spec.Scope.NamespaceSelector)
	}
	for _, z := range p.Zones {
		for _, w := range z.Spec.Members.Workloads {
			if w.NamespaceSelector != nil {
				out = append(out, topology.SelectorKeys(w.NamespaceSelector)...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Assumptions are what was put in place of what neither a cluster nor a file says.
func (p *Plant) Assumptions() []string {
	n := len(p.assumedNamespaces)
	if n == 0 {
		return p.Assumed
	}
	noun, nobody := "namespaces", "no file declares"
	if n == 1 {
		noun = "namespace"
	}
	if p.Live {
		nobody = "neither the cluster shows nor a file declares"
	}
	said := fmt.Sprintf("%d %s that zones name and %s, with the labels of the Site's scope", n, noun, nobody)
	return slices.Concat([]string{said}, p.Assumed)
}
