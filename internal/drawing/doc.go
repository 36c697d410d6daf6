// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package drawing says what the zone and conduit drawing of a plant shows (IEC
// 62443-3-2 ZCR 6.3): its zones by Purdue level, its conduits by who enforces them,
// the access windows that are open, and the title block. Where each of it stands on
// the sheet is decided by package layout; packages svg, text, dot and mermaid write it.
//
// The contract:
//
//   - New is pure and total. It never changes the Plant, and what it returns depends on
//     the set of facts, not on their order.
//   - What is not known is said to be unknown, never shown as "none" or "ok".
//   - The weaker of two things is shown: a conduit is drawn as its weakest pair, and
//     what a zone only observes is not drawn as enforced.
//   - Free text of others comes out on one line, without control characters and without
//     those that turn the direction of text. Each writer escapes for its own language.
package drawing
