// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

// SetupSegmentationAt is SetupSegmentation with a clock of the caller's own.
var SetupSegmentationAt = setupSegmentation
