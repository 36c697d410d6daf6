// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const config, chart = "../../config", "../../charts/zonewarden"

func TestTheChartIsUpToDate(t *testing.T) {
	t.Parallel()
	want, err := Files(config)
	if err != nil {
		t.Fatal(err)
	}
	have, err := generated(chart)
	if err != nil {
		t.Fatal(err)
	}
	templates := maps.Clone(want)
	delete(templates, "files/zonewarden.json")
	if diff := cmp.Diff(slices.Sorted(maps.Keys(templates)), have); diff != "" {
		t.Errorf("generated templates; run \"go run ./hack/chart\" (-config/ +chart):\n%s", diff)
	}
	for name, content := range want {
		raw, err := os.ReadFile(filepath.Join(chart, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(content, string(raw)); diff != "" {
			t.Errorf("%s is not what config/ has; run \"go run ./hack/chart\" (-want +got):\n%s", name, diff)
		}
	}
}

// TestRunRemovesWhatIsGone, and leaves what was written by hand.
func TestRunRemovesWhatIsGone(t *testing.T) {
	t.Parallel()
	at := t.TempDir()
	rbac := filepath.Join(at, "templates", "rbac")
	if err := os.MkdirAll(rbac, 0o750); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"old-role.yaml": mark + "config/rbac/old_role.yaml", "by-hand.yaml": "kind: Role"} {
		if err := os.WriteFile(filepath.Join(rbac, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(config, at); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"old-role.yaml": false, "by-hand.yaml": true, "shift-role.yaml": true} {
		if _, err := os.Stat(filepath.Join(rbac, name)); (err == nil) != want {
			t.Errorf("%s: %v, want it there: %t", name, err, want)
		}
	}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	const plain = "# what it is for\nkind: A\nmetadata:\n  name: a\nspec:\n  x: 1\n"
	tests := map[string]struct {
		template template
		raw      string
		want     string
	}{
		"as it is": {template{}, plain, "kind: A\nmetadata:\n  name: a\n  labels:\n    app.kubernetes.io/part-of: zonewarden\nspec:\n  x: 1\n"},
		"kept by a value": {
			template{keep: ".Values.k"},
			plain,
			"kind: A\nmetadata:\n  {{- if .Values.k }}\n  annotations:\n    helm.sh/resource-policy: keep\n  {{- end }}\n  name: a\n" +
				"  labels:\n    app.kubernetes.io/part-of: zonewarden\nspec:\n  x: 1\n",
		},
		"beside other annotations": {
			template{keep: ".Values.k"},
			"kind: A\nmetadata:\n  annotations:\n    b: c\n  name: a\n",
			"kind: A\nmetadata:\n  annotations:\n    {{- if .Values.k }}\n    helm.sh/resource-policy: keep\n    {{- end }}\n    b: c\n" +
				"  name: a\n  labels:\n    app.kubernetes.io/part-of: zonewarden\n",
		},
		"kept always": {
			template{keep: always},
			"kind: A\nmetadata:\n  name: a\n",
			"kind: A\nmetadata:\n  name: a\n  labels:\n    app.kubernetes.io/part-of: zonewarden\n  annotations:\n    helm.sh/resource-policy: keep\n",
		},
		"turned on, two documents": {
			template{when: ".Values.w"},
			"---\nkind: A\nmetadata:\n  name: a\n---\n# more\nkind: B\nmetadata:\n  name: b\n",
			"{{- if .Values.w }}\nkind: A\nmetadata:\n  name: a\n  labels:\n    app.kubernetes.io/part-of: zonewarden\n---\n" +
				"kind: B\nmetadata:\n  name: b\n  labels:\n    app.kubernetes.io/part-of: zonewarden\n{{- end }}\n",
		},
		"braces of others": {
			template{values: map[string]string{"x: 1": "x: {{ .Values.x }}"}},
			"kind: A\nmetadata:\n  name: a\nspec:\n  x: 1\n  e: '{{ $value }} {}'\n",
			"kind: A\nmetadata:\n  name: a\n  labels:\n    app.kubernetes.io/part-of: zonewarden\nspec:\n  x: {{ .Values.x }}\n" +
				"  e: '{{ \"{{\" }} $value {{ \"}}\" }} {}'\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.template.render("f.yaml", tt.raw)
			if err != nil {
				t.Fatal(err)
			}
			_, body, _ := strings.Cut(got, "*/ -}}\n")
			if diff := cmp.Diff(tt.want, body); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestTemplateSaysWhatItCannotDo: a text that is looked for and not there would leave a value
// without effect.
func TestTemplateSaysWhatItCannotDo(t *testing.T) {
	t.Parallel()
	const plain = "kind: A\nmetadata:\n  name: a\nspec:\n  x: 1\n  y: 1\n"
	for name, tt := range map[string]struct {
		template template
		raw      string
	}{
		"no metadata":       {template{}, "kind: A\nspec: {}\n"},
		"nothing to change": {template{values: map[string]string{"z: 1": "z: 2"}}, plain},
		"too much":          {template{values: map[string]string{": 1": ": 2"}}, plain},
		"nowhere":           {template{all: map[string]string{"nowhere": "x"}}, plain},
	} {
		if got, err := tt.template.render("f.yaml", tt.raw); err == nil {
			t.Errorf("%s: no error, and\n%s", name, got)
		}
	}
}
