// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Kill ends every process at once, as a power cut would. What is on disk stays.
func (c *ControlPlane) Kill() error {
	var errs []error
	if c.controller != nil {
		errs = append(errs, c.controller.Kill())
		c.controller = nil
	}
	mine, err := c.children()
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, pid := range mine {
		errs = append(errs, syscall.Kill(pid, syscall.SIGKILL))
	}
	return errors.Join(append(errs, c.awaitDeath())...)
}

// awaitDeath waits until every process that was killed is gone.
func (c *ControlPlane) awaitDeath() error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(stopTimeout)
	for {
		left, err := c.children()
		if err != nil || len(left) == 0 {
			return err
		}
		select {
		case <-tick.C:
		case <-timeout:
			return fmt.Errorf("killing the control plane: processes %v are still there", left)
		}
	}
}

// Restart starts everything again after Kill, under the same addresses and with the
// same certificates and data. Configurations and kubeconfigs stay valid.
func (c *ControlPlane) Restart(ctx context.Context) error {
	if err := c.servers.Etcd.Start(); err != nil {
		return fmt.Errorf("starting etcd: %w", err)
	}
	if err := c.StartAPIServer(); err != nil {
		return err
	}
	if c.programs.controllerManager == "" {
		return nil
	}
	return c.startControllerManager(ctx)
}

// children are the processes of etcd and kube-apiserver: envtest does not tell their
// ids. They are children of this process that were told to use this control plane's
// folder.
func (c *ControlPlane) children() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("looking for child processes: %w", err)
	}
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// Either may be gone by now.
		stat, _ := os.ReadFile("/proc/" + e.Name() + "/stat")
		arguments, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if parentOf(string(stat)) == os.Getpid() && bytes.Contains(arguments, []byte(c.dir)) {
			out = append(out, pid)
		}
	}
	return out, nil
}

// parentOf reads a parent's process id: the second field after the name, which may
// itself hold blanks and parentheses.
func parentOf(stat string) int {
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	if len(fields) < 2 {
		return 0
	}
	pid, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return pid
}
