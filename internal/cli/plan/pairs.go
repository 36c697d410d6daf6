// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"github.com/zonewarden/zonewarden/internal/change"
	"github.com/zonewarden/zonewarden/internal/reach"
)

// Pair is what passes from one pod or device to another before and after.
type Pair struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// pairsOf are the pairs of members between which something else passes after.
func pairsOf(c *change.Change) []Pair {
	out := []Pair{}
	for i, from := range c.After.Places {
		for j, to := range c.After.Places {
			p := reach.Pair{From: i, To: j}
			was, is := c.Before.Passes(p), c.After.Passes(p)
			if was.Equal(is) {
				continue
			}
			for _, a := range from.Members {
				for _, b := range to.Members {
					if a != b {
						out = append(out, Pair{From: a, To: b, Before: was.String(), After: is.String()})
					}
				}
			}
		}
	}
	return out
}
