// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

func TestPageIsUpToDate(t *testing.T) {
	t.Parallel()
	have, err := os.ReadFile("../../docs/protocols.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Catalogue(protocol.All()), string(have)); diff != "" {
		t.Errorf("docs/protocols.md is not what the catalogue says; run \"go run ./hack/docs\" (-want +got):\n%s", diff)
	}
}

// TestEveryProtocolHasARow: a class that the page does not know would drop its
// protocols without a word.
func TestEveryProtocolHasARow(t *testing.T) {
	t.Parallel()
	page := Catalogue(protocol.All())
	for _, p := range protocol.All() {
		if n := strings.Count(page, "\n| `"+p.Key+"` |"); n != 1 {
			t.Errorf("%s has %d rows", p.Key, n)
		}
	}
}
