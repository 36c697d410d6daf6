// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"slices"
	"testing"
)

// routine is something that has to go on working with the guard on.
type routine struct {
	name string
	as   name
	do   request
	// then waits for what Kubernetes makes of it.
	then func(context.Context) error
	// late says that this takes up to a minute: it is looked at after all the others.
	late bool
	// undo is done by the cluster's administrator afterwards.
	undo request
}

func routines() []routine {
	return slices.Concat(routinesOfControllers, routinesOfOpenWindows, routinesOfNodes, routinesOfPeople, routinesOfOperators, routinesOutOfScope)
}

func doRoutines(t *testing.T) {
	var late []routine
	for _, r := range routines() {
		t.Run(r.name+", as "+string(r.as), func(t *testing.T) {
			if err := r.do(t.Context(), site.callers[r.as]); outcomeOf(err) != accepted {
				t.Errorf("%s: %v", outcomeOf(err), err)
			}
			if r.late {
				late = append(late, r)
				return
			}
			finishRoutine(t, r)
		})
	}
	for _, r := range late {
		t.Run(r.name+", at last", func(t *testing.T) { finishRoutine(t, r) })
	}
	if n := len(routines()); n < 25 {
		t.Errorf("only %d routines", n)
	}
	t.Logf("%d routines\n%s", len(routines()), routineTable())
}

func finishRoutine(t *testing.T, r routine) {
	t.Helper()
	if r.then != nil {
		if err := r.then(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if r.undo != nil {
		if err := r.undo(t.Context(), site.callers[administrator]); err != nil {
			t.Errorf("undoing it: %v", err)
		}
	}
}
