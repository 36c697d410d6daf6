// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// sumsName is the file that is signed: who has checked it has checked all.
const sumsName = "SHA256SUMS"

// sums writes what `sha256sum -c` reads, over all files of a folder but hidden ones, itself
// and its signatures. What somebody else put there is among them.
func sums(folder string) error {
	entries, err := os.ReadDir(folder) // in the order of names
	if err != nil {
		return fmt.Errorf("listing what is delivered: %w", err)
	}
	var out bytes.Buffer
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), "."), e.Name() == sumsName, !e.Type().IsRegular():
			continue
		case strings.HasPrefix(e.Name(), sumsName+"."): // of the file that is replaced now
			if err := os.Remove(filepath.Join(folder, e.Name())); err != nil {
				return fmt.Errorf("removing an older signature: %w", err)
			}
			continue
		}
		sum, err := sumOf(filepath.Join(folder, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "%s  %s\n", sum, e.Name())
	}
	if err := os.WriteFile(filepath.Join(folder, sumsName), out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the checksums: %w", err)
	}
	return nil
}

func sumOf(file string) (sum string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("opening a file to be summed: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("summing %s: %w", filepath.Base(file), err)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
