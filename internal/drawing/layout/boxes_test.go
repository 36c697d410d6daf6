// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestMembersAreCounted: the names that are shown, and how many more are said to be there,
// add up, however long the names are.
func TestMembersAreCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringMatching(`[A-Z]{1,16}`), 1, 12).Draw(t, "names")
		w := &writing{width: rapid.IntRange(140, 240).Draw(t, "width")}
		w.members("12 devices", names, 2)
		var words []string
		for _, l := range w.out {
			if Width(l.S, l.Size, l.Bold) > w.width || strings.HasSuffix(l.S, "…") {
				t.Fatalf("%q was cut to %d", l.S, w.width)
			}
			words = append(words, strings.Fields(l.S)...)
		}
		shown, more := words[2:], 0
		if n := len(shown); n > 0 && strings.HasPrefix(shown[n-1], "+") {
			if _, err := fmt.Sscanf(shown[n-1], "+%d", &more); err != nil {
				t.Fatal(err)
			}
			shown = shown[:n-1]
		}
		if len(w.out) > 2 || len(shown)+more != len(names) {
			t.Fatalf("%d names in %q", len(names), words)
		}
	})
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		s     string
		width int
		want  string
	}{
		{"historian", 100, "historian"}, {"historian", 34, "histo…"}, {"a, b, c, d, e", 40, "a, b, c…"}, {"", 0, ""}, {"日本語の水道", 30, "日本…"}, {"W", 1, "…"},
	} {
		if got := fit(c.s, 9, false, c.width); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.s, c.width, got, c.want)
		}
	}
}
