// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// What jq and the examples of RFC 8785 write, by hand.
func TestHashJSONIsOfTheCanonicalText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		value any
		text  string
	}{
		{nil, `null`},
		{struct {
			B int    `json:"b"`
			A string `json:"a"`
			C bool   `json:"c,omitempty"`
		}{B: -7, A: "<a>&\u2028\n\"\x01"}, "{\"a\":\"<a>&\u2028\\n\\\"\\u0001\",\"b\":-7}"},
		{map[string]any{"\ue000": 1, "\U0001f600": 2, "z": []any{}, "y": map[string]any{}}, "{\"y\":{},\"z\":[],\"\U0001f600\":2,\"\ue000\":1}"},
		{[]any{true, nil, "x", []int{1, 2}, 1<<53 - 1}, `[true,null,"x",[1,2],9007199254740991]`},
	} {
		got, err := audit.HashJSON(test.value)
		if err != nil || got != sha256.Sum256([]byte(test.text)) {
			t.Errorf("%v: %s, %v, want that of %s", test.value, got, err, test.text)
		}
	}
}

func TestHashJSONRefusesWhatReadersDisagreeAbout(t *testing.T) {
	t.Parallel()
	for _, value := range []any{1.5, map[string]any{"spec": []any{uint64(1) << 53}}, make(chan int), -(1 << 53)} {
		if hash, err := audit.HashJSON(value); err == nil {
			t.Errorf("%v has the hash %s", value, hash)
		}
	}
	if _, err := audit.HashJSON(map[string]any{"spec": []any{0.5}}); err == nil || !strings.Contains(err.Error(), "spec: [0]") {
		t.Errorf("it does not say where: %v", err)
	}
}
