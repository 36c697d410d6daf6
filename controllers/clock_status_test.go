// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/clock"
)

// TestEveryReasonOfTheClockIsOneOfTheAPI: what a condition says is documented by the
// constants of the API.
func TestEveryReasonOfTheClockIsOneOfTheAPI(t *testing.T) {
	t.Parallel()
	ours := constants(t, "../internal/clock/clock.go", func(name string, typed bool) bool { return typed })
	theirs := constants(t, "../api/v1alpha1/conditions.go", func(name string, _ bool) bool { return strings.HasPrefix(name, "ReasonClock") })
	if diff := cmp.Diff(ours, theirs); diff != "" || len(ours) < 10 {
		t.Errorf("reasons (-clock +API):\n%s", diff)
	}
}

// constants are the values of those that are wanted, typed saying whether as a Reason.
func constants(t *testing.T, file string, wanted func(name string, typed bool) bool) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		kind, ok := spec.Type.(*ast.Ident)
		typed := ok && kind.Name == "Reason"
		for i, name := range spec.Names {
			if literal, ok := spec.Values[i].(*ast.BasicLit); ok && wanted(name.Name, typed) {
				out = append(out, literal.Value)
			}
		}
		return false
	})
	slices.Sort(out)
	return out
}

func TestWhatTheSiteSaysOfItsClocks(t *testing.T) {
	t.Parallel()
	wall := time.Date(2026, time.August, 1, 12, 0, 0, 0, time.UTC)
	acknowledged := func(since v1alpha1.Uptime) *v1alpha1.ClockAcknowledgement {
		return &v1alpha1.ClockAcknowledgement{BootID: "b", By: "shift-1", Saw: v1alpha1.ClockReading{Wall: metav1.NewTime(wall), SinceBoot: since}}
	}
	for _, test := range []struct {
		name     string
		declared v1alpha1.ClockRules
		want     clock.Rules
	}{
		{"nothing: no Site", v1alpha1.ClockRules{}, clock.Rules{}},
		{"the defaults", v1alpha1.ClockRules{Tolerance: "2m", HardwareClock: v1alpha1.HardwareClockUnknown}, clock.Rules{Tolerance: 2 * time.Minute}},
		{"good hardware", v1alpha1.ClockRules{Tolerance: "1h", HardwareClock: v1alpha1.HardwareClockGood}, clock.Rules{Tolerance: time.Hour, HardwareClockGood: true}},
		{"no time span", v1alpha1.ClockRules{Tolerance: "soon", HardwareClock: "Best"}, clock.Rules{}},
		{"a person", v1alpha1.ClockRules{Acknowledged: acknowledged("26280h0m9s")}, clock.Rules{Acknowledged: []clock.Acknowledgement{
			{BootID: "b", By: "shift-1", Saw: clock.Instant{Wall: wall, SinceBoot: 26280*time.Hour + 9*time.Second}},
		}}},
		{"a person who saw no time since boot", v1alpha1.ClockRules{Acknowledged: acknowledged("long")}, clock.Rules{}},
	} {
		if diff := cmp.Diff(test.want, clockRules(&test.declared)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestWhatIsShownIsNotAheadOfTheLook: what a person saw later than the look does not count.
func TestWhatIsShownIsNotAheadOfTheLook(t *testing.T) {
	t.Parallel()
	run := clock.Instant{Wall: time.Date(2026, time.August, 1, 12, 0, 0, 999_999_999, time.UTC), SinceBoot: 20*time.Second + 999*time.Millisecond}
	got := shownClock(clock.Boot{ID: "b", Node: "n", Run: run})
	want := &v1alpha1.SiteClock{BootID: "b", Node: "n", Run: v1alpha1.ClockReading{Wall: metav1.NewTime(run.Wall.Truncate(time.Second)), SinceBoot: "20s"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
