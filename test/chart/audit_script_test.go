// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"crypto/ed25519"
	"os/exec"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// by is an entry that a key signs; to is the key that it names as the next one, 0 for none.
type by struct{ key, to byte }

// TestTheScriptGoesByTheKeysThatCount: docs/audit.md has verify.sh believe the same keys from
// the same entry on as we do, whoever wrote the chain.
func TestTheScriptGoesByTheKeysThatCount(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		chain []by
		given []byte
	}{
		"one key":                           {[]by{{1, 0}, {1, 0}}, []byte{1}},
		"changed":                           {[]by{{1, 0}, {1, 2}, {2, 0}, {2, 3}, {3, 0}}, []byte{1}},
		"changed, and all keys given":       {[]by{{1, 0}, {1, 2}, {2, 0}}, []byte{2, 1}},
		"changed by the first entry":        {[]by{{1, 2}, {2, 0}}, []byte{1}},
		"lost, and the next one given":      {[]by{{1, 0}, {2, 2}, {2, 0}}, []byte{1, 2}},
		"the first key is not given":        {[]by{{1, 0}, {1, 2}, {2, 0}}, []byte{2}},
		"a stranger replaces a lost key":    {[]by{{1, 0}, {2, 2}, {2, 0}}, []byte{1}},
		"a given key, and no change to it":  {[]by{{1, 0}, {2, 0}}, []byte{1, 2}},
		"a given key names a third":         {[]by{{1, 0}, {2, 3}, {3, 0}}, []byte{1, 2}},
		"the key before signs on":           {[]by{{1, 0}, {1, 2}, {1, 0}}, []byte{1}},
		"the key before comes back":         {[]by{{1, 0}, {1, 2}, {2, 0}, {1, 1}, {1, 0}}, []byte{1, 2}},
		"the first key comes back":          {[]by{{1, 2}, {2, 0}, {1, 1}}, []byte{1, 2}},
		"a lost key comes back":             {[]by{{1, 0}, {2, 2}, {1, 1}, {1, 0}}, []byte{1, 2}},
		"a stranger after nobody was given": {[]by{{1, 0}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries := signedBy(t, tt.chain)
			var keys []audit.PublicKey
			var args []string
			for _, n := range tt.given {
				keys = append(keys, publicOf(t, n))
				args = append(args, publicOf(t, n).String())
			}
			want := len(audit.Verify(entries, keys, audit.Expect{})) == 0
			script := exec.CommandContext(t.Context(), "bash", append([]string{"-c", verifyScript.script(t), "verify.sh"}, args...)...)
			script.Dir, script.Stdin = t.TempDir(), bytes.NewReader(audit.EncodeLines(entries))
			out, err := script.CombinedOutput()
			must(t, err)
			if got := bytes.Count(out, []byte("\n")) == 1; got != want {
				t.Errorf("we have it intact: %t, and verify.sh prints\n%s", want, out)
			}
		})
	}
}

func keyOf(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func publicOf(t *testing.T, n byte) audit.PublicKey {
	t.Helper()
	key, err := audit.KeyOf(keyOf(n))
	must(t, err)
	return key
}

// signedBy is a chain that anybody wrote who has these keys.
func signedBy(t *testing.T, chain []by) []audit.Entry {
	t.Helper()
	head := audit.Head{Site: "site"}
	var out []audit.Entry
	for _, b := range chain {
		record := audit.Record{Who: "operator", What: "Opened", At: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)}
		if b.to != 0 {
			record = audit.ChangeKey(record, publicOf(t, b.to))
		}
		head.Key = audit.PublicKey{}
		e, next, err := audit.Append(head, record, keyOf(b.key))
		must(t, err)
		head, out = next, append(out, e)
	}
	return out
}
