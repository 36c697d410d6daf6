// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	for _, s := range w.PodSelectors {
		d.add(s)
	}
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

// ExampleLabels are labels that all of the selectors match, of something that is not there
// yet: one set at least for each value that they list; none where nothing can match.
func ExampleLabels(selectors ...*metav1.LabelSelector) []map[string]string {
	d := demands{}
	for _, s := range selectors {
		d.add(s)
	}
	if !d.satisfiable() {
		return nil
	}
	return slices.DeleteFunc(d.examples(), func(labels map[string]string) bool {
		return slices.ContainsFunc(selectors, func(s *metav1.LabelSelector) bool { return !matches(s, labels) })
	})
}
