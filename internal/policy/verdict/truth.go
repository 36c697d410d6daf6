// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

// truth is the answer to a question about an object that may not be understood.
// The order matters: and is the least of its operands, or the greatest.
type truth uint8

const (
	no truth = iota
	maybe
	yes
)

func (t truth) and(o truth) truth { return min(t, o) }
func (t truth) or(o truth) truth  { return max(t, o) }
func (t truth) not() truth        { return yes - t }

// known turns what is certain into a truth.
func known(b bool) truth {
	if b {
		return yes
	}
	return no
}
