// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	sigsyaml "sigs.k8s.io/yaml"
)

// Document is one object of a file.
type Document struct {
	// File as it was named or found, and Line of the object's first field, from 1.
	File string
	Line int
	// Object as it is written; of our kinds with the defaults of their definition.
	Object *unstructured.Unstructured

	fields *yaml.Node
}

// Name is the object as kubectl names it: "Zone/cell-filtration",
// "Deployment/ww-filtration/opcua". What the API server is to name goes by what its name will
// begin with: "Job/ww-filtration/migrate-".
func (d *Document) Name() string {
	name := cmp.Or(d.Object.GetName(), d.Object.GetGenerateName())
	if ns := d.Object.GetNamespace(); ns != "" {
		return d.Object.GetKind() + "/" + ns + "/" + name
	}
	return d.Object.GetKind() + "/" + name
}

// Problem is what is wrong with a file or an object, at its place.
type Problem struct {
	File string
	Line int
	// Object as its Document names it, "" where there is none to speak of.
	Object string
	// Path of the field, "" for all of it.
	Path    string
	Message string
}

// Set is what was read.
type Set struct {
	Documents []*Document
	Problems  []Problem

	// placesOnly says that objects are looked for and not judged.
	placesOnly bool
}

// Read reads files, folders with everything below them, folders of Kustomize, and "-" for
// in. Hidden files and folders are left out.
func Read(in io.Reader, paths ...string) (*Set, error) {
	set := &Set{}
	for _, path := range paths {
		if err := set.read(in, path); err != nil {
			return nil, err
		}
	}
	set.twice()
	return set, nil
}

func (s *Set) read(in io.Reader, path string) error {
	if path == "-" {
		return s.add("(standard input)", in)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("reading manifests: %w", err)
	}
	if !info.IsDir() {
		return s.file(path)
	}
	return s.folder(path)
}

// folder reads a folder: by Kustomize where it says so.
func (s *Set) folder(path string) error {
	if kustomization(path) != "" {
		return s.kustomize(path)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("reading manifests: %w", err)
	}
	for _, e := range entries {
		inside := filepath.Join(path, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			err = s.folder(inside)
		case isManifest(e):
			err = s.file(inside)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func isManifest(e fs.DirEntry) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(e.Name()))
}

func (s *Set) file(path string) error {
	raw, err := os.ReadFile(path) //nolint:gosec // the user names it
	if err != nil {
		return fmt.Errorf("reading manifests: %w", err)
	}
	return s.add(path, bytes.NewReader(raw))
}

// badLine finds the line in what the YAML library says.
var badLine = regexp.MustCompile(`line (\d+): `)

// add reads the documents of one file.
func (s *Set) add(file string, r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	s.documents(file, s.values(file, raw))
	return nil
}

// innerMark finds the byte order mark of a file that was put behind another one.
var innerMark = regexp.MustCompile(`(?m)^(---[^\n]*\n)\x{feff}`)

// documents reads those of YAML.
func (s *Set) documents(file string, raw []byte) {
	decoder := yaml.NewDecoder(bytes.NewReader(innerMark.ReplaceAll(raw, []byte("$1"))))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			s.Problems = append(s.Problems, problemOf(file, err))
			return // where the next document begins is not known
		}
		s.document(file, &node)
	}
}

func problemOf(file string, err error) Problem {
	p := Problem{File: file, Line: 1, Message: strings.TrimPrefix(strings.TrimPrefix(err.Error(), "yaml: "), "unmarshal errors:\n  ")}
	if m := badLine.FindStringSubmatch(p.Message); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			p.Line = n
		}
		p.Message = strings.Replace(p.Message, m[0], "", 1)
	}
	return p
}

// document takes one node as an object, or a list of them.
func (s *Set) document(file string, node *yaml.Node) {
	if len(node.Content) == 0 || node.Content[0].Tag == "!!null" { // nothing but comments
		return
	}
	root, err := withoutAliases(node.Content[0])
	if err != nil {
		s.Problems = append(s.Problems, problemOf(file, err))
		return
	}
	s.root(file, root)
}

// root takes what a document has at its top.
func (s *Set) root(file string, root *yaml.Node) {
	content, err := contentOf(root)
	if err != nil {
		p := problemOf(file, err)
		p.Line = max(p.Line, root.Line)
		s.Problems = append(s.Problems, p)
		return
	}
	u := &unstructured.Unstructured{Object: content}
	if u.IsList() {
		items := child(root, "items")
		for i := range items.Content {
			s.root(file, items.Content[i])
		}
		return
	}
	d := &Document{File: file, Line: root.Line, Object: u, fields: root}
	switch {
	case u.GetKind() == "Kustomization" || u.GetKind() == "Component":
		// For Kustomize, in a folder that is not read by it.
	case u.GetAPIVersion() == "" || u.GetKind() == "" || u.GetName()+u.GetGenerateName() == "":
		s.Problems = append(s.Problems, d.problem("", "it is no object: apiVersion, kind and metadata.name are needed"))
	default:
		s.judge(d)
	}
}

// contentOf is a node as decoded JSON, read as kubectl does. Keys that stand twice are an
// error.
func contentOf(node *yaml.Node) (map[string]any, error) {
	if node.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: it is no object", node.Line)
	}
	if err := node.Decode(&map[string]any{}); err != nil {
		return nil, err
	}
	raw, err := yaml.Marshal(node)
	if err != nil {
		return nil, err
	}
	asJSON, err := sigsyaml.YAMLToJSON(raw)
	if err != nil {
		return nil, err
	}
	var content map[string]any
	return content, json.Unmarshal(asJSON, &content)
}

// judge adds an object, with what its definition says of it.
func (s *Set) judge(d *Document) {
	if s.placesOnly {
		s.Documents = append(s.Documents, d)
		return
	}
	if definition := definitionOf(d.Object); definition != nil {
		for _, f := range definition.judge(d.Object) {
			s.Problems = append(s.Problems, d.problem(f.path, f.message))
		}
	} else if isOurs(d.Object) {
		s.Problems = append(s.Problems, d.problem("kind", fmt.Sprintf("there is no kind %s in %s", d.Object.GetKind(), d.Object.GetAPIVersion())))
		return
	}
	s.Documents = append(s.Documents, d)
}

func (d *Document) problem(path, message string) Problem {
	return Problem{File: d.File, Line: d.LineOf(path), Object: d.Name(), Path: path, Message: message}
}

// twice finds objects that are written twice: which one would be in force, nobody knows. Of
// those without a name each gets its own from the API server.
func (s *Set) twice() {
	first := map[string]*Document{}
	for _, d := range s.Documents {
		if d.Object.GetName() == "" {
			continue
		}
		name := d.Object.GroupVersionKind().Group + " " + d.Name()
		before, again := first[name]
		if !again {
			first[name] = d
			continue
		}
		s.Problems = append(s.Problems, d.problem("metadata.name", fmt.Sprintf("%s is written twice: also in %s:%d", d.Name(), before.File, before.Line)))
	}
	slices.SortStableFunc(s.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Path, b.Path))
	})
}

// Refused says that something is wrong with an object, so that the API server would not
// take it.
func (s *Set) Refused(d *Document) bool {
	return slices.ContainsFunc(s.Problems, func(p Problem) bool { return p.Object == d.Name() })
}

// Find returns the document of an object that is in no namespace, nil when there is none.
func (s *Set) Find(group, kind, name string) *Document {
	for _, d := range s.Documents {
		gvk := d.Object.GroupVersionKind()
		if gvk.Group == group && gvk.Kind == kind && d.Object.GetName() == name {
			return d
		}
	}
	return nil
}
