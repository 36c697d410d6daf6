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
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/zonewarden/zonewarden/hack/release/image"
)

const config = `version = 2
root = "%[1]s/root"
state = "%[1]s/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "%[1]s/s"
`

// containerd starts one of the test's own and gives its client, in the namespace of Kubernetes.
func containerd(t *testing.T) (ctr func(args ...string) (string, error)) {
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
	return func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "ctr", append([]string{"--address", filepath.Join(folder, "s"), "-n", "k8s.io"}, args...)...).CombinedOutput()
		return string(out), err
	}
}

// TestContainerdTakesAnArchive, as docs/verify.md gives it, by both names, and takes none that
// somebody changed.
func TestContainerdTakesAnArchive(t *testing.T) {
	t.Parallel()
	ctr := containerd(t)
	archive, index := written(t, about, programs(t, "amd64", 0o755, time.Unix(1, 0)), programs(t, "arm64", 0o755, time.Unix(1, 0)))
	file := filepath.Join(t.TempDir(), "image.oci.tar")
	load := []string{"images", "import", "--snapshotter", "native", "--digests", "--base-name", name, file}

	// A byte in the middle of a layer, which is compressed and so in no place twice.
	own := made[v1.ImageIndex](t)(image.Index(about, []image.Programs{programs(t, runtime.GOARCH, 0o755, time.Unix(1, 0))}))
	manifest := made[*v1.IndexManifest](t)(own.IndexManifest()).Manifests[0]
	layer := made[[]v1.Layer](t)(made[v1.Image](t)(own.Image(manifest.Digest)).Layers())[0]
	header := bytes.Index(archive, []byte("blobs/sha256/"+made[v1.Hash](t)(layer.Digest()).Hex))
	changed := bytes.Clone(archive)
	changed[header+512+40] ^= 1
	must(t, os.WriteFile(file, changed, 0o600))
	if out, err := ctr(load...); err == nil || !strings.Contains(out, "digest") {
		t.Errorf("a changed archive: %v: %s", err, out)
	}

	must(t, os.WriteFile(file, archive, 0o600))
	if out, err := ctr(load...); err != nil {
		t.Fatalf("importing: %v: %s", err, out)
	}
	digest := made[v1.Hash](t)(index.Digest()).String()
	for _, ref := range []string{name + ":v1.2.3", name + "@" + digest} {
		out, err := ctr("images", "ls", "name=="+ref)
		if err != nil || !strings.Contains(out, digest) || !strings.Contains(out, "linux/amd64,linux/arm64") {
			t.Errorf("%s: %v: %s", ref, err, out)
		}
	}
	if out, err := ctr("images", "check", "name~=zonewarden"); err != nil || strings.Count(out, " complete ") != 2 {
		t.Errorf("checking: %v: %s", err, out)
	}
}
