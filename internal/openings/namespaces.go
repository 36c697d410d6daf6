// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// addNamespaces adds the namespaces that zones name or may come to select, as they were
// accepted or are declared, and that do not exist.
func (t *trial) addNamespaces() {
	t.snapshot.Namespaces = slices.Clone(t.snapshot.Namespaces)
	there := map[string]bool{}
	for _, ns := range t.snapshot.Namespaces {
		there[ns.Name] = true
	}
	add := func(name string, labels map[string]string) {
		if !there[name] {
			there[name] = true
			t.snapshot.Namespaces = append(t.snapshot.Namespaces, topology.Namespace{Name: name, Labels: labels})
		}
	}
	scope := &t.snapshot.Site.Spec.Scope.NamespaceSelector
	inScope := labelled(nil, scope)
	values := t.namespaceLabels()
	for _, z := range t.snapshot.Zones {
		kinds := values
		if !membersDiffer(z) {
			kinds = nil // one of each selector is enough
		}
		for i, w := range entriesOf(z) {
			for _, name := range w.Namespaces {
				for _, labels := range inScope {
					add(name, labels)
				}
			}
			if w.NamespaceSelector == nil {
				continue
			}
			for n, labels := range labelled(kinds, scope, w.NamespaceSelector) {
				add(fmt.Sprintf("(namespace %d.%d of %s)", i, n, z.Name), labels)
			}
		}
	}
}

// labelled are the labels of namespaces that all of the selectors take in: one, and of each
// kind that one of the values can make.
func labelled(values topology.LabelValues, selectors ...*metav1.LabelSelector) []map[string]string {
	var out []map[string]string
	asPods := topology.Workloads{Namespaces: []string{""}, Matching: []string{""}, PodSelectors: selectors}
	for _, p := range asPods.Kinds(values) {
		out = append(out, p.Labels)
	}
	return out
}

// namespaceLabels are those that any zone selects namespaces by, and the scope.
func (t *trial) namespaceLabels() topology.LabelValues {
	selectors := []*metav1.LabelSelector{&t.snapshot.Site.Spec.Scope.NamespaceSelector}
	for _, z := range t.snapshot.Zones {
		for _, w := range entriesOf(z) {
			if w.NamespaceSelector != nil {
				selectors = append(selectors, w.NamespaceSelector)
			}
		}
	}
	out := topology.LabelValues{}
	out.Add(topology.Workloads{PodSelectors: selectors})
	return out
}

func membersDiffer(z *v1alpha1.Zone) bool {
	good := z.Status.LastGood
	return good == nil || good.Generation != z.Generation && !equality.Semantic.DeepEqual(good.Spec.Members.Workloads, z.Spec.Members.Workloads)
}

func entriesOf(z *v1alpha1.Zone) []v1alpha1.WorkloadMembers {
	out := z.Spec.Members.Workloads
	if z.Status.LastGood != nil {
		out = slices.Concat(out, z.Status.LastGood.Spec.Members.Workloads)
	}
	return out
}
