// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/audit"
)

const site = "0b3f7c1e-site"

// key is a signing key that is the same in every run.
func key(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func public(tb testing.TB, k ed25519.PrivateKey) audit.PublicKey {
	tb.Helper()
	p, err := audit.KeyOf(k)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

var morning = time.Date(2026, 11, 23, 7, 0, 0, 123456789, time.UTC)

func opened(who string) audit.Record {
	return audit.Record{
		Who: who, What: "Opened",
		Object:   audit.Object{Kind: "VendorAccessWindow", Name: "pump-7", UID: "u-1", Generation: 1},
		At:       morning,
		Clock:    audit.Clock{Trusted: true, Reason: "Synchronised", BootID: "b-1", SinceBoot: 90*time.Minute + 1},
		SpecHash: "sha256:aa", PolicyHash: "sha256:bb",
		Decision: map[string]string{"phase": "Active", "until": audit.FormatTime(morning.Add(time.Hour))},
	}
}

// chain grows by one signer.
type chain struct {
	t       testing.TB
	head    audit.Head
	signer  ed25519.PrivateKey
	entries []audit.Entry
}

func newChain(tb testing.TB, site string, signer ed25519.PrivateKey) *chain {
	tb.Helper()
	return &chain{t: tb, head: audit.Head{Site: site}, signer: signer}
}

func (c *chain) add(records ...audit.Record) *chain {
	c.t.Helper()
	for _, r := range records {
		e, head, err := audit.Append(c.head, r, c.signer)
		if err != nil {
			c.t.Fatal(err)
		}
		if again := audit.HeadOf(e); again != head {
			c.t.Fatalf("the head is %+v, and %+v of the entry", head, again)
		}
		c.entries, c.head = append(slices.Clip(c.entries), e), head
	}
	return c
}

// grow adds n records that differ.
func (c *chain) grow(n int) *chain {
	c.t.Helper()
	for range n {
		c.add(opened("person-" + time.Duration(len(c.entries)).String()))
	}
	return c
}

// rotate changes to another key.
func (c *chain) rotate(next ed25519.PrivateKey) *chain {
	c.t.Helper()
	c.add(audit.ChangeKey(audit.Record{Who: "operator", At: morning}, public(c.t, next)))
	c.signer = next
	return c
}

func (c *chain) checkpoint(through int, lost uint64) *chain {
	c.t.Helper()
	at := audit.Checkpoint{Through: uint64(through), Hash: c.entries[through-1].Hash(), Lost: lost, LostInAll: lost}
	return c.add(at.Record(audit.Record{Who: "operator", At: morning}))
}

// kinds of the faults that are found, without those that follow one another.
func kinds(faults []audit.Fault) []audit.FaultKind {
	var out []audit.FaultKind
	for _, f := range faults {
		out = append(out, f.Kind)
	}
	return slices.Compact(out)
}

// text is any that a record may hold, much of what has to be escaped in it.
func text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringN(0, 12, 48),
		rapid.StringMatching(`[\x00-\x20"\\|=\]\[<>&]{0,8}`),
		rapid.SampledFrom([]string{"", "\u2028", "\U0001F4A3", "\uFFFD", "\uFB33", "é", "</script>", "null"}),
	)
}

func records() *rapid.Generator[audit.Record] {
	return rapid.Custom(func(t *rapid.T) audit.Record {
		r := audit.Record{
			Schema: audit.Schema,
			Who:    text().Draw(t, "who"), What: "x" + text().Draw(t, "what"),
			Object: audit.Object{
				Kind: text().Draw(t, "kind"), Namespace: text().Draw(t, "namespace"), Name: text().Draw(t, "name"),
				UID: text().Draw(t, "uid"), Generation: rapid.Int64Range(0, 1<<53-1).Draw(t, "generation"),
			},
			At: instants().Draw(t, "at"),
			Clock: audit.Clock{
				Trusted: rapid.Bool().Draw(t, "trusted"), Reason: text().Draw(t, "reason"), BootID: text().Draw(t, "boot"),
				SinceBoot: time.Duration(rapid.Int64Range(0, 1<<62).Draw(t, "sinceBoot")),
			},
			SpecHash: text().Draw(t, "spec"), PolicyHash: text().Draw(t, "policy"),
		}
		if m := rapid.MapOfN(text(), text(), 0, 4).Draw(t, "decision"); len(m) > 0 {
			r.Decision = m
		}
		return r
	})
}

func instants() *rapid.Generator[time.Time] {
	return rapid.OneOf(rapid.Just(time.Time{}), rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.Int64Range(-60_000_000_000, 250_000_000_000).Draw(t, "seconds")
		return time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
	}))
}

// grown is a chain of records of any kind, with changes of key among them.
func grown(tb testing.TB, t *rapid.T, least int) *chain {
	tb.Helper()
	c := newChain(tb, site, key(1))
	n := rapid.IntRange(least, 8).Draw(t, "entries")
	for i := range n {
		if rapid.IntRange(0, 5).Draw(t, "rotate") == 0 {
			c.rotate(key(byte(2 + i)))
			continue
		}
		c.add(records().Draw(t, "record"))
	}
	return c
}
