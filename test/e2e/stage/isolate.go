// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// folderVariable tells the inner process that it is inside, and where it may write.
const folderVariable = "ZONEWARDEN_E2E_FOLDER"

// Main runs the tests of m inside the stage's namespaces and returns the status to
// exit with. A machine that cannot is told what is missing, and fails. The stage is gone
// when done is called, after the last test.
func Main(m *testing.M, done func()) int {
	if os.Getenv(folderVariable) != "" {
		if err := enter(); err != nil {
			fmt.Fprintln(os.Stderr, "setting the stage:", err)
			return 1
		}
		defer done()
		defer current.close()
		return m.Run()
	}
	if err := missing(); err != nil {
		fmt.Fprintf(os.Stderr, "this machine cannot run the end-to-end tests:\n%v\n", err)
		return 1
	}
	status, err := isolated()
	if err != nil {
		fmt.Fprintln(os.Stderr, "running isolated:", err)
		return 1
	}
	return status
}

// isolated runs this program again, in namespaces of its own, and cleans up after it.
// It returns the status to exit with.
func isolated() (int, error) {
	folder, err := os.MkdirTemp("", "zonewarden-e2e-")
	if err != nil {
		return 0, fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	defer removeCgroups(cgroupName(folder))
	// The death signal of the child is bound to the thread that forks.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), folderVariable+"="+folder, "TMPDIR="+folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true,
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("making namespaces: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err = <-done:
	case got := <-interrupted:
		// The first process of a process namespace takes all others with it.
		_ = cmd.Process.Kill()
		<-done //nolint:errcheck // it was killed
		return 128 + int(got.(syscall.Signal)), nil
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

// enter makes the namespaces that this process is in a node.
func enter() error {
	for _, step := range []func() error{mounts, nodeNetwork, plantNetwork} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// mounts gives the node its own proc, sysfs, run and BPF file systems. The cgroups stay
// those of the machine, because a new sysfs would hide them.
func mounts() error {
	folder := os.Getenv(folderVariable)
	cgroups := filepath.Join(folder, "cgroup")
	if err := os.Mkdir(cgroups, 0o700); err != nil {
		return err
	}
	type mount struct {
		source, target, kind string
		flags                uintptr
	}
	for _, m := range []mount{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE},
		{"proc", "/proc", "proc", 0},
		{"/sys/fs/cgroup", cgroups, "", unix.MS_BIND | unix.MS_REC},
		{"sysfs", "/sys", "sysfs", 0},
		{cgroups, "/sys/fs/cgroup", "", unix.MS_BIND | unix.MS_REC},
		{"bpf", bpfRoot, "bpf", 0},
		{"run", "/run", "tmpfs", 0},
	} {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mounting %s on %s: %w", m.source, m.target, err)
		}
	}
	for _, dir := range []string{netnsFolder, "/run/cilium", cgroup2} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount("cgroup2", cgroup2, "cgroup2", 0, ""); err != nil {
		return fmt.Errorf("mounting cgroup2: %w", err)
	}
	return nil
}

const (
	bpfRoot     = "/sys/fs/bpf"
	netnsFolder = "/run/netns"
	cgroup2     = "/run/cgroup2"
)
