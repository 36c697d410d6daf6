// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawing

import (
	"strings"
	"unicode"
)

// longest is how much of a free text is kept; the fields' own bounds are higher for
// descriptions only, and those have no place on a line.
const longest = 256

// plain makes one line of a free text. Line breaks become spaces; what would steer a
// terminal, or turn or hide text, becomes U+FFFD, so that the reader sees that
// something was there.
func plain(s string) string {
	var b strings.Builder
	for i, word := range strings.Fields(strings.ToValidUTF8(s, string(unicode.ReplacementChar))) {
		if i > 0 {
			b.WriteByte(' ')
		}
		for _, r := range word {
			if !unicode.IsPrint(r) {
				r = unicode.ReplacementChar
			}
			b.WriteRune(r)
		}
	}
	out := []rune(b.String())
	if len(out) > longest {
		out = append(out[:longest-1], '…')
	}
	return string(out)
}
