// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package text_test

import (
	"bytes"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/drawing/drawingtest"
	"github.com/zonewarden/zonewarden/internal/drawing/text"
)

var update = flag.Bool("update", false, "write the golden files anew")

func write(t interface {
	Helper()
	Fatal(args ...any)
}, p drawing.Plant,
) string {
	t.Helper()
	var b bytes.Buffer
	if err := text.Write(&b, drawing.New(p)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	drawingtest.Golden(t, filepath.Join("testdata", "water-works.txt"), write(t, drawingtest.WaterWorks(t)), *update)
	drawingtest.Golden(t, filepath.Join("testdata", "thirty-zones.txt"), write(t, drawingtest.ThirtyZones()), *update)
	drawingtest.Golden(t, filepath.Join("testdata", "approved.txt"), write(t, drawingtest.Approved(t)), *update)
	drawingtest.Golden(t, filepath.Join("testdata", "pods-unseen.txt"), write(t, drawingtest.PodsUnseen(t)), *update)
	drawingtest.Golden(t, filepath.Join("testdata", "nothing.txt"), write(t, drawing.Plant{}), *update)
}

func TestSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawingtest.Any(t, 8, 12)
		if write(t, p) != write(t, drawingtest.Shuffled(t, p)) {
			t.Fatal("another order, another text")
		}
	})
}

// TestSteersNoTerminal: nothing but printable characters and the ends of lines, and each
// line is one that we began.
func TestSteersNoTerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range strings.ReplaceAll(write(t, drawingtest.Any(t, 8, 12)), "\n", "") {
			if !unicode.IsPrint(r) {
				t.Fatalf("%U in the text", r)
			}
		}
	})
}

// TestEverythingIsThere: every conduit in the line of its initiator, every zone once.
func TestEverythingIsThere(t *testing.T) {
	out := write(t, drawingtest.ThirtyZones())
	d := drawing.New(drawingtest.ThirtyZones())
	for _, z := range d.Zones {
		if n := strings.Count(out, "\n  "+z.Name+"   "); n != 1 {
			t.Errorf("zone %s is there %d times", z.Name, n)
		}
	}
	for _, c := range d.Conduits {
		if n := strings.Count(out, " "+c.Name+"\n") + strings.Count(out, " "+c.Name+"   "); n == 0 {
			t.Errorf("conduit %s is not there", c.Name)
		}
	}
	for _, want := range []string{"NOT ENFORCED\n", "!clear   by FW-OT-1 rule", "xx>", "<==>", "suspended", "BYPASSED until 2026-11-23 14:00 CET", "======== IT / DMZ border ======== crossed by"} {
		if !strings.Contains(out, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
}
