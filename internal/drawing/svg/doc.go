// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package svg writes a sheet as an SVG file that stands alone: no script, no reference
// to anything outside, generic font families, so that it opens in any browser and can be
// printed and kept with the evidence.
//
// The contract:
//
//   - Write is pure but for the writer, and the same sheet gives the same bytes.
//   - The output is well formed XML whatever the names in the sheet are.
//   - What colour says, form says too: the drawing can be read from a black and white print.
//   - Each zone, conduit and window is a group with a title, which browsers show under the
//     pointer and screen readers read.
package svg
