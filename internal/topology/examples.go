// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"maps"
	"slices"
)

// mostExamples of one entry: a selector that lists more values than that says of the
// rest what it says of these.
const mostExamples = 16

// Examples are pods that the entry takes in, for what is to be said of pods that are not
// there yet: one at least for each value that its selectors list, in the first of its
// namespaces. Their names are empty.
func (w Workloads) Examples() []Pod {
	if len(w.Matching) == 0 {
		return nil
	}
	d := demands{}
	w.podDemands(d)
	if !d.satisfiable() {
		return nil
	}
	var out []Pod
	for _, labels := range d.examples() {
		if p := (Pod{Namespace: w.Matching[0], Labels: labels}); w.Selects(p) {
			out = append(out, p)
		}
	}
	return out
}

// examples are labels that meet satisfiable demands.
func (d demands) examples() []map[string]string {
	first := map[string]string{}
	for key, asked := range d {
		switch {
		case asked.bounded:
			first[key] = asked.allowed()[0]
		case asked.exists:
			first[key] = "any"
		}
	}
	all := []map[string]string{first}
	for _, key := range slices.Sorted(maps.Keys(d)) {
		if !d[key].bounded {
			continue
		}
		for _, value := range d[key].allowed()[1:] {
			other := maps.Clone(first)
			other[key] = value
			all = append(all, other)
		}
	}
	return all[:min(len(all), mostExamples)]
}

// allowed are the values that a bounded demand leaves.
func (k *demand) allowed() []string {
	return slices.DeleteFunc(slices.Clone(k.in), func(v string) bool { return slices.Contains(k.notIn, v) })
}

// LabelValues are values of labels by their keys: those that selectors name.
type LabelValues map[string]map[string]bool

// Add adds what the entry's pod selectors name; a key without values counts as well.
func (v LabelValues) Add(w Workloads) {
	for _, s := range w.PodSelectors {
		for _, key := range SelectorKeys(s) {
			if v[key] == nil {
				v[key] = map[string]bool{}
			}
		}
		for key, value := range s.MatchLabels {
			v[key][value] = true
		}
		for _, e := range s.MatchExpressions {
			for _, value := range e.Values {
				v[e.Key][value] = true
			}
		}
	}
}

// Kinds are pods that the entry takes in, one at least of each kind that one of these labels
// can make: in each of its namespaces, with each value, with another one, and without the label.
func (w Workloads) Kinds(values LabelValues) []Pod {
	d := demands{}
	w.podDemands(d)
	if !d.satisfiable() {
		return nil
	}
	first := d.examples()[0]
	all := []map[string]string{first}
	vary := func(key, value string) {
		labels := maps.Clone(first)
		labels[key] = value
		all = append(all, labels)
	}
	// Without the label is the first, where the entry takes that in.
	for key, named := range values {
		vary(key, another(named))
		for value := range named {
			vary(key, value)
		}
	}
	var out []Pod
	for _, labels := range all {
		for _, ns := range w.Matching {
			if p := (Pod{Namespace: ns, Labels: labels}); w.Selects(p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// another is a value that is none of these.
func another(named map[string]bool) string {
	out := "another"
	for named[out] {
		out += "-one"
	}
	return out
}
