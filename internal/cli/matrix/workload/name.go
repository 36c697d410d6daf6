// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import "strings"

const (
	// safe are the characters of Kubernetes' random names and hashes: no vowel, and nothing
	// that is taken for one, so that no word comes of them.
	safe   = "bcdfghjklmnpqrstvwxz2456789"
	digits = "0123456789"

	// randomLength is of what the API server adds to a name, and longestBase of the name that
	// it adds it to, of which it cuts off the rest.
	randomLength = 5
	longestBase  = 63 - randomLength
	// longestHash is of a 32-bit number in decimal.
	longestHash = 10
	// minuteLength is of the minutes since 1970, from 1989 to 2160.
	minuteLength = 8
)

// generated says that a name was made by the API server of this one and a hyphen.
func generated(pod, of string) bool {
	base := of + "-"
	base = base[:min(len(base), longestBase)]
	rest, is := strings.CutPrefix(pod, base)
	return is && isRandom(rest)
}

func isRandom(s string) bool { return len(s) == randomLength && only(s, safe) }

func isHash(s string) bool { return s != "" && len(s) <= longestHash && only(s, safe) }

func isMinute(s string) bool { return len(s) == minuteLength && only(s, digits) }

func isOrdinal(s string) bool {
	return s == "0" || s != "" && s[0] != '0' && only(s, digits)
}

// only says that a name has no other characters.
func only(s, characters string) bool { return strings.Trim(s, characters) == "" }
