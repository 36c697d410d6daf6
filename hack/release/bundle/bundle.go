// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package bundle packs files for people's machines: the plugin, the chart. Equal files and an equal time give
// equal bytes.
package bundle

import (
	"archive/tar"
	"archive/zip"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// File is one of an archive's.
type File struct {
	Path    string
	Name    string // in the archive; empty is the base name
	Program bool
}

func (f File) name() string { return cmp.Or(f.Name, filepath.Base(f.Path)) }

func (f File) mode() os.FileMode {
	if f.Program {
		return 0o755
	}
	return 0o644
}

// Write packs files into a .zip or a compressed tar.
func Write(to string, at time.Time, files ...File) (err error) {
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("creating an archive: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if strings.HasSuffix(to, ".zip") {
		return zipped(zip.NewWriter(out), at, files)
	}
	return tarred(gzip.NewWriter(out), at, files)
}

func tarred(compressed *gzip.Writer, at time.Time, files []File) error {
	t := tar.NewWriter(compressed)
	for _, f := range files {
		content, err := os.ReadFile(f.Path)
		if err != nil {
			return fmt.Errorf("reading a file: %w", err)
		}
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: f.name(), Mode: int64(f.mode()), Size: int64(len(content)), ModTime: at, Format: tar.FormatUSTAR,
		}
		if err := t.WriteHeader(header); err != nil {
			return fmt.Errorf("writing the header of %s: %w", f.name(), err)
		}
		if _, err := t.Write(content); err != nil {
			return fmt.Errorf("writing %s: %w", f.name(), err)
		}
	}
	if err := errors.Join(t.Close(), compressed.Close()); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	return nil
}

func zipped(z *zip.Writer, at time.Time, files []File) error {
	for _, f := range files {
		content, err := os.ReadFile(f.Path)
		if err != nil {
			return fmt.Errorf("reading a file: %w", err)
		}
		header := &zip.FileHeader{Name: f.name(), Method: zip.Deflate, Modified: at.UTC()}
		header.SetMode(f.mode())
		w, err := z.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("writing the header of %s: %w", f.name(), err)
		}
		if _, err := w.Write(content); err != nil {
			return fmt.Errorf("writing %s: %w", f.name(), err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	return nil
}
