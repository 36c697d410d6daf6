// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// The bytes are for ever: entries that were signed once have to verify in ten years.
func TestBytesOfAnEntry(t *testing.T) {
	c := newChain(t, site, key(1)).add(audit.Record{
		Who: "anna@example.com", What: "Opened",
		Object: audit.Object{Kind: "VendorAccessWindow", Name: "pump-7", UID: "u-1", Generation: 1},
		At:     morning, Clock: audit.Clock{Trusted: true, Reason: "Synchronised", BootID: "b-1", SinceBoot: 90 * time.Minute},
		SpecHash: "aa", PolicyHash: "bb",
		// The string of RFC 8785, section 3.2.2.2, and its order of section 3.2.3.
		Decision: map[string]string{
			"\u20ac": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/", "\r": "Carriage Return", "\uFB33": "Dalet",
			"1": "One", "\u0080": "Control", "\U0001F600": "Emoji", "\u00F6": "Latin",
		},
	})
	const want = `{"entry":{"key":"zswVB9wd3XKVlRwpCIjwla25BE0bc9aW5t8GXWg71Pw=",` +
		`"previous":"0000000000000000000000000000000000000000000000000000000000000000",` +
		`"record":{"at":"2026-11-23T07:00:00.123456789Z","carried":0,` +
		`"clock":{"bootID":"b-1","reason":"Synchronised","sinceBoot":"1h30m0s","trusted":true},` +
		"\"decision\":{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"\u00f6\":\"Latin\"," +
		"\"\u20ac\":\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\",\"\U0001F600\":\"Emoji\",\"\uFB33\":\"Dalet\"}," +
		`"object":{"generation":1,"kind":"VendorAccessWindow","name":"pump-7","namespace":"","uid":"u-1"},` +
		`"policyHash":"bb","schema":1,"specHash":"aa","what":"Opened","who":"anna@example.com"},` +
		`"sequence":1,"site":"0b3f7c1e-site"},"signature":"`
	got := string(c.entries[0].Encode())
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Errorf("the line (-want +got):\n%s", diff)
	}
	if h := c.head.Hash.String(); h != "7445ccfe15c219b99e326744aea09baa60ba6b7f3130701114e8f6e5daeb823b" {
		t.Errorf("the hash is %s", h)
	}
}

// canonical is RFC 8785 as read by somebody else, for what is no number with a fraction.
func canonical(v any) string {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, func(a, b string) int {
			return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		})
		members := make([]string, len(keys))
		for i, k := range keys {
			members[i] = canonical(k) + ":" + canonical(v[k])
		}
		return "{" + strings.Join(members, ",") + "}"
	case string:
		// What encoding/json escapes beyond need is put back.
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(v)
		s := strings.TrimSuffix(b.String(), "\n")
		even := strings.ReplaceAll(s, `\\`, "\x00")
		even = strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(even)
		return strings.ReplaceAll(even, "\x00", `\\`)
	case json.Number:
		return v.String()
	case bool:
		return map[bool]string{true: "true", false: "false"}[v]
	}
	panic("neither object nor string, number, boolean")
}

func TestLinesAreCanonical(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := newChain(t, "s"+text().Draw(r, "site"), key(1)).add(records().Draw(r, "record"))
		line := c.entries[0].Encode()
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			r.Fatal(err)
		}
		if want := canonical(v); string(line) != want {
			r.Fatalf("got  %s\nwant %s", line, want)
		}
		back, err := audit.Decode(line)
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(c.entries[0], back); diff != "" {
			r.Fatalf("read back (-want +got):\n%s", diff)
		}
	})
}

func TestNothingElseDecodes(t *testing.T) {
	line := string(newChain(t, site, key(1)).grow(1).entries[0].Encode())
	for name, edit := range map[string][2]string{
		"space":                    {`"sequence":1`, `"sequence": 1`},
		"member twice":             {`"sequence":1`, `"sequence":1,"sequence":1`},
		"member that no one knows": {`"sequence":1`, `"sequence":1,"sequences":1`},
		"another case":             {`"sequence"`, `"Sequence"`},
		"exponent":                 {`"sequence":1`, `"sequence":1e0`},
		"sequence of 0":            {`"sequence":1`, `"sequence":0`},
		"sequence of 2^53":         {`"sequence":1`, `"sequence":9007199254740992`},
		"escape":                   {`Opened`, `\u004fpened`},
		"half a pair":              {`Opened`, `\ud800`},
		"null":                     {`"VendorAccessWindow"`, `null`},
		"missing member":           {`"namespace":"",`, ``},
		"no What":                  {`"Opened"`, `""`},
		"another schema":           {`"schema":1`, `"schema":2`},
		"another zone":             {`07:00:00.123456789Z`, `08:00:00.123456789+01:00`},
		"zeros":                    {`.123456789Z`, `.1234567890Z`},
		"duration":                 {`1h30m0.000000001s`, `90m0.000000001s`},
		"hash in capitals":         {`0000","record"`, `000A","record"`},
		"hash too short":           {`0000","record"`, `00","record"`},
		"carried from itself":      {`"carried":0`, `"carried":1`},
		"negative generation":      {`"generation":1`, `"generation":-1`},
		"no site":                  {site, ``},
		"signature":                {`"signature":"`, `"signature":"AAAA`},
		"key":                      {`"key":"`, `"key":"AAAA`},
		"after the end":            {`"}`, `"} `},
	} {
		edited := strings.Replace(line, edit[0], edit[1], 1)
		if name == "after the end" {
			edited = line + " "
		}
		if edited == line {
			t.Errorf("%s: edits nothing", name)
		}
		if e, err := audit.Decode([]byte(edited)); err == nil {
			t.Errorf("%s: decodes to %+v", name, e)
		}
	}
}

// lines that are damaged, one at a time.
func TestDecodingGoesOn(t *testing.T) {
	c := newChain(t, site, key(1)).grow(3)
	lines := bytes.SplitAfter(audit.EncodeLines(c.entries), []byte{'\n'})
	lines[1] = []byte("{\n")
	lines[2] = bytes.TrimSuffix(lines[2], []byte{'\n'})
	got, faults := audit.DecodeLines(bytes.Join(lines, nil))
	if len(got) != 1 || len(faults) != 2 || faults[0].Index != 1 || faults[1].Index != 2 {
		t.Errorf("%d entries, faults %v", len(got), faults)
	}
}

func TestAppendRefuses(t *testing.T) {
	head := audit.Head{Site: site, Key: public(t, key(1))}
	edit := func(f func(*audit.Record)) audit.Record {
		r := opened("anna")
		f(&r)
		return r
	}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		head   audit.Head
		record audit.Record
		want   string
	}{
		"no site":               {audit.Head{}, opened("anna"), "site"},
		"site that is no text":  {audit.Head{Site: "\xff"}, opened("anna"), "site"},
		"no What":               {head, edit(func(r *audit.Record) { r.What = "" }), "what"},
		"no text":               {head, edit(func(r *audit.Record) { r.Object.Name = "\xff" }), "object.name"},
		"no text in a decision": {head, edit(func(r *audit.Record) { r.Decision["x"] = "\xff" }), `decision["x"]`},
		"no text as a field":    {head, edit(func(r *audit.Record) { r.Decision["\xff"] = "" }), "decision"},
		"year 10000":            {head, edit(func(r *audit.Record) { r.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }), "at"},
		"before boot":           {head, edit(func(r *audit.Record) { r.Clock.SinceBoot = -1 }), "clock.sinceBoot"},
		"generation":            {head, edit(func(r *audit.Record) { r.Object.Generation = 1 << 53 }), "object.generation"},
		"carried from later":    {head, edit(func(r *audit.Record) { r.Carried = 1 }), "carried"},
		"schema of tomorrow":    {head, edit(func(r *audit.Record) { r.Schema = 2 }), "schema"},
		"too long":              {head, edit(func(r *audit.Record) { r.Who = strings.Repeat("x", audit.MaxLine) }), "bytes"},
		"another key":           {audit.Head{Site: site, Key: public(t, key(2))}, opened("anna"), "key"},
		"change to no key":      {head, edit(func(r *audit.Record) { r.What = audit.KeyChanged }), "key"},
		"another key's change":  {audit.Head{Site: site, Key: public(t, key(2))}, audit.ChangeKey(audit.Record{}, public(t, key(3))), "key"},
		"chain that is full":    {audit.Head{Site: site, Sequence: 1<<53 - 1}, opened("anna"), "sequence"},
	} {
		e, after, err := audit.Append(c.head, c.record, key(1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %+v, %v", name, e, err)
		}
		if after != c.head {
			t.Errorf("%s: the head moved to %+v", name, after)
		}
	}
	if _, _, err := audit.Append(head, opened("anna"), elliptical); err == nil {
		t.Error("signs with a key that is not of Ed25519")
	}
}

// broken signs what nobody can verify.
type broken struct{ ed25519.PrivateKey }

func (b broken) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, ed25519.SignatureSize), nil
}

func TestAppendChecksItsSigner(t *testing.T) {
	if e, _, err := audit.Append(audit.Head{Site: site}, opened("anna"), broken{key(1)}); err == nil {
		t.Errorf("appends %+v", e)
	}
}

func TestChangeKeyKeepsTheRecord(t *testing.T) {
	before := map[string]string{"why": "yearly", audit.DecisionKey: "old"}
	r := audit.ChangeKey(audit.Record{Who: "anna", Decision: before}, public(t, key(2)))
	want := audit.Record{Who: "anna", What: audit.KeyChanged, Decision: map[string]string{"why": "yearly", audit.DecisionKey: public(t, key(2)).String()}}
	if diff := cmp.Diff(want, r); diff != "" || before[audit.DecisionKey] != "old" {
		t.Errorf("the record (-want +got):\n%s, the argument is %v", diff, before)
	}
}

func TestKeysAndHashesReadBack(t *testing.T) {
	k := public(t, key(1))
	if back, err := audit.ParsePublicKey(k.String()); err != nil || back != k {
		t.Errorf("key: %v, %v", back, err)
	}
	h := audit.Hash{1, 2}
	if back, err := audit.ParseHash(h.String()); err != nil || back != h {
		t.Errorf("hash: %v, %v", back, err)
	}
	for _, s := range []string{"", "00", k.String() + "A", strings.Repeat("zz", 32)} {
		if _, err := audit.ParseHash(s); err == nil {
			t.Errorf("%q is a hash", s)
		}
		if _, err := audit.ParsePublicKey(s); err == nil {
			t.Errorf("%q is a key", s)
		}
	}
	if got, err := audit.ParseTime("tomorrow"); err == nil {
		t.Errorf("tomorrow is %s", got)
	}
}

func FuzzDecode(f *testing.F) {
	c := newChain(f, site, key(1)).grow(1).rotate(key(2)).checkpoint(1, 1)
	for _, e := range c.entries {
		f.Add(e.Encode())
	}
	f.Add([]byte(`{"entry":{},"signature":""}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := audit.Decode(line)
		if err != nil {
			return
		}
		if !bytes.Equal(e.Encode(), line) {
			t.Errorf("reads %q, writes %q", line, e.Encode())
		}
		audit.Verify([]audit.Entry{e}, nil, audit.Expect{})
		_ = audit.CEF(e, audit.Product{}, audit.Notice)
		_ = audit.Message(e, audit.Envelope{})
	})
}

func FuzzDecodeLines(f *testing.F) {
	f.Add(audit.EncodeLines(newChain(f, site, key(1)).grow(2).rotate(key(2)).grow(1).entries))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, faults := audit.DecodeLines(text)
		if len(faults) == 0 && !bytes.Equal(audit.EncodeLines(entries), text) {
			t.Errorf("reads %q without a fault and writes it otherwise", text)
		}
		audit.Verify(entries, nil, audit.Expect{})
	})
}
