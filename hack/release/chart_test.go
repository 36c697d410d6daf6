// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAChartIsPackedWhereThereIsOne(t *testing.T) {
	t.Parallel()
	r := &release{sources: t.TempDir(), out: t.TempDir()}
	packed := func() []string {
		t.Helper()
		must(t, r.chart())
		found, err := filepath.Glob(r.file("*"))
		must(t, err)
		return found
	}
	if found := packed(); len(found) > 0 {
		t.Errorf("without a chart there is %v", found)
	}
	for name, content := range map[string]string{
		"Chart.yaml":               "apiVersion: v2\nname: zonewarden\nversion: 1.2.3-rc.1\nappVersion: 9.9.9\n",
		"README.md.gotmpl":         "source of a page",
		".helmignore":              "README.md.gotmpl",
		"templates/_names.tpl":     "names",
		"templates/crds/site.yaml": "kind",
	} {
		file := filepath.Join(r.sources, "charts/zonewarden", name)
		must(t, os.MkdirAll(filepath.Dir(file), 0o700))
		must(t, os.WriteFile(file, []byte(content), 0o600))
	}
	must(t, os.WriteFile(r.file("zonewarden-0.0.1.tgz"), nil, 0o600)) // of an older run
	found := packed()
	if diff := cmp.Diff([]string{r.file("zonewarden-1.2.3-rc.1.tgz")}, found); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	out, err := exec.CommandContext(t.Context(), "tar", "-tzf", found[0]).Output()
	must(t, err)
	want := []string{"zonewarden/Chart.yaml", "zonewarden/templates/_names.tpl", "zonewarden/templates/crds/site.yaml"}
	if diff := cmp.Diff(want, strings.Fields(string(out))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	must(t, os.WriteFile(filepath.Join(r.sources, "charts/zonewarden/Chart.yaml"), []byte("appVersion: 1.0.0\n"), 0o600))
	if err := r.chart(); err == nil {
		t.Error("a chart without a version is packed")
	}
}
