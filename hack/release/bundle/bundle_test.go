// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/hack/release/bundle"
)

var at = time.Date(2026, 11, 28, 13, 35, 34, 0, time.UTC)

// packed writes an archive of files that were written at some time.
func packed(t *testing.T, name string, touched time.Time) []byte {
	t.Helper()
	folder := t.TempDir()
	program, text := filepath.Join(folder, "kubectl-x"), filepath.Join(folder, "LICENSE")
	for _, file := range []string{program, text} {
		must(t, os.WriteFile(file, []byte("content of "+filepath.Base(file)), 0o600))
		must(t, os.Chtimes(file, touched, touched))
	}
	to := filepath.Join(t.TempDir(), name)
	must(t, bundle.Write(to, at, bundle.File{Path: program, Program: true}, bundle.File{Path: text}))
	out, err := os.ReadFile(to)
	must(t, err)
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var want = []string{
	"kubectl-x -rwxr-xr-x 2026-11-28 13:35:34 content of kubectl-x",
	"LICENSE -rw-r--r-- 2026-11-28 13:35:34 content of LICENSE",
}

func line(t *testing.T, name string, mode os.FileMode, at time.Time, r io.Reader) string {
	t.Helper()
	content, err := io.ReadAll(r)
	must(t, err)
	return fmt.Sprintf("%s %s %s %s", name, mode, at.UTC().Format(time.DateTime), content)
}

func TestATarHoldsWhatWasGiven(t *testing.T) {
	t.Parallel()
	z, err := gzip.NewReader(bytes.NewReader(packed(t, "a.tar.gz", at)))
	must(t, err)
	var got []string
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		must(t, err)
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" {
			t.Errorf("%s belongs to somebody", h.Name)
		}
		got = append(got, line(t, h.Name, h.FileInfo().Mode(), h.ModTime, r))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAZipHoldsWhatWasGiven(t *testing.T) {
	t.Parallel()
	content := packed(t, "a.zip", at)
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	must(t, err)
	var got []string
	for _, f := range z.File {
		r, err := f.Open()
		must(t, err)
		got = append(got, line(t, f.Name, f.Mode(), f.Modified, r))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEqualFilesGiveEqualArchives(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.tar.gz", "a.zip"} {
		if !bytes.Equal(packed(t, name, at), packed(t, name, at.Add(time.Hour))) {
			t.Errorf("%s has the time or the place of its files", name)
		}
	}
}

func TestAMissingFileIsNoArchive(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.tar.gz", "a.zip"} {
		err := bundle.Write(filepath.Join(t.TempDir(), name), at, bundle.File{Path: "nowhere"})
		if err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
