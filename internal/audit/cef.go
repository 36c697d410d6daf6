// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Severity is how urgent an entry is, as syslog counts (RFC 5424, section 6.2.1).
type Severity uint8

// Severities that entries have.
const (
	Alert         Severity = 1
	Warning       Severity = 4
	Notice        Severity = 5
	Informational Severity = 6
)

// Product is what an exported line says that it comes from.
type Product struct {
	Vendor, Name, Version string
}

// CEF writes an entry in the ArcSight Common Event Format, version 0, on one line without
// its end. It follows "Implementing ArcSight Common Event Format (CEF)", version 26 (Micro
// Focus, 2023): in the header \ and | are escaped and ends of lines have no place; in
// the extension \ and = are, and ends of lines are \n and \r ("Character Encoding"). Values
// are no longer than its dictionary says ("Extension Dictionary", lengths in characters).
//
// It is for searching. What was cut or does not fit is in the JSON line of its sequence.
func CEF(e Entry, p Product, severity Severity) string {
	r := e.Record
	header := []string{"CEF:0"}
	for _, f := range []string{p.Vendor, p.Name, p.Version, r.What, r.What + " " + objectName(r.Object)} {
		header = append(header, escapeHeader(f))
	}
	header = append(header, strconv.Itoa(cefSeverity(severity)))
	var x extension
	x.add("deviceExternalId", e.Site, 255)
	x.add("externalId", strconv.FormatUint(e.Sequence, 10), 40)
	if !r.At.IsZero() {
		x.add("rt", strconv.FormatInt(r.At.UnixMilli(), 10), 40)
	}
	x.add("suser", r.Who, 1023)
	x.add("act", r.What, 63)
	x.custom(1, "hash", e.Hash().String())
	x.custom(2, "object", objectName(r.Object))
	x.custom(3, "uid", r.Object.UID)
	x.custom(4, "specHash", r.SpecHash)
	x.custom(5, "policyHash", r.PolicyHash)
	x.custom(6, "clock", clockWords(r.Clock))
	x.add("cn1", strconv.FormatInt(r.Object.Generation, 10), 20)
	x.add("cn1Label", "generation", 1023)
	x.add("msg", decisionWords(r.Decision), 1023)
	return strings.Join(header, "|") + "|" + string(x)
}

// cefSeverity is 0 to 10, 10 the most urgent.
func cefSeverity(s Severity) int {
	switch {
	case s <= Alert:
		return 10
	case s <= Warning:
		return 7
	case s <= Notice:
		return 4
	}
	return 2
}

var (
	headerEscapes    = strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\r\n", " ")
	extensionEscapes = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\n", `\n`, "\r", `\r`)
)

func escapeHeader(s string) string {
	return strings.Map(printable, headerEscapes.Replace(utf8Only(s)))
}

type extension string

// add adds a value that is not empty, at most so many characters of it.
func (x *extension) add(key, value string, most int) {
	if value == "" {
		return
	}
	if *x != "" {
		*x += " "
	}
	value = extensionEscapes.Replace(firstRunes(utf8Only(value), most))
	*x += extension(key + "=" + strings.Map(printable, value))
}

// custom adds one of the device's own strings and what it is.
func (x *extension) custom(n int, label, value string) {
	if value == "" {
		return
	}
	key := "cs" + strconv.Itoa(n)
	x.add(key, value, 4000)
	x.add(key+"Label", label, 1023)
}

func objectName(o Object) string {
	name := o.Name
	if o.Namespace != "" {
		name = o.Namespace + "/" + name
	}
	return strings.TrimSpace(o.Kind + " " + name)
}

func clockWords(c Clock) string {
	trust := "not trusted"
	if c.Trusted {
		trust = "trusted"
	}
	return fmt.Sprintf("%s, %s, boot %s + %s", trust, c.Reason, c.BootID, c.SinceBoot)
}

// decisionWords are the fields of a decision in the order of their names.
func decisionWords(decision map[string]string) string {
	var words []string
	for _, k := range slices.Sorted(maps.Keys(decision)) {
		words = append(words, k+": "+decision[k])
	}
	return strings.Join(words, ", ")
}

func utf8Only(s string) string { return strings.ToValidUTF8(s, string(utf8.RuneError)) }

func firstRunes(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i]
		}
		n++
	}
	return s
}
