// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// previousChart is one from which the present one is an upgrade. Nothing was released yet, so
// it is made from the present one, older in everything that an upgrade has to change: a
// definition without a field and a column, a guard without a policy, with a rule less, another
// message, a condition more and a variable less, a role with a verb less, a role that is not there.
func previousChart(t *testing.T) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), "zonewarden")
	must(t, os.CopyFS(at, os.DirFS(theChart)))
	older(t, at, "Chart.yaml", `(?m)^(version|appVersion): .*$`, "$1: 0.0.9", 2)
	zones := "templates/crds/zonewarden.io-zones.yaml"
	older(t, at, zones, `(?m)^    - jsonPath: \.spec\.purdue\n      name: Purdue\n(      .*\n)*`, "", 1)
	older(t, at, zones, `(?m)^ +policies:\n +description: policies of the organisation(.*\n)*? +x-kubernetes-list-type: set\n`, "", 2)
	older(t, at, "templates/guard/own-objects.yaml", `(?m)^      - apiGroups: \[batch\]\n(        .*\n){3}`, "", 1)
	older(t, at, "templates/guard/definitions.yaml", `of the site; if that is meant`, "of the plant; if that is meant", 1)
	older(t, at, "templates/guard/definitions.yaml", `(?m)^(    - name: of-zonewarden\n)`, "    - name: of-old\n      expression: request.name != \"old\"\n$1", 1)
	older(t, at, "templates/guard/audit-trail.yaml", `(?ms)^    - name: exempt\n.*?(^  validations:\n    - expression: >-\n        variables.enforce) \|\| variables.exempt`, "$1", 1)
	older(t, at, "templates/rbac/role.yaml", `(?m)(^  - jobs\n  verbs:\n)  - create\n`, "$1", 1)
	must(t, os.Remove(filepath.Join(at, "templates/guard/site-clock.yaml")))
	must(t, os.Remove(filepath.Join(at, "templates/rbac/break-glass-role.yaml")))
	return at
}

// older replaces what there is n times of in a file of a chart.
func older(t *testing.T, chart, name, pattern, by string, n int) {
	t.Helper()
	path := filepath.Join(chart, name)
	raw, err := os.ReadFile(path)
	must(t, err)
	p := regexp.MustCompile(pattern)
	if found := len(p.FindAll(raw, -1)); found != n {
		t.Fatalf("%s has %d of %s, want %d", name, found, pattern, n)
	}
	must(t, os.Chmod(path, 0o600))
	must(t, os.WriteFile(path, p.ReplaceAll(raw, []byte(by)), 0o600))
}

// TestThePreviousChartIsOlder, and a chart.
func TestThePreviousChartIsOlder(t *testing.T) {
	t.Parallel()
	at := previousChart(t)
	if out, err := helm(t, "lint", "--strict", "--namespace", namespace, at); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	var differ []string
	must(t, fs.WalkDir(os.DirFS(theChart), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		now, err := os.ReadFile(filepath.Join(theChart, path))
		must(t, err)
		if then, err := os.ReadFile(filepath.Join(at, path)); err != nil || string(then) != string(now) {
			differ = append(differ, path)
		}
		return nil
	}))
	if len(differ) != 8 {
		t.Errorf("it differs in %s", strings.Join(differ, ", "))
	}
}
