// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// Write puts an image into one file: an OCI image layout in a tar. Its name is there twice,
// because containerd (`ctr images import`, k3s) takes the whole name from one annotation and
// others (skopeo, podman) the tag from another. The layout has one entry, as skopeo wants.
func Write(to string, index v1.ImageIndex, name, tag string, at time.Time) (err error) {
	folder, err := os.MkdirTemp(filepath.Dir(to), ".layout-*")
	if err != nil {
		return fmt.Errorf("making a folder for the layout: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return fmt.Errorf("beginning the layout: %w", err)
	}
	named := layout.WithAnnotations(map[string]string{
		"io.containerd.image.name":          name + ":" + tag,
		"org.opencontainers.image.ref.name": tag,
	})
	if err := path.AppendIndex(index, named); err != nil {
		return fmt.Errorf("writing the layout: %w", err)
	}
	if err := pack(to, folder, at); err != nil {
		return fmt.Errorf("packing the layout: %w", err)
	}
	return nil
}

// pack writes a folder's files in the order of their names, but those first that say what
// the others are: who reads the file as a stream knows early what it holds.
func pack(to, folder string, at time.Time) (err error) {
	files := []string{"oci-layout", "index.json"}
	root := os.DirFS(folder)
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !slices.Contains(files, name) {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	t := tar.NewWriter(out)
	for _, name := range files {
		content, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if err := add(t, name, 0o644, at, content); err != nil {
			return err
		}
	}
	return t.Close()
}
