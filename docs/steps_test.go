// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// constantsOf are the values of a file's constants of a type.
func constantsOf(t *testing.T, file, kind string) []string {
	t.Helper()
	out := valuesIn(t, file, func(spec *ast.ValueSpec, _ string) bool {
		of, ok := spec.Type.(*ast.Ident)
		return ok && of.Name == kind
	})
	slices.Sort(out)
	return out
}

// TestStepsAreOneList: what is decided may be written to the status, as its enum is refused
// otherwise, and the page about certificates explains no step that there is not.
func TestStepsAreOneList(t *testing.T) {
	t.Parallel()
	const source = "../api/v1alpha1/certificate_step_types.go"
	steps := constantsOf(t, "../internal/pki/rotation/decision.go", "Step")
	if diff := cmp.Diff(steps, constantsOf(t, source, "RotationStep")); diff != "" {
		t.Errorf("constants (-internal/pki/rotation +api):\n%s", diff)
	}
	marker := regexp.MustCompile(`(?m)^// \+kubebuilder:validation:Enum=(.*)$`).FindStringSubmatch(read(t, source))
	if marker == nil {
		t.Fatalf("%s has no enum", source)
	}
	if diff := cmp.Diff(steps, slices.Sorted(strings.SplitSeq(marker[1], ";"))); diff != "" {
		t.Errorf("the enum (-internal/pki/rotation +api):\n%s", diff)
	}
	for _, row := range stepRows(t) {
		if !slices.Contains(steps, row) {
			t.Errorf("certificates.md explains the step %s, which there is not", row)
		}
	}
}

// stepRows are the first cells of the table of steps.
func stepRows(t *testing.T) []string {
	t.Helper()
	_, rest, found := strings.Cut(read(t, "certificates.md"), "| Step | ")
	table, _, ends := strings.Cut(rest, "\n\n")
	if !found || !ends {
		t.Fatal("certificates.md has no table of steps")
	}
	var out []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(table, -1) {
		out = append(out, m[1])
	}
	if len(out) == 0 {
		t.Fatal("the table of steps is empty")
	}
	return out
}
