// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// LineOf is the line of a field: of the deepest part of its path that is written there.
// Paths are those of findings: "spec.flows[1].protocol".
func (d *Document) LineOf(path string) int {
	line, node := d.Line, d.fields
	for _, step := range steps(path) {
		next, at := follow(node, step)
		if next == nil {
			return line
		}
		line, node = at, next
	}
	return line
}

// steps splits a path at its dots and brackets. A key in brackets may have dots.
func steps(path string) []string {
	var out []string
	for path != "" {
		switch path[0] {
		case '.':
			path = path[1:]
		case '[':
			end := strings.IndexByte(path, ']')
			if end < 0 {
				return append(out, path[1:])
			}
			out, path = append(out, path[1:end]), path[end+1:]
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			out, path = append(out, path[:end]), path[end:]
		}
	}
	return out
}

// follow goes one step down, and says on which line that begins.
func follow(node *yaml.Node, step string) (*yaml.Node, int) {
	switch {
	case node == nil:
		return nil, 0
	case node.Kind == yaml.SequenceNode:
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(node.Content) {
			return nil, 0
		}
		return node.Content[i], node.Content[i].Line
	case node.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i+1], node.Content[i].Line
			}
		}
	}
	return nil, 0
}

// child is the value of a key; an empty node when there is none.
func child(node *yaml.Node, key string) *yaml.Node {
	if found, _ := follow(node, key); found != nil {
		return found
	}
	return &yaml.Node{}
}
