// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// HashJSON is over what a value is in JSON, in the canonical form of RFC 8785: equal values
// have equal hashes whatever wrote them, and `jq -cjS` writes the same text. Numbers are
// integers between -2^53 and 2^53.
func HashJSON(value any) (Hash, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return Hash{}, fmt.Errorf("hashing JSON: %w", err)
	}
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	var plain any
	if err := in.Decode(&plain); err != nil {
		return Hash{}, fmt.Errorf("hashing JSON: %w", err)
	}
	canonical, err := appendJSON(nil, plain)
	if err != nil {
		return Hash{}, fmt.Errorf("hashing JSON: %w", err)
	}
	return sha256.Sum256(canonical), nil
}

func appendJSON(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case string:
		return appendString(b, v), nil
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil || n > maxInteger || n < -maxInteger {
			return nil, fmt.Errorf("%s is not an integer between -2^53 and 2^53", v)
		}
		return strconv.AppendInt(b, n, 10), nil
	case []any:
		return appendList(b, v)
	case map[string]any:
		return appendObject(b, v)
	}
	return nil, fmt.Errorf("%T is no value of JSON", value)
}

func appendList(b []byte, list []any) (_ []byte, err error) {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSON(b, v); err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, object map[string]any) (_ []byte, err error) {
	b = append(b, '{')
	for i, k := range slices.SortedFunc(maps.Keys(object), byUTF16) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, k), ':')
		if b, err = appendJSON(b, object[k]); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
	}
	return append(b, '}'), nil
}
