// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Signed is what is hashed and signed: the entry without its signature, canonically.
func (e Entry) Signed() []byte {
	b := []byte(`{"key":`)
	b = appendString(b, e.Key.String())
	b = append(b, `,"previous":`...)
	b = appendString(b, e.Previous.String())
	b = append(b, `,"record":`...)
	b = e.Record.appendTo(b)
	b = append(b, `,"sequence":`...)
	b = strconv.AppendUint(b, e.Sequence, 10)
	b = append(b, `,"site":`...)
	b = appendString(b, e.Site)
	return append(b, '}')
}

// The members stand in the order of RFC 8785, section 3.2.3.
func (r Record) appendTo(b []byte) []byte {
	b = append(b, `{"at":`...)
	b = appendString(b, FormatTime(r.At))
	b = append(b, `,"carried":`...)
	b = strconv.AppendUint(b, r.Carried, 10)
	b = append(b, `,"clock":{"bootID":`...)
	b = appendString(b, r.Clock.BootID)
	b = append(b, `,"reason":`...)
	b = appendString(b, r.Clock.Reason)
	b = append(b, `,"sinceBoot":`...)
	// As text: its nanoseconds pass 2^53 after 104 days.
	b = appendString(b, r.Clock.SinceBoot.String())
	b = append(b, `,"trusted":`...)
	b = strconv.AppendBool(b, r.Clock.Trusted)
	b = append(b, `},"decision":`...)
	b = appendMap(b, r.Decision)
	b = append(b, `,"object":{"generation":`...)
	b = strconv.AppendInt(b, r.Object.Generation, 10)
	b = append(b, `,"kind":`...)
	b = appendString(b, r.Object.Kind)
	b = append(b, `,"name":`...)
	b = appendString(b, r.Object.Name)
	b = append(b, `,"namespace":`...)
	b = appendString(b, r.Object.Namespace)
	b = append(b, `,"uid":`...)
	b = appendString(b, r.Object.UID)
	b = append(b, `},"policyHash":`...)
	b = appendString(b, r.PolicyHash)
	b = append(b, `,"schema":`...)
	b = strconv.AppendInt(b, int64(r.Schema), 10)
	b = append(b, `,"specHash":`...)
	b = appendString(b, r.SpecHash)
	b = append(b, `,"what":`...)
	b = appendString(b, r.What)
	b = append(b, `,"who":`...)
	b = appendString(b, r.Who)
	return append(b, '}')
}

func appendMap(b []byte, m map[string]string) []byte {
	b = append(b, '{')
	for i, k := range slices.SortedFunc(maps.Keys(m), byUTF16) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, k)
		b = append(b, ':')
		b = appendString(b, m[k])
	}
	return append(b, '}')
}

// byUTF16 compares as RFC 8785, section 3.2.3 asks: by code units of UTF-16, in which
// what is beyond the basic plane stands before U+E000 to U+FFFF.
func byUTF16(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

// appendString writes a string as RFC 8785, section 3.2.2.2: only what has to be escaped
// is, in the shortest way.
func appendString(b []byte, s string) []byte {
	const short = "\b\t\n\f\r\"\\"
	const letters = `btnfr"\`
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		c := s[i]
		if j := strings.IndexByte(short, c); j >= 0 {
			b = append(b, '\\', letters[j])
		} else if c < ' ' {
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return append(b, '"')
}
