// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"reflect"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// And returns one selector that matches what every one of the given selectors
// matches; nil selectors say nothing. It shares no memory with them. A key that
// two of them want to have different values makes a selector that matches
// nothing: the label must be in {a} and in {b}.
func And(selectors ...*metav1.LabelSelector) *metav1.LabelSelector {
	out := &metav1.LabelSelector{}
	for _, s := range selectors {
		if s == nil {
			continue
		}
		for _, key := range sortedKeys(s.MatchLabels) {
			andLabel(out, key, s.MatchLabels[key])
		}
		for _, e := range s.MatchExpressions {
			andExpression(out, *e.DeepCopy())
		}
	}
	return out
}

func andLabel(out *metav1.LabelSelector, key, value string) {
	has, taken := out.MatchLabels[key]
	switch {
	case !taken:
		if out.MatchLabels == nil {
			out.MatchLabels = map[string]string{}
		}
		out.MatchLabels[key] = value
	case has != value:
		andExpression(out, metav1.LabelSelectorRequirement{
			Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{value},
		})
	}
}

// andExpression adds a requirement that is not there yet: the narrowing of a
// conduit often repeats what the zone says.
func andExpression(out *metav1.LabelSelector, e metav1.LabelSelectorRequirement) {
	known := slices.ContainsFunc(out.MatchExpressions, func(o metav1.LabelSelectorRequirement) bool {
		return reflect.DeepEqual(o, e)
	})
	if !known {
		out.MatchExpressions = append(out.MatchExpressions, e)
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
