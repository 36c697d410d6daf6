// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build tools

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/zonewarden/zonewarden/hack/release/page"
)

// testRegistry types each line that brings an archive to a registry, to one of its own. What
// is there then has the digest of the release, with all that it leads to. Of an archive that
// somebody changed nothing is there by the name.
func testRegistry(t *testing.T, d desk) {
	for _, line := range page.Named(t, verifyPage, "skopeo copy").Lines {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			bring := page.Block{Lines: []string{line}}
			good, at := d.before(t)
			good.does(t, "dist", bring.With(t, "registry.site.example", at, "VERSION", version).Script())
			checkRegistry(t, at, good.pinned(t))

			bad, at := d.before(t)
			spoil(t, bad.archive())
			out, err := bad.types(t, "dist", bring.With(t, "registry.site.example", at, "VERSION", version).Script())
			if err == nil || !strings.Contains(strings.ToLower(out), "digest") {
				t.Errorf("a changed archive: %v:\n%s", err, out)
			}
			if _, status := fetched(t, at, "manifests/"+version); status != http.StatusNotFound {
				t.Errorf("and the registry says %d to the name", status)
			}
		})
	}
}

// before is the desk, copied, before an empty registry on this machine. It speaks plain HTTP:
// crane does so with loopback by itself, and Skopeo where a file at home says it.
func (d desk) before(t *testing.T) (desk, string) {
	t.Helper()
	s := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(s.Close)
	at := strings.TrimPrefix(s.URL, "http://")
	own := desk{folder: t.TempDir()}
	must(t, os.CopyFS(own.folder, os.DirFS(d.folder)))
	home := t.TempDir()
	file := filepath.Join(home, ".config/containers/registries.conf")
	must(t, os.MkdirAll(filepath.Dir(file), 0o700))
	must(t, os.WriteFile(file, fmt.Appendf(nil, "[[registry]]\nlocation = %q\ninsecure = true\n", at), 0o600))
	own.env = append(slices.Clone(d.env), "HOME="+home)
	return own, at
}

func (d desk) archive() string {
	return filepath.Join(d.folder, "dist", "zonewarden-"+version+".oci.tar")
}

// pinned is the name by digest that the release says.
func (d desk) pinned(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(d.folder, "dist", "zonewarden-"+version+".digest"))
	must(t, err)
	return strings.TrimSpace(string(raw))
}

// checkRegistry follows the version to the last byte of both platforms, and computes each
// digest itself.
func checkRegistry(t *testing.T, at, pinned string) {
	t.Helper()
	raw, status := fetched(t, at, "manifests/"+version)
	hash, size, err := v1.SHA256(bytes.NewReader(raw))
	must(t, err)
	if got := "zonewarden.io/zonewarden@" + hash.String(); status != http.StatusOK || got != pinned {
		t.Fatalf("the registry has %d bytes, status %d, as %s, and the release says %s", size, status, got, pinned)
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(raw))
	must(t, err)
	var platforms []string
	for _, one := range index.Manifests {
		platforms = append(platforms, one.Platform.String())
		manifest, err := v1.ParseManifest(bytes.NewReader(whole(t, at, "manifests/", one.Digest)))
		must(t, err)
		for _, blob := range append(manifest.Layers, manifest.Config) {
			whole(t, at, "blobs/", blob.Digest)
		}
	}
	if got := strings.Join(platforms, " "); got != "linux/amd64 linux/arm64" {
		t.Errorf("it has %s", got)
	}
}

// whole is what a registry gives for a digest, and has it.
func whole(t *testing.T, at, kind string, digest v1.Hash) []byte {
	t.Helper()
	raw, status := fetched(t, at, kind+digest.String())
	got, _, err := v1.SHA256(bytes.NewReader(raw))
	must(t, err)
	if status != http.StatusOK || got != digest {
		t.Errorf("%s%s: status %d, and content with the digest %s", kind, digest, status, got)
	}
	return raw
}

func fetched(t *testing.T, at, what string) ([]byte, int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+at+"/v2/zonewarden/"+what, nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer func() { must(t, answer.Body.Close()) }()
	raw, err := io.ReadAll(answer.Body)
	must(t, err)
	return raw, answer.StatusCode
}

// spoil changes one byte of each layer in an archive: layers are the only large files there. It
// is the one by which gzip names the system that packed, so that only digests tell.
func spoil(t *testing.T, archive string) {
	t.Helper()
	f, err := os.OpenFile(archive, os.O_RDWR, 0)
	must(t, err)
	defer func() { must(t, f.Close()) }()
	changed := 0
	for r := tar.NewReader(f); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		if header.Size < 1<<16 {
			continue
		}
		begins, err := f.Seek(0, io.SeekCurrent)
		must(t, err)
		var b [1]byte
		_, err = f.ReadAt(b[:], begins+9)
		must(t, err)
		b[0] ^= 1
		_, err = f.WriteAt(b[:], begins+9)
		must(t, err)
		changed++
	}
	if changed != 2 {
		t.Fatalf("%d layers were changed, of 2", changed)
	}
}
