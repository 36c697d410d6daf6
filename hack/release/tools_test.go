// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build tools

package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/hack/release/page"
)

const version = "v1.2.3"

// desk is a machine with the tools that docs/verify.md names, a release of programs that do
// nothing, and no network.
type desk struct {
	folder string // the release is in dist
	env    []string
}

// TestToolsOfOthers types what docs/verify.md has people do with cosign, Skopeo, crane and
// Podman: `make verify-tools`. A tool that is missing fails it.
func TestToolsOfOthers(t *testing.T) {
	t.Parallel()
	tools(t)
	release := small(t)
	for name, test := range map[string]func(t *testing.T, d desk){
		"signed and verified by cosign": testCosign,
		"a registry":                    testRegistry,
		"podman":                        testPodman,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, sitDown(t, release))
		})
	}
}

// tools: cosign and crane are those that the project pins, the others are the machine's.
func tools(t *testing.T) {
	t.Helper()
	for _, name := range []string{"../../bin/cosign", "../../bin/crane", "skopeo", "podman", "openssl"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatalf("there is no %s: make bin/cosign bin/crane verify-tools-deps", name)
		}
		t.Log(path)
	}
}

// small is the folder of a release: what makes it is what makes every other, but the programs
// are of one line each, so that both platforms are built in seconds.
func small(t *testing.T) string {
	t.Helper()
	sources, gomod := t.TempDir(), absolute(t, "../../bin/cyclonedx-gomod")
	must(t, os.WriteFile(filepath.Join(sources, "go.mod"), []byte("module github.com/zonewarden/zonewarden\n\ngo 1.26.0\n"), 0o600))
	for _, name := range []string{"zonewarden", "zonewarden-node", "zonewarden-session"} {
		folder := filepath.Join(sources, "cmd", name)
		must(t, os.MkdirAll(folder, 0o700))
		must(t, os.WriteFile(filepath.Join(folder, "main.go"), fmt.Appendf(nil, "package main\n\nfunc main() { println(%q) }\n", name), 0o600))
	}
	out := filepath.Join(sources, "dist")
	must(t, run(t.Context(), []string{
		"-sources", sources, "-out", out, "-cyclonedx-gomod", gomod,
		"-version", version, "-revision", strings.Repeat("0", 40), "-epoch", "1764000000",
	}))
	return out
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	must(t, err)
	return path
}

// sitDown gives a release to a new desk. What a person has at home is not there, and what is
// outside the machine does not answer.
func sitDown(t *testing.T, release string) desk {
	t.Helper()
	d := desk{folder: t.TempDir()}
	must(t, os.CopyFS(filepath.Join(d.folder, "dist"), os.DirFS(release)))
	d.env = append(os.Environ(),
		"PATH="+absolute(t, "../../bin")+":"+os.Getenv("PATH"), "HOME="+t.TempDir(), "COSIGN_PASSWORD=",
		"http_proxy=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "no_proxy=127.0.0.1")
	return d
}

// types what is on a page, in a folder of the desk.
func (d desk) types(t *testing.T, folder, lines string) (string, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "sh", "-e", "-c", lines)
	c.Dir, c.Env = filepath.Join(d.folder, folder), d.env
	out, err := c.CombinedOutput()
	return string(out), err
}

// does what is on a page, which has to succeed.
func (d desk) does(t *testing.T, folder, lines string) string {
	t.Helper()
	out, err := d.types(t, folder, lines)
	if err != nil {
		t.Fatalf("%s\n%v:\n%s", lines, err, out)
	}
	return out
}

// signs with a key of its own what lies in dist, and puts the public one beside it.
func (d desk) signs(t *testing.T) {
	t.Helper()
	d.does(t, "", page.Named(t, verifyPage, "openssl genpkey").Script())
	d.does(t, "", page.Named(t, verifyPage, "cosign import-key-pair").Script())
	d.does(t, "", "cp zonewarden.pub dist")
}

func testCosign(t *testing.T, d desk) {
	d.signs(t)
	check := page.Named(t, verifyPage, "cosign verify-blob")
	if out := d.does(t, "dist", check.Script()); !strings.HasSuffix(out, check.Shown) || check.Shown == "" {
		t.Errorf("it prints %q, and the page says %q", out, check.Shown)
	}
	other := sitDown(t, filepath.Join(d.folder, "dist"))
	other.signs(t)
	changes := map[string]string{
		"a changed sum":             "sed -i 1s/^./x/ SHA256SUMS",
		"a line more":               "echo >> SHA256SUMS",
		"another key":               "cp " + other.folder + "/zonewarden.pub .",
		"another's bundle":          "cp " + other.folder + "/dist/SHA256SUMS.sigstore.json .",
		"a bundle that is missing":  "rm SHA256SUMS.sigstore.json",
		"an empty bundle":           ": > SHA256SUMS.sigstore.json",
		"a bundle of another file":  "cp SHA256SUMS kept && echo >> SHA256SUMS && cd .. && " + page.Named(t, verifyPage, "cosign import-key-pair").Lines[2] + " && cd dist && mv kept SHA256SUMS",
		"a private key for a key":   "cp ../release.key zonewarden.pub",
		"openssl's signature of it": "openssl dgst -sha256 -sign ../release.key -out SHA256SUMS.sigstore.json SHA256SUMS",
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		bad := sitDown(t, filepath.Join(d.folder, "dist"))
		bad.does(t, "", "cp "+d.folder+"/release* "+d.folder+"/no-services.json .")
		bad.does(t, "dist", changes[name])
		out, err := bad.types(t, "dist", check.Script())
		if err == nil || strings.Contains(out, "Verified OK") {
			t.Errorf("%s: cosign verifies it:\n%s", name, out)
		}
		lines := bytes.Split(bytes.TrimSpace([]byte(out)), []byte("\n"))
		t.Logf("%s: %s", name, lines[len(lines)-1])
	}
}
