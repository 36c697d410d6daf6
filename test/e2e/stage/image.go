// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
)

// Image is what real pods run. No registry has it, so their imagePullPolicy is Never, or
// IfNotPresent. It holds test/e2e/pod, and what runs in the pods of windows.
const Image = imageName + ":e2e"

const imageName = "zonewarden.invalid/pod"

// entry is a file of an archive.
type entry struct {
	name    string
	mode    int64
	content []byte
}

// descriptor says what a blob is, in the words of the OCI image format.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// writeImage packs programs, by the names that they get, into an image of this name, as an
// archive in the OCI image layout, which containerd imports.
func writeImage(to, name string, programs map[string]string) error {
	var files []entry
	for _, file := range slices.Sorted(maps.Keys(programs)) {
		content, err := os.ReadFile(programs[file])
		if err != nil {
			return fmt.Errorf("reading a program of an image: %w", err)
		}
		files = append(files, entry{file, 0o755, content})
	}
	archived, err := image(name, files)
	if err != nil {
		return fmt.Errorf("making image %s: %w", name, err)
	}
	return os.WriteFile(to, archived, 0o600)
}

func image(name string, files []entry) ([]byte, error) {
	layer, err := archive(files...)
	if err != nil {
		return nil, err
	}
	var blobs []entry
	add := func(kind string, content []byte) descriptor {
		sum := fmt.Sprintf("%x", sha256.Sum256(content))
		blobs = append(blobs, entry{path.Join("blobs/sha256", sum), 0o644, content})
		return descriptor{MediaType: "application/vnd.oci.image." + kind, Digest: "sha256:" + sum, Size: len(content)}
	}
	packed := add("layer.v1.tar", layer)
	config, err := json.Marshal(map[string]any{
		"os": runtime.GOOS, "architecture": runtime.GOARCH,
		"config": map[string]any{"Entrypoint": []string{"/pod"}, "Cmd": []string{"wait"}, "User": "65532:65532"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{packed.Digest}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": add("config.v1+json", config), "layers": []descriptor{packed},
	})
	if err != nil {
		return nil, err
	}
	listed := add("manifest.v1+json", manifest)
	listed.Annotations = map[string]string{"io.containerd.image.name": name}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "manifests": []descriptor{listed}})
	if err != nil {
		return nil, err
	}
	return archive(append(blobs,
		entry{"oci-layout", 0o644, []byte(`{"imageLayoutVersion":"1.0.0"}`)}, entry{"index.json", 0o644, index})...)
}

func archive(entries ...entry) ([]byte, error) {
	var out bytes.Buffer
	t := tar.NewWriter(&out)
	for _, e := range entries {
		if err := t.WriteHeader(&tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.content))}); err != nil {
			return nil, err
		}
		if _, err := t.Write(e.content); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
