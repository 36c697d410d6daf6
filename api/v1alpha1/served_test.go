// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

// A column of kubectl's output.
type column struct {
	name  string
	kind  string
	value any
}
