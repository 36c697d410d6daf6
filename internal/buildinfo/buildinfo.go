// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package buildinfo says what a program was built from. A release is stamped by its build
// (hack/release), so that it is the same from a clone, an archive of the sources and any
// machine; of other builds it says what Go recorded.
package buildinfo

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// The linker sets them: hack/release/build names them.
var version, revision string

const unknown = "unknown"

// Version is that of the release, or else the module's, or else the commit.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if version != "" || !ok {
		return cmp.Or(version, unknown)
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	return Revision()
}

// Revision is the commit.
func Revision() string {
	info, ok := debug.ReadBuildInfo()
	if revision != "" || !ok {
		return cmp.Or(revision, unknown)
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return unknown
}

// Line is what a program prints for --version: all that it takes to build it again.
func Line() string {
	return fmt.Sprintf("%s (revision %s, %s)", Version(), Revision(), runtime.Version())
}
