// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import "strings"

// maxClosestLen bounds the work that a hostile key can cause. It is well above
// the longest key of the catalogue.
const maxClosestLen = 64

// Closest returns the known key that a mistyped or incomplete one most likely
// meant: "modbus" gives "modbus-tcp", "OPC_UA_TCP" gives "opcua-tcp", "slmp" gives
// "melsec-slmp". It returns "" if nothing is near, and the key itself if it is
// known. It is meant for error messages, never for choosing a protocol.
//
// The rules are tried in order of how sure they are; within a rule the entry that
// the source files list first wins, so that the usual member of a family is
// suggested.
func Closest(key string) string {
	want := normalize(key)
	if want == "" || len(want) > maxClosestLen {
		return ""
	}
	flat := strings.ReplaceAll(want, "-", "")
	rules := []func(known string) bool{
		func(known string) bool { return known == want },
		func(known string) bool { return strings.ReplaceAll(known, "-", "") == flat },
		func(known string) bool { return startsWithWords(known, flat) },
		func(known string) bool { return strings.Contains(known+"-", "-"+want+"-") },
	}
	declared := catalogue().declared
	for _, rule := range rules {
		for _, known := range declared {
			if rule(known) {
				return known
			}
		}
	}
	if known := nearestByEdits(want, declared); known != "" {
		return known
	}
	return nearestByPrefix(want, declared)
}

// startsWithWords tells whether the first words of the key, run together, are
// exactly flat. Running them together finds "opcua-tcp" for "opc-ua", which by
// typing errors alone would be nearer to opc-da.
func startsWithWords(known, flat string) bool {
	rest := flat
	for word := range strings.SplitSeq(known, "-") {
		after, starts := strings.CutPrefix(rest, word)
		if !starts {
			return false
		}
		if after == "" {
			return true
		}
		rest = after
	}
	return false
}

// normalize lowers the case and turns every run of other characters than letters
// and digits into one hyphen.
func normalize(key string) string {
	fields := strings.FieldsFunc(strings.ToLower(key), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(fields, "-")
}

// nearestByEdits returns the key within the fewest typing errors, as long as
// those are few for the length of the word: any three letters are near some key.
func nearestByEdits(want string, declared []string) string {
	best, bestEdits := "", allowedEdits(len(want))+1
	for _, known := range declared {
		if edits := editDistance(want, known); edits < bestEdits {
			best, bestEdits = known, edits
		}
	}
	return best
}

func allowedEdits(length int) int {
	switch {
	case length <= 2:
		return 0
	case length <= 4:
		return 1
	case length <= 9:
		return 2
	default:
		return 3
	}
}

// nearestByPrefix returns the first key that starts with the word ("s7" gives
// "s7comm"), or else the longest key that the word starts with ("postgresql"
// gives "postgres").
func nearestByPrefix(want string, declared []string) string {
	const shortestHead, shortestKey = 2, 4
	longest := ""
	for _, known := range declared {
		if len(want) >= shortestHead && strings.HasPrefix(known, want) {
			return known
		}
		if len(known) >= shortestKey && len(known) > len(longest) && strings.HasPrefix(want, known) {
			longest = known
		}
	}
	return longest
}

// editDistance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment). Both are ASCII.
func editDistance(a, b string) int {
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return prev[len(b)]
}
