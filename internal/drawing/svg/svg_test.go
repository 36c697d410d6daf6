// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package svg_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/drawing/drawingtest"
	"github.com/zonewarden/zonewarden/internal/drawing/layout"
	"github.com/zonewarden/zonewarden/internal/drawing/svg"
)

var update = flag.Bool("update", false, "draw the pictures of docs/pictures anew")

func draw(t interface {
	Helper()
	Fatal(args ...any)
}, p drawing.Plant,
) string {
	t.Helper()
	var b bytes.Buffer
	if err := svg.Write(&b, layout.New(drawing.New(p))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPictures compares with the pictures of the documentation. Look at them after -update.
func TestPictures(t *testing.T) {
	folder := filepath.Join(drawingtest.Root(t), "docs", "pictures")
	drawingtest.Golden(t, filepath.Join(folder, "water-works.svg"), draw(t, drawingtest.WaterWorks(t)), *update)
	drawingtest.Golden(t, filepath.Join(folder, "thirty-zones.svg"), draw(t, drawingtest.ThirtyZones()), *update)
}

// TestThirtyZones keeps the second picture what its name says.
func TestThirtyZones(t *testing.T) {
	d := drawing.New(drawingtest.ThirtyZones())
	if len(d.Zones) != 30 || len(d.Conduits) != 80 {
		t.Errorf("%d zones and %d conduits", len(d.Zones), len(d.Conduits))
	}
}

// What a file that stands alone is made of.
var (
	elements   = []string{"svg", "title", "desc", "style", "g", "rect", "path", "circle", "text"}
	attributes = []string{
		"xmlns", "width", "height", "viewBox", "role", "aria-labelledby", "id", "x", "y", "class", "rx", "d", "cx", "cy", "r", "fill",
		"font-size", "text-anchor", "transform",
	}
)

// TestStandsAlone: well formed whatever the names are, with no script, no reference, and
// every name as text only.
func TestStandsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		out := draw(t, drawingtest.Any(t, 8, 12))
		d := xml.NewDecoder(strings.NewReader(out))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, out)
			}
			checkToken(t, token)
		}
		if strings.Contains(out, "url(") || strings.Contains(out, "@import") {
			t.Fatal("a reference in the style")
		}
	})
}

func checkToken(t *rapid.T, token xml.Token) {
	switch e := token.(type) {
	case xml.StartElement:
		if !slices.Contains(elements, e.Name.Local) {
			t.Fatalf("element %s", e.Name.Local)
		}
		for _, a := range e.Attr {
			if !slices.Contains(attributes, a.Name.Local) {
				t.Fatalf("attribute %s=%q", a.Name.Local, a.Value)
			}
		}
	case xml.Comment, xml.Directive:
		t.Fatalf("%T %s", token, token)
	}
}

// TestNamesComeThrough: each hostile name is there, and reads as it was given.
func TestNamesComeThrough(t *testing.T) {
	for _, name := range []string{`<script>alert(1)</script>`, `a"b'c`, `&lt;&#34;`, "日本語の水道"} {
		p := drawingtest.WaterWorks(t)
		p.Title = name
		found := false
		d := xml.NewDecoder(strings.NewReader(draw(t, p)))
		for token, err := d.Token(); err == nil; token, err = d.Token() {
			if text, ok := token.(xml.CharData); ok && string(text) == name {
				found = true
			}
		}
		if !found {
			t.Errorf("%q is not in the picture", name)
		}
	}
}

func TestSaysWhatItShows(t *testing.T) {
	out := draw(t, drawingtest.WaterWorks(t))
	for _, want := range []string{
		`role="img"`, `<title id="title">Water works 17, North: zone and conduit drawing</title>`, `<desc id="desc">`,
		"12: filter-pump-link, opened from cell-filtration to cell-pumping (nobody): modbus-tcp 502/TCP, cleartext. ",
		"W1: open access window acme-drives of Acme Drives Service", "9f3c2ab4d0c1e7f85a6b3d2c1908f7e6d5c4b3a29180f7e6d5c4b3a291807f6e",
		"20 conduits: 17 us, 2 firewall, 1 nobody", "owner-a, 2026-11-01, CR-2200",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
}

// TestSaysWhoApproved: in the table, at the lines and at the boxes.
func TestSaysWhoApproved(t *testing.T) {
	out := draw(t, drawingtest.Approved(t))
	for _, want := range []string{`class="b">Approved by</text>`, `>owner-1,</text>`, `>owner-2</text>`, `>approved by owner-1</text>`, ". Approved by owner-1, owner-2</title>", "Approved by: owner-1"} {
		if !strings.Contains(out, want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
}

// TestUncountedPodsAreSaid: in the boxes of the 7 zones that take pods in, in the title block
// and its description, whole.
func TestUncountedPodsAreSaid(t *testing.T) {
	out := draw(t, drawingtest.PodsUnseen(t))
	for want, times := range map[string]int{
		`font-size="9">pods not known</text>`: 7, ">8 zones, pods not known, 19</text>": 1, ">devices</text>": 1, " 8 zones, pods not known, 19 devices. ": 1,
		`font-size="7">Findings</text>`: 1, `font-size="10">not known</text>`: 1, ">open windows not known</text>": 1, "0 pods": 0, "1 pod:": 0, "Workloads:": 0,
	} {
		if n := strings.Count(out, want); n != times {
			t.Errorf("%q is in the picture %d times, want %d", want, n, times)
		}
	}
}

func TestSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawingtest.Any(t, 8, 12)
		if draw(t, p) != draw(t, drawingtest.Shuffled(t, p)) {
			t.Fatal("another order, another picture")
		}
	})
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestWriteFails(t *testing.T) {
	if err := svg.Write(broken{}, layout.New(drawing.New(drawing.Plant{}))); err == nil {
		t.Error("an error of the writer is swallowed")
	}
}
