// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package text writes the zone and conduit drawing for a terminal: level by level, each
// zone with what it opens and which lines lead to it, and the borders between with the
// numbers of what crosses them.
//
// The contract:
//
//   - Write is pure but for the writer, and the same drawing gives the same bytes.
//   - Everything on the sheet is here as well, in words, for those who cannot see lines.
//   - Nothing in the drawing can steer the terminal: package drawing has made it plain.
package text
