// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package krew writes the manifest by which krew, kubectl's manager of plugins, installs ours:
// from an index, or by `kubectl krew install --manifest --archive` without a network.
package krew

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"text/template"
)

// Archive is what krew unpacks on a platform.
type Archive struct{ OS, Arch, URI, SHA256, Program string }

// Manifest is what changes from release to release.
type Manifest struct {
	Version, Source string
	Archives        []Archive
}

//go:embed zonewarden.yaml.tmpl
var source string

var manifest = template.Must(template.New("zonewarden.yaml").Option("missingkey=error").Parse(source))

// Write fills the template.
func Write(to string, m Manifest) error {
	var out bytes.Buffer
	if err := manifest.Execute(&out, m); err != nil {
		return fmt.Errorf("filling the manifest: %w", err)
	}
	if err := os.WriteFile(to, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return nil
}
