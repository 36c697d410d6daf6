// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package mermaid_test

import (
	"bytes"
	"flag"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/drawing/drawingtest"
	"github.com/zonewarden/zonewarden/internal/drawing/mermaid"
)

var update = flag.Bool("update", false, "write the golden files anew")

func write(t interface {
	Helper()
	Fatal(args ...any)
}, p drawing.Plant,
) string {
	t.Helper()
	var b bytes.Buffer
	if err := mermaid.Write(&b, drawing.New(p)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	drawingtest.Golden(t, filepath.Join("testdata", "water-works.mmd"), write(t, drawingtest.WaterWorks(t)), *update)
	drawingtest.Golden(t, filepath.Join("testdata", "thirty-zones.mmd"), write(t, drawingtest.ThirtyZones()), *update)
	drawingtest.Golden(t, filepath.Join("testdata", "nothing.mmd"), write(t, drawing.Plant{}), *update)
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

// TestLabelsHold: names are in quoted labels only, and no label has a character that ends
// it, begins an entity of its own or markup other than our line break.
func TestLabelsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for line := range strings.Lines(write(t, drawingtest.Any(t, 8, 12))) {
			parts := strings.Split(strings.TrimSuffix(line, "\n"), `"`)
			if len(parts) != 1 && len(parts) != 3 {
				t.Fatalf("quotes in %q", line)
			}
			if len(parts) == 3 {
				label := entity.ReplaceAllString(strings.ReplaceAll(parts[1], "<br/>", ""), "")
				if strings.ContainsAny(label, "\"#;<>&`{}[]|\\%") {
					t.Fatalf("label %q", parts[1])
				}
				parts[1] = ""
			}
			if outside := strings.Join(parts, ""); !plainLine.MatchString(outside) {
				t.Fatalf("%q in %q", outside, line)
			}
		}
	})
}

var (
	entity = regexp.MustCompile(`#\d+;`)
	// plainLine is what we write ourselves, labels taken out.
	plainLine = regexp.MustCompile(`^[ a-z0-9A-Z\[\]|:;=,.<>~#-]*$`)
)

// TestStylesMeetTheirLinks: the indexes of linkStyle are those of the links, each once.
func TestStylesMeetTheirLinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		out := write(t, drawingtest.Any(t, 8, 12))
		links := len(regexp.MustCompile(`(?m)^  z\d+ [-.=<>x]+\|`).FindAllString(out, -1))
		seen := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^  linkStyle ([0-9,]+) `).FindAllStringSubmatch(out, -1) {
			for i := range strings.SplitSeq(m[1], ",") {
				if n, err := strconv.Atoi(i); err != nil || n >= links || seen[i] {
					t.Fatalf("link %s of %d is styled, or twice", i, links)
				}
				seen[i] = true
			}
		}
		if len(seen) != links {
			t.Fatalf("%d of %d links are styled", len(seen), links)
		}
	})
}
