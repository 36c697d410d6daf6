// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/internal/audit"
)

func changed(e audit.Entry) bool { return e.Record.What == audit.KeyChanged }

// signer is the public half of the key in the Secret, as the trail has it.
func (p auditor) signer(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(p.does(t, `kubectl -n zonewarden-system get secret zonewarden-audit-key -o json | jq -r '.data["key.pem"]' |
		base64 -d | openssl pkey -pubout -outform DER | tail -c 32 | base64`))
}

// holds says which files the Secret has.
func (p auditor) holds(t *testing.T, want string) {
	t.Helper()
	// It is written after the trail is.
	eventually(t, "the Secret holds "+want, func(context.Context) error {
		if got := strings.TrimSpace(p.does(t, "kubectl -n zonewarden-system get secret zonewarden-audit-key -o json | jq -c '.data | keys'")); got != want {
			return fmt.Errorf("it holds %s", got)
		}
		return nil
	})
}

// changesTheKey and verifies the trail with each of the keys, alone and together.
func (p auditor) changesTheKey(t *testing.T) {
	t.Helper()
	first := p.signer(t)
	p.types(t, nextKey)
	p.mustNot(t, "the next key is left in the folder", "test -e next.pem")
	p.awaits(t, "the change of the key is recorded", 1, changed)
	p.holds(t, `["begun","key.pem","retired"]`)
	second := p.signer(t)
	entries := p.whole(t)
	if last := entries[len(entries)-1]; last.Key.String() != first || last.Record.Decision[audit.DecisionKey] != second || first == second {
		t.Errorf("from %s to %s it is changed by %+v", first, second, last)
	}
	if got := p.does(t, "cat keys"); got != second+"\n"+first+"\n" {
		t.Errorf("published are\n%s", got)
	}
	if got := p.verify(t, first, "cat trail.jsonl"); strings.Count(got, "\n") != 1 {
		t.Errorf("with the key before alone, verify.sh prints\n%s", got)
	}
	if got := p.verify(t, second, "head -1 trail.jsonl"); !strings.HasPrefix(got, "entry 1: of a key that was not given\n") {
		t.Errorf("with the present key alone, verify.sh prints\n%s", got)
	}
}

// losesTheKey while the operator is restarted; afterwards the trail goes on.
func (p auditor) losesTheKey(t *testing.T, siem *receiver) {
	t.Helper()
	second := p.signer(t)
	p.does(t, "kubectl -n zonewarden-system delete secret zonewarden-audit-key")
	p.restartOperator(t, siem.flags...)
	p.intact(t, "False", "TrailNoKey")
	p.types(t, lostKey)
	p.mustNot(t, "the next key is left in the folder", "test -e next.pem")
	p.awaits(t, "another key signs", 2, changed)
	p.intact(t, "True", "TrailIntact")
	p.holds(t, `["begun","key.pem","retired"]`)
	third := p.signer(t)
	p.does(t, "kubectl zonewarden access lock --all --reason 'the key was lost' --yes --wait=0s")
	p.awaits(t, "the trail goes on", 1, func(e audit.Entry) bool {
		return e.Record.What == "LockMade" && e.Key.String() == third
	})
	p.whole(t)
	if got := p.verify(t, "$(grep -v "+third+" keys)", "cat trail.jsonl"); !strings.Contains(got, ": of a key that was not given\n") {
		t.Errorf("without the key that nobody vouches for, verify.sh prints\n%s", got)
	}
	if got := p.verify(t, "$(cat keys)", "sed -n 18,20p trail.jsonl; head -1 trail.jsonl"); third == second ||
		!strings.Contains(got, "entry 1: of another key\nentry 1: of a key that was not given\n") {
		t.Errorf("by a key that was replaced: verify.sh prints\n%s", got)
	}
	siem.has(t, p.export(t))
}

// beginsAnew under a lock of everything.
func (p auditor) beginsAnew(t *testing.T, siem *receiver) {
	t.Helper()
	p.does(t, "kubectl delete vaw --all")
	p.awaits(t, "the end of what was deleted is recorded", 1, func(e audit.Entry) bool { return e.Record.What == "Ended" })
	before := p.export(t)
	p.types(t, beginAnew)
	if at := p.does(t, `kubectl -n zonewarden-system get deployment zonewarden -o jsonpath='{.spec.template.metadata.annotations.kubectl\.kubernetes\.io/restartedAt}'`); at == "" {
		t.Error("the operator is not restarted")
	}
	p.restartOperator(t, siem.flags...)
	p.awaits(t, "a new trail has the locks that stand", 1, func(e audit.Entry) bool { return e.Sequence == 17 })
	p.intact(t, "True", "TrailIntact")
	p.holds(t, `["begun","key.pem"]`)
	after := p.whole(t)
	if after[0].Sequence != 1 || after[0].Previous != (audit.Hash{}) || after[0].Hash() == before[0].Hash() {
		t.Errorf("it begins with %+v", after[0])
	}
	p.does(t, "kubectl delete accesslocks --all")
	p.awaits(t, "that the lock is lifted is recorded", 1, func(e audit.Entry) bool { return e.Record.What == "LockLifted" })
}
