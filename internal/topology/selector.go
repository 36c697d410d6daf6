// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// namespaceNameLabel is the label that the API server keeps equal to a
// namespace's name.
const namespaceNameLabel = "kubernetes.io/metadata.name"

// demand is what a conjunction of selectors asks of one label key.
type demand struct {
	in       []string // nil: any value; else only these
	bounded  bool     // in counts
	notIn    []string
	exists   bool
	isAbsent bool
}

// demands is a conjunction of label requirements, by key. Two selectors can match
// one object exactly when the demands of both together are satisfiable.
type demands map[string]*demand

func (d demands) key(k string) *demand {
	if d[k] == nil {
		d[k] = &demand{}
	}
	return d[k]
}

func (d demands) requireIn(key string, values ...string) {
	k := d.key(key)
	if !k.bounded {
		k.in, k.bounded = slices.Clone(values), true
		return
	}
	k.in = slices.DeleteFunc(k.in, func(v string) bool { return !slices.Contains(values, v) })
}

// add joins a selector to the conjunction; nil asks nothing.
func (d demands) add(s *metav1.LabelSelector) {
	if s == nil {
		return
	}
	for k, v := range s.MatchLabels {
		d.requireIn(k, v)
	}
	for _, e := range s.MatchExpressions {
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
			d.requireIn(e.Key, e.Values...)
		case metav1.LabelSelectorOpNotIn:
			k := d.key(e.Key)
			k.notIn = append(k.notIn, e.Values...)
		case metav1.LabelSelectorOpExists:
			d.key(e.Key).exists = true
		case metav1.LabelSelectorOpDoesNotExist:
			d.key(e.Key).isAbsent = true
		}
	}
}

// satisfiable says whether some set of labels meets every demand.
func (d demands) satisfiable() bool {
	for _, k := range d {
		if k.isAbsent && (k.exists || k.bounded) {
			return false
		}
		if k.bounded && !slices.ContainsFunc(k.in, func(v string) bool { return !slices.Contains(k.notIn, v) }) {
			return false
		}
	}
	return true
}

// namespaceDemands are the demands of the namespace part.
func (w Workloads) namespaceDemands(d demands) {
	if w.NamespaceSelector != nil {
		d.add(w.NamespaceSelector)
		return
	}
	d.requireIn(namespaceNameLabel, w.Namespaces...)
}

// podDemands are the demands of the pod part.
func (w Workloads) podDemands(d demands) {
	for _, s := range w.PodSelectors {
		d.add(s)
	}
}

// shareNamespace says whether some namespace could be selected by both.
func shareNamespace(a, b Workloads) bool {
	d := demands{}
	a.namespaceDemands(d)
	b.namespaceDemands(d)
	return d.satisfiable()
}

// canOverlap says whether some pod could be selected by both, whether or not
// there is such a pod now: a label set tomorrow must not join two zones.
func canOverlap(a, b Workloads) bool {
	if !shareNamespace(a, b) {
		return false
	}
	d := demands{}
	a.podDemands(d)
	b.podDemands(d)
	return d.satisfiable()
}

// MatchesNamespace says whether the namespace part selects a namespace.
func (w Workloads) MatchesNamespace(ns Namespace) bool {
	if w.NamespaceSelector == nil {
		return slices.Contains(w.Namespaces, ns.Name)
	}
	return matches(w.NamespaceSelector, ns.Labels)
}

// MatchesLabels says whether the pod part selects a pod with these labels.
func (w Workloads) MatchesLabels(pod map[string]string) bool {
	for _, s := range w.PodSelectors {
		if !matches(s, pod) {
			return false
		}
	}
	return true
}

// matches says whether a selector selects a set of labels. An invalid selector
// selects nothing.
func matches(s *metav1.LabelSelector, set map[string]string) bool {
	compiled, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && compiled.Matches(labels.Set(set))
}

// SelectorKeys are the label keys that a selector uses, sorted, each once.
func SelectorKeys(s *metav1.LabelSelector) []string {
	var keys []string
	for k := range s.MatchLabels {
		keys = append(keys, k)
	}
	for _, e := range s.MatchExpressions {
		keys = append(keys, e.Key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// firstDemand returns one key with the values that a selector bounds it to, for
// indexing; ok is false when it bounds none.
func firstDemand(s *metav1.LabelSelector) (key string, values []string, ok bool) {
	d := demands{}
	d.add(s)
	for k, v := range d {
		if v.bounded && (!ok || k < key) {
			key, values, ok = k, v.in, true
		}
	}
	return key, values, ok
}
