// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// values reads one JSON value after the other, as kubectl does of a file that begins with a
// brace: most JSON is YAML, but not characters that are escaped in two halves, keys of more
// than 1024 characters, and objects with nothing between them. What is no JSON is left, with
// as many lines before it.
func (s *Set) values(file string, raw []byte) (left []byte) {
	if !utilyaml.IsJSONBuffer(raw) {
		return raw
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	end := int64(0)
	for {
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil { // its end, or YAML, which says what is wrong
			before := bytes.Count(raw[:end], []byte("\n"))
			return append(bytes.Repeat([]byte("\n"), before), raw[end:]...)
		}
		end = decoder.InputOffset()
		begin := int(end) - len(value)
		v := valueReader{tokens: json.NewDecoder(bytes.NewReader(value)), raw: value, line: 1 + bytes.Count(raw[:begin], []byte("\n"))}
		v.tokens.UseNumber()
		node, err := v.node()
		if err != nil {
			s.Problems = append(s.Problems, problemOf(file, err))
			continue
		}
		s.document(file, &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{node}})
	}
}

// valueReader makes of a JSON value the node that YAML has for it, with its lines.
type valueReader struct {
	tokens *json.Decoder
	raw    []byte
	// line of what was read last, which ends at offset.
	line   int
	offset int64
}

func (v *valueReader) node() (*yaml.Node, error) {
	token, err := v.next()
	if err != nil {
		return nil, err
	}
	out := &yaml.Node{Kind: yaml.ScalarNode, Line: v.line}
	switch t := token.(type) {
	case json.Delim:
		return v.inside(out, t)
	case string:
		out.Tag, out.Value, out.Style = "!!str", t, yaml.DoubleQuotedStyle
	case nil:
		out.Tag, out.Value = "!!null", "null"
	default: // json.Number and bool read the same in YAML
		out.Value = fmt.Sprint(t)
	}
	return out, nil
}

// inside fills in an object or a list up to where it closes.
func (v *valueReader) inside(out *yaml.Node, opened json.Delim) (*yaml.Node, error) {
	out.Kind, out.Tag = yaml.SequenceNode, "!!seq"
	if opened == '{' {
		out.Kind, out.Tag = yaml.MappingNode, "!!map"
	}
	for v.tokens.More() {
		inside, err := v.node()
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, inside)
	}
	_, err := v.next()
	return out, err
}

// next is the next token. None goes over the end of a line.
func (v *valueReader) next() (json.Token, error) {
	token, err := v.tokens.Token()
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", v.line, err)
	}
	end := v.tokens.InputOffset()
	v.line += bytes.Count(v.raw[v.offset:end], []byte("\n"))
	v.offset = end
	return token, nil
}
