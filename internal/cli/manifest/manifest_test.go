// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// folder makes files with these contents.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(content), 0o600))
	}
	return root
}

// asset is a good one, from line 1 to 6.
func asset(name, more string) string {
	return "apiVersion: zonewarden.io/v1alpha1\nkind: Asset\nmetadata: {name: " + name + "}\nspec:\n  tag: " + name + "\n  addresses: [10.1.1.1]\n  role: PLC\n" + more
}

// hook is a Job that the API server is to name.
func hook(begins string) string {
	return "apiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: " + begins + "\n  namespace: x\n"
}

// named is one that has a name as well.
func named(begins, name string) string { return hook(begins) + "  name: " + name + "\n" }

// seen is what was read, in words.
func seen(root string, s *Set) []string {
	var out []string
	for _, d := range s.Documents {
		out = append(out, fmt.Sprintf("%s:%d %s", strings.TrimPrefix(d.File, root+"/"), d.Line, d.Name()))
	}
	for _, p := range s.Problems {
		out = append(out, fmt.Sprintf("%s:%d! %s %s: %s", strings.TrimPrefix(p.File, root+"/"), p.Line, p.Object, p.Path, p.Message))
	}
	return out
}

// folders are those that are read.
var folders = map[string]struct {
	files map[string]string
	want  []string
}{
	"files and folders below, hidden ones and other names left out": {
		map[string]string{"b.yaml": asset("b", ""), "a/c.yml": asset("c", ""), ".git/d.yaml": "x: [", "README.md": "# no", "e.json": `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"}}`},
		[]string{"a/c.yml:1 Asset/c", "b.yaml:1 Asset/b", "e.json:1 Namespace/n"},
	},
	"several documents, comments and nothing between": {
		map[string]string{"a.yaml": "# first\n---\n" + asset("a", "") + "---\n---\n# only a comment\n---\n" + asset("b", "")},
		[]string{"a.yaml:3 Asset/a", "a.yaml:14 Asset/b"},
	},
	"a list of objects": {
		map[string]string{"a.yaml": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: ns}\n"},
		[]string{"a.yaml:4 Namespace/ns"},
	},
	"what is no YAML stops no other file": {
		map[string]string{"a.yaml": "kind: Zone\n  bad: [\n", "b.yaml": asset("b", "")},
		[]string{"b.yaml:1 Asset/b", "a.yaml:2!  : mapping values are not allowed in this context"},
	},
	"a key that stands twice": {
		map[string]string{"a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  name: b\n"},
		[]string{`a.yaml:5!  : mapping key "name" already defined at line 4`},
	},
	"no object": {
		map[string]string{"a.yaml": "just: words\n", "b.yaml": "- a\n", "c.yaml": "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\n"},
		[]string{"a.yaml:1! / : it is no object: apiVersion, kind and metadata.name are needed", "b.yaml:1!  : it is no object"},
	},
	"an unknown field, and a kind and a version that there are not": {
		map[string]string{"a.yaml": asset("a", "  colour: 1\n"), "b.yaml": "apiVersion: zonewarden.io/v1alpha1\nkind: Zoen\nmetadata: {name: x}\n", "c.yaml": "apiVersion: zonewarden.io/v9\nkind: Zone\nmetadata: {name: x}\n"},
		[]string{"a.yaml:1 Asset/a", "a.yaml:8! Asset/a spec.colour: there is no such field", "b.yaml:2! Zoen/x kind: there is no kind Zoen in zonewarden.io/v1alpha1", "c.yaml:2! Zone/x kind: there is no kind Zone in zonewarden.io/v9"},
	},
	"written twice": {
		map[string]string{"a.yaml": asset("a", ""), "b.yaml": asset("a", "")},
		[]string{"a.yaml:1 Asset/a", "b.yaml:1 Asset/a", "b.yaml:3! Asset/a metadata.name: Asset/a is written twice: also in ROOT/a.yaml:1"},
	},
	"what the API server is to name is never written twice": {
		map[string]string{"a.yaml": hook("pre-") + "---\n" + hook("post-") + "---\n" + hook("pre-") + "---\n" + strings.Replace(hook("pre-"), "generateName", "name", 1)},
		[]string{"a.yaml:1 Job/x/pre-", "a.yaml:7 Job/x/post-", "a.yaml:13 Job/x/pre-", "a.yaml:19 Job/x/pre-"},
	},
	"a name beside what it would begin with counts": {
		map[string]string{"a.yaml": named("pre-", "a") + "---\n" + named("post-", "a")},
		[]string{"a.yaml:1 Job/x/a", "a.yaml:8 Job/x/a", "a.yaml:13! Job/x/a metadata.name: Job/x/a is written twice: also in ROOT/a.yaml:1"},
	},
	"a folder of Kustomize, with the places of its files": {
		map[string]string{
			"kustomization.yaml":      "resources: [base, own.yaml]\npatches:\n- target: {kind: Asset, name: a}\n  patch: |-\n    - op: replace\n      path: /spec/addresses/0\n      value: not-an-address\n",
			"own.yaml":                asset("own", ""),
			"base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": "# of the base\n" + asset("a", ""), "base/other.yaml": "x: [",
		},
		[]string{"base/a.yaml:2 Asset/a", "own.yaml:1 Asset/own", "base/a.yaml:7! Asset/a spec.addresses[0]: MESSAGE"},
	},
}

func TestRead(t *testing.T) {
	for name, tt := range folders {
		t.Run(name, func(t *testing.T) {
			root := folder(t, tt.files)
			s, err := Read(nil, root)
			must(t, err)
			got := seen(root, s)
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], root, "ROOT")
				if before, _, found := strings.Cut(got[i], "addresses[0]: "); found {
					got[i] = before + "addresses[0]: MESSAGE"
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestReadStandardInput(t *testing.T) {
	s, err := Read(strings.NewReader(asset("a", "")), "-")
	must(t, err)
	if got := seen("", s); len(got) != 1 || got[0] != "(standard input):1 Asset/a" {
		t.Errorf("read %v", got)
	}
	if _, err := Read(nil, "nowhere"); err == nil {
		t.Error("a path that is not there is no error")
	}
}

func TestDefaultsAreThoseOfTheAPIServer(t *testing.T) {
	s, err := Read(strings.NewReader("apiVersion: zonewarden.io/v1alpha1\nkind: Site\nmetadata: {name: site}\nspec:\n  id: a\n  timeZone: null\n  scope: {namespaceSelector: {matchLabels: {a: b}}}\nstatus: {zones: 7}\n"), "-")
	must(t, err)
	if len(s.Problems) > 0 {
		t.Fatal(s.Problems)
	}
	spec := s.Documents[0].Object.Object["spec"].(map[string]any)
	if spec["timeZone"] != "UTC" || spec["backend"] != "Auto" || spec["rules"].(map[string]any)["largestLevelStep"] != int64(1) {
		t.Errorf("the defaults are %v", spec)
	}
	if _, kept := s.Documents[0].Object.Object["status"]; kept {
		t.Error("a status that somebody wrote into a file counts")
	}
}

func TestLineOf(t *testing.T) {
	s, err := Read(strings.NewReader(`apiVersion: v1
kind: Pod
metadata:
  name: p
  labels:
    app.kubernetes.io/name: x
spec:
  containers:
    - name: a
      ports: [{containerPort: 1}]
    -
      name: b
  same: &x
    deep: 1
  again: *x
`), "-")
	must(t, err)
	for path, want := range map[string]int{
		"": 1, "kind": 2, "metadata.name": 4, "metadata.labels[app.kubernetes.io/name]": 6, "spec.containers": 8,
		"spec.containers[0].ports[0].containerPort": 10, "spec.containers[1].name": 12, "spec.containers[7]": 8,
		"spec.nothing.here": 7, "spec.again.deep": 14, "spec.containers[": 8, "[x": 1,
	} {
		if got := s.Documents[0].LineOf(path); got != want {
			t.Errorf("%q is at line %d, want %d", path, got, want)
		}
	}
}
