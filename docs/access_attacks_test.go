// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"go/ast"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vendorAttack is a row of access-attacks.md.
type vendorAttack struct{ Name, Outcome string }

// outcomes are the words for what becomes of an attack, by the constant.
func outcomes(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	ast.Inspect(parse(t, "../test/e2e/access_siege_test.go"), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "outcome" {
			out[spec.Names[0].Name] = text(t, spec.Values[0])
		}
		return false
	})
	return out
}

// attacksTried are those of the end-to-end test, in its order.
func attacksTried(t *testing.T) []vendorAttack {
	t.Helper()
	words := outcomes(t)
	var out []vendorAttack
	ast.Inspect(parse(t, "../test/e2e/access_attacks_test.go"), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != "vendorAttacks" {
			return true
		}
		for _, row := range spec.Values[0].(*ast.CompositeLit).Elts {
			fields := row.(*ast.CompositeLit).Elts
			out = append(out, vendorAttack{text(t, fields[0]), words[fields[1].(*ast.Ident).Name]})
		}
		return false
	})
	return out
}

// TestTheAttacksOnAccessAreThoseThatAreTried holds the page against the test.
func TestTheAttacksOnAccessAreThoseThatAreTried(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(read(t, "access-attacks.md"), "\n## What was tried\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []vendorAttack
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 2 || !strings.HasPrefix(cells[0], "| ") || cells[0] == "| attack" {
			continue
		}
		rows = append(rows, vendorAttack{strings.TrimPrefix(cells[0], "| "), strings.TrimSuffix(cells[1], " |")})
	}
	tried := attacksTried(t)
	if len(tried) == 0 {
		t.Fatal("no attack is tried")
	}
	if diff := cmp.Diff(tried, rows); diff != "" {
		t.Errorf("access-attacks.md (-test/e2e/access_attacks_test.go +page):\n%s", diff)
	}
}
