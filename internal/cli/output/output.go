// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package output prints what commands answer: for people as text, which may change, and
// for programs as JSON or YAML, which does not.
package output

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// Format is what -o names.
type Format struct {
	name  string
	names []string
}

// AddFlag adds -o with these names, or else table, json and yaml. The first is what is printed
// without the flag.
func (f *Format) AddFlag(cmd *cobra.Command, names ...string) {
	if len(names) == 0 {
		names = []string{"table", "json", "yaml"}
	}
	f.name, f.names = names[0], names
	cmd.Flags().VarP(f, "output", "o", "output format: "+strings.Join(names, " or "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

// String is the format's name.
func (f *Format) String() string { return f.name }

// Type is what help calls the value.
func (f *Format) Type() string { return "format" }

// Set takes a name that is known.
func (f *Format) Set(name string) error {
	if !slices.Contains(f.names, name) {
		return fmt.Errorf("write %s", strings.Join(f.names, " or "))
	}
	f.name = name
	return nil
}

// Structured says that programs read it.
func (f *Format) Structured() bool { return f.name == "json" || f.name == "yaml" }

// OfSite is what one of several sites answers.
type OfSite struct {
	// Context of the kubeconfig that leads to the site.
	Context string `json:"context"`
	Answer  any    `json:"answer"`
}

// PrintSites prints what several sites answer.
func (f *Format) PrintSites(out io.Writer, items []OfSite) error {
	return f.Print(out, struct {
		Kind  string   `json:"kind"`
		Items []OfSite `json:"items"`
	}{"SiteList", items})
}

// Print prints a value in the format, JSON with indents.
func (f *Format) Print(out io.Writer, value any) error {
	raw, err := json.MarshalIndent(value, "", "  ")
	if err == nil && f.name == "yaml" {
		raw, err = yaml.JSONToYAML(raw)
	}
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	_, err = fmt.Fprintln(out, strings.TrimRight(string(raw), "\n"))
	return err
}
