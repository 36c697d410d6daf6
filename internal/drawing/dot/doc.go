// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package dot writes the zone and conduit drawing for Graphviz, for those who want to
// lay it out themselves. Levels are ranks; an edge is written from the upper level to the
// lower one and its arrow says who opens, so that no edge turns the levels over.
//
// Write is pure but for the writer. Names stand in quoted strings with everything escaped
// that Graphviz would read as its own.
package dot
