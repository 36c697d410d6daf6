// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"crypto/sha256"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/hack/release/build"
	"github.com/zonewarden/zonewarden/hack/release/stamp"
)

func TestPlatforms(t *testing.T) {
	t.Parallel()
	got, err := build.Parse("linux/arm64, linux/amd64,linux/arm64")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]build.Platform{{OS: "linux", Arch: "amd64"}, {OS: "linux", Arch: "arm64"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, list := range []string{"", "linux", "linux/", "/arm64", "linux/arm/v7", "linux/amd64,"} {
		if got, err := build.Parse(list); err == nil {
			t.Errorf("%q is %v", list, got)
		}
	}
}

// program builds the smallest program of the image, so that the stamp is seen to arrive: the
// linker says nothing of a variable that there is not.
func program(t *testing.T, arch string) string {
	t.Helper()
	folder := t.TempDir()
	s := stamp.Stamp{Version: "v7.8.9-rc.1", Revision: "0123456789abcdef"}
	err := build.Programs(t.Context(), "../../..", build.Platform{OS: "linux", Arch: arch}, s, folder, "./cmd/zonewarden-session")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "zonewarden-session")
}

func TestAProgramSaysItsStamp(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), program(t, runtime.GOARCH), "--version").CombinedOutput()
	if want := "v7.8.9-rc.1 (revision 0123456789abcdef, " + runtime.Version() + ")\n"; err != nil || string(out) != want {
		t.Errorf("it says %q, %v, not %q", out, err, want)
	}
}

func TestNothingOfTheMachineIsInAProgram(t *testing.T) {
	const other = "arm64" // a C compiler would not get far
	file := program(t, other)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{here, strings.TrimSpace(string(root)), filepath.Dir(file)} {
		if strings.Contains(string(content), path+"/") {
			t.Errorf("the program has the path %s", path)
		}
	}
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range info.Settings {
		got[s.Key] = s.Value
	}
	want := map[string]string{
		"-buildmode": "exe", "-compiler": "gc", "-tags": "timetzdata", "-trimpath": "true",
		"CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": other, "GOARM64": "v8.0",
	}
	delete(got, "DefaultGODEBUG") // from go.mod
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}

	// What somebody has set for their own builds changes nothing.
	t.Setenv("GOFLAGS", "-tags=other -gcflags=-N")
	t.Setenv("GOARM64", "v9.0")
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("GOOS", "plan9")
	again, err := os.ReadFile(program(t, other))
	if err != nil {
		t.Fatal(err)
	}
	if sha256.Sum256(content) != sha256.Sum256(again) {
		t.Error("variables change the program")
	}
}

func TestTheDockerfileCompilesTheSame(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	file := strings.Join(strings.Fields(strings.ReplaceAll(string(raw), "\\\n", " ")), " ")
	flags := build.Flags(stamp.Stamp{Version: "${VERSION}", Revision: "${REVISION}"})
	flags[len(flags)-1] = strconv.Quote(flags[len(flags)-1])
	want := "RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build " + strings.Join(flags, " ") + " -o"
	if !strings.Contains(file, want) {
		t.Errorf("the Dockerfile does not have\n%s", want)
	}
}
