// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build reproduce

package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/zonewarden/zonewarden/hack/release/page"
)

// TestARelease releases the last commit twice, as two people would: in folders of
// different names and depths, with caches, time zones, languages and masks of their own. The
// other one types what docs/verify.md says. Then it looks into what came out.
func TestARelease(t *testing.T) {
	commit := strings.TrimSpace(command(t, "", nil, "git", "rev-parse", "HEAD"))
	one := released(t, commit, "a", "TZ=UTC", "LC_ALL=C")
	two := builtAgain(t, commit, one, "TZ=Asia/Tokyo", "LC_ALL=de_DE.UTF-8", "GOCACHE="+t.TempDir(), "GOFLAGS=-buildvcs=true")
	names := files(t, one)
	if diff := cmp.Diff(names, files(t, two)); diff != "" {
		t.Fatalf("files (-one +other):\n%s", diff)
	}
	for _, name := range names {
		if !bytes.Equal(content(t, one, name), content(t, two, name)) {
			t.Errorf("%s differs", name)
		}
	}
	t.Logf("%d files are equal: %s", len(names), strings.Join(names, " "))
	sum := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	sum.Dir = one
	if out, err := sum.CombinedOutput(); err != nil || bytes.Count(out, []byte(": OK\n")) != len(names)-1 {
		t.Errorf("checksums: %v: %s", err, out)
	}
	t.Run("image", func(t *testing.T) { testImage(t, one) })
	t.Run("plugin", func(t *testing.T) { testPlugin(t, one) })
}

// released is the folder that `make release` fills from a fresh clone.
func released(t *testing.T, commit, name string, env ...string) string {
	t.Helper()
	clone := filepath.Join(t.TempDir(), name)
	command(t, "", nil, "git", "clone", "--quiet", "../..", clone)
	command(t, clone, nil, "git", "checkout", "--quiet", "--detach", commit)
	command(t, clone, env, "sh", "-c", "umask 077 && make release")
	return filepath.Join(clone, "dist")
}

// builtAgain is the folder that is filled by typing how to build a release again, and compare.
// Git has the project's address from the last commit here.
func builtAgain(t *testing.T, commit, release string, env ...string) string {
	t.Helper()
	here, err := filepath.Abs("../..")
	must(t, err)
	folder := filepath.Join(t.TempDir(), "somewhere/else/entirely")
	must(t, os.MkdirAll(folder, 0o700))
	typed := page.Named(t, verifyPage, "git clone "+source).With(t, "v0.1.0", commit, "go1.26.8", runtime.Version(), "/media/usb", release)
	c := exec.CommandContext(t.Context(), "sh", "-e", "-c", "umask 077\n"+typed.Script())
	c.Dir, c.Env = folder, append(os.Environ(), env...)
	c.Env = append(c.Env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url."+here+".insteadOf", "GIT_CONFIG_VALUE_0="+source)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("building it again: %v:\n%s", err, out)
	}
	return filepath.Join(folder, "zonewarden", "dist")
}

func command(t *testing.T, folder string, env []string, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir, c.Env = folder, append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v:\n%s", name, args, err, out)
	}
	return string(out)
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func content(t *testing.T, folder, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, name))
	must(t, err)
	return raw
}

// only is the one file of a kind.
func only(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	must(t, err)
	if len(found) != 1 {
		t.Fatalf("%s is %v", pattern, found)
	}
	return found[0]
}

func testImage(t *testing.T, dist string) {
	folder := t.TempDir()
	command(t, "", nil, "tar", "-xf", only(t, filepath.Join(dist, "*.oci.tar")), "-C", folder)
	read, err := layout.ImageIndexFromPath(folder)
	must(t, err)
	must(t, validate.Index(read))
	entries, err := read.IndexManifest()
	must(t, err)
	whole, err := read.ImageIndex(entries.Manifests[0].Digest)
	must(t, err)
	pinned := strings.TrimSpace(string(content(t, "", only(t, filepath.Join(dist, "*.digest")))))
	if want := "zonewarden.io/zonewarden@" + entries.Manifests[0].Digest.String(); pinned != want {
		t.Errorf("the digest is said to be %s, and is %s", pinned, want)
	}
	manifest, err := whole.IndexManifest()
	must(t, err)
	version := manifest.Annotations["org.opencontainers.image.version"]
	bill := billOf(t, only(t, filepath.Join(dist, "zonewarden-*.cdx.json")))
	if bill.Metadata.Component.Version != version || !strings.Contains(bill.Metadata.Component.PackageURL, entries.Manifests[0].Digest.Hex) {
		t.Errorf("the bill is of %+v", bill.Metadata.Component)
	}
	var programs []string
	for _, d := range manifest.Manifests {
		one, err := whole.Image(d.Digest)
		must(t, err)
		for _, file := range extracted(t, one) {
			checkProgram(t, bill, d.Platform.String(), file)
			programs = append(programs, d.Platform.String()+"/"+filepath.Base(file))
			if d.Platform.Architecture == runtime.GOARCH {
				checkSays(t, file, version, manifest.Annotations["org.opencontainers.image.revision"])
			}
		}
	}
	checkBill(t, bill, programs)
}

// extracted are the files of an image, with tar, as a runtime would.
func extracted(t *testing.T, one v1.Image) []string {
	t.Helper()
	layers, err := one.Layers()
	must(t, err)
	r, err := layers[0].Uncompressed()
	must(t, err)
	folder := t.TempDir()
	c := exec.CommandContext(t.Context(), "tar", "-x", "-C", folder)
	c.Stdin = r
	must(t, c.Run())
	found, err := filepath.Glob(filepath.Join(folder, "*"))
	must(t, err)
	if len(found) != 3 {
		t.Errorf("the image has %v", found)
	}
	return found
}

func billOf(t *testing.T, file string) *cdx.BOM {
	t.Helper()
	out := new(cdx.BOM)
	must(t, cdx.NewBOMDecoder(bytes.NewReader(content(t, "", file)), cdx.BOMFileFormatJSON).Decode(out))
	return out
}

// checkProgram: the bill has this very file, and each module that Go says it was built from.
func checkProgram(t *testing.T, bill *cdx.BOM, platform, file string) {
	t.Helper()
	ref := platform + "/" + filepath.Base(file)
	info, err := buildinfo.ReadFile(file)
	must(t, err)
	known := map[string]cdx.Component{}
	for _, c := range *bill.Components {
		known[c.BOMRef] = c
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(content(t, "", file))); known[ref].Hashes == nil || (*known[ref].Hashes)[0].Value != sum {
		t.Errorf("the bill says %v of %s, whose digest is %s", known[ref].Hashes, ref, sum)
	}
	var listed []string
	for _, d := range *bill.Dependencies {
		if d.Ref == ref {
			for _, dependency := range *d.Dependencies {
				listed = append(listed, known[dependency].Name+" "+known[dependency].Version)
			}
		}
	}
	want := []string{"std " + info.GoVersion}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		want = append(want, m.Path+" "+m.Version)
	}
	slices.Sort(want)
	slices.Sort(listed)
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("modules of %s (-go version -m, +bill):\n%s", ref, diff)
	}
	t.Logf("%s: %d modules", ref, len(listed))
}

// checkBill: it lists these programs and no others, and a licence of everything.
func checkBill(t *testing.T, bill *cdx.BOM, programs []string) {
	t.Helper()
	var listed []string
	for _, c := range *bill.Components {
		if c.Type == cdx.ComponentTypeApplication {
			listed = append(listed, c.BOMRef)
		}
		if c.Licenses == nil && (c.Evidence == nil || c.Evidence.Licenses == nil || len(*c.Evidence.Licenses) == 0) {
			t.Errorf("no licence of %s %s", c.Name, c.Version)
		}
	}
	slices.Sort(programs)
	if diff := cmp.Diff(programs, listed); diff != "" {
		t.Errorf("programs (-delivered +bill):\n%s", diff)
	}
}

func checkSays(t *testing.T, program, version, revision string) {
	t.Helper()
	out := command(t, "", nil, program, "--version")
	if want := fmt.Sprintf("%s (revision %s, %s)\n", version, revision, runtime.Version()); !strings.HasSuffix(out, want) {
		t.Errorf("%s says %q, not %q", filepath.Base(program), out, want)
	}
}

// testPlugin has krew itself install it, without a network, and looks at the others.
func testPlugin(t *testing.T, dist string) {
	bill := billOf(t, only(t, filepath.Join(dist, "kubectl-zonewarden-*.cdx.json")))
	manifest := string(content(t, dist, "zonewarden.yaml"))
	var programs []string
	for _, p := range workstations {
		archive := only(t, filepath.Join(dist, "kubectl-zonewarden-*-"+p.OS+"-"+p.Arch+".*"))
		if sum := fmt.Sprintf("%x", sha256.Sum256(content(t, "", archive))); !strings.Contains(manifest, "/"+filepath.Base(archive)+"\n      sha256: "+sum+"\n") {
			t.Errorf("the manifest does not have %s and its digest %s", filepath.Base(archive), sum)
		}
		folder := t.TempDir()
		if p.OS == "windows" {
			unzip(t, archive, folder)
		} else {
			command(t, folder, nil, "tar", "-xf", archive)
		}
		checkProgram(t, bill, p.String(), filepath.Join(folder, pluginName+p.Suffix()))
		programs = append(programs, p.String()+"/"+pluginName+p.Suffix())
		if p.OS != "linux" || p.Arch != runtime.GOARCH {
			continue
		}
		krew, err := filepath.Abs("../../bin/krew")
		must(t, err)
		home := t.TempDir()
		env := []string{"KREW_ROOT=" + home, "KREW_NO_UPGRADE_CHECK=1", "https_proxy=http://127.0.0.1:1"}
		t.Log(command(t, "", env, krew, "install", "--manifest="+filepath.Join(dist, "zonewarden.yaml"), "--archive="+archive))
		revision := strings.TrimSpace(command(t, dist, nil, "git", "rev-parse", "HEAD"))
		checkSays(t, filepath.Join(home, "bin", pluginName), bill.Metadata.Component.Version, revision)
		checkKubectl(t, filepath.Join(home, "bin"), bill.Metadata.Component.Version, revision)
		shipped := only(t, filepath.Join(home, "store", "zonewarden", bill.Metadata.Component.Version, "kubectl_complete-zonewarden"))
		if s, err := os.Stat(shipped); err != nil || s.Mode().Perm()&0o111 == 0 {
			t.Errorf("the script that completes: %v, %v", s.Mode(), err)
		}
	}
	checkBill(t, bill, programs)
}

// checkKubectl: kubectl finds the plugin, which says what the page says of another version.
func checkKubectl(t *testing.T, plugins, version, revision string) {
	t.Helper()
	kube, err := filepath.Abs("../../bin/kube")
	must(t, err)
	says := page.Named(t, verifyPage, "kubectl zonewarden --version").With(t,
		"v0.1.0", version, "0eda6303443093920cd8435530d49c43cdd40e75", revision, "go1.26.8", runtime.Version())
	path := "PATH=" + strings.Join([]string{plugins, kube, os.Getenv("KUBEBUILDER_ASSETS"), os.Getenv("PATH")}, ":")
	if out := command(t, "", []string{path}, "sh", "-e", "-c", says.Script()); out != says.Shown {
		t.Errorf("kubectl says %q, not %q", out, says.Shown)
	}
}

func unzip(t *testing.T, archive, folder string) {
	t.Helper()
	z, err := zip.OpenReader(archive)
	must(t, err)
	defer func() { must(t, z.Close()) }()
	must(t, os.CopyFS(folder, z))
}
