// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"crypto/ed25519"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// asPlugin makes this test binary the plugin.
const asPlugin = "ZONEWARDEN_TEST_AS_PLUGIN"

func TestMain(m *testing.M) {
	if os.Getenv(asPlugin) != "" {
		main()
	}
	os.Exit(m.Run())
}

// kubectl runs the real one, with the plugin in its PATH.
func kubectl(t *testing.T, args ...string) (string, int) {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	must(t, err)
	must(t, os.Symlink(self, filepath.Join(dir, "kubectl-zonewarden")))
	program, err := filepath.Abs(filepath.Join(cmp.Or(os.Getenv("KUBEBUILDER_ASSETS"), "../../bin/kube"), "kubectl"))
	must(t, err)
	must(t, os.Symlink(program, filepath.Join(dir, "kubectl")))
	// As docs/plugin.md has it.
	shipped, err := filepath.Abs("kubectl_complete-zonewarden")
	must(t, err)
	must(t, os.Symlink(shipped, filepath.Join(dir, filepath.Base(shipped))))
	c := exec.CommandContext(t.Context(), program, args...)
	c.Env = append(os.Environ(), asPlugin+"=1", "PATH="+dir+":"+os.Getenv("PATH"), "KUBECONFIG=/nowhere")
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What it prints and how it exits comes through kubectl.
func TestAsAPluginOfKubectl(t *testing.T) {
	t.Parallel()
	signer := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	entry, _, err := audit.Append(audit.Head{Site: "s"}, audit.Record{Who: "w", What: "Opened"}, signer)
	must(t, err)
	key, err := audit.KeyOf(signer)
	must(t, err)
	dir := t.TempDir()
	trail, keys, edited := filepath.Join(dir, "trail"), filepath.Join(dir, "keys"), filepath.Join(dir, "edited")
	line := string(audit.EncodeLines([]audit.Entry{entry}))
	must(t, os.WriteFile(trail, []byte(line), 0o600))
	must(t, os.WriteFile(keys, []byte(key.String()+"\n"), 0o600))
	must(t, os.WriteFile(edited, []byte(strings.Replace(line, `"who":"w"`, `"who":"x"`, 1)), 0o600))
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"audit", "verify", "-f", trail, "--keys", keys}, 0, "intact: entries 1 to 1 of site s"},
		{[]string{"audit", "verify", "-f", edited, "--keys", keys}, 2, "Edited: entry 1"},
		{[]string{"audit", "verify", "-f", trail}, 1, "error: --keys is needed with --file"},
		{[]string{"access", "lst"}, 1, `error: unknown command "lst" for "kubectl zonewarden access"`},
		{[]string{"--help"}, 0, "kubectl zonewarden [command]"},
	} {
		out, code := kubectl(t, append([]string{"zonewarden"}, tt.args...)...)
		if code != tt.code || !strings.Contains(out, tt.says) {
			t.Errorf("%v: exit code %d, want %d with %q:\n%s", tt.args, code, tt.code, tt.says, out)
		}
	}
	if out, _ := kubectl(t, "__complete", "zonewarden", "acc"); !strings.Contains(out, "\naccess\tVendor access") {
		t.Errorf("completed by kubectl:\n%s", out)
	}
}
