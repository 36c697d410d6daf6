// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package build compiles the programs of a release. What comes out depends on the sources,
// the stamp and the release of Go, and on nothing else of the machine: no path, no time, no
// variable, no C compiler.
package build

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/hack/release/stamp"
)

// variables is the package whose variables carry the stamp.
const variables = "github.com/zonewarden/zonewarden/internal/buildinfo"

// Platform is what a program runs on.
type Platform struct{ OS, Arch string }

func (p Platform) String() string { return p.OS + "/" + p.Arch }

// Suffix is what names of programs end in.
func (p Platform) Suffix() string {
	if p.OS == "windows" {
		return ".exe"
	}
	return ""
}

// Parse reads linux/amd64,linux/arm64. Their order says nothing, so it is dropped.
func Parse(list string) ([]Platform, error) {
	var out []Platform
	for one := range strings.SplitSeq(list, ",") {
		system, arch, found := strings.Cut(strings.TrimSpace(one), "/")
		if !found || system == "" || arch == "" || strings.Contains(arch, "/") {
			return nil, fmt.Errorf("%q is no platform like linux/arm64", one)
		}
		out = append(out, Platform{system, arch})
	}
	slices.SortFunc(out, func(a, b Platform) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(out), nil
}

// Programs compiles packages of the sources for a platform into a folder.
func Programs(ctx context.Context, sources string, p Platform, s stamp.Stamp, folder string, packages ...string) error {
	args := append([]string{"build"}, Flags(s)...)
	args = append(args, "-o", folder+string(os.PathSeparator))
	cmd := exec.CommandContext(ctx, "go", append(args, packages...)...)
	cmd.Dir = sources
	cmd.Env = append(os.Environ(), settings(p)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building for %s: %w: %s", p, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Flags are what a stamped program is compiled with, here and in the Dockerfile.
func Flags(s stamp.Stamp) []string {
	// The time zones are built in: the image has no database of them, and a Site names one.
	return []string{
		"-trimpath", "-buildvcs=false", "-tags", "timetzdata",
		"-ldflags", fmt.Sprintf("-s -w -X %[1]s.version=%[2]s -X %[1]s.revision=%[3]s", variables, s.Version, s.Revision),
	}
}

// settings are all that changes what the compiler makes.
func settings(p Platform) []string {
	return []string{
		"CGO_ENABLED=0", "GOOS=" + p.OS, "GOARCH=" + p.Arch, "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=-mod=readonly", "GOWORK=off", "GOEXPERIMENT=", "GOFIPS140=off",
	}
}
