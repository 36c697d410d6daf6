// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policytest

import (
	"fmt"
	"slices"
)

// selector is a label selector as JSON has it.
type selector struct {
	MatchLabels      map[string]string `json:"matchLabels"`
	MatchExpressions []struct {
		Key      string   `json:"key"`
		Operator string   `json:"operator"`
		Values   []string `json:"values"`
	} `json:"matchExpressions"`
}

// matches says whether the selector selects these labels; an empty one does.
func (s selector) matches(labels map[string]string) bool {
	for k, want := range s.MatchLabels {
		if got, ok := labels[k]; !ok || got != want {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		got, has := labels[e.Key]
		var ok bool
		switch e.Operator {
		case "In":
			ok = has && slices.Contains(e.Values, got)
		case "NotIn":
			ok = !has || !slices.Contains(e.Values, got)
		case "Exists":
			ok = has
		case "DoesNotExist":
			ok = !has
		default:
			panic(fmt.Sprintf("operator %q", e.Operator))
		}
		if !ok {
			return false
		}
	}
	return true
}
