// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image packs programs into one image for several platforms, as the Dockerfile does,
// without Docker. Equal programs and an equal description give equal bytes.
package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is nobody in particular, and not root.
const user = "65532:65532"

// Description is what the image says of itself.
type Description struct {
	Title, Description, Version, Revision, Source, Licenses string
	Created                                                 time.Time
	// Entrypoint is the program that runs when a pod names none.
	Entrypoint string
}

// Programs are the files of one platform: they lie in the image's root by their base names.
type Programs struct {
	OS, Arch string
	Files    []string
}

// Index makes an image for each platform and the list that leads to them.
func Index(d Description, platforms []Programs) (v1.ImageIndex, error) {
	var adds []mutate.IndexAddendum
	for _, p := range platforms {
		one, err := image(d, p)
		if err != nil {
			return nil, fmt.Errorf("packing for %s/%s: %w", p.OS, p.Arch, err)
		}
		adds = append(adds, mutate.IndexAddendum{
			Add:        one,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: p.OS, Architecture: p.Arch}},
		})
	}
	index := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), adds...)
	return plain(mutate.Annotations(index, d.annotations()).(v1.ImageIndex))
}

func image(d Description, p Programs) (v1.Image, error) {
	packed, err := layer(p.Files, d.Created)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	base, err = mutate.ConfigFile(base, &v1.ConfigFile{
		OS: p.OS, Architecture: p.Arch,
		Created: v1.Time{Time: d.Created},
		Config:  v1.Config{User: user, Entrypoint: []string{"/" + d.Entrypoint}, Labels: d.annotations()},
		RootFS:  v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, fmt.Errorf("configuring: %w", err)
	}
	whole, err := mutate.Append(base, mutate.Addendum{
		Layer:     packed,
		MediaType: types.OCILayer,
		History:   v1.History{Created: v1.Time{Time: d.Created}, CreatedBy: "make image", Comment: "static programs, nothing else"},
	})
	if err != nil {
		return nil, fmt.Errorf("appending the programs: %w", err)
	}
	return mutate.Annotations(whole, d.annotations()).(v1.Image), nil
}

// layer holds the files, owned by root, so that the programs cannot write themselves.
func layer(files []string, at time.Time) (v1.Layer, error) {
	var out bytes.Buffer
	t := tar.NewWriter(&out)
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b string) int { return bytes.Compare([]byte(filepath.Base(a)), []byte(filepath.Base(b))) })
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading a program: %w", err)
		}
		if err := add(t, filepath.Base(file), 0o755, at, content); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, fmt.Errorf("closing the layer: %w", err)
	}
	packed, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(out.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, fmt.Errorf("compressing the layer: %w", err)
	}
	return packed, nil
}

// add writes a file of root's with a time that is given.
func add(t *tar.Writer, name string, mode int64, at time.Time, content []byte) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content)), ModTime: at, Format: tar.FormatUSTAR}
	if err := t.WriteHeader(header); err != nil {
		return fmt.Errorf("writing the header of %s: %w", name, err)
	}
	if _, err := t.Write(content); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// annotations are the keys of the OCI image format, which registries and scanners show.
func (d Description) annotations() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       d.Title,
		"org.opencontainers.image.description": d.Description,
		"org.opencontainers.image.version":     d.Version,
		"org.opencontainers.image.revision":    d.Revision,
		"org.opencontainers.image.source":      d.Source,
		"org.opencontainers.image.licenses":    d.Licenses,
		"org.opencontainers.image.created":     d.Created.UTC().Format(time.RFC3339),
	}
}
