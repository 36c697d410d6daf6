// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/zonewarden/zonewarden/test/clock"
)

// Lie makes the clock of operator and node agent say since at this moment and go on from
// there, until TellTheTime. A program that runs keeps its clock until it is started again.
// The clocks of the machine, the control plane and the Cilium agent are right all along.
func (s *Stage) Lie(since time.Time) error {
	off := time.Until(since)
	// A new folder: a program cannot be overwritten while it runs.
	folder, err := os.MkdirTemp(s.folder, "clock-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	for _, name := range []string{"zonewarden", "zonewarden-node"} {
		if err := clock.Copy(built(name), filepath.Join(folder, name), off); err != nil {
			return err
		}
	}
	s.lying = folder
	return nil
}

// TellTheTime ends what Lie began. As with Lie, a program has to be started again.
func (s *Stage) TellTheTime() { s.lying = "" }

// program is the executable of one of our programs, with the clock that it is to have.
func (s *Stage) program(name string) string {
	if s.lying == "" {
		return built(name)
	}
	return filepath.Join(s.lying, name)
}

// account writes a kubeconfig for one of our programs.
//
// If its clock lies it does not check the API server's certificate, which is from this
// year and not valid yet for somebody who lives in 2000. At a real site that is a matter
// of the Kubernetes distribution, which makes and checks those certificates and whose own
// components have the same trouble. Here we want to see what our programs do when they
// get through. The server, whose clock is right, checks theirs as always.
func (s *Stage) account(name string) (string, error) {
	path, err := s.ControlPlane.UserKubeconfig(name, "system:serviceaccounts")
	if err != nil || s.lying == "" {
		return path, err
	}
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the kubeconfig of %s: %w", name, err)
	}
	for _, c := range config.Clusters {
		c.InsecureSkipTLSVerify, c.CertificateAuthority, c.CertificateAuthorityData = true, "", nil
	}
	path = filepath.Join(s.lying, strings.ReplaceAll(name, ":", "-")+".kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return "", fmt.Errorf("writing a kubeconfig for %s: %w", name, err)
	}
	return path, nil
}
