// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

const mark = "\ufeff"

func inYAML(name string) string {
	return "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + name + "\n"
}

func inJSON(name string) string {
	return "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Namespace\",\n\t\"metadata\": {\"name\": \"" + name + "\"}\n}"
}

// list is a List, with an anchor in its first item and before its items.
func list(items string) string {
	return "apiVersion: v1\nkind: List\nmetadata:\n  annotations: &common {a: b, c: d}\nitems:\n" + items
}

const firstItem = "- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a, labels: &l {x: \"1\", y: yes-no}}\n"

// files are contents that kubectl takes, with the lines at which their objects begin.
var files = map[string]struct {
	content string
	lines   []int
}{
	"lines that end as on Windows":      {strings.ReplaceAll(inYAML("a")+"---\n"+inYAML("b"), "\n", "\r\n"), []int{1, 6}},
	"a block of text with such lines":   {strings.ReplaceAll(inYAML("a")+"data:\n  x: |\n    one\n    two\n", "\n", "\r\n"), []int{1}},
	"JSON":                              {inJSON("a"), []int{1}},
	"JSON with such lines":              {strings.ReplaceAll(inJSON("a"), "\n", "\r\n") + "\r\n", []int{1}},
	"JSON, one object after the other":  {inJSON("a") + "\n\n" + inJSON("b") + inJSON("c") + "\n", []int{1, 7, 11}},
	"JSON, and YAML behind it":          {inJSON("a") + "\n---\n" + inYAML("b"), []int{1, 7}},
	"JSON behind YAML":                  {inYAML("a") + "---\n" + inJSON("b") + "\n", []int{1, 6}},
	"JSON with a null behind it":        {inJSON("a") + "\nnull\n" + inJSON("b"), []int{1, 7}},
	"JSON of every kind of value":       {`{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"n":[1,-2,0.5,true,false,null,"","1","yes",[],{}]}`, []int{1}},
	"JSON with a character in halves":   {`{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"x":"\ud83d\ude00 \/ \u00e4 \u0001"}`, []int{1}},
	"JSON with a long key":              {`{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"data":{"` + strings.Repeat("k", 1500) + `":"v"}}`, []int{1}},
	"JSON of a list":                    {`{"apiVersion":"v1","kind":"List","items":[` + "\n" + inJSON("a") + ",\n" + inJSON("b") + "]}", []int{2, 7}},
	"YAML that looks like JSON":         {"{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\n" + inYAML("b"), []int{1, 3}},
	"nothing":                           {"", nil},
	"nothing but a mark":                {mark, nil},
	"nothing but space":                 {" \n\n", nil},
	"nothing but separators":            {"---\n---\n---\n", nil},
	"nothing but comments":              {"# a\n---\n# b\n", nil},
	"comments between and behind":       {"# a\n---\n# b\n---\n" + inYAML("a") + "---\n# c\n", []int{5}},
	"nothing in words":                  {"null\n---\n~\n---\n" + inYAML("a"), []int{5}},
	"a separator with a comment":        {"--- # first\n" + inYAML("a") + "--- # second\n" + inYAML("b"), []int{2, 7}},
	"an end of a document":              {inYAML("a") + "...\n---\n" + inYAML("b") + "...\n", []int{1, 7}},
	"a mark":                            {mark + inYAML("a"), []int{1}},
	"a mark before a comment":           {mark + "# c\n" + inYAML("a"), []int{2}},
	"a mark before a separator":         {mark + "---\n" + inYAML("a"), []int{2}},
	"a mark before JSON":                {mark + inJSON("a"), []int{1}},
	"a mark and lines as on Windows":    {mark + strings.ReplaceAll(inYAML("a"), "\n", "\r\n"), []int{1}},
	"a file with a mark behind another": {inYAML("a") + "---\n" + mark + inYAML("b") + "---\r\n" + mark + inYAML("c"), []int{1, 6, 11}},
	"an anchor in another item":         {list(firstItem + "- apiVersion: v1\n  kind: Namespace\n  metadata: {name: b, labels: *l}\n"), []int{6, 9}},
	"an anchor before the items":        {list("- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a, annotations: *common}\n"), []int{6}},
	"keys of another item":              {list(firstItem + "- apiVersion: v1\n  kind: Namespace\n  metadata:\n    name: b\n    labels:\n      <<: [*l, {z: w}]\n      x: \"2\"\n"), []int{6, 9}},
	"an item that is an alias": {
		"apiVersion: v1\nkind: List\nmetadata:\n  spare: &n\n    apiVersion: v1\n    kind: Namespace\n    metadata: {name: a}\nitems:\n- *n\n", []int{4}, // where its anchor is
	},
	"items that are an alias": {
		"apiVersion: v1\nkind: List\nmetadata:\n  spare: &all\n  - apiVersion: v1\n    kind: Namespace\n    metadata: {name: a}\nitems: *all\n", []int{5},
	},
	"an alias as a key, and to an alias": {
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: &n a}\ndata:\n  *n : &again\n    x: *n\n  other: *again\n", []int{1},
	},
	"an anchor that is set again": {
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: &x one, b: *x, c: &x two, d: *x}\n", []int{1},
	},
}

// asKubectl is what kubectl makes of a file.
func asKubectl(t *testing.T, content string) []map[string]any {
	t.Helper()
	var out []map[string]any
	decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(content), 4096)
	for {
		var raw runtime.RawExtension
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return out
		}
		must(t, err)
		if len(raw.Raw) == 0 || string(raw.Raw) == "null" {
			continue
		}
		read, err := runtime.Decode(unstructured.UnstructuredJSONScheme, raw.Raw)
		must(t, err)
		if all, ok := read.(*unstructured.UnstructuredList); ok {
			for i := range all.Items {
				out = append(out, all.Items[i].Object)
			}
			continue
		}
		out = append(out, read.(*unstructured.Unstructured).Object)
	}
}

func TestFilesAreReadAsKubectlReadsThem(t *testing.T) {
	for name, tt := range files {
		t.Run(name, func(t *testing.T) {
			s, err := Read(strings.NewReader(tt.content), "-")
			must(t, err)
			if len(s.Problems) > 0 {
				t.Errorf("problems: %+v", s.Problems)
			}
			var got []map[string]any
			var lines []int
			for _, d := range s.Documents {
				got, lines = append(got, d.Object.Object), append(lines, d.Line)
			}
			if diff := cmp.Diff(asKubectl(t, tt.content), got); diff != "" {
				t.Errorf("(-kubectl +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.lines, lines); diff != "" {
				t.Errorf("lines (-want +got)\n%s", diff)
			}
		})
	}
}

// bomb is a document whose aliases stand for 10 to the power of depth values.
func bomb(depth int) string {
	var b strings.Builder
	b.WriteString(inYAML("a") + "x0: &x0 [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n")
	for i := 1; i < depth; i++ {
		fmt.Fprintf(&b, "x%d: &x%d [%s*x%d]\n", i, i, strings.Repeat(fmt.Sprintf("*x%d, ", i-1), 9), i-1)
	}
	return b.String()
}

// chain is a document whose aliases lead to aliases so many deep.
func chain(depth int) string {
	var b strings.Builder
	b.WriteString(inYAML("a") + "x0: &x0 a\n")
	for i := 1; i <= depth; i++ {
		fmt.Fprintf(&b, "x%d: &x%d [*x%d]\n", i, i, i-1)
	}
	return b.String()
}

// TestRefusedDocuments: said at their lines, and the documents behind them are read.
func TestRefusedDocuments(t *testing.T) {
	for name, tt := range map[string]struct{ content, want string }{
		"an alias bomb":                 {bomb(9), "(standard input):9!  : aliases stand for more than 100000 values, which is not read"},
		"aliases that lead too deep":    {chain(33), "(standard input):38!  : aliases lead to aliases more than 32 deep, which is not read"},
		"an anchor that is in itself":   {inYAML("a") + "x: &x\n  y: [*x]\n", `(standard input):6!  : anchor "x" stands for something that contains itself`},
		"an anchor that there is not":   {inYAML("a") + "x: *x\n", "(standard input):1!  : unknown anchor 'x' referenced"},
		"an anchor of another document": {inYAML("a") + "x: &x 1\n---\ny: *x\n", `(standard input):7!  : unknown anchor "x" referenced: anchors are those of one document`},
		"an item that is no object":     {list("- &x just\n- *x\n"), "(standard input):6!  : it is no object"},
		"JSON with a key twice":         {"{\"kind\": \"X\",\n\"kind\": \"Y\"}", `(standard input):2!  : mapping key "kind" already defined at line 1`},
		"JSON that is no object":        {inJSON("a") + "\n[1]", "(standard input):6!  : it is no object"},
		"JSON that breaks off":          {inJSON("a") + "\n{\"kind\": ", "(standard input):6!  : did not find expected node content"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Read(strings.NewReader(tt.content+"\n---\n"+inYAML("behind")), "-")
			must(t, err)
			if got := seen("", s); !strings.Contains(strings.Join(got, "\n")+"\n", tt.want+"\n") {
				t.Errorf("want %s\ngot %s", tt.want, strings.Join(got, "\n"))
			}
		})
	}
	for name, content := range map[string]string{"aliases of many values": bomb(4), "aliases that lead deep": chain(32)} {
		s, err := Read(strings.NewReader(content), "-")
		must(t, err)
		if len(s.Problems) > 0 {
			t.Errorf("%s: %+v", name, s.Problems)
		}
	}
}
