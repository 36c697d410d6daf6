// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// endWithParent makes this process exit within a second of the death of its parent, if
// the parent asked for that as it asks the control plane. See hack/kube for why by polling;
// main packages of two modules cannot share it.
func endWithParent() {
	parent, err := strconv.Atoi(os.Getenv("KUBEALL_PARENT"))
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
