// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	spec "github.com/opencontainers/image-spec/specs-go/v1"
)

// list is an index in the bytes that Skopeo writes. Skopeo reads the list of platforms into
// the types of image-spec and writes it anew before it copies it. Where that gives other bytes,
// the list gets another digest, and nobody finds it by the one that the release says.
type list struct {
	images
	raw []byte
}

// images has another name, as v1.ImageIndex has a method of its own.
type images = v1.ImageIndex

// plain writes an index so, without the types of artifacts, which are those of the images' own
// configurations and which older Skopeos (1.9, Debian 12) drop.
func plain(index v1.ImageIndex) (v1.ImageIndex, error) {
	raw, err := index.RawManifest()
	if err != nil {
		return nil, fmt.Errorf("listing the platforms: %w", err)
	}
	var read spec.Index
	if err := json.Unmarshal(raw, &read); err != nil {
		return nil, fmt.Errorf("reading the list of platforms: %w", err)
	}
	for i := range read.Manifests {
		read.Manifests[i].ArtifactType = ""
	}
	if raw, err = json.Marshal(read); err != nil {
		return nil, fmt.Errorf("writing the list of platforms: %w", err)
	}
	return list{index, raw}, nil
}

// RawManifest is what the digest is of.
func (l list) RawManifest() ([]byte, error) { return l.raw, nil }

// IndexManifest is the same, read.
func (l list) IndexManifest() (*v1.IndexManifest, error) {
	return v1.ParseIndexManifest(bytes.NewReader(l.raw))
}

// Digest is the image's name.
func (l list) Digest() (v1.Hash, error) { return partial.Digest(l) }

// Size is in bytes.
func (l list) Size() (int64, error) { return int64(len(l.raw)), nil }
