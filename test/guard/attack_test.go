// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// attack is one attempt to open a hole.
type attack struct {
	name string
	as   name
	do   request
	want outcome
	// by is the policy that refuses, or several that may; empty where RBAC does.
	by string
	// says is a part of the refusal: what to do instead.
	says string
	// because says why it is harmless where it is accepted.
	because string
	// undo is done by the cluster's administrator afterwards, whatever came out.
	undo request
}

// chapter is a table of attempts of one sort.
type chapter struct {
	heading string
	table   []attack
}

// attacks are all attempts, by what they are after.
var attacks = []chapter{
	{"Add a policy", attacksByPolicy},
	{"Touch what Zonewarden wrote", attacksOnOwnObjects},
	{"Touch the audit trail, the clock's mark or our keys", attacksOnTheTrail},
	{"Change a label", attacksByLabel},
	{"Have a pod made, or leave the network", attacksByTemplate},
	{"Touch what the network plugin works from", attacksOnThePluginsKinds},
	{"Reach in through the API server", attacksByAccess},
	{"Use what access windows use", attacksOnOpenWindows},
	{"Expose by a service", attacksByExposure},
	{"Declare, or undeclare", attacksOnDeclarations},
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
	n, came := 0, map[outcome]int{}
	before := mustFindOpenings(t)
	for _, a := range attacks {
		t.Run(a.heading, func(t *testing.T) {
			for _, a := range a.table {
				n++
				t.Run(a.name+", as "+string(a.as), func(t *testing.T) { came[tryAttack(t, a)]++ })
			}
		})
	}
	if n < 200 {
		t.Errorf("only %d attacks", n)
	}
	if diff := cmp.Diff(before, mustFindOpenings(t)); diff != "" {
		t.Errorf("what is open changed (-before +after all):\n%s", diff)
	}
	t.Logf("%d attempts: %d refused by the guard, %d by RBAC, %d accepted; none allows a flow that was not allowed\n%s",
		n, came[refusedByGuard], came[refusedByRBAC], came[accepted], attackTable(attacks))
}

// tryAttack compares what is open before and after an attack that is accepted: the engine
// has to say the same as the table. One that is refused is not stored.
func tryAttack(t *testing.T, a attack) outcome {
	t.Helper()
	var before []string
	if a.want == accepted {
		before = mustFindOpenings(t)
	}
	err := a.do(t.Context(), site.callers[a.as])
	if a.want == accepted {
		if diff := cmp.Diff(before, mustFindOpenings(t)); diff != "" {
			t.Errorf("what is open changed (-before +after):\n%s", diff)
		}
	}
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
	case accepted:
		if a.because == "" {
			t.Error("nothing says why that is harmless")
		}
	case refusedByRBAC, failed:
	}
	return got
}

// The tables as docs/guard.md has them.

func attackTable(chapters []chapter) string {
	var out strings.Builder
	for _, c := range chapters {
		fmt.Fprintf(&out, "\n### %s\n\n| attempt | as | outcome |\n|---|---|---|\n", c.heading)
		for _, a := range c.table {
			outcome := string(a.want)
			switch a.want {
			case refusedByGuard:
				outcome = "refused by `" + strings.ReplaceAll(a.by, "|", "` or `") + "`"
			case accepted:
				outcome = "accepted: " + a.because
			case refusedByDefinition, refusedByRBAC, failed:
			}
			fmt.Fprintf(&out, "| %s | %s | %s |\n", a.name, a.as, outcome)
		}
	}
	return out.String()
}

func overrideTable() string {
	out := "| override | as | and then |\n|---|---|---|\n"
	for _, o := range overrides {
		out += fmt.Sprintf("| %s | %s | %s |\n", o.name, o.as, o.then)
	}
	return out
}

func routineTable() string { return tableOf(routines()) }

func tableOf(routines []routine) string {
	var out strings.Builder
	out.WriteString("| routine | as |\n|---|---|\n")
	for _, r := range routines {
		fmt.Fprintf(&out, "| %s | %s |\n", r.name, r.as)
	}
	return out.String()
}
