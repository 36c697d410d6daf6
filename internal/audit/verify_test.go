// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/audit"
)

type verifyCase struct {
	entries []audit.Entry
	keys    []audit.PublicKey
	expect  audit.Expect
	want    []audit.FaultKind
}

func verify(t *testing.T, cases map[string]verifyCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := audit.Verify(c.entries, c.keys, c.expect)
			if diff := cmp.Diff(c.want, kinds(got)); diff != "" {
				t.Errorf("faults (-want +got):\n%s%v", diff, got)
			}
		})
	}
}

func headOf(e audit.Entry) audit.Head { return audit.Head{Sequence: e.Sequence, Hash: e.Hash()} }

func TestVerify(t *testing.T) {
	base := newChain(t, site, key(1)).grow(6)
	other := newChain(t, "other", key(1)).grow(6)
	fork := newChain(t, site, key(1)).grow(3).add(opened("mallory")).grow(2)
	edited := slices.Clone(base.entries)
	edited[2].Record.Who = "somebody else"
	resigned := slices.Clone(base.entries)
	resigned[2].Record.Who = "somebody else"
	resigned[2] = sign(resigned[2], key(1))
	swapped := slices.Clone(base.entries)
	swapped[2], swapped[3] = swapped[3], swapped[2]
	without := func(i int) []audit.Entry { return slices.Delete(slices.Clone(base.entries), i, i+1) }
	with := func(i int, e audit.Entry) []audit.Entry { return slices.Insert(slices.Clone(base.entries), i, e) }
	one := []audit.PublicKey{public(t, key(1))}
	verify(t, map[string]verifyCase{
		"whole":                              {base.entries, one, audit.Expect{Site: site, Head: base.head}, nil},
		"nothing, of which nothing is known": {nil, one, audit.Expect{Site: site}, nil},
		"nothing left":                       {nil, one, audit.Expect{Head: base.head}, []audit.FaultKind{audit.Truncated}},
		"edited":                             {edited, one, audit.Expect{}, []audit.FaultKind{audit.Edited}},
		"edited and signed anew":             {resigned, one, audit.Expect{}, []audit.FaultKind{audit.Rewritten}},
		"first removed":                      {without(0), one, audit.Expect{}, []audit.FaultKind{audit.Removed}},
		"one removed":                        {without(3), one, audit.Expect{}, []audit.FaultKind{audit.Removed}},
		"last removed, by itself":            {without(5), one, audit.Expect{}, nil},
		"last removed, against a head":       {without(5), one, audit.Expect{Head: base.head}, []audit.FaultKind{audit.Truncated}},
		"head that is older than the end":    {base.entries, one, audit.Expect{Head: headOf(base.entries[3])}, nil},
		"two swapped":                        {swapped, one, audit.Expect{}, []audit.FaultKind{audit.Reordered}},
		"one twice":                          {with(3, base.entries[2]), one, audit.Expect{}, []audit.FaultKind{audit.Duplicated}},
		"one twice, later":                   {with(6, base.entries[0]), one, audit.Expect{}, []audit.FaultKind{audit.Duplicated}},
		"of another site":                    {with(3, other.entries[3]), one, audit.Expect{}, []audit.FaultKind{audit.OtherSite}},
		"all of another site":                {other.entries, one, audit.Expect{Site: site}, []audit.FaultKind{audit.OtherSite}},
		"another history since the head":     {fork.entries, one, audit.Expect{Head: headOf(base.entries[4])}, []audit.FaultKind{audit.Rewritten}},
		"another history, before it":         {fork.entries, one, audit.Expect{Head: headOf(base.entries[2])}, nil},
		"two histories":                      {with(5, fork.entries[4]), one, audit.Expect{}, []audit.FaultKind{audit.Rewritten}},
		"two histories spliced":              {slices.Concat(base.entries[:4], fork.entries[4:]), one, audit.Expect{}, []audit.FaultKind{audit.Rewritten}},
	})
}

func TestVerifyKeys(t *testing.T) {
	a := func() *chain { return newChain(t, site, key(1)) }
	base := a().grow(6)
	rotated := a().grow(2).rotate(key(2)).grow(2)
	stolen := a().grow(2).rotate(key(2)).grow(1)
	thief := *stolen
	thief.signer, thief.head.Key = key(1), public(t, key(1))
	thief.grow(1)
	back := *stolen
	back.signer, back.head.Key = key(1), public(t, key(1))
	back.rotate(key(1)).grow(1)
	lost := a().grow(3)
	lost.signer = key(3)
	lost.rotate(key(3)).grow(2)
	foreign := a().grow(2)
	foreign.signer, foreign.head.Key = key(9), audit.PublicKey{}
	foreign.grow(2)
	silent := a().grow(2)
	silent.signer, silent.head.Key = key(3), audit.PublicKey{}
	silent.grow(1)
	one, both := []audit.PublicKey{public(t, key(1))}, []audit.PublicKey{public(t, key(1)), public(t, key(3))}
	verify(t, map[string]verifyCase{
		"no key":                            {base.entries, nil, audit.Expect{}, []audit.FaultKind{audit.UnknownKey}},
		"unknown key":                       {foreign.entries, one, audit.Expect{}, []audit.FaultKind{audit.UnknownKey}},
		"key that was given, unannounced":   {silent.entries, both, audit.Expect{}, []audit.FaultKind{audit.UnknownKey}},
		"rotated":                           {rotated.entries, one, audit.Expect{Head: rotated.head}, nil},
		"rotated, without its change":       {slices.Delete(slices.Clone(rotated.entries), 2, 3), one, audit.Expect{}, []audit.FaultKind{audit.Removed, audit.UnknownKey}},
		"signed by a key that was replaced": {thief.entries, one, audit.Expect{}, []audit.FaultKind{audit.RetiredKey}},
		"changed back by a replaced key":    {back.entries, one, audit.Expect{}, []audit.FaultKind{audit.RetiredKey}},
		"key lost, the next one known":      {lost.entries, both, audit.Expect{}, nil},
		"key lost, the next one unknown":    {lost.entries, one, audit.Expect{}, []audit.FaultKind{audit.UnknownKey}},
		"key that an export ended with":     {rotated.entries[3:], nil, audit.Expect{First: audit.Head{Sequence: 3, Hash: rotated.entries[2].Hash(), Key: public(t, key(2))}}, nil},
	})
}

func TestVerifyBeginnings(t *testing.T) {
	a := func() *chain { return newChain(t, site, key(1)) }
	base := a().grow(6)
	fork := a().grow(3).add(opened("mallory")).grow(2)
	cleared := a().grow(4).checkpoint(3, 1).grow(2)
	furthest := a().grow(4).checkpoint(2, 0).checkpoint(4, 0).checkpoint(1, 0).grow(1)
	liar := a().grow(4)
	liar.add(audit.Checkpoint{Through: 3, Hash: audit.Hash{1}}.Record(audit.Record{})).grow(1)
	early := newChain(t, site, key(1))
	early.head.Hash = audit.Hash{1}
	early.grow(1)
	one := []audit.PublicKey{public(t, key(1))}
	verify(t, map[string]verifyCase{
		"removed as a checkpoint says":        {cleared.entries[3:], one, audit.Expect{}, nil},
		"removed less than a checkpoint says": {cleared.entries[1:], one, audit.Expect{}, nil},
		"removed more than a checkpoint says": {cleared.entries[4:], one, audit.Expect{}, []audit.FaultKind{audit.Removed}},
		"the furthest checkpoint counts":      {furthest.entries[4:], one, audit.Expect{}, nil},
		"checkpoint of another history":       {liar.entries[3:], one, audit.Expect{}, []audit.FaultKind{audit.Rewritten}},
		"checkpoint of another entry":         {liar.entries, one, audit.Expect{}, []audit.FaultKind{audit.Rewritten}},
		"a first entry that follows another":  {early.entries, one, audit.Expect{}, []audit.FaultKind{audit.Rewritten}},
		"goes on after an export":             {base.entries[2:], one, audit.Expect{First: headOf(base.entries[1])}, nil},
		"overlaps with an export":             {base.entries, one, audit.Expect{First: headOf(base.entries[3])}, nil},
		"leaves a gap after an export":        {cleared.entries[3:], one, audit.Expect{First: headOf(cleared.entries[1])}, []audit.FaultKind{audit.Removed}},
		"another history after an export":     {fork.entries[4:], one, audit.Expect{First: headOf(base.entries[3])}, []audit.FaultKind{audit.Rewritten}},
		"another history within an export":    {fork.entries, one, audit.Expect{First: headOf(base.entries[4])}, []audit.FaultKind{audit.Rewritten}},
		"head just before what is left":       {cleared.entries[3:], one, audit.Expect{Head: headOf(cleared.entries[2])}, nil},
		"another head before what is left":    {cleared.entries[3:], one, audit.Expect{Head: audit.Head{Sequence: 3, Hash: audit.Hash{1}}}, []audit.FaultKind{audit.Rewritten}},
	})
}

func sign(e audit.Entry, k ed25519.PrivateKey) audit.Entry {
	copy(e.Signature[:], ed25519.Sign(k, e.Signed()))
	return e
}

// A forged word of a key or of a beginning changes neither.
func TestVerifyBelievesNoForgery(t *testing.T) {
	c := newChain(t, site, key(1)).grow(2)
	forged := *c
	forged.rotate(key(9)).grow(1)
	forged.entries[2].Signature[0] ^= 1
	if got := kinds(audit.Verify(forged.entries, []audit.PublicKey{public(t, key(1))}, audit.Expect{})); !slices.Contains(got, audit.UnknownKey) {
		t.Errorf("a change of key by nobody counts: %v", got)
	}
	c = newChain(t, site, key(1)).grow(4).checkpoint(3, 0).grow(1)
	c.entries[4].Signature[0] ^= 1
	if got := kinds(audit.Verify(c.entries[3:], []audit.PublicKey{public(t, key(1))}, audit.Expect{})); !slices.Contains(got, audit.Removed) {
		t.Errorf("a checkpoint by nobody counts: %v", got)
	}
}

// Where a fault is, is said by entry and sequence.
func TestFaultsNameTheEntry(t *testing.T) {
	c := newChain(t, site, key(1)).grow(6)
	got := audit.Verify(slices.Delete(slices.Clone(c.entries), 2, 4), []audit.PublicKey{public(t, key(1))}, audit.Expect{Head: audit.Head{Sequence: 9}})
	want := []audit.Fault{
		{Kind: audit.Removed, Index: 2, Sequence: 3, Message: "entries 3 to 4 are missing"},
		{Kind: audit.Truncated, Index: 4, Sequence: 7, Message: "entries 7 to 9 are missing"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if s := got[0].String(); s != "Removed: entry 3: entries 3 to 4 are missing" {
		t.Errorf("a fault reads %q", s)
	}
}

func TestChainsThatGrewVerify(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := grown(t, r, 0)
		entries, faults := audit.DecodeLines(audit.EncodeLines(c.entries))
		faults = append(faults, audit.Verify(entries, []audit.PublicKey{public(t, key(1))}, audit.Expect{Site: site, Head: c.head})...)
		if len(faults) > 0 || len(entries) != len(c.entries) {
			r.Fatalf("%d of %d entries read back, %v", len(entries), len(c.entries), faults)
		}
	})
}

// verifyText is what an auditor does who has a file, a key and the last head.
func verifyText(tb testing.TB, text []byte, c *chain) []audit.Fault {
	tb.Helper()
	entries, faults := audit.DecodeLines(text)
	return append(faults, audit.Verify(entries, []audit.PublicKey{public(tb, key(1))}, audit.Expect{Site: site, Head: c.head})...)
}

func TestAnyEditOfAnyByteIsFound(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := grown(t, r, 1)
		text := audit.EncodeLines(c.entries)
		at := rapid.IntRange(0, len(text)-1).Draw(r, "at")
		switch rapid.IntRange(0, 2).Draw(r, "how") {
		case 0:
			text[at] ^= byte(rapid.IntRange(1, 255).Draw(r, "bits"))
		case 1:
			text = slices.Delete(text, at, at+1)
		default:
			text = slices.Insert(text, at, rapid.Byte().Draw(r, "byte"))
		}
		if bytes.Equal(text, audit.EncodeLines(c.entries)) {
			r.Skip("an equal byte beside it")
		}
		if len(verifyText(t, text, c)) == 0 {
			r.Fatalf("not found: %s", text)
		}
	})
}

// Every byte of one chain, and every bit of it.
func TestEveryEditOfOneByteIsFound(t *testing.T) {
	c := newChain(t, site, key(1)).grow(1).rotate(key(2)).checkpoint(1, 0)
	text := audit.EncodeLines(c.entries)
	for at := range text {
		text[at] ^= 1 << (at % 8)
		if len(verifyText(t, text, c)) == 0 {
			t.Errorf("not found at %d: %s", at, text)
		}
		text[at] ^= 1 << (at % 8)
	}
}

func TestAnyRemovalSwapAndRepetitionIsFound(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := grown(t, r, 2)
		entries := slices.Clone(c.entries)
		i := rapid.IntRange(0, len(entries)-1).Draw(r, "i")
		j := rapid.IntRange(0, len(entries)-1).Draw(r, "j")
		switch rapid.IntRange(0, 2).Draw(r, "how") {
		case 0:
			entries = slices.Delete(entries, min(i, j), max(i, j)+1)
		case 1:
			if i == j {
				r.Skip("the same")
			}
			entries[i], entries[j] = entries[j], entries[i]
		default:
			entries = slices.Insert(entries, i, entries[j])
		}
		if len(verifyText(t, audit.EncodeLines(entries), c)) == 0 {
			r.Fatalf("not found among %d: %d, %d", len(c.entries), i, j)
		}
	})
}
