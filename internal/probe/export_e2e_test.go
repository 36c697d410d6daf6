// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package probe

// For tests that build networks and that break threads.
var (
	Inside = inside
	Enter  = enter
)
