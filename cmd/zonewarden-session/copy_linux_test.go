// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCopy runs the copy, which is this program and can be started.
func TestCopy(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "."+program), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // an init container may run again
		var said bytes.Buffer
		if code := command(0, []string{"copy", folder}, "", &said); code != exitEnded {
			t.Fatalf("exit code %d: %s", code, said.String())
		}
	}
	// As a process of its own, which is shielded and cannot be looked into.
	shielded := exec.CommandContext(t.Context(), "/proc/self/exe", "copy", folder)
	shielded.Env = append(os.Environ(), roleEnv+"=command")
	if out, err := shielded.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	copied := filepath.Join(folder, program)
	info, err := os.Stat(copied)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o555 {
		t.Errorf("its mode is %v", info.Mode())
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("in the folder are %v, %v", files, err)
	}
	c := exec.CommandContext(t.Context(), copied, "version")
	c.Env = append(os.Environ(), roleEnv+"=command")
	if out, err := c.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) == "" {
		t.Errorf("started, it says %q: %v", out, err)
	}
}

func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no folder":    {nil, exitUsage, "name one folder"},
		"two folders":  {[]string{"a", "b"}, exitUsage, "name one folder"},
		"not there":    {[]string{filepath.Join(t.TempDir(), "nothing")}, exitFailed, "opening the folder"},
		"not a folder": {[]string{"/proc/self/exe"}, exitFailed, "opening the folder"},
		"not writable": {[]string{"/proc/self"}, exitFailed, "creating the copy"},
	} {
		var said bytes.Buffer
		if code := command(0, append([]string{"copy"}, c.args...), "", &said); code != c.code || !strings.Contains(said.String(), c.says) {
			t.Errorf("%s: exit code %d, %q", name, code, said.String())
		}
	}
}
