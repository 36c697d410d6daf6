// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifest reads what people keep in Git: folders of YAML, or of Kustomize.
//
// The contract:
//
//   - A file that cannot be read as YAML is a problem with its place and stops nothing
//     else. Only a path that is not there is an error.
//   - An object of one of our kinds is judged as the API server would: unknown fields,
//     schema, CEL, and the defaults filled in. What its admission policies and the
//     operator say besides needs a cluster or a model, and is not here.
//   - Every document knows its file and line, and where in it a field is, so that what
//     others find can be said with its place. An object that Kustomize made knows the
//     file that it came from.
package manifest
