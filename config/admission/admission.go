// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission holds the manifests of the guard: ValidatingAdmissionPolicies and
// their bindings, as `kubectl apply -k config/admission` sends them. Admission policies
// cannot guard themselves, so whoever wants to see whether they stand as shipped compares
// with these.
package admission

import (
	"embed"
	"io/fs"
	"strings"
)

// kustomization lists the files for kubectl and is no manifest.
const kustomization = "kustomization.yaml"

//go:embed *.yaml
var files embed.FS

// Manifests returns every object of the guard, each as one YAML document, in the order
// of file names and within a file as written: a policy before its bindings.
func Manifests() [][]byte {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	var out [][]byte
	for _, name := range names {
		if name == kustomization {
			continue
		}
		content, err := files.ReadFile(name)
		if err != nil {
			panic(err) // it was compiled in
		}
		for doc := range strings.SplitSeq(string(content), "\n---\n") {
			out = append(out, []byte(doc))
		}
	}
	return out
}
