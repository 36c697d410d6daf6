// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cgroupMount is where the machine has its cgroups. They are the one thing of a stage
// that no namespace of its own holds, so the kubelet gets a group with the name of the
// stage's folder at the root of each hierarchy, and the process outside, which outlives
// the stage however it ends, removes them.
const cgroupMount = "/sys/fs/cgroup"

// cgroupRemoval is how long the kernel gets to take ended processes out of a group.
const cgroupRemoval = 10 * time.Second

// cgroupName is the kubelet's group, below the root of a hierarchy.
func cgroupName(folder string) string { return filepath.Base(folder) }

// hierarchies are the roots of the cgroup hierarchies below a folder: the folder itself
// where there is the unified one alone, one for each controller or group of controllers
// of version 1, and with those perhaps a unified one without controllers.
func hierarchies(mount string) ([]string, error) {
	if is, err := isCgroup(mount); err != nil || is {
		return []string{mount}, err
	}
	entries, err := os.ReadDir(mount)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() {
			continue // a symbolic link, by another name of the same hierarchy
		}
		path := filepath.Join(mount, e.Name())
		is, err := isCgroup(path)
		if err != nil {
			return nil, err
		}
		if is {
			out = append(out, path)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("finding cgroups: there are none at %s", mount)
	}
	return out, nil
}

func isCgroup(path string) (bool, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return false, fmt.Errorf("asking what %s is: %w", path, err)
	}
	return s.Type == unix.CGROUP_SUPER_MAGIC || s.Type == unix.CGROUP2_SUPER_MAGIC, nil
}

// makeCgroups makes a group in every hierarchy, such that processes can be put in it.
func makeCgroups(name string) error {
	roots, err := hierarchies(cgroupMount)
	if err != nil {
		return err
	}
	for _, root := range roots {
		if err := enableControllers(root); err != nil {
			return err
		}
		group := filepath.Join(root, name)
		if err := os.Mkdir(group, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("making a cgroup: %w", err)
		}
		if err := inheritCPUs(root, group); err != nil {
			return err
		}
	}
	return nil
}

// enableControllers lets groups below the unified hierarchy's root have what a kubelet
// wants. Most machines have all of it enabled; what is not stays enabled.
func enableControllers(root string) error {
	available, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // version 1
	}
	control := filepath.Join(root, "cgroup.subtree_control")
	enabled, err2 := os.ReadFile(control)
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("reading what controllers there are: %w", err)
	}
	for _, c := range []string{"cpu", "cpuset", "hugetlb", "memory", "pids"} {
		if !slices.Contains(strings.Fields(string(available)), c) || slices.Contains(strings.Fields(string(enabled)), c) {
			continue
		}
		if err := os.WriteFile(control, []byte("+"+c), 0o600); err != nil {
			return fmt.Errorf("enabling cgroup controller %s: %w", c, err)
		}
	}
	return nil
}

// inheritCPUs allows a group what its parent may use: a group of version 1's cpuset
// starts with nothing, and takes no process until it has some.
func inheritCPUs(root, group string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		allowed, err := os.ReadFile(filepath.Join(root, file))
		if errors.Is(err, fs.ErrNotExist) {
			continue // another controller, or version 2, whose groups inherit
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(group, file), allowed, 0o600)
		}
		if err != nil {
			return fmt.Errorf("giving a cgroup CPUs and memory: %w", err)
		}
	}
	return nil
}

// removeCgroups removes the group from every hierarchy, once its processes are gone.
// What it cannot remove it names: somebody has to know.
func removeCgroups(name string) {
	roots, err := hierarchies(cgroupMount)
	for _, root := range roots {
		err = errors.Join(err, removeCgroup(filepath.Join(root, name)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "removing cgroups:", err)
	}
}

// removeCgroup removes a group and those below it, the deepest first.
func removeCgroup(group string) error {
	groups, err := groupsOf(group)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), cgroupRemoval)
	defer cancel()
	for _, g := range slices.Backward(groups) {
		until(ctx, func() bool {
			err = os.Remove(g)
			return !errors.Is(err, unix.EBUSY)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// groupsOf are a group and those below it, parents first. There may be none.
func groupsOf(group string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(group, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone meanwhile, or never there
		}
		if err == nil && e.IsDir() {
			out = append(out, path)
		}
		return err
	})
	return out, err
}

// processesIn are the processes in cgroups whose paths contain a part: a container's id
// stands for its own processes, the kubelet's group for those of all containers.
func processesIn(part string) ([]int, error) {
	return processes(func(_, groups string) bool { return strings.Contains(groups, part) })
}

// processes are those that do something and of which the command and the cgroups are as
// wanted.
func processes(wanted func(command, groups string) bool) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// One that is gone by now has neither, and one that nobody has waited for has no
		// command.
		command, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		groups, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cgroup"))
		if len(command) > 0 && wanted(string(command), string(groups)) {
			out = append(out, pid)
		}
	}
	return out, nil
}

// killAll ends processes at once.
func killAll(pids []int) error {
	var errs []error
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, fmt.Errorf("killing process %d: %w", pid, err))
		}
	}
	return errors.Join(errs...)
}
