// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// template says how a manifest becomes one. The text is taken as it is written, so that
// expressions and their folding stay what was tested.
type template struct {
	// when is the value that turns the whole file on. Empty is always.
	when string
	// keep is the value by which its objects stay when the release goes. Empty is never.
	keep string
	// labels is a value with more labels.
	labels string
	// values replace a text that stands in the file exactly once, all one that may stand
	// in it often.
	values, all map[string]string
}

// always is a value that cannot be turned off.
const always = "true"

// How config/ writes what is looked for.
const (
	kept      = "    helm.sh/resource-policy: keep\n"
	partOf    = "    app.kubernetes.io/part-of: zonewarden\n"
	metadata  = "\nmetadata:\n"
	separator = "\n---\n"
)

// render makes the template of a file that holds one or more documents.
func (t template) render(from, raw string) (string, error) {
	var docs []string
	for doc := range strings.SplitSeq(strings.TrimPrefix(raw, "---\n"), separator) {
		made, err := t.document(doc)
		if err != nil {
			return "", err
		}
		docs = append(docs, made)
	}
	body, err := t.replace(strings.Join(docs, "---\n"))
	if err != nil {
		return "", err
	}
	head := mark + "config/" + from + ". Do not edit. */ -}}\n"
	if t.when == "" {
		return head + body, nil
	}
	return head + "{{- if " + t.when + " }}\n" + body + "{{- end }}\n", nil
}

// document is one object with what the chart adds to its metadata.
func (t template) document(doc string) (string, error) {
	doc = escape(strings.TrimRight(withoutHead(doc), "\n") + "\n")
	if strings.Count(doc, metadata) != 1 {
		return "", fmt.Errorf("metadata stands %d times in\n%s", strings.Count(doc, metadata), doc)
	}
	before, after, _ := strings.Cut(doc, metadata)
	own, rest := block(after)
	own = strings.Replace(own, "  annotations:\n"+kept, "", 1) // of the guard, which has no others
	own = strings.Replace(own, kept, "", 1)
	own = strings.Replace(own, partOf, "", 1)
	own = into(own, "labels", partOf+t.moreLabels())
	if t.keep != "" {
		own = keeping(own, t.keep)
	}
	return before + metadata + own + rest, nil
}

func (t template) moreLabels() string {
	if t.labels == "" {
		return ""
	}
	return "    {{- with " + t.labels + " }}\n    {{- toYaml . | nindent 4 }}\n    {{- end }}\n"
}

// keeping adds the annotation that has Helm leave an object behind.
func keeping(own, when string) string {
	if when == always {
		return into(own, "annotations", kept)
	}
	if strings.Contains(own, "  annotations:\n") {
		return into(own, "annotations", "    {{- if "+when+" }}\n"+kept+"    {{- end }}\n")
	}
	return "  {{- if " + when + " }}\n  annotations:\n" + kept + "  {{- end }}\n" + own
}

// into adds lines to a map of metadata, which is made if there is none.
func into(own, field, lines string) string {
	head := "  " + field + ":\n"
	if !strings.Contains(own, head) {
		return own + head + lines
	}
	return strings.Replace(own, head, head+lines, 1)
}

// block cuts the lines that are indented off what follows them.
func block(text string) (own, rest string) {
	at := 0
	for line := range strings.SplitAfterSeq(text, "\n") {
		if !strings.HasPrefix(line, " ") {
			break
		}
		at += len(line)
	}
	return text[:at], text[at:]
}

// withoutHead leaves out the comment that a document begins with: config/ has it.
func withoutHead(doc string) string {
	for strings.HasPrefix(doc, "#") {
		_, doc, _ = strings.Cut(doc, "\n")
	}
	return doc
}

// escape keeps what is not the chart's from being read as its template.
func escape(doc string) string {
	const open, closed = "{{", "}}"
	return strings.NewReplacer(open, `{{ "{{" }}`, closed, `{{ "}}" }}`).Replace(doc)
}

// replace puts values where config/ has a text of its own.
func (t template) replace(body string) (string, error) {
	for _, old := range slices.Sorted(maps.Keys(t.values)) {
		if n := strings.Count(body, old); n != 1 {
			return "", fmt.Errorf("%q stands %d times", old, n)
		}
		body = strings.Replace(body, old, t.values[old], 1)
	}
	for _, old := range slices.Sorted(maps.Keys(t.all)) {
		if !strings.Contains(body, old) {
			return "", fmt.Errorf("%q does not stand there", old)
		}
		body = strings.ReplaceAll(body, old, t.all[old])
	}
	return body, nil
}
