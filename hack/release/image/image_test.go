// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/zonewarden/zonewarden/hack/release/image"
)

const name = "registry.example/zonewarden"

var about = image.Description{
	Title: "Zonewarden", Description: "Compartments", Version: "v1.2.3", Revision: "0123", Source: "https://example.com/zonewarden",
	Licenses: "Apache-2.0", Created: time.Date(2026, 11, 28, 13, 35, 35, 0, time.UTC), Entrypoint: "zonewarden",
}

// programs writes two in a folder of its own, with a mode and a time that should not matter.
func programs(t *testing.T, arch string, mode os.FileMode, at time.Time) image.Programs {
	t.Helper()
	p := image.Programs{OS: "linux", Arch: arch}
	folder := t.TempDir()
	for _, name := range []string{"zonewarden-node", "zonewarden"} {
		file := filepath.Join(folder, name)
		must(t, os.WriteFile(file, []byte("the program "+name+" for "+arch), mode))
		must(t, os.Chtimes(file, at, at))
		p.Files = append(p.Files, file)
	}
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func made[T any](t *testing.T) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// written makes an archive and gives it with the index in it.
func written(t *testing.T, d image.Description, p ...image.Programs) ([]byte, v1.ImageIndex) {
	t.Helper()
	index := made[v1.ImageIndex](t)(image.Index(d, p))
	to := filepath.Join(t.TempDir(), "image.oci.tar")
	must(t, image.Write(to, index, name, d.Version, d.Created))
	left := made[[]os.DirEntry](t)(os.ReadDir(filepath.Dir(to)))
	if len(left) != 1 {
		t.Errorf("beside the archive there is something else: %v", left)
	}
	return made[[]byte](t)(os.ReadFile(to)), index
}

func TestEqualProgramsGiveEqualArchives(t *testing.T) {
	t.Parallel()
	one, _ := written(t, about, programs(t, "amd64", 0o755, time.Unix(1, 0)), programs(t, "arm64", 0o755, time.Unix(2, 0)))
	b := programs(t, "arm64", 0o600, time.Unix(4, 0))
	b.Files[0], b.Files[1] = b.Files[1], b.Files[0]
	two, _ := written(t, about, programs(t, "amd64", 0o700, time.Unix(3, 0)), b)
	if !bytes.Equal(one, two) {
		t.Error("modes, times, places or the order of files change the archive")
	}
	other := about
	other.Revision = "4567"
	if three, _ := written(t, other, programs(t, "amd64", 0o755, time.Unix(1, 0))); bytes.Equal(one, three) {
		t.Error("another revision does not")
	}
}

// TestAnArchiveIsWhatRuntimesTake: a layout in a tar, with one entry under both names.
func TestAnArchiveIsWhatRuntimesTake(t *testing.T) {
	t.Parallel()
	archive, index := written(t, about, programs(t, "amd64", 0o755, time.Unix(1, 0)), programs(t, "arm64", 0o755, time.Unix(1, 0)))
	folder := t.TempDir()
	headers := unpack(t, bytes.NewReader(archive), folder)
	for i, h := range headers {
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Mode != 0o644 || !h.ModTime.Equal(about.Created) {
			t.Errorf("%s: %+v", h.Name, h)
		}
		if first := []string{"oci-layout", "index.json"}; i < 2 && h.Name != first[i] {
			t.Errorf("file %d is %s", i, h.Name)
		}
	}
	read := made[v1.ImageIndex](t)(layout.ImageIndexFromPath(folder))
	must(t, validate.Index(read))
	entries := made[*v1.IndexManifest](t)(read.IndexManifest()).Manifests
	digest := made[v1.Hash](t)(index.Digest())
	if len(entries) != 1 || entries[0].Digest != digest || entries[0].MediaType != types.OCIImageIndex {
		t.Fatalf("entries: %+v, and the image is %s", entries, digest)
	}
	if diff := cmp.Diff(map[string]string{
		"io.containerd.image.name":          name + ":v1.2.3",
		"org.opencontainers.image.ref.name": "v1.2.3",
	}, entries[0].Annotations); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	whole := made[v1.ImageIndex](t)(read.ImageIndex(digest))
	manifest := made[*v1.IndexManifest](t)(whole.IndexManifest())
	if diff := cmp.Diff(labels, manifest.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	var platforms []string
	for _, d := range manifest.Manifests {
		platforms = append(platforms, d.Platform.String())
		checkImage(t, made[v1.Image](t)(whole.Image(d.Digest)), d.Platform.Architecture)
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
}

var labels = map[string]string{
	"org.opencontainers.image.title":       "Zonewarden",
	"org.opencontainers.image.description": "Compartments",
	"org.opencontainers.image.version":     "v1.2.3",
	"org.opencontainers.image.revision":    "0123",
	"org.opencontainers.image.source":      "https://example.com/zonewarden",
	"org.opencontainers.image.licenses":    "Apache-2.0",
	"org.opencontainers.image.created":     "2026-11-28T13:35:35Z",
}

func checkImage(t *testing.T, one v1.Image, arch string) {
	t.Helper()
	config := made[*v1.ConfigFile](t)(one.ConfigFile())
	want := v1.Config{User: "65532:65532", Entrypoint: []string{"/zonewarden"}, Labels: labels}
	if diff := cmp.Diff(want, config.Config); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	if config.Architecture != arch || config.OS != "linux" || !config.Created.Equal(about.Created) {
		t.Errorf("%s/%s of %s", config.OS, config.Architecture, config.Created)
	}
	manifest := made[*v1.Manifest](t)(one.Manifest())
	if manifest.MediaType != types.OCIManifestSchema1 || manifest.Config.MediaType != types.OCIConfigJSON {
		t.Errorf("media types: %s, %s", manifest.MediaType, manifest.Config.MediaType)
	}
	packed := made[[]v1.Layer](t)(one.Layers())
	if len(packed) != 1 || manifest.Layers[0].MediaType != types.OCILayer {
		t.Fatalf("layers: %+v", manifest.Layers)
	}
	folder := t.TempDir()
	var names []string
	for _, h := range unpack(t, made[io.ReadCloser](t)(packed[0].Uncompressed()), folder) {
		names = append(names, h.Name)
		if h.Uid != 0 || h.Gid != 0 || h.Mode != 0o755 || h.Typeflag != tar.TypeReg || !h.ModTime.Equal(about.Created) {
			t.Errorf("%s: %+v", h.Name, h)
		}
		content := made[[]byte](t)(os.ReadFile(filepath.Join(folder, h.Name)))
		if string(content) != "the program "+h.Name+" for "+arch {
			t.Errorf("%s is %q", h.Name, content)
		}
	}
	if got := strings.Join(names, " "); got != "zonewarden zonewarden-node" {
		t.Errorf("files: %s", got)
	}
}

func TestTheDockerfileMakesTheSame(t *testing.T) {
	t.Parallel()
	file := string(made[[]byte](t)(os.ReadFile("../../../Dockerfile")))
	one := made[*v1.ConfigFile](t)(made[v1.Image](t)(only(t)).ConfigFile())
	for _, line := range []string{"\nUSER " + one.Config.User + "\n", fmt.Sprintf("\nENTRYPOINT [%q]\n", one.Config.Entrypoint[0])} {
		if !strings.Contains(file, line) {
			t.Errorf("the Dockerfile does not have %q", line)
		}
	}
}

// only is the image of one platform.
func only(t *testing.T) (v1.Image, error) {
	t.Helper()
	index := made[v1.ImageIndex](t)(image.Index(about, []image.Programs{programs(t, "amd64", 0o755, time.Unix(1, 0))}))
	return index.Image(made[*v1.IndexManifest](t)(index.IndexManifest()).Manifests[0].Digest)
}

func unpack(t *testing.T, r io.Reader, folder string) []*tar.Header {
	t.Helper()
	var out []*tar.Header
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if err == io.EOF {
			return out
		}
		must(t, err)
		out = append(out, h)
		file := filepath.Join(folder, h.Name)
		must(t, os.MkdirAll(filepath.Dir(file), 0o750))
		must(t, os.WriteFile(file, made[[]byte](t)(io.ReadAll(archive)), 0o600))
	}
}
