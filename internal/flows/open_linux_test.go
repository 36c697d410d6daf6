// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package flows

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestWithoutCiliumsMapsThereIsNoTableOfCiliums(t *testing.T) {
	root := t.TempDir()
	for name, path := range map[string]string{"nothing mounted": root, "no path": ""} {
		if table, err := OpenCilium(path); !errors.Is(err, ErrNoTable) {
			t.Errorf("%s: got %v, %v", name, table, err)
		}
	}
	// Something is there by the name, and cannot be read: that is not "no table".
	dir := filepath.Join(root, "tc", "globals")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, mapTCP4), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() (Table, error){
		"OpenCilium": func() (Table, error) { return OpenCilium(root) },
		"Open":       func() (Table, error) { return Open(root, "") },
	} {
		if table, err := open(); err == nil || errors.Is(err, ErrNoTable) {
			t.Errorf("%s: got %v, %v", name, table, err)
		}
	}
}

func TestANamespaceThatIsNotThereIsAnError(t *testing.T) {
	table, err := OpenKernel(filepath.Join(t.TempDir(), "gone"))
	if !errors.Is(err, os.ErrNotExist) || errors.Is(err, ErrNoTable) {
		t.Errorf("got %v, %v", table, err)
	}
}
