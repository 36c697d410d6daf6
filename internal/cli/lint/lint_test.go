// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/manifest"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
)

const samples = "../../../config/samples"

var today = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func find(t *testing.T, paths ...string) []Finding {
	t.Helper()
	set, err := manifest.Read(nil, paths...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plant.FromFilesAsWritten(paths[0], set, today)
	if err != nil {
		t.Fatal(err)
	}
	return Find(p)
}

func errorsOf(findings []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Severity != v1alpha1.SeverityError })
}

func TestTheSamplesAreClean(t *testing.T) {
	for _, folder := range []string{"water-works", "vendor-access"} {
		if found := errorsOf(find(t, filepath.Join(samples, folder))); len(found) > 0 {
			t.Errorf("%s: %+v", folder, found)
		}
	}
}

// header is what the first lines of a refused sample say.
func header(raw []byte) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		key, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "# "), ": ")
		if !strings.HasPrefix(line, "# ") || !ok {
			break
		}
		out[key] = value
	}
	return out
}

// TestRefusedSamples: what the API server and the operator refuse is found without either,
// at the line of the field.
func TestRefusedSamples(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(samples, "refused", "*.yaml"))
	if err != nil || len(paths) < 50 {
		t.Fatal(len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := header(raw)
			found := errorsOf(find(t, filepath.Join(samples, "water-works"), path))
			i := slices.IndexFunc(found, func(f Finding) bool {
				return f.File == path && f.Object == want["Object"] && f.Reason == want["Reason"] && f.Path == strings.TrimPrefix(want["Path"], "<nil>") &&
					strings.Contains(f.Path+": "+f.Message, want["Says"])
			})
			// On a cluster what is in force wins. Of files nothing is: a zone wins over an asset.
			said := func(f Finding) bool { return f.Reason == want["Reason"] && strings.Contains(f.Message, want["Object"]) }
			if i < 0 && slices.ContainsFunc(found, said) && want["Reason"] == v1alpha1.ReasonOverlap {
				return
			}
			if i < 0 {
				t.Fatalf("want %v\ngot %+v", want, found)
			}
			lines := strings.Split(string(raw), "\n")
			line, field := lines[found[i].Line-1], want["Path"][strings.LastIndexAny(want["Path"], ".")+1:]
			name, _, indexed := strings.Cut(field, "[")
			missing := found[i].Message == "Required value" // then it is said where it should be
			if want["Path"] != "<nil>" && !missing && !indexed && !strings.Contains(string(raw), "\n"+name) && strings.Contains(string(raw), name+":") && !strings.Contains(line, name+":") {
				t.Errorf("%s is said at line %d, which is %q", want["Path"], found[i].Line, line)
			}
		})
	}
}

// TestWithoutASite: half of a site is not judged by nothing.
func TestWithoutASite(t *testing.T) {
	found := find(t, filepath.Join(samples, "water-works", "20-zones.yaml"))
	if len(found) != 1 || found[0].Reason != v1alpha1.ReasonNoSite || found[0].Severity != v1alpha1.SeverityWarning {
		t.Errorf("found %+v", found)
	}
	if found = find(t, filepath.Join(samples, "water-works", "00-namespaces.yaml")); len(found) > 0 {
		t.Errorf("of files that are not ours: %+v", found)
	}
}

func TestSARIF(t *testing.T) {
	var out bytes.Buffer
	found := find(t, filepath.Join(samples, "water-works"), filepath.Join(samples, "refused", "level-skip.yaml"))
	if err := printSARIF(&out, found); err != nil {
		t.Fatal(err)
	}
	r, err := sarif.FromBytes(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Validate(); err != nil {
		t.Errorf("it is no SARIF 2.1.0: %v", err)
	}
	var again bytes.Buffer
	if err := printSARIF(&again, found); err != nil || out.String() != again.String() {
		t.Errorf("the same findings give another report: %v", err)
	}
	results := r.Runs[0].Results
	if len(results) != len(found) {
		t.Fatalf("%d results for %d findings", len(results), len(found))
	}
	at, err := json.Marshal(results[0].Locations[0].PhysicalLocation)
	if err != nil || results[0].Level != "error" || *results[0].RuleID != "LevelSkip" ||
		!strings.Contains(string(at), "refused/level-skip.yaml") || !strings.Contains(string(at), `"startLine":17`) {
		t.Errorf("the first result is %s of %s at %s (%v)", results[0].Level, *results[0].RuleID, at, err)
	}
}
