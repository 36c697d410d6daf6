// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build tools

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/hack/release/sbom"
)

// TestABillAsksNobody: it finds the licences of what this test is built from where only the
// modules are, and there is none without them. What a machine once asked of the database of
// checksums is not on the next one.
func TestABillAsksNobody(t *testing.T) {
	here := sbom.Program{OS: runtime.GOOS, Arch: runtime.GOARCH, File: os.Args[0]}
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	must(t, err)
	modules := strings.TrimSpace(string(out))
	alone, downloads := t.TempDir(), filepath.Join("cache", "download")
	linked(t, modules, alone, "cache")
	must(t, os.MkdirAll(filepath.Join(alone, downloads), 0o700))
	linked(t, filepath.Join(modules, downloads), filepath.Join(alone, downloads), "sumdb")
	t.Setenv("GOMODCACHE", alone)
	bill, err := sbom.Bill(t.Context(), "../../bin/cyclonedx-gomod", version, here)
	must(t, err)
	if n := len(*bill.Components); n < 3 {
		t.Errorf("the bill has %d modules", n)
	}
	t.Setenv("GOMODCACHE", t.TempDir())
	if _, err := sbom.Bill(t.Context(), "../../bin/cyclonedx-gomod", version, here); err == nil || !strings.HasPrefix(err.Error(), "finding the licence of ") {
		t.Errorf("without modules: %v", err)
	}
}

// linked makes a folder look like another but for one name.
func linked(t *testing.T, from, to, without string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	must(t, err)
	for _, e := range entries {
		if e.Name() != without {
			must(t, os.Symlink(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())))
		}
	}
}
