// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guard says whether the admission policies that keep the segmentation from
// being undone stand in the cluster as they were shipped.
//
// An admission policy cannot watch over admission policies: the API server asks none
// about them. Whoever may change them is an administrator of the cluster, so nothing is
// put back; it is said.
//
// There is no client, clock or log here: equal input gives equal answers.
package guard

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
)

// Object is an object of admissionregistration.k8s.io/v1 as decoded JSON.
type Object = map[string]any

// Differences are the objects that are not as they were shipped, as kind/name, sorted.
type Differences struct {
	Missing, Changed []string
}

// None says that all stand as they were shipped.
func (d Differences) None() bool { return len(d.Missing)+len(d.Changed) == 0 }

// Compare looks for every shipped object among those of the cluster. Only their specs
// count; what the API server fills in does not.
func Compare(shipped, standing []Object) Differences {
	have := make(map[string]Object, len(standing))
	for _, o := range standing {
		have[nameOf(o)] = o
	}
	var d Differences
	for _, want := range shipped {
		name := nameOf(want)
		got, there := have[name]
		switch {
		case !there || deleted(got):
			d.Missing = append(d.Missing, name)
		case !reflect.DeepEqual(plain(want["spec"]), plain(got["spec"])):
			d.Changed = append(d.Changed, name)
		}
	}
	slices.Sort(d.Missing)
	slices.Sort(d.Changed)
	return d
}

func nameOf(o Object) string {
	metadata, _ := o["metadata"].(map[string]any)
	return fmt.Sprintf("%v/%v", o["kind"], metadata["name"])
}

func deleted(o Object) bool {
	metadata, _ := o["metadata"].(map[string]any)
	_, is := metadata["deletionTimestamp"]
	return is
}

// filled are the values that the API server puts where a field is left out.
var filled = map[string]any{
	"failurePolicy":     "Fail",
	"matchPolicy":       "Equivalent",
	"namespaceSelector": map[string]any{},
	"objectSelector":    map[string]any{},
	"scope":             "*",
}

// emptyLines between the lines of an expression. Kustomize puts one into a folded scalar
// (>-) before each line that is indented further, whenever it writes YAML that it has read:
// with kubectl apply -k and in Argo CD. To CEL it is white space, since no text that is
// shipped goes over several lines within quotes.
var emptyLines = regexp.MustCompile(`\n{2,}`)

// plain is a value without what the API server fills in, and without empty fields, which
// mean the same as fields that are left out.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, field := range v {
			if reflect.DeepEqual(field, filled[k]) || empty(field) {
				continue
			}
			out[k] = plain(field)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			out = append(out, plain(item))
		}
		return out
	case int64, int, float64, json.Number:
		return fmt.Sprint(v)
	case string:
		return emptyLines.ReplaceAllLiteralString(v, "\n")
	default:
		return v
	}
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	default:
		return false
	}
}
