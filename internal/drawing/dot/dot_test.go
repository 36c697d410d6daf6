// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package dot_test

import (
	"bytes"
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/drawing/dot"
	"github.com/zonewarden/zonewarden/internal/drawing/drawingtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func write(t interface {
	Helper()
	Fatal(args ...any)
}, p drawing.Plant,
) string {
	t.Helper()
	var b bytes.Buffer
	if err := dot.Write(&b, drawing.New(p)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	drawingtest.Golden(t, filepath.Join("testdata", "water-works.dot"), write(t, drawingtest.WaterWorks(t)), *update)
	drawingtest.Golden(t, filepath.Join("testdata", "thirty-zones.dot"), write(t, drawingtest.ThirtyZones()), *update)
	drawingtest.Golden(t, filepath.Join("testdata", "nothing.dot"), write(t, drawing.Plant{}), *update)
}

func TestUncountedPodsAreSaid(t *testing.T) {
	drawingtest.Uncounted(t, write(t, drawingtest.PodsUnseen(t)))
}

func TestSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawingtest.Any(t, 8, 12)
		if write(t, p) != write(t, drawingtest.Shuffled(t, p)) {
			t.Fatal("another order, another text")
		}
	})
}

// TestStringsHold reads the output as Graphviz does: whatever the names are, a string ends
// where we end it, and outside of strings there is nothing of theirs.
func TestStringsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for line := range strings.Lines(write(t, drawingtest.Any(t, 8, 12))) {
			outside, ok := withoutStrings(strings.TrimSuffix(line, "\n"))
			if !ok {
				t.Fatalf("a string does not end in %q", line)
			}
			if !plainLine.MatchString(outside) {
				t.Fatalf("%q in %q", outside, line)
			}
		}
	})
}

// plainLine is what we write ourselves, strings taken out.
var plainLine = regexp.MustCompile(`^[ a-z0-9A-Z{}\[\];=,.>-]*$`)

// withoutStrings takes quoted strings out of a line.
func withoutStrings(line string) (string, bool) {
	var b strings.Builder
	in := false
	for i := 0; i < len(line); i++ {
		switch {
		case in && line[i] == '\\':
			i++
		case line[i] == '"':
			in = !in
		case !in:
			b.WriteByte(line[i])
		}
	}
	return b.String(), !in
}

// TestEdgesLeadDown, so that Graphviz keeps the levels in their order.
func TestEdgesLeadDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawingtest.Any(t, 8, 12)
		d := drawing.New(p)
		band := map[string]int{}
		for i, b := range d.Bands {
			for _, z := range b.Zones {
				band[fmt.Sprintf("z%d", z)] = i
			}
		}
		for _, m := range edge.FindAllStringSubmatch(write(t, p), -1) {
			if band[m[1]] > band[m[2]] {
				t.Fatalf("edge %s leads up", m[0])
			}
		}
	})
}

var edge = regexp.MustCompile(`(?m)^  (z\d+) -> (z\d+) `)
