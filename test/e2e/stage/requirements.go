// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// repository is this repository's root, seen from a package two folders below.
var repository = func() string {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return root
}()

// built is the path of an executable that the Makefile builds.
func built(parts ...string) string {
	return filepath.Join(append([]string{repository, "bin"}, parts...)...)
}

// clang is what the agent compiles its programs with; it asks for it by the name clang.
const clang = "clang-19"

// missing says what the machine lacks, everything at once.
func missing() error {
	var errs []error
	lack := func(format string, args ...any) { errs = append(errs, fmt.Errorf("- "+format, args...)) }
	if os.Geteuid() != 0 {
		lack("root: namespaces, network interfaces and BPF programs are made")
	}
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		lack("a kernel with BTF (CONFIG_DEBUG_INFO_BTF), which Cilium's programs need")
	}
	if _, err := os.Stat("/sys/fs/cgroup"); err != nil {
		lack("cgroups at /sys/fs/cgroup")
	}
	for _, program := range []string{clang, "iptables", "ipset", "nft", "containerd", "ctr", "runc"} {
		if _, err := exec.LookPath(program); err != nil {
			lack("%s: run `make e2e-deps`", program)
		}
	}
	for _, program := range []string{"ptp", "host-local", "loopback"} {
		if _, err := os.Stat(filepath.Join(cniPrograms, program)); err != nil {
			lack("%s: run `make e2e-deps`", filepath.Join(cniPrograms, program))
		}
	}
	for _, path := range []string{
		built("kube", "kube-apiserver"), built("cilium", "cilium-agent"), built("cilium", "cilium-cni"),
		built("kube", "kubelet"), built("zonewarden"), built("zonewarden-node"), built("e2e-pod"),
	} {
		if _, err := os.Stat(path); err != nil {
			lack("%s: run `make e2e`, which builds it", path)
		}
	}
	return errors.Join(errs...)
}
