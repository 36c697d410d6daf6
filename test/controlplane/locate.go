// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	module          = "github.com/zonewarden/zonewarden"
	ciliumModule    = "github.com/cilium/cilium"
	adminTierModule = "sigs.k8s.io/network-policy-api"
)

// programs are the paths of executables. The controller manager's is empty unless
// asked for.
type programs struct {
	etcd, apiServer, controllerManager string
}

// findPrograms finds the executables, without looking whether they work.
func findPrograms(controllerManager bool) (programs, error) {
	folder, hint := os.Getenv("KUBEBUILDER_ASSETS"), "the folder is named by KUBEBUILDER_ASSETS"
	if folder == "" {
		root, err := RepositoryRoot()
		if err != nil {
			return programs{}, err
		}
		folder, hint = filepath.Join(root, "bin", "kube"), "run `make control-plane`"
	}
	// Absolute, because a relative path without a slash would be searched in PATH.
	folder, err := filepath.Abs(folder)
	if err != nil {
		return programs{}, fmt.Errorf("locating the control plane: %w", err)
	}
	found := programs{
		etcd:      filepath.Join(folder, "etcd"),
		apiServer: filepath.Join(folder, "kube-apiserver"),
	}
	needed := []string{found.etcd, found.apiServer}
	if controllerManager {
		found.controllerManager = filepath.Join(folder, "kube-controller-manager")
		needed = append(needed, found.controllerManager)
	}
	for _, path := range needed {
		if _, err := os.Stat(path); err != nil {
			return programs{}, fmt.Errorf("locating the control plane: %w (%s)", err, hint)
		}
	}
	return found, nil
}

// RepositoryRoot returns the folder of this repository that the working directory is
// in or below. Other modules nested in the repository do not count as one.
func RepositoryRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("locating the repository: %w", err)
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		content, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("locating the repository: %w", err)
		}
		for line := range strings.Lines(string(content)) {
			if strings.TrimSpace(line) == "module "+module {
				return folder, nil
			}
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("locating the repository: %s is not inside of module %s", start, module)
		}
	}
}

// CiliumCRDs returns the folder with Cilium's custom resource definitions of
// version v2: the two kinds of network policy, CiliumCIDRGroup and others. It belongs
// to the Go module that this module requires, so the version is that of the Go types,
// and it must not be written to. The go command has to be there.
func CiliumCRDs() (string, error) {
	return inModule(ciliumModule, "pkg", "k8s", "apis", "cilium.io", "client", "crds", "v2")
}

// AdminTierCRD returns the file with the definition of ClusterNetworkPolicy, of the
// version that the Go types are of. As for CiliumCRDs, the go command has to be there.
func AdminTierCRD() (string, error) {
	return inModule(adminTierModule, "config", "crd", "standard", "policy.networking.k8s.io_clusternetworkpolicies.yaml")
}

// inModule returns a file or folder of a module that this module requires.
func inModule(module string, path ...string) (string, error) {
	root, err := RepositoryRoot()
	if err != nil {
		return "", err
	}
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return "", fmt.Errorf("locating module %s: %w", module, err)
	}
	source := strings.TrimSpace(string(out))
	if source == "" {
		return "", fmt.Errorf("locating module %s: run `go mod download %[1]s`", module)
	}
	found := filepath.Join(append([]string{source}, path...)...)
	if _, err := os.Stat(found); err != nil {
		return "", fmt.Errorf("locating custom resource definitions: %w", err)
	}
	return found, nil
}
