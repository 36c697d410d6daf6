// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestDocumentation: docs/guard.md has the tables as they are tried, and names every policy.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/guard.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for what, table := range map[string]string{"attempts": attackTable(attacks), "overrides": overrideTable(), "routines": routineTable()} {
		if !strings.Contains(page, table) {
			t.Errorf("docs/guard.md does not have the %s as they are; paste:\n%s", what, table)
		}
	}
	for _, o := range guardObjects() {
		if o.GetKind() == "ValidatingAdmissionPolicy" && !strings.Contains(page, "`"+o.GetName()+"`") {
			t.Errorf("docs/guard.md does not know %s", o.GetName())
		}
	}
	n, came := 0, map[outcome]int{}
	for _, a := range attacks {
		n += len(a.table)
		for _, a := range a.table {
			came[a.want]++
		}
	}
	outcomes := fmt.Sprintf("%d are refused by the guard, %d by RBAC, and %d are accepted", came[refusedByGuard], came[refusedByRBAC], came[accepted])
	if !strings.Contains(page, outcomes) {
		t.Errorf("docs/guard.md does not say %q", outcomes)
	}
	acts := slices.Concat(undone, told, overridden)
	for _, a := range acts { // behind it are the figures of one run
		if !strings.Contains(page, a.actRow()) {
			t.Errorf("docs/guard.md does not have the act %q", a.actRow())
		}
	}
	checkOpeningsDocumentation(t, page)
	said := fmt.Sprintf("%d attempts, %d overrides, %d acts and %d routines", n, len(overrides), len(acts), len(routines()))
	if !strings.Contains(page, said) {
		t.Errorf("docs/guard.md does not say %q", said)
	}
}

// checkOpeningsDocumentation: the same for what is tried on a Site with openings.
func checkOpeningsDocumentation(t *testing.T, page string) {
	t.Helper()
	for what, table := range map[string]string{"attempts on openings": attackTable(attacksOnOpenings), "routines with openings": tableOf(routinesOfOpenings)} {
		if !strings.Contains(page, table) {
			t.Errorf("docs/guard.md does not have the %s as they are; paste:\n%s", what, table)
		}
	}
	n, came := 0, map[outcome]int{}
	for _, a := range attacksOnOpenings {
		n += len(a.table)
		for _, a := range a.table {
			came[a.want]++
		}
	}
	said := fmt.Sprintf("%d attempts, %d settings and %d routines: %d are refused by the guard, %d by the definition, %d by RBAC, and %d are accepted",
		n, len(openingsSettings), len(routinesOfOpenings), came[refusedByGuard], came[refusedByDefinition], came[refusedByRBAC], came[accepted])
	if !strings.Contains(page, said) {
		t.Errorf("docs/guard.md does not say %q", said)
	}
}
