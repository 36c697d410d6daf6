// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/drawing"
)

const waterWorks = "../../../config/samples/water-works"

var today = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	s := connect.New(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}, func() time.Time { return today })
	cmd := Command(s)
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestFormats(t *testing.T) {
	for format, want := range map[string][]string{
		"":        {"<svg", "cell-filtration", "FW-OT-1", "Revision", "9f3c2ab", "head of operations", "CR-2211", "2026-11-01"},
		"dot":     {"digraph", "cell-filtration", "rank=same"},
		"mermaid": {"flowchart", "cell-filtration"},
		"text":    {"cell-filtration", "FW-OT-1", "9f3c2ab", "head of operations"},
	} {
		args := []string{"-f", waterWorks, "--revision", "9f3c2ab", "--approved-by", "head of operations", "--approved-at", "2026-11-01", "--approval", "CR-2211"}
		if format != "" {
			args = append(args, "-o", format)
		}
		out, err := run(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%s: %q is not in it", format, w)
			}
		}
		if format == "" {
			d := xml.NewDecoder(strings.NewReader(out))
			for {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("it is no XML: %v", err)
				}
			}
		}
	}
}

func TestWhatIsAskedForHasToBeClear(t *testing.T) {
	for want, args := range map[string][]string{
		"write svg or dot or mermaid or text": {"-f", waterWorks, "-o", "png"},
		"--approved-at: write a day":          {"-f", waterWorks, "--approved-by", "a", "--approved-at", "yesterday"},
		"--approved-by is needed":             {"-f", waterWorks, "--approval", "CR-1"},
		"a picture is of one site":            {"--all-contexts"},
	} {
		if _, err := run(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// TestOpenWindows: those that are open now are drawn, and what may not be read is not taken
// for none.
func TestOpenWindows(t *testing.T) {
	p, err := plant.ReadFiles(nil, []string{waterWorks}, today)
	if err != nil {
		t.Fatal(err)
	}
	if drawn, err := of(p, title{}, today); err != nil || drawn.Windows != nil || drawn.Hash == "" {
		t.Errorf("of files: windows %v, hash %q, %v", drawn.Windows, drawn.Hash, err)
	}
	end := metav1.NewTime(today.Add(time.Hour))
	window := func(name string, phase v1alpha1.WindowPhase) *v1alpha1.VendorAccessWindow {
		w := &v1alpha1.VendorAccessWindow{ObjectMeta: metav1.ObjectMeta{Name: name}}
		w.Spec.Vendor, w.Spec.Through, w.Spec.People = "acme", "jumphost-1", []v1alpha1.NamedUser{"a", "b"}
		w.Spec.Reach = []v1alpha1.Reach{{Zone: "cell-pumping", Assets: []string{"drive-pump-01a"}, Flows: []v1alpha1.Flow{{Protocol: "modbus-tcp"}}}}
		w.Status.Phase, w.Status.End = phase, &end
		return w
	}
	p.Live = true
	p.Windows = []*v1alpha1.VendorAccessWindow{window("open", v1alpha1.WindowActive), window("over", v1alpha1.WindowExpired)}
	drawn, err := of(p, title{}, today)
	if err != nil || len(drawn.Windows) != 1 {
		t.Fatalf("%v, %v", drawn.Windows, err)
	}
	got := drawn.Windows[0]
	if got.Name != "open" || got.People != 2 || got.JumpHost != "jumphost-1" || got.What != "modbus-tcp 502/TCP" || got.Until.Format("15:04 MST") != "14:00 CET" ||
		strings.Join(got.Reaches, " ") != "=A03+M01-TA_01A" {
		t.Errorf("drawn as %+v", got)
	}
	if drawing.New(drawn) == nil {
		t.Error("nothing is drawn")
	}
}

// TestHash: it is of what is declared, in whatever order and place.
func TestHash(t *testing.T) {
	read := func(paths ...string) string {
		p, err := plant.ReadFiles(nil, paths, today)
		if err != nil {
			t.Fatal(err)
		}
		return p.Hash()
	}
	files := []string{"00-namespaces", "10-site", "20-zones", "30-assets", "40-conduits", "50-workloads"}
	for i := range files {
		files[i] = waterWorks + "/" + files[i] + ".yaml"
	}
	whole := read(waterWorks)
	files[2], files[4] = files[4], files[2]
	if got := read(files...); got != whole {
		t.Errorf("in another order it is %s, not %s", got, whole)
	}
	if got := read(files[:5]...); got != whole {
		t.Error("workloads are no part of what is declared")
	}
	if got := read(files[:4]...); got == whole {
		t.Error("without its zones it is the same")
	}
}
