// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package opening

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

// around is how many lines that did not change are shown around one that did.
const around = 3

// show prints what somebody who decides has to read: who declared it, what it opens, and how
// it differs from what is in force.
func (d *declared) show(out io.Writer, v voices) error {
	row := func(what, text string) {
		if text != "" {
			fmt.Fprintf(out, "%-11s%s\n", what, roster.Printable(text))
		}
	}
	row(d.kind.words[0], d.object.GetName())
	row("author", d.author())
	row("generation", fmt.Sprint(d.now.generation))
	row("spec", d.hash)
	row("risk owner", d.riskOwner)
	what := "opens"
	for _, f := range d.opens() {
		row(what, f.Path+": "+f.Message)
		what = ""
	}
	if what != "" {
		row(what, d.accepted().Message)
	}
	row("decided", v.words())
	text, err := d.diff()
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		fmt.Fprintln(out, roster.Printable(strings.TrimSuffix(line, "\n")))
	}
	return nil
}

// diff between what is in force and what is declared.
func (d *declared) diff() (string, error) {
	before, title := []string(nil), "nothing"
	if d.inForce != nil {
		lines, err := d.inForce.content.lines()
		if err != nil {
			return "", err
		}
		before, title = lines, fmt.Sprintf("generation %d", d.inForce.generation)
		if by := d.inForce.approvedBy; len(by) > 0 {
			title += ", approved by " + join(by)
		}
	}
	now, err := d.now.content.lines()
	if err != nil {
		return "", err
	}
	if slices.Equal(before, now) {
		return "it does not differ from what is in force: " + title + "\n", nil
	}
	text, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: before, FromFile: "in force: " + title,
		B: now, ToFile: fmt.Sprintf("declared: generation %d", d.now.generation),
		Context: around,
	})
	if err != nil {
		return "", fmt.Errorf("comparing with what is in force: %w", err)
	}
	return text, nil
}

func (c content) lines() ([]string, error) {
	raw, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("writing as YAML: %w", err)
	}
	return slices.Collect(strings.Lines(string(raw))), nil
}

func join(users []v1alpha1.Username) string {
	var out []string
	for _, u := range users {
		out = append(out, string(u))
	}
	return strings.Join(out, ", ")
}
