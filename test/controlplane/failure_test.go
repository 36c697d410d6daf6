// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/test/controlplane"
)

// orphanVariable makes this test's executable play the caller of Start that dies.
const orphanVariable = "ZONEWARDEN_TEST_ORPHAN"

func TestMain(m *testing.M) {
	// Else controller-runtime complains, with a stack trace, after half a minute.
	log.SetLogger(logr.Discard())
	if os.Getenv(orphanVariable) != "" {
		if _, err := controlplane.Start(context.Background(), controlplane.Options{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("started")
		time.Sleep(time.Hour) // to be killed
	}
	os.Exit(m.Run())
}

// A failed Start says why and leaves nothing behind.
func TestStartFails(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx     context.Context
		options controlplane.Options
		want    string
	}{
		"unknown flag": {
			ctx:     t.Context(),
			options: controlplane.Options{APIServerArgs: map[string][]string{"no-such-flag": {"1"}}},
			want:    "unknown flag: --no-such-flag",
		},
		"no definitions": {
			ctx:     t.Context(),
			options: controlplane.Options{CRDPaths: []string{"no-such-folder"}},
			want:    "no-such-folder",
		},
		"cancelled": {
			ctx:  cancelled,
			want: context.Canceled.Error(),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			c, err := controlplane.Start(test.ctx, test.options)
			if err == nil {
				_ = c.Stop()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not contain %q", err, test.want)
			}
			if left := processes(t, temp); len(left) > 0 {
				t.Errorf("processes left: %v", left)
			}
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("files left: %v, %v", left, err)
			}
		})
	}
}

func TestMissingPrograms(t *testing.T) {
	t.Setenv("KUBEBUILDER_ASSETS", t.TempDir())
	_, err := controlplane.Start(t.Context(), controlplane.Options{})
	if err == nil || !strings.Contains(err.Error(), "KUBEBUILDER_ASSETS") {
		t.Errorf("with an empty folder: error %v, want one that names KUBEBUILDER_ASSETS", err)
	}

	// A repository in which nothing was built yet, seen from a module nested in it.
	root := t.TempDir()
	nested := filepath.Join(root, "nested")
	if err := os.Mkdir(nested, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(root, "go.mod"), "module github.com/zonewarden/zonewarden\n")
	writeFile(t, filepath.Join(nested, "go.mod"), "module github.com/zonewarden/zonewarden/nested\n")
	t.Chdir(nested)
	t.Setenv("KUBEBUILDER_ASSETS", "")
	_, err = controlplane.Start(t.Context(), controlplane.Options{})
	if err == nil || !strings.Contains(err.Error(), "make control-plane") {
		t.Errorf("without a build: error %v, want one that says what to run", err)
	}
}

// The processes end when the one that started them dies without calling Stop.
func TestCallerDies(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") != "" {
		t.Skip("only the executables of hack/kube promise this")
	}
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	caller := exec.Command(executable)
	caller.Env = append(os.Environ(), orphanVariable+"=1", "TMPDIR="+temp)
	caller.Stderr = t.Output()
	stdout, err := caller.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := caller.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err == nil && len(processes(t, temp)) != 2 {
		err = fmt.Errorf("running: %v, want etcd and kube-apiserver", processes(t, temp))
	}
	_ = caller.Process.Kill()
	_ = caller.Wait()
	if err != nil {
		t.Fatalf("starting a control plane to abandon: %q, %v", line, err)
	}
	eventually(t, "processes gone", func() error {
		if left := processes(t, temp); len(left) > 0 {
			return fmt.Errorf("left: %v", left)
		}
		return nil
	})
}

// processes returns the names of the processes whose command line contains a string,
// by process id.
func processes(t *testing.T, in string) map[int]string {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatal("no processes to be seen: this test needs Linux")
	}
	found := map[int]string{}
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(line, []byte(in)) {
			continue // gone in the meantime, or not one of them
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		program, _, _ := bytes.Cut(line, []byte{0})
		found[pid] = filepath.Base(string(program))
	}
	return found
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
