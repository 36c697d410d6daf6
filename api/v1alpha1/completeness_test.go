// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// TestEveryConstraintIsTested finds constraints in the definitions that no rule
// of this package shows a refusal for.
func TestEveryConstraintIsTested(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			tested := map[string][]string{} // messages by field
			for _, r := range k.everyRule() {
				for _, because := range r.because {
					field, message, _ := strings.Cut(because, ": ")
					field = indices.ReplaceAllString(field, "[]")
					tested[field] = append(tested[field], message)
				}
			}
			all := k.constraints(t)
			if len(all) == 0 {
				t.Fatal("no constraints found")
			}
			for _, c := range all {
				if !slices.ContainsFunc(tested[c.field], func(m string) bool { return strings.Contains(m, c.message) }) {
					t.Errorf("no test for %s: %s", c.field, c.message)
				}
			}
			t.Logf("%d constraints, %d rules", len(all), len(k.everyRule()))
		})
	}
}

// TestEveryExpressionIsTested does the same for the expressions alone, and wants
// each to have a message: the API server would print the expression instead.
func TestEveryExpressionIsTested(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			var tested []string
			for _, r := range k.everyRule() {
				if r.refused != "" {
					tested = append(tested, r.because...)
				}
			}
			expressions := k.expressions(t)
			if len(expressions) == 0 && k.declared() {
				t.Fatal("no expressions found")
			}
			for _, e := range expressions {
				if e.Message == "" {
					t.Errorf("%s has no message", e.Rule)
				}
				if !slices.ContainsFunc(tested, func(because string) bool { return strings.HasSuffix(because, ": "+e.Message) }) {
					t.Errorf("no test for: %s", e.Message)
				}
			}
		})
	}
}

// calls finds the names of functions and macros in an expression.
var calls = regexp.MustCompile(`([A-Za-z_]+)\(`)

// TestExpressionsAreOldEnough keeps to what Kubernetes 1.30 knows. Later versions
// add functions, with which it would refuse the definition.
func TestExpressionsAreOldEnough(t *testing.T) {
	known := []string{"all", "contains", "duration", "filter", "getSeconds", "has", "int", "map", "matches", "size", "split", "startsWith", "substring"}
	operators := []string{"in"}
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			for _, e := range k.expressions(t) {
				for _, call := range calls.FindAllStringSubmatch(e.Rule, -1) {
					if !slices.Contains(known, call[1]) && !slices.Contains(operators, call[1]) {
						t.Errorf("does Kubernetes 1.30 have %s()? Then say so here. In: %s", call[1], e.Rule)
					}
				}
			}
		})
	}
}

// A constraint is what a schema asks of a field, in the API server's words.
type constraint struct{ field, message string }

var indices = regexp.MustCompile(`\[\d+\]`)

// elsewhere are fields whose schemas are not ours or are tested under another name.
var elsewhere = regexp.MustCompile(`^status\.(conditions\[\]|lastGood\.spec)$`)

func (k kind) schema(t *testing.T) *apiextensionsv1.JSONSchemaProps {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(crdFolder, "zonewarden.io_"+k.resource+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(content, &definition); err != nil {
		t.Fatal(err)
	}
	return definition.Spec.Versions[0].Schema.OpenAPIV3Schema
}

func (k kind) constraints(t *testing.T) []constraint {
	t.Helper()
	var all []constraint
	walk("", k.schema(t), func(field string, s *apiextensionsv1.JSONSchemaProps) {
		all = append(all, constraintsOf(t, field, s)...)
	})
	return all
}

func (k kind) expressions(t *testing.T) []apiextensionsv1.ValidationRule {
	t.Helper()
	var all []apiextensionsv1.ValidationRule
	walk("", k.schema(t), func(_ string, s *apiextensionsv1.JSONSchemaProps) {
		all = append(all, s.XValidations...)
	})
	return all
}

// walk visits the schemas of a field and of what is in it.
func walk(field string, s *apiextensionsv1.JSONSchemaProps, visit func(string, *apiextensionsv1.JSONSchemaProps)) {
	if elsewhere.MatchString(field) {
		return
	}
	visit(field, s)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		walk(strings.TrimPrefix(field+"."+name, "."), &property, visit)
	}
	if s.Items != nil {
		walk(field+"[]", s.Items.Schema, visit)
	}
}

func constraintsOf(t *testing.T, field string, s *apiextensionsv1.JSONSchemaProps) []constraint {
	t.Helper()
	var all []constraint
	add := func(field, format string, a ...any) {
		all = append(all, constraint{field: field, message: fmt.Sprintf(format, a...)})
	}
	for _, name := range s.Required {
		add(strings.TrimPrefix(field+"."+name, "."), "Required value")
	}
	if len(s.Enum) > 0 {
		words := make([]string, len(s.Enum))
		for i, word := range s.Enum {
			if err := json.Unmarshal(word.Raw, &words[i]); err != nil {
				t.Fatal(err)
			}
		}
		add(field, "supported values: %s", quoted(words))
	}
	if s.Pattern != "" {
		add(field, "should match '%s'", s.Pattern)
	}
	if s.Format != "" && s.Type == "string" {
		add(field, "must be of type %s", s.Format)
	}
	for _, e := range s.XValidations {
		if field == "" {
			field = whole
		}
		add(field, "%s", e.Message)
	}
	return append(all, limitsOf(field, s)...)
}

func limitsOf(field string, s *apiextensionsv1.JSONSchemaProps) []constraint {
	var all []constraint
	limit := func(n *int64, format string) {
		if n != nil {
			all = append(all, constraint{field: field, message: fmt.Sprintf(format, *n)})
		}
	}
	limit(s.MaxLength, "may not be more than %d bytes")
	limit(s.MinLength, "should be at least %d chars long")
	limit(s.MaxItems, "must have at most %d items")
	limit(s.MinItems, "should have at least %d items")
	limit(s.MaxProperties, "must have at most %d items")
	limit(s.MinProperties, "should have at least %d properties")
	if s.Maximum != nil {
		all = append(all, constraint{field, fmt.Sprintf("should be less than or equal to %g", *s.Maximum)})
	}
	if s.Minimum != nil {
		all = append(all, constraint{field, fmt.Sprintf("should be greater than or equal to %g", *s.Minimum)})
	}
	if s.XListType != nil && *s.XListType != "atomic" {
		all = append(all, constraint{field + "[]", "Duplicate value"})
	}
	return all
}
