// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// DefaultLimit is what a receiver over TLS has to take (RFC 5425, section 4.3.1).
	DefaultLimit = 2048
	// leastLimit is what every receiver has to take (RFC 5424, section 6.1), and more than
	// the part of a message that is never left out.
	leastLimit = 480
	// facility is log audit (RFC 5424, section 6.2.1).
	facility = 13
	// unassigned is the enterprise number of documents (RFC 5612).
	unassigned = 32473
	// lastSequenceID is after which the number in "meta" starts again (RFC 5424, 7.3.1).
	lastSequenceID = 1<<31 - 1
	cut            = "..."
)

// Envelope is what a syslog message says beside the entry.
type Envelope struct {
	// Host and Process sent it. What is no printable ASCII is left out of them.
	Host, Process string
	// Enterprise is the number in the name of our structured data, which IANA assigns. 0
	// takes the one that RFC 5612 keeps for documents.
	Enterprise uint32
	// Limit bounds the message in bytes. 0 is DefaultLimit, less than 480 counts as 480.
	Limit    int
	Severity Severity
}

// Message writes an entry as a syslog message of RFC 5424: what happened in words, and the
// entry's sequence and hash, which are the head of the chain as it was then.
//
// Whatever the limit, the head is in it. What does not fit is cut, from the words on
// to the names; the JSON line of the same sequence has all.
func Message(e Entry, v Envelope) []byte {
	limit := v.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	limit = max(limit, leastLimit)
	enterprise := v.Enterprise
	if enterprise == 0 {
		enterprise = unassigned
	}
	r := e.Record
	b := []byte("<" + strconv.Itoa(facility*8+int(min(v.Severity, 7))) + ">1 " + timestamp(r.At))
	for _, f := range []struct {
		text string
		most int
	}{{v.Host, hostLength(limit)}, {"zonewarden", 48}, {v.Process, 24}, {r.What, 32}} {
		b = append(append(b, ' '), name(f.text, f.most)...)
	}
	b = append(b, ` [audit@`+strconv.FormatUint(uint64(enterprise), 10)+` seq="`...)
	b = strconv.AppendUint(b, e.Sequence, 10)
	b = append(b, `" hash="`+e.Hash().String()+`"`...)
	// What follows after the parameters, so that it has its place.
	tail := []byte(`][timeQuality tzKnown="1" isSynced="` + bit(r.Clock.Trusted) + `"]` +
		`[meta sequenceId="` + strconv.FormatUint((e.Sequence-1)%lastSequenceID+1, 10) + `"]`)
	for _, p := range params(e) {
		b = appendParam(b, p[0], p[1], limit-len(tail))
	}
	b = append(b, tail...)
	return appendWords(b, r, limit)
}

// hostLength leaves room for the head in a short message: RFC 5424 lets a name have 255.
func hostLength(limit int) int { return min(255, limit-leastLimit+64) }

// params are the entry's, the most telling first.
func params(e Entry) [][2]string {
	r := e.Record
	out := [][2]string{
		{"site", e.Site},
		{"who", r.Who},
		{"kind", r.Object.Kind},
		{"namespace", r.Object.Namespace},
		{"name", r.Object.Name},
		{"uid", r.Object.UID},
		{"generation", strconv.FormatInt(r.Object.Generation, 10)},
		{"previous", e.Previous.String()},
		{"key", e.Key.String()},
		{"clock", r.Clock.Reason},
		{"boot", r.Clock.BootID},
		{"sinceBoot", r.Clock.SinceBoot.String()},
		{"specHash", r.SpecHash},
		{"policyHash", r.PolicyHash},
	}
	for _, k := range slices.Sorted(maps.Keys(r.Decision)) {
		out = append(out, [2]string{"decision", k + "=" + r.Decision[k]})
	}
	return out
}

// appendParam adds a parameter that is not empty, cut so that it ends before limit. Below a
// few characters of it, it is left out.
func appendParam(b []byte, key, value string, limit int) []byte {
	const worthwhile = 8
	if value == "" {
		return b
	}
	room := limit - len(b) - len(key) - len(` =""`)
	escaped := paramEscapes.Replace(strings.Map(printable, utf8Only(value)))
	if len(escaped) > room {
		if room < worthwhile+len(cut) {
			return b
		}
		escaped = cutEscaped(escaped, room-len(cut)) + cut
	}
	b = append(b, ' ')
	b = append(b, key...)
	b = append(b, `="`...)
	b = append(b, escaped...)
	return append(b, '"')
}

// paramEscapes are those of RFC 5424, section 6.3.3.
var paramEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`)

// cutEscaped cuts between characters, and not between one and its escape.
func cutEscaped(s string, most int) string {
	end := 0
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		if s[i] == '\\' {
			n = 2
		}
		if i+n > most {
			break
		}
		i += n
		end = i
	}
	return s[:end]
}

// appendWords adds the message proper, in UTF-8 as its byte order mark says (RFC 5424,
// section 6.4).
func appendWords(b []byte, r Record, limit int) []byte {
	const bom = "\xef\xbb\xbf"
	words := r.What
	for _, w := range []string{objectName(r.Object), decisionWords(r.Decision)} {
		if w != "" {
			words += ": " + w
		}
	}
	if r.Who != "" {
		words += ": by " + r.Who
	}
	words = strings.Map(printable, utf8Only(words))
	room := limit - len(b) - len(" "+bom)
	if len(words) > room {
		if room < len(cut)+1 {
			return b
		}
		words = firstBytes(words, room-len(cut)) + cut
	}
	return append(append(b, ' '), bom+words...)
}

// printable keeps a message on one line: what controls terminals and receivers is a space.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

func firstBytes(s string, most int) string {
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// timestamp has six digits of the second at most (RFC 5424, section 6.2.3).
func timestamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// name keeps what a field of the header may have: printable ASCII, no space. An empty one
// is "-".
func name(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < '!' || r > '~' {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
