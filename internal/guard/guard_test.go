// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/internal/guard"
)

const shipped = `
kind: ValidatingAdmissionPolicy
metadata: {name: p, labels: {a: b}}
spec:
  failurePolicy: Fail
  paramKind: {apiVersion: zonewarden.io/v1alpha1, kind: Site}
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: ["*"], operations: [CREATE], resources: [pods]}]
  validations: [{expression: "false", message: "no"}]
`

// standing is what the API server makes of it.
const standing = `
kind: ValidatingAdmissionPolicy
metadata: {name: p, uid: u, resourceVersion: "7", labels: {a: c}}
spec:
  failurePolicy: Fail
  paramKind: {apiVersion: zonewarden.io/v1alpha1, kind: Site}
  matchConstraints:
    matchPolicy: Equivalent
    namespaceSelector: {}
    objectSelector: {}
    resourceRules: [{apiGroups: [""], apiVersions: ["*"], operations: [CREATE], resources: [pods], scope: "*"}]
  validations: [{expression: "false", message: "no"}]
status: {observedGeneration: 1}
`

func parse(tb testing.TB, document string) guard.Object {
	tb.Helper()
	var o guard.Object
	if err := yaml.Unmarshal([]byte(document), &o); err != nil {
		tb.Fatal(err)
	}
	return o
}

func spec(o guard.Object) map[string]any { return o["spec"].(map[string]any) }

func TestCompare(t *testing.T) {
	t.Parallel()
	const name = "ValidatingAdmissionPolicy/p"
	changed, missing := guard.Differences{Changed: []string{name}}, guard.Differences{Missing: []string{name}}
	tests := map[string]struct {
		edit func(guard.Object)
		want guard.Differences
	}{
		"as shipped":          {func(guard.Object) {}, guard.Differences{}},
		"another name":        {func(o guard.Object) { o["metadata"].(map[string]any)["name"] = "q" }, missing},
		"another kind":        {func(o guard.Object) { o["kind"] = "ValidatingAdmissionPolicyBinding" }, missing},
		"being deleted":       {func(o guard.Object) { o["metadata"].(map[string]any)["deletionTimestamp"] = "now" }, missing},
		"failing open":        {func(o guard.Object) { spec(o)["failurePolicy"] = "Ignore" }, changed},
		"without validations": {func(o guard.Object) { delete(spec(o), "validations") }, changed},
		"another expression":  {func(o guard.Object) { spec(o)["validations"].([]any)[0].(map[string]any)["expression"] = "true" }, changed},
		"a condition more": {func(o guard.Object) {
			spec(o)["matchConditions"] = []any{map[string]any{"name": "n", "expression": "false"}}
		}, changed},
		"namespaces left out": {func(o guard.Object) {
			spec(o)["matchConstraints"].(map[string]any)["namespaceSelector"] = map[string]any{"matchLabels": map[string]any{"x": "y"}}
		}, changed},
		"exact matches only": {func(o guard.Object) { spec(o)["matchConstraints"].(map[string]any)["matchPolicy"] = "Exact" }, changed},
		"one scope only": {func(o guard.Object) {
			spec(o)["matchConstraints"].(map[string]any)["resourceRules"].([]any)[0].(map[string]any)["scope"] = "Cluster"
		}, changed},
		"no spec":              {func(o guard.Object) { delete(o, "spec") }, changed},
		"a validation doubled": {func(o guard.Object) { v := spec(o)["validations"].([]any); spec(o)["validations"] = append(v, v[0]) }, changed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := parse(t, standing)
			tt.edit(o)
			got := guard.Compare([]guard.Object{parse(t, shipped)}, []guard.Object{o, parse(t, "{kind: Other, metadata: {name: p}}")})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if got.None() != (tt.want.Changed == nil && tt.want.Missing == nil) {
				t.Errorf("None is %t of %+v", got.None(), got)
			}
		})
	}
}

// TestEmptyLinesAreNoChange: Kustomize puts them in where it writes an expression of several
// lines. A line more or less, or elsewhere, is a change.
func TestEmptyLinesAreNoChange(t *testing.T) {
	t.Parallel()
	of := func(expression string) []guard.Object {
		return []guard.Object{{
			"kind": "ValidatingAdmissionPolicy", "metadata": map[string]any{"name": "p"},
			"spec": map[string]any{"validations": []any{map[string]any{"expression": expression}}},
		}}
	}
	shipped := "a\n  && b\n  && c"
	for expression, same := range map[string]bool{
		shipped: true, "a\n\n  && b\n\n\n  && c": true,
		"a && b\n  && c": false, "a\n  && b": false, "\na\n  && b\n  && c": false, "a\n\n&& b\n  && c": false,
	} {
		if got := guard.Compare(of(shipped), of(expression)).None(); got != same {
			t.Errorf("%q is the same: %v", expression, got)
		}
	}
}
