// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// parentVariable names the environment variable by which a parent process asks the
// component not to outlive it: the parent's own process id.
const parentVariable = "KUBEALL_PARENT"

// endWithParent makes this process exit, at once and with status 1, within a second
// of the death of its parent, if the parent asked for that.
//
// Whoever inherits the variable without being a child of the process it names, a
// daemon started by a script for instance, is not bound by it. Linux's parent death
// signal would do without the polling, but is sent when the thread that forked ends,
// and a Go program does not decide which thread that is or how long it lives.
func endWithParent() {
	parent, err := strconv.Atoi(os.Getenv(parentVariable))
	if err != nil || parent != os.Getppid() {
		return
	}
	go func() {
		for range time.Tick(time.Second) {
			if os.Getppid() != parent {
				fmt.Fprintf(os.Stderr, "process %d, which started this one, is gone: exiting\n", parent)
				os.Exit(1)
			}
		}
	}()
}
