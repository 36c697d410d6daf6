// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/test/page"
)

func installPage(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(root("docs", "install.md"))
	must(t, err)
	return string(raw)
}

// section of docs/install.md.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(installPage(t), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("docs/install.md has no section %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// blocks of code in a language.
func blocks(t *testing.T, text, language string) []string {
	t.Helper()
	out := page.Blocks(text, language)
	if len(out) == 0 {
		t.Fatalf("no %s in\n%s", language, text)
	}
	return out
}

// followed are the sections whose commands tests run.
var followed = []string{"Install it", "Upgrade it", "Roll it back", "Uninstall it", "Remove it on purpose", "Remove it without the operator", "From kubectl to the chart", "Values by use"}

// TestEveryCommandIsRun: no section has commands that no test runs.
func TestEveryCommandIsRun(t *testing.T) {
	t.Parallel()
	left := installPage(t)
	for _, heading := range followed {
		left = strings.Replace(left, section(t, heading), "", 1)
	}
	if strings.Contains(left, "```") {
		t.Errorf("there are commands or values beside the sections %q:\n%s", followed, left)
	}
}

// TestExamplesOfValues: each renders, alone and all of them together, and says something.
func TestExamplesOfValues(t *testing.T) {
	t.Parallel()
	byDefault, err := helm(t, "template", "zonewarden", theChart, "--namespace", namespace)
	must(t, err)
	args := []string{"template", "zonewarden", theChart, "--namespace", namespace}
	together := args
	for i, values := range blocks(t, section(t, "Values by use"), "yaml") {
		f := filepath.Join(t.TempDir(), "values.yaml")
		must(t, os.WriteFile(f, []byte(values), 0o600))
		together = append(together, "--values", f)
		if out, err := helm(t, append(args, "--values", f)...); err != nil || out == byDefault {
			t.Errorf("example %d changes nothing, or: %v\n%s", i, err, values)
		}
	}
	if _, err := helm(t, together...); err != nil {
		t.Errorf("all of them together: %v", err)
	}
}

// TestOneFile is all that a site without internet needs of the chart.
func TestOneFile(t *testing.T) {
	t.Parallel()
	p := &plant{backend: cilium, folder: t.TempDir(), home: t.TempDir()}
	must(t, os.Symlink(root("charts"), filepath.Join(p.folder, "charts")))
	p.follow(t, "Values by use", 0, 1)
	packed, err := filepath.Glob(filepath.Join(p.folder, "zonewarden-*.tgz"))
	if err != nil || len(packed) != 1 {
		t.Fatalf("%v, %v", packed, err)
	}
	fromFile, err := helm(t, "template", "zonewarden", packed[0], "--namespace", namespace)
	must(t, err)
	fromFolder, err := helm(t, "template", "zonewarden", theChart, "--namespace", namespace)
	must(t, err)
	if fromFile != fromFolder {
		t.Error("the packed chart renders something else than the folder")
	}
}
