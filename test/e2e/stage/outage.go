// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// StopAPIServer stops the API server alone.
func (s *Stage) StopAPIServer() error { return s.ControlPlane.StopAPIServer() }

// StartAPIServer starts it again.
func (s *Stage) StartAPIServer() error { return s.ControlPlane.StartAPIServer() }

// PowerCut ends every program at once and takes what does not survive a power cut:
// the network namespaces of the pods, the interfaces of the agent, its programs and
// maps in the kernel and its state on a RAM disk. The disk stays, and so does the plant.
func (s *Stage) PowerCut() error {
	errs := []error{kill(&s.operator), kill(&s.nodeAgent), kill(&s.proxy), kill(&s.agent), s.ControlPlane.Kill()}
	for _, h := range s.pods {
		h.StopServing()
		errs = append(errs, removeNamespace(h.namespace))
	}
	errs = append(errs, removeAgentLinks(), os.RemoveAll(filepath.Join(s.folder, "cilium")),
		unix.Unmount(bpfRoot, 0), unix.Mount("bpf", bpfRoot, "bpf", 0, ""))
	return errors.Join(errs...)
}

// removeAgentLinks removes interfaces that the agent made, and its programs from the
// node's own, as a boot would find them.
func removeAgentLinks() error {
	links, err := interfaces()
	if err != nil {
		return fmt.Errorf("listing interfaces: %w", err)
	}
	for _, l := range links {
		name := l.Attrs().Name
		if strings.HasPrefix(name, "cilium_") || strings.HasPrefix(name, "lxc") {
			// The other end of a pair goes with the first.
			if err := netlink.LinkDel(l); err != nil && !errors.Is(err, unix.ENODEV) && !errors.As(err, &netlink.LinkNotFoundError{}) {
				return fmt.Errorf("removing interface %s: %w", name, err)
			}
		}
	}
	return nil
}

// interfaces lists the node's interfaces. The kernel takes down the links of the pods'
// namespaces in the background, and says of a listing that one of them interrupted that
// it may miss some: it is asked again, a bounded number of times.
func interfaces() ([]netlink.Link, error) {
	var links []netlink.Link
	var err error
	for range 100 {
		if links, err = netlink.LinkList(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			return links, err
		}
	}
	return nil, err
}

// PowerOn starts what a node starts by itself after a boot, in the order that it comes:
// the control plane, the agent, and then the kubelet's part, which is to wire the pods
// that the API server has anew.
func (s *Stage) PowerOn() error {
	ctx := context.Background()
	if err := s.ControlPlane.Restart(ctx); err != nil {
		return err
	}
	if err := s.StartAgent(); err != nil {
		return err
	}
	for _, h := range s.pods {
		namespace, name, _ := strings.Cut(h.Name, "/")
		var pod corev1.Pod
		if err := s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &pod); err != nil {
			return err
		}
		if err := s.wire(ctx, h, &pod); err != nil {
			return fmt.Errorf("wiring pod %s again: %w", h.Name, err)
		}
	}
	return nil
}
