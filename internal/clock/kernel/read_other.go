// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package kernel

import "github.com/zonewarden/zonewarden/internal/clock"

// Read always fails: only Linux tells all that is needed.
func Read(string) (clock.Reading, error) { return clock.Reading{}, ErrNotSupported }
