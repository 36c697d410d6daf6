// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crd holds the definitions of our kinds, as `kubectl apply -k config/crd` sends
// them. What reads manifests without an API server judges them by these.
package crd

import (
	"embed"
	"io/fs"
)

//go:embed zonewarden.io_*.yaml
var files embed.FS

// Definitions returns every CustomResourceDefinition as one YAML document, in the order
// of file names.
func Definitions() [][]byte {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	out := make([][]byte, 0, len(names))
	for _, name := range names {
		content, err := files.ReadFile(name)
		if err != nil {
			panic(err) // it was compiled in
		}
		out = append(out, content)
	}
	return out
}
