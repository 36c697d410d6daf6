// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package layout gives everything on the zone and conduit drawing its place on a sheet.
//
// The contract:
//
//   - New is pure, and the same drawing gives the same sheet on every machine: it counts
//     in whole units and leaves nothing to the order of a map.
//   - No two boxes and no two texts overlap. A line begins and ends on the border of its
//     boxes and crosses no other box.
//   - Within a channel no two conduits share a piece of line, so each can be followed with
//     a finger; where lines cross, they cross at a right angle.
//   - Text has the room that it needs in DejaVu Sans, which is wider than what most
//     browsers and plotters take; what does not fit is cut and ends with an ellipsis.
//
// The method: levels are bands of one or more rows of boxes, and between rows run channels.
// A conduit that skips a row passes it in a lane between boxes. Boxes and lanes are put in
// an order with few crossings, then moved towards what they are joined with; in each channel
// every conduit gets a track of its own.
package layout
