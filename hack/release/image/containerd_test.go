// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package image_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/zonewarden/zonewarden/hack/release/image"
	"github.com/zonewarden/zonewarden/hack/release/page"
)

const config = `version = 2
root = "%[1]s/root"
state = "%[1]s/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "%[1]s/s"
`

const verifyPage = "../../../docs/verify.md"

// containerd starts one of the test's own and gives a shell in a folder, whose ctr speaks to it.
func containerd(t *testing.T) (shell func(folder, lines string) (string, error)) {
	t.Helper()
	folder := made[string](t)(os.MkdirTemp("", "ctr")) //nolint:usetesting // the path of a socket has to be short
	t.Cleanup(func() { must(t, os.RemoveAll(folder)) })
	file := filepath.Join(folder, "config.toml")
	must(t, os.WriteFile(file, fmt.Appendf(nil, config, folder), 0o600))
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	c := exec.CommandContext(ctx, "containerd", "--config", file)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	var log bytes.Buffer
	c.Stderr = &log
	must(t, c.Start())
	t.Cleanup(func() {
		stop()
		_ = c.Wait() // it was told to end
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if connection, err := net.Dial("unix", filepath.Join(folder, "s")); err == nil {
			must(t, connection.Close())
			break
		}
		if time.Now().After(end) {
			t.Fatal("containerd does not answer")
		}
	}
	return func(in, lines string) (string, error) {
		c := exec.CommandContext(ctx, "sh", "-e", "-c", lines)
		c.Dir, c.Env = in, append(os.Environ(), "CONTAINERD_ADDRESS="+filepath.Join(folder, "s"), "CONTAINERD_SNAPSHOTTER=native")
		out, err := c.CombinedOutput()
		return string(out), err
	}
}

// TestContainerdTakesAnArchive, by the commands of docs/verify.md, under both names, and takes
// none that somebody changed.
func TestContainerdTakesAnArchive(t *testing.T) {
	t.Parallel()
	shell := containerd(t)
	archive, index := written(t, about, programs(t, "amd64", 0o755, time.Unix(1, 0)), programs(t, "arm64", 0o755, time.Unix(1, 0)))
	folder := t.TempDir()
	file := filepath.Join(folder, "zonewarden-v1.2.3.oci.tar")
	load := page.Named(t, verifyPage, "ctr -n k8s.io images import").With(t, "VERSION", "v1.2.3", "zonewarden.io/zonewarden", name).Script()

	// A byte in the middle of a layer, which is compressed and so in no place twice.
	own := made[v1.ImageIndex](t)(image.Index(about, []image.Programs{programs(t, runtime.GOARCH, 0o755, time.Unix(1, 0))}))
	manifest := made[*v1.IndexManifest](t)(own.IndexManifest()).Manifests[0]
	layer := made[[]v1.Layer](t)(made[v1.Image](t)(own.Image(manifest.Digest)).Layers())[0]
	header := bytes.Index(archive, []byte("blobs/sha256/"+made[v1.Hash](t)(layer.Digest()).Hex))
	changed := bytes.Clone(archive)
	changed[header+512+40] ^= 1
	must(t, os.WriteFile(file, changed, 0o600))
	if out, err := shell(folder, load); err == nil || !strings.Contains(out, "digest") {
		t.Errorf("a changed archive: %v: %s", err, out)
	}

	must(t, os.WriteFile(file, archive, 0o600))
	if out, err := shell(folder, load); err != nil {
		t.Fatalf("importing: %v: %s", err, out)
	}
	digest := made[v1.Hash](t)(index.Digest()).String()
	out, err := shell(folder, page.Named(t, verifyPage, "ctr -n k8s.io images ls").Script())
	if err != nil || strings.Count(out, " complete ") != 2 {
		t.Errorf("what a node has: %v: %s", err, out)
	}
	for _, ref := range []string{name + ":v1.2.3", name + "@" + digest} {
		if !regexp.MustCompile("(?m)^" + regexp.QuoteMeta(ref) + " .* " + digest + " .* linux/amd64,linux/arm64 ").MatchString(out) {
			t.Errorf("%s is not there: %s", ref, out)
		}
	}
}
