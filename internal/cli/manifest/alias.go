// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// What aliases may make of one document: a few lines of aliases to aliases are billions of
// nodes else. No manifest comes near.
const (
	mostAliased    = 100_000
	deepestAliases = 32
)

// aliases follows those of one document.
type aliases struct {
	// anchored are the nodes with anchors so far: our parser knows those of documents before as
	// well, and kubectl does not.
	anchored map[*yaml.Node]bool
	// copied counts the nodes that stand in the place of aliases.
	copied int
	// open are the aliases that are being followed, the outermost first.
	open []*yaml.Node
}

// withoutAliases is a copy of a document's root with what each alias stands for in its place,
// so that every object of a List can be read by itself, wherever its anchors are. Comments
// are not copied: nobody reads them.
func withoutAliases(root *yaml.Node) (*yaml.Node, error) {
	a := aliases{anchored: map[*yaml.Node]bool{}}
	return a.copy(root)
}

func (a *aliases) copy(node *yaml.Node) (*yaml.Node, error) {
	if node.Kind == yaml.AliasNode {
		return a.follow(node)
	}
	if len(a.open) > 0 {
		if a.copied++; a.copied > mostAliased {
			return nil, fmt.Errorf("line %d: aliases stand for more than %d values, which is not read", a.open[0].Line, mostAliased)
		}
	}
	if node.Anchor != "" {
		a.anchored[node] = true
	}
	out := &yaml.Node{Kind: node.Kind, Style: node.Style, Tag: node.Tag, Value: node.Value, Line: node.Line, Column: node.Column}
	for _, inside := range node.Content {
		c, err := a.copy(inside)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, c)
	}
	return out, nil
}

// follow copies what an alias stands for.
func (a *aliases) follow(alias *yaml.Node) (*yaml.Node, error) {
	inItself := slices.ContainsFunc(a.open, func(o *yaml.Node) bool { return o.Alias == alias.Alias })
	switch {
	case !a.anchored[alias.Alias]:
		return nil, fmt.Errorf("line %d: unknown anchor %q referenced: anchors are those of one document", alias.Line, alias.Value)
	case inItself:
		return nil, fmt.Errorf("line %d: anchor %q stands for something that contains itself", alias.Line, alias.Value)
	case len(a.open) == deepestAliases:
		return nil, fmt.Errorf("line %d: aliases lead to aliases more than %d deep, which is not read", a.open[0].Line, deepestAliases)
	}
	a.open = append(a.open, alias)
	out, err := a.copy(alias.Alias)
	a.open = a.open[:len(a.open)-1]
	return out, err
}
