// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build tools

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/hack/release/page"
)

// testPodman: it knows the image by both names, and takes none that somebody changed.
func testPodman(t *testing.T, d desk) {
	own := t.TempDir()
	for name, content := range map[string]string{
		"CONTAINERS_STORAGE_CONF": "[storage]\ndriver = \"vfs\"\ngraphroot = \"" + own + "/root\"\nrunroot = \"" + own + "/run\"\n",
		"CONTAINERS_CONF":         "[engine]\nlock_type = \"file\"\ntmp_dir = \"" + own + "/tmp\"\n",
	} {
		file := filepath.Join(own, name)
		must(t, os.WriteFile(file, []byte(content), 0o600))
		d.env = append(d.env, name+"="+file)
	}
	load := page.Named(t, verifyPage, "podman load").With(t, "VERSION", version).Script()
	bad := desk{folder: t.TempDir(), env: d.env}
	must(t, os.CopyFS(bad.folder, os.DirFS(d.folder)))
	spoil(t, bad.archive())
	if out, err := bad.types(t, "dist", load); err == nil || !strings.Contains(out, "Digest did not match") {
		t.Errorf("a changed archive: %v: %s", err, out)
	}
	d.does(t, "dist", load)
	for _, name := range []string{d.pinned(t), "zonewarden.io/zonewarden:" + version} {
		if got := d.does(t, "", "podman image inspect --format '{{.Digest}}' "+name); "zonewarden.io/zonewarden@"+strings.TrimSpace(got) != d.pinned(t) {
			t.Errorf("%s is %s", name, got)
		}
	}
}
