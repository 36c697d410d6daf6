// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/test/page"
	"github.com/zonewarden/zonewarden/test/process"
)

// blockOf is the block of commands in verify.md that begins so.
func blockOf(t *testing.T, begins string) string {
	t.Helper()
	return strings.TrimSuffix(page.Block(t, "verify.md", begins, page.Shell...), "\n")
}

// shell runs lines in a folder, up to the first that fails.
func shell(t *testing.T, folder, lines string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := process.Typed(ctx, lines)
	c.Dir = folder
	out, err := c.CombinedOutput()
	return string(out), err
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// signed is a release that was signed as the page says, with the key that it says to make.
func signed(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	var sums bytes.Buffer
	for _, name := range []string{"zonewarden-v1.oci.tar", "zonewarden-v1.digest"} {
		write(t, filepath.Join(folder, name), []byte(name))
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256([]byte(name)), name)
	}
	write(t, filepath.Join(folder, "SHA256SUMS"), sums.Bytes())
	if out, err := shell(t, folder, blockOf(t, "openssl genpkey")); err != nil {
		t.Fatalf("making a key: %v: %s", err, out)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	line := strings.ReplaceAll(blockOf(t, "make sign"), "release.key", "$PWD/release.key") + " OUT=$PWD --directory=" + root
	if out, err := shell(t, folder, line); err != nil {
		t.Fatalf("signing: %v: %s", err, out)
	}
	return folder
}

// TestAReleaseIsCheckedAsThePageSays runs the commands of verify.md, on what was delivered and
// on what somebody changed.
func TestAReleaseIsCheckedAsThePageSays(t *testing.T) {
	t.Parallel()
	check := blockOf(t, "openssl dgst -sha256 -verify")
	good := signed(t)
	der, err := exec.CommandContext(t.Context(), "openssl", "pkey", "-pubin", "-in", filepath.Join(good, "zonewarden.pub"), "-outform", "DER").Output()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := shell(t, good, blockOf(t, "openssl pkey -pubin")); err != nil || !strings.Contains(out, fmt.Sprintf("%x", sha256.Sum256(der))) {
		t.Errorf("the fingerprint: %v: %s", err, out)
	}
	out, err := shell(t, good, check)
	if want := "Verified OK\nzonewarden-v1.oci.tar: OK\nzonewarden-v1.digest: OK\n"; err != nil || out != want {
		t.Errorf("as delivered: %v: %s", err, out)
	}
	part := "sha256sum --ignore-missing -c SHA256SUMS"
	if !strings.Contains(read(t, "verify.md"), "`"+part+"`") {
		t.Errorf("verify.md does not have %q", part)
	}
	if out, err := shell(t, t.TempDir(), "cp "+good+"/SHA256SUMS "+good+"/*.digest . && "+part); err != nil || out != "zonewarden-v1.digest: OK\n" {
		t.Errorf("with a part of the files: %v: %s", err, out)
	}
	other := signed(t)
	for name, change := range map[string]string{
		"a file":                      "echo >> zonewarden-v1.oci.tar",
		"a file and its sum":          "echo >> zonewarden-v1.oci.tar && sha256sum zonewarden-v1.* > SHA256SUMS",
		"a file that is missing":      "rm zonewarden-v1.digest",
		"the signature":               "byte=$(od -An -tu1 -j20 -N1 SHA256SUMS.sig) && printf \"\\\\$(printf %03o $((255 - byte)))\" | dd of=SHA256SUMS.sig bs=1 seek=20 conv=notrunc",
		"a signature that is missing": "rm SHA256SUMS.sig",
		"an empty signature":          ": > SHA256SUMS.sig",
		"somebody else's signature":   "cp " + other + "/SHA256SUMS.sig .",
		"the sums of nothing":         ": > SHA256SUMS",
		"another key to check with":   "cp " + other + "/zonewarden.pub .",
		"a private key in its place":  "cp release.key zonewarden.pub",
		"a file, and all signed anew": "echo >> zonewarden-v1.oci.tar && sha256sum zonewarden-v1.* > SHA256SUMS && openssl dgst -sha256 -sign " + other + "/release.key -out SHA256SUMS.sig SHA256SUMS",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := t.TempDir()
			if err := os.CopyFS(bad, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			if out, err := shell(t, bad, change); err != nil {
				t.Fatalf("changing: %v: %s", err, out)
			}
			if out, err := shell(t, bad, check); err == nil {
				t.Errorf("it passes:\n%s", out)
			}
		})
	}
}
