// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package flows

// OpenCilium returns ErrNoTable: Cilium runs on Linux.
func OpenCilium(string) (Table, error) { return nil, ErrNoTable }

// OpenKernel returns ErrNoTable: only Linux has the table that we read.
func OpenKernel(string) (Table, error) { return nil, ErrNoTable }
