// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package page reads blocks of the pages that people read, so that tests type what people do. A
// block that a page does not have fails the test: what it was about is tried no more.
package page

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Shell are the languages of blocks that people type.
var Shell = []string{"sh", "console", "bash", "shell"}

var fenced = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// Blocks of a text in one of the languages, in their order.
func Blocks(text string, languages ...string) []string {
	var out []string
	for _, m := range fenced.FindAllStringSubmatch(text, -1) {
		if slices.Contains(languages, m[1]) {
			out = append(out, m[2])
		}
	}
	return out
}

// Block of a file in one of the languages, by how it begins.
func Block(t *testing.T, file, begins string, languages ...string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := Blocks(string(raw), languages...)
	i := slices.IndexFunc(blocks, func(b string) bool { return strings.HasPrefix(b, begins) })
	if i < 0 {
		t.Fatalf("%s has no block of %s that begins with %q", file, strings.Join(languages, " or "), begins)
	}
	return blocks[i]
}
