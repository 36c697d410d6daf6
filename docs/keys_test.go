// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// aKey is PEM of a private key with something in it, be it indented as in YAML.
var aKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\\n]*[A-Za-z0-9+/=]{40}`)

// TestNoKeyIsInTheRepository: no golden file, sample, page or test has one.
func TestNoKeyIsInTheRepository(t *testing.T) {
	t.Parallel()
	if !aKey.MatchString("-----BEGIN EC PRIVATE KEY-----\n    MHcCAQEEIF" + "0000000000000000000000000000000000000000") {
		t.Fatal("it would not be found")
	}
	files := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || path == "../bin"):
			return filepath.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		raw, err := os.ReadFile(path) //nolint:gosec // our own files
		if err != nil {
			return err
		}
		files++
		for _, found := range aKey.FindAll(raw, -1) {
			if !bytes.Contains(found, bytes.Repeat([]byte("A"), 16)) { // a seed of zeros is nobody's key
				t.Errorf("%s holds a private key", path)
			}
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files looked at: %v", files, err)
	}
}
