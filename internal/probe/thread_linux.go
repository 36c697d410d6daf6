// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// inside runs do on a thread that is in a network namespace. A socket that do makes
// stays in that namespace for good; a goroutine that do starts is not in it. do must
// not wait for anything.
func inside(ns int, do func() error) error {
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = enter(ns, do)
	}()
	<-done
	return err
}

func enter(ns int, do func() error) error {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		// The main thread cannot end, so another goes while this one waits.
		defer runtime.UnlockOSThread()
		return inside(ns, do)
	}
	home, err := unix.Open(ownNamespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("opening our own network namespace: %w", err)
	}
	defer closing(home)
	if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering a network namespace: %w", err)
	}
	err = do()
	// A thread that cannot go back stays locked, and ends with this goroutine:
	// whatever ran on it next would run in the network of a pod.
	if unix.Setns(home, unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	}
	return err
}

// addressesIn are the global unicast addresses in a namespace, in order.
func addressesIn(ns int) ([]netip.Addr, error) {
	var found []net.Addr
	err := inside(ns, func() (err error) {
		found, err = net.InterfaceAddrs()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading addresses: %w", err)
	}
	var out []netip.Addr
	for _, f := range found {
		prefix, ok := f.(*net.IPNet)
		if !ok {
			continue
		}
		if a, ok := netip.AddrFromSlice(prefix.IP); ok && a.Unmap().IsGlobalUnicast() {
			out = append(out, a.Unmap())
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out), nil
}
