// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/test/oracle/declared"
)

// tally counts what was asked. A nil one does not.
type tally struct {
	engines map[string]*engineTally
}

type engineTally struct {
	// verdicts on flows, and those of them where the engine abstained at an end.
	verdicts, abstained int
	passing             int // ends where the flow passed
	// causes of the declared verdicts at pods.
	causes map[declared.Cause]int
	// guards is how many objects of the guard stood, by kind.
	guards map[string]int
}

func newTally() *tally { return &tally{engines: map[string]*engineTally{}} }

func (t *tally) of(engine string) *engineTally {
	if t.engines[engine] == nil {
		t.engines[engine] = &engineTally{causes: map[declared.Cause]int{}, guards: map[string]int{}}
	}
	return t.engines[engine]
}

func (t *tally) end(engine string, want declared.Verdict, got bool) {
	if t == nil {
		return
	}
	e := t.of(engine)
	e.causes[want.Cause]++
	if got {
		e.passing++
	}
}

func (t *tally) guards(engine string, set policy.Set) {
	if t == nil {
		return
	}
	for _, o := range set.Objects {
		if o.Part == policy.PartGuard {
			t.of(engine).guards[o.GVK.Kind]++
		}
	}
}

func (t *tally) verdict(engine string, both bool) {
	if t == nil {
		return
	}
	if both {
		t.of(engine).verdicts++
	} else {
		t.of(engine).abstained++
	}
}

// total is the number of verdicts of all engines.
func (t *tally) total() int {
	n := 0
	for _, e := range t.engines {
		n += e.verdicts
	}
	return n
}

// thinnest is the cause that was seen least often by the engine that saw it least: a
// property over flows that all pass for one reason says little.
func (t *tally) thinnest(causes ...declared.Cause) (where string, n int) {
	n = math.MaxInt
	for name, e := range t.engines {
		for _, cause := range causes {
			if e.causes[cause] < n {
				where, n = fmt.Sprintf("%s, %s", name, cause), e.causes[cause]
			}
		}
	}
	return where, n
}

// report is for a person.
func (t *tally) report(took time.Duration) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d verdicts in %.1f s, no disagreement with what is declared\n", t.total(), took.Seconds())
	for _, name := range slices.Sorted(maps.Keys(t.engines)) {
		e := t.engines[name]
		fmt.Fprintf(&out, "  %s: %d, and %d where it abstains\n    at pods %d passed; declared:", name, e.verdicts, e.abstained, e.passing)
		for _, cause := range slices.Sorted(maps.Keys(e.causes)) {
			fmt.Fprintf(&out, " %s %d,", cause, e.causes[cause])
		}
		for _, kind := range slices.Sorted(maps.Keys(e.guards)) {
			fmt.Fprintf(&out, "\n    with %d guards by %s", e.guards[kind], kind)
		}
		out.WriteString("\n")
	}
	return strings.ReplaceAll(out.String(), ",\n", "\n")
}
