// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mermaid writes the zone and conduit drawing as a Mermaid flowchart, for a page
// of documentation that renders it.
//
// Write is pure but for the writer. Nodes have names of our own; what others have named
// stands in quoted labels only, with every character that Mermaid or HTML could read as
// its own written as an entity.
package mermaid
