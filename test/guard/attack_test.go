// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// attack is one attempt to open a hole.
type attack struct {
	name string
	as   name
	do   request
	want outcome
	// by is the policy that refuses; empty where RBAC does.
	by string
	// says is a part of the refusal: what to do instead.
	says string
	// because says why it is harmless where it is accepted.
	because string
	// undo is done by the cluster's administrator afterwards, whatever came out.
	undo request
}

// TestGuard puts every table to one plant. All are real requests, in order: what is refused
// leaves nothing behind, and the routines at the end use up what was there before the guard.
func TestGuard(t *testing.T) {
	t.Parallel()
	t.Run("attacks", tryAttacks)
	t.Run("every zone of a conduit", askEveryZone)
	t.Run("large objects", takeLargeObjects)
	t.Run("types", checkTypes)
	t.Run("settings", trySettings)
	t.Run("overrides", tryOverrides)
	t.Run("routines", doRoutines)
}

func tryAttacks(t *testing.T) {
	all := slices.Concat(attacksByPolicy, attacksOnOwnObjects, attacksByLabel, attacksByTemplate, attacksOnThePluginsKinds,
		attacksByAccess, attacksByExposure, attacksOnDeclarations)
	rows := []string{"| attempt | as | outcome |", "|---|---|---|"}
	for _, a := range all {
		t.Run(a.name+", as "+string(a.as), func(t *testing.T) { rows = append(rows, tryAttack(t, a)) })
	}
	if len(all) < 45 {
		t.Errorf("only %d attacks", len(all))
	}
	t.Logf("%d attempts\n%s", len(all), strings.Join(rows, "\n"))
}

func tryAttack(t *testing.T, a attack) string {
	t.Helper()
	err := a.do(t.Context(), site.callers[a.as])
	if a.undo != nil {
		if undone := a.undo(t.Context(), site.callers[administrator]); undone != nil && outcomeOf(err) == accepted {
			t.Errorf("undoing it: %v", undone)
		}
	}
	got := outcomeOf(err)
	if got != a.want {
		t.Errorf("%s, want it %s: %v", got, a.want, err)
	}
	switch got {
	case refusedByGuard:
		if p := policyOf(err); !slices.Contains(strings.Split(a.by, "|"), p) {
			t.Errorf("refused by %s, want %s: %v", p, a.by, err)
		}
		if a.says == "" || !strings.Contains(sentence(err), a.says) {
			t.Errorf("the refusal does not say %q: %v", a.says, err)
		}
		return fmt.Sprintf("| %s | %s | refused by `%s` |", a.name, a.as, policyOf(err))
	case accepted:
		if a.because == "" {
			t.Error("nothing says why that is harmless")
		}
		return fmt.Sprintf("| %s | %s | accepted: %s |", a.name, a.as, a.because)
	case refusedByRBAC, failed:
	}
	return fmt.Sprintf("| %s | %s | %s |", a.name, a.as, got)
}
