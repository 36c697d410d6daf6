// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// verifyPage is typed by tests with a tag.
const verifyPage = "../../docs/verify.md"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSumsAreOverAllThatIsDelivered(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"b.tgz", "a.tar", ".work", "SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.sigstore.json"} {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(name), 0o600))
	}
	must(t, os.Mkdir(filepath.Join(folder, "folder"), 0o700))
	must(t, sums(folder))
	got, err := os.ReadFile(filepath.Join(folder, "SHA256SUMS"))
	must(t, err)
	want := "6c6180db4b25f66c277092b87cdcde6f2f84fbc9fcc53ec83545c0f9c102914f  a.tar\n" +
		"f5829ec690168a1a69a537119d39ce9fdd1dc6d84f01cf98715f27a8513ba6b7  b.tgz\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Signatures of the file that was replaced would be taken for its own.
	left, err := filepath.Glob(filepath.Join(folder, "SHA256SUMS.*"))
	must(t, err)
	if len(left) > 0 {
		t.Errorf("older signatures are left: %v", left)
	}
}

func TestARunRemovesWhatOthersLeftOfItsKind(t *testing.T) {
	t.Parallel()
	r := &release{out: t.TempDir()}
	for _, name := range []string{"zonewarden-v1.oci.tar", "zonewarden-1.0.0.tgz", "notes"} {
		must(t, os.WriteFile(r.file(name), nil, 0o600))
	}
	must(t, r.clear("zonewarden-*.oci.tar", "zonewarden-*.digest"))
	left, err := filepath.Glob(r.file("*"))
	must(t, err)
	if diff := cmp.Diff([]string{r.file("notes"), r.file("zonewarden-1.0.0.tgz")}, left); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
