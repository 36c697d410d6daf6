// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/audit"
)

var product = audit.Product{Vendor: "Zonewarden", Name: "Zonewarden", Version: "1.0"}

func nasty(tb testing.TB) audit.Entry {
	tb.Helper()
	r := opened(`DOM\anna=1`)
	r.Object.Namespace, r.Object.Name = "plant", `pump|7`
	r.Decision = map[string]string{"reason": "a=b\nc|d\r\\", "phase": "Active"}
	return newChain(tb, site, key(1)).add(r).entries[0]
}

func TestCEF(t *testing.T) {
	e := nasty(t)
	want := `CEF:0|Zonewarden|Zonewarden|1.0|Opened|Opened VendorAccessWindow plant/pump\|7|10|` +
		`deviceExternalId=0b3f7c1e-site externalId=1 rt=1795417200123 suser=DOM\\anna\=1 act=Opened cs1=` + e.Hash().String() +
		` cs1Label=hash cs2=VendorAccessWindow plant/pump|7 cs2Label=object cs3=u-1 cs3Label=uid cs4=sha256:aa cs4Label=specHash` +
		` cs5=sha256:bb cs5Label=policyHash cs6=trusted, Synchronised, boot b-1 + 1h30m0.000000001s cs6Label=clock` +
		` cn1=1 cn1Label=generation msg=phase: Active, reason: a\=b\nc|d\r\\`
	if diff := cmp.Diff(want, audit.CEF(e, product, audit.Alert)); diff != "" {
		t.Errorf("the line (-want +got):\n%s", diff)
	}
}

// readCEF reads a line as the standard says, and no other.
func readCEF(t interface{ Fatalf(string, ...any) }, line string) (header []string, fields map[string]string) {
	part := ""
	rest := line
	for len(header) < 7 {
		switch {
		case rest == "":
			t.Fatalf("the header ends early: %q", line)
		case strings.HasPrefix(rest, `\\`), strings.HasPrefix(rest, `\|`):
			part, rest = part+rest[1:2], rest[2:]
		case rest[0] == '|':
			header, part, rest = append(header, part), "", rest[1:]
		default:
			part, rest = part+rest[:1], rest[1:]
		}
	}
	fields = map[string]string{}
	keys := regexp.MustCompile(`(?:^| )([A-Za-z0-9]+)=`).FindAllStringSubmatchIndex(rest, -1)
	for i, k := range keys {
		end := len(rest)
		if i+1 < len(keys) {
			end = keys[i+1][0]
		}
		value := rest[k[1]:end]
		if regexp.MustCompile(`(^|[^\\])(\\\\)*=`).MatchString(value) {
			t.Fatalf("= without an escape in %q", value)
		}
		fields[rest[k[2]:k[3]]] = strings.NewReplacer(`\\`, `\`, `\=`, `=`, `\n`, "\n", `\r`, "\r").Replace(value)
	}
	return header, fields
}

func TestCEFReadsBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		e := newChain(t, site, key(1)).add(records().Draw(r, "record")).entries[0]
		line := audit.CEF(e, product, audit.Notice)
		if strings.ContainsAny(line, "\n\r\x00\x1b") {
			r.Fatalf("more than one line: %q", line)
		}
		header, fields := readCEF(r, line)
		shown := func(s string) string {
			return strings.Map(func(c rune) rune {
				if (c < ' ' && c != '\n' && c != '\r') || c == 0x7f {
					return ' '
				}
				return c
			}, s)
		}
		oneLine := strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")
		if header[4] != shown(oneLine.Replace(e.Record.What)) {
			r.Fatalf("header %q of %q", header, e.Record.What)
		}
		for k, want := range map[string]string{
			"suser": e.Record.Who, "act": e.Record.What, "cs3": e.Record.Object.UID, "cs1": e.Hash().String(), "externalId": "1",
		} {
			// A value's own spaces before the next key are its end's.
			if got := fields[k]; strings.TrimRight(got, " ") != strings.TrimRight(shown(want), " ") {
				r.Fatalf("%s is %q, want %q in %q", k, got, want, line)
			}
		}
	})
}

func TestCEFLengths(t *testing.T) {
	r := opened(strings.Repeat("ä", 2000))
	r.What = strings.Repeat("=", 100)
	_, fields := readCEF(t, audit.CEF(newChain(t, site, key(1)).add(r).entries[0], product, audit.Informational))
	if n := utf8.RuneCountInString(fields["suser"]); n != 1023 {
		t.Errorf("suser has %d characters", n)
	}
	if fields["act"] != strings.Repeat("=", 63) {
		t.Errorf("act is %q", fields["act"])
	}
}

func TestSeverities(t *testing.T) {
	e := nasty(t)
	for s, want := range map[audit.Severity][2]string{
		0: {"10", "104"}, audit.Alert: {"10", "105"}, audit.Warning: {"7", "108"}, audit.Notice: {"4", "109"},
		audit.Informational: {"2", "110"}, 200: {"2", "111"},
	} {
		header, _ := readCEF(t, audit.CEF(e, product, s))
		if header[6] != want[0] {
			t.Errorf("CEF's of %d is %s", s, header[6])
		}
		if m := string(audit.Message(e, audit.Envelope{Severity: s})); !strings.HasPrefix(m, "<"+want[1]+">1 ") {
			t.Errorf("syslog's of %d: %.8s", s, m)
		}
	}
}

func TestMessage(t *testing.T) {
	r := opened(`DOM\anna`)
	r.Decision = map[string]string{"reason": "a \"b\" [c]\nd"}
	e := newChain(t, site, key(1)).grow(1).add(r).entries[1]
	want := `<109>1 2026-11-23T07:00:00.123456Z gate.example zonewarden pod-1 Opened ` +
		`[audit@99999 seq="2" hash="` + e.Hash().String() + `" site="0b3f7c1e-site" who="DOM\\anna" kind="VendorAccessWindow"` +
		` name="pump-7" uid="u-1" generation="1" previous="` + e.Previous.String() + `" key="` + e.Key.String() + `"` +
		` clock="Synchronised" boot="b-1" sinceBoot="1h30m0.000000001s" specHash="sha256:aa" policyHash="sha256:bb"` +
		` decision="reason=a \"b\" [c\] d"][timeQuality tzKnown="1" isSynced="1"][meta sequenceId="2"] ` +
		"\ufeffOpened: VendorAccessWindow pump-7: reason: a \"b\" [c] d: by DOM\\anna"
	got := string(audit.Message(e, audit.Envelope{Host: "gate.example", Process: "pod-1", Enterprise: 99999, Severity: audit.Notice}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the message (-want +got):\n%s", diff)
	}
	r.Clock.Trusted, r.At = false, time.Time{}
	e = newChain(t, site, key(1)).add(r).entries[0]
	got = string(audit.Message(e, audit.Envelope{Host: "a b\x00é", Severity: audit.Alert}))
	if !strings.HasPrefix(got, "<105>1 - ab zonewarden - Opened [audit@32473 ") || !strings.Contains(got, `isSynced="0"`) {
		t.Errorf("of no time and an odd host: %s", got)
	}
}

// The grammar of RFC 5424, section 6, with what we always send.
var syslogForm = regexp.MustCompile(`^<1(?:0[4-9]|1[01])>1 (?:-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) [!-~]{1,255} [!-~]{1,48} [!-~]{1,128} [!-~]{1,32} ` +
	`\[audit@\d+ seq="(\d+)" hash="([0-9a-f]{64})"((?: [a-zA-Z]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\]` +
	`\[timeQuality tzKnown="1" isSynced="[01]"\]\[meta sequenceId="(\d+)"\](?: ` + "\ufeff" + `(.*))?$`)

// Whatever is told and however short it has to be, a message is well formed, no longer
// than its limit, and has the head in it.
func TestMessagesAreWellFormed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := newChain(t, site, key(1))
		c.head.Sequence = rapid.SampledFrom([]uint64{0, 1<<31 - 3, 1<<31 - 2, 1<<31 - 1, 1<<53 - 3}).Draw(r, "sequence")
		record := records().Draw(r, "record")
		record.Who += strings.Repeat(text().Draw(r, "long"), rapid.IntRange(0, 200).Draw(r, "times"))
		e := c.add(record).entries[0]
		v := audit.Envelope{
			Host: strings.Repeat("h", rapid.IntRange(0, 300).Draw(r, "host")), Process: strings.Repeat("p", rapid.IntRange(0, 200).Draw(r, "process")),
			Enterprise: rapid.Uint32().Draw(r, "enterprise"), Limit: rapid.IntRange(0, 3000).Draw(r, "limit"), Severity: audit.Severity(rapid.Byte().Draw(r, "severity")),
		}
		m := audit.Message(e, v)
		limit := max(480, v.Limit)
		if v.Limit == 0 {
			limit = 2048
		}
		parts := syslogForm.FindSubmatch(m)
		switch {
		case len(m) > limit:
			r.Fatalf("%d bytes, at most %d: %q", len(m), limit, m)
		case !utf8.Valid(m):
			r.Fatalf("no UTF-8: %q", m)
		case parts == nil:
			r.Fatalf("not well formed: %q", m)
		case string(parts[1]) != strconv.FormatUint(e.Sequence, 10) || string(parts[2]) != e.Hash().String():
			r.Fatalf("another head: %q", m)
		}
		if n, err := strconv.ParseUint(string(parts[4]), 10, 64); err != nil || n < 1 || n > 1<<31-1 || n%(1<<31-1) != e.Sequence%(1<<31-1) {
			r.Fatalf("sequenceId %s of %d", parts[4], e.Sequence)
		}
	})
}

func TestMessagesAreCut(t *testing.T) {
	r := opened("anna")
	r.Decision = map[string]string{"reason": strings.Repeat(`]`, 3000)}
	e := newChain(t, site, key(1)).add(r).entries[0]
	m := string(audit.Message(e, audit.Envelope{}))
	if n := len(m); n < 2040 || n > 2048 || !strings.Contains(m, `\]..."][timeQuality`) {
		t.Errorf("%d bytes: %s", n, m)
	}
	r.Decision = map[string]string{"reason": strings.Repeat("ä", 500)}
	e = newChain(t, site, key(1)).add(r).entries[0]
	if m = string(audit.Message(e, audit.Envelope{})); !strings.HasSuffix(m, "ä...") || len(m) < 2046 {
		t.Errorf("%d bytes: %s", len(m), m)
	}
}
