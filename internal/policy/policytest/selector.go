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
	MatchExpressions []expression      `json:"matchExpressions"`
}

type expression struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values"`
}

// matches says whether the selector selects these labels; an empty one does.
func (s selector) matches(labels map[string]string) bool {
	for k, want := range s.MatchLabels {
		if got, ok := labels[k]; !ok || got != want {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		if !e.matches(labels) {
			return false
		}
	}
	return true
}

func (e expression) matches(labels map[string]string) bool {
	got, has := labels[e.Key]
	switch e.Operator {
	case "In":
		return has && slices.Contains(e.Values, got)
	case "NotIn":
		return !has || !slices.Contains(e.Values, got)
	case "Exists":
		return has
	case "DoesNotExist":
		return !has
	default:
		panic(fmt.Sprintf("operator %q", e.Operator))
	}
}
