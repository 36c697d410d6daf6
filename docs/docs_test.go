// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs checks that the documentation says what the code says.
package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func parse(t *testing.T, name string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func text(t *testing.T, e ast.Expr) string {
	t.Helper()
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("%T is not a string", e)
	}
	s, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reasons are those of the API, those that package access gives windows and approvals, and
// those that package rotation gives certificates. Where several have one, one section serves all.
func reasons(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, file := range []string{"../api/v1alpha1/conditions.go", "../internal/access/reasons.go", "../internal/pki/rotation/reasons.go"} {
		out = append(out, reasonsIn(t, file)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// reasonsIn are the values of a file's constants Reason*.
func reasonsIn(t *testing.T, file string) []string {
	t.Helper()
	return valuesIn(t, file, func(_ *ast.ValueSpec, name string) bool { return strings.HasPrefix(name, "Reason") })
}

// valuesIn are the values of those of a file's constants that are wanted: there have to be some.
func valuesIn(t *testing.T, file string, wanted func(spec *ast.ValueSpec, name string) bool) []string {
	t.Helper()
	var out []string
	ast.Inspect(parse(t, file), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if wanted(spec, name.Name) {
				out = append(out, text(t, spec.Values[i]))
			}
		}
		return false
	})
	if len(out) == 0 {
		t.Fatalf("%s has none of the constants", file)
	}
	return out
}

// sections are the texts under the third level headings of a page.
func sections(t *testing.T, page string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, part := range strings.Split("\n"+page, "\n### ")[1:] {
		heading, body, _ := strings.Cut(part, "\n")
		if _, twice := out[heading]; twice {
			t.Errorf("two sections %q", heading)
		}
		body, _, _ = strings.Cut(body, "\n## ")
		out[heading] = body
	}
	return out
}

func TestEveryReasonAndAlertHasASectionInTheRunbook(t *testing.T) {
	t.Parallel()
	found := sections(t, read(t, "runbook.md"))
	want := append(reasons(t), alertNames(t)...)
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(found))); diff != "" {
		t.Errorf("sections of runbook.md (-constants and alerts +headings):\n%s", diff)
	}
	for heading, body := range found {
		about, _, _ := strings.Cut(body, "**Traffic:**")
		if strings.TrimSpace(about) == "" {
			t.Errorf("%s does not say what it means", heading)
		}
		for _, part := range []string{"\n**Traffic:** ", "\n**Do:** "} {
			if strings.Count(body, part) != 1 {
				t.Errorf("%s has no %q", heading, strings.TrimSpace(part))
			}
		}
	}
}

// metric is a row of the table.
type metric struct{ Name, Type, Labels string }

// declaredMetrics reads them from the sources of the operator and the node agent.
func declaredMetrics(t *testing.T) []metric {
	t.Helper()
	return sorted(append(metricsIn(t, "../controllers/metrics.go"), metricsIn(t, "../internal/node/metrics.go")...))
}

func metricsIn(t *testing.T, file string) []metric {
	t.Helper()
	var out []metric
	ast.Inspect(parse(t, file), func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		maker, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !strings.HasPrefix(maker.Sel.Name, "New") {
			return true
		}
		m := metric{Type: strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(maker.Sel.Name, "New"), "Vec"))}
		m.Name = nameOf(t, call.Args[0])
		if len(call.Args) > 1 {
			m.Labels = labelsOf(t, call.Args[1])
		}
		out = append(out, m)
		return true
	})
	return out
}

func nameOf(t *testing.T, opts ast.Expr) string {
	t.Helper()
	literal, ok := opts.(*ast.CompositeLit)
	if !ok {
		t.Fatalf("the options of a metric are %T", opts)
	}
	for _, e := range literal.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok && fmt.Sprint(kv.Key) == "Name" {
			return text(t, kv.Value)
		}
	}
	t.Fatal("a metric has no name")
	return ""
}

func labelsOf(t *testing.T, list ast.Expr) string {
	t.Helper()
	literal, ok := list.(*ast.CompositeLit)
	if !ok {
		t.Fatalf("the labels of a metric are %T", list)
	}
	var out []string
	for _, e := range literal.Elts {
		out = append(out, "`"+text(t, e)+"`")
	}
	return strings.Join(out, ", ")
}

func sorted(ms []metric) []metric {
	slices.SortFunc(ms, func(a, b metric) int { return strings.Compare(a.Name, b.Name) })
	return ms
}

func TestEveryMetricIsInTheTable(t *testing.T) {
	t.Parallel()
	var listed []metric
	for line := range strings.SplitSeq(read(t, "metrics.md"), "\n") {
		if !strings.HasPrefix(line, "| `zonewarden_") {
			continue
		}
		cells := strings.Split(line, "|")
		if len(cells) != 6 {
			continue // the table of expressions
		}
		listed = append(listed, metric{
			Name: strings.Trim(cells[1], " `"), Type: strings.TrimSpace(cells[2]), Labels: strings.TrimSpace(cells[3]),
		})
	}
	if diff := cmp.Diff(declaredMetrics(t), sorted(listed)); diff != "" {
		t.Errorf("metrics.md (-code +table):\n%s", diff)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	code    = regexp.MustCompile("`[^`\n]*`")
	mark    = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors of a page, as they are made from its headings.
func anchors(page string) map[string]bool {
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		out[strings.ReplaceAll(mark.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}

// TestLinksLead: every link between our pages has a page and a heading at its end.
func TestLinksLead(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(read(t, path), ""), -1) {
			if target := m[1]; !strings.Contains(target, "://") {
				checkLink(t, path, target)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkLink(t *testing.T, from, target string) {
	t.Helper()
	name, anchor, _ := strings.Cut(target, "#")
	file := from
	if name != "" {
		file = filepath.Join(filepath.Dir(from), name)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("%s links to %s: %v", from, target, err)
		return
	}
	if anchor != "" && !anchors(read(t, file))[anchor] {
		t.Errorf("%s links to %s, which has no such heading", from, target)
	}
}
