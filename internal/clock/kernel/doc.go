// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kernel takes the look at a node's clocks that package clock judges.
//
// It needs no privilege and no mount: the boot id is in /proc of every container and is the
// node's, CLOCK_BOOTTIME is the node's unless somebody made a time namespace (Kubernetes
// makes none), and adjtimex(2) that changes nothing asks for no capability. The default
// seccomp profiles of containerd and Docker allow it; containerd's before 1.4.1
// refused it, and then Read fails.
//
// Synchronised is what the kernel says, and the kernel says what it is told. systemd-timesyncd,
// ntpd and phc2sys tell it; chronyd does with rtcsync in its configuration only, which
// distributions set. The kernel takes it back when anybody sets the clock, and by itself when
// nobody renewed it for 8.9 h (16 s of error at 500 ppm).
//
// Linux only. Elsewhere Read returns ErrNotSupported, so that programs build.
package kernel

import "errors"

// ErrNotSupported is returned where the kernel is not Linux.
var ErrNotSupported = errors.New("reading the kernel's clocks: supported on Linux only")
