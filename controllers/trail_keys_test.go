// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/signing"
	"github.com/zonewarden/zonewarden/internal/audit/store"
)

// aKey is one that a person makes.
func aKey(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func publicOf(t *testing.T, k ed25519.PrivateKey) audit.PublicKey {
	t.Helper()
	p, err := audit.KeyOf(k)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// held are the keys in the Secret.
func (w *world) held() signing.Keys {
	w.t.Helper()
	k, err := signing.Parse(get(w, auditKey()).Data)
	w.must(err)
	return k
}

// giveNext puts a key beside the one that signs, or in the place of one that is lost.
func (w *world) giveNext(n byte, lost bool) {
	w.t.Helper()
	secret := get(w, auditKey())
	keys := w.held()
	if lost {
		keys.Retired, keys.Key = append(keys.Retired, publicOf(w.t, keys.Key)), nil
	}
	keys.Next = aKey(n)
	data, err := keys.Data()
	w.must(err)
	secret.Data = data
	w.must(w.Update(w.ctx(), secret))
}

// TestTheKeyIsChangedByGivingTheNext: at the next look the chain says so, the old one is no
// longer held, and what it signed is still believed.
func TestTheKeyIsChangedByGivingTheNext(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("lost %t", lost), func(t *testing.T) {
			w := newWorld(t)
			k := w.keep(keeping{})
			w.make(site())
			w.must(k.tell("a"))
			old := w.held()
			if !old.Begun || old.Key == nil {
				t.Fatalf("held are %+v", old)
			}
			w.giveNext(2, lost)
			if lost {
				k.stop()
				k = w.keep(keeping{})
			}
			k.look()
			k.look()
			want := signing.Keys{Key: aKey(2), Retired: []audit.PublicKey{publicOf(t, old.Key)}, Begun: true}
			if diff := cmp.Diff(want, w.held()); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.Published(), get(w, publishedKeys()).Data["keys"]); diff != "" {
				t.Errorf("published (-want +got):\n%s", diff)
			}
			w.must(k.tell("b"))
			entries, faults := audit.DecodeLines([]byte(get(w, auditHead()).Data["entries"]))
			if len(faults) > 0 || len(entries) != 3 {
				t.Fatalf("%d entries, %v", len(entries), faults)
			}
			changed := entries[1]
			if changed.Record.What != audit.KeyChanged || changed.Record.Who != "system:serviceaccount:zonewarden-system:zonewarden" || changed.Record.Clock.BootID != firstBoot {
				t.Errorf("the change is recorded as %+v", changed.Record)
			}
			if by := changed.Key; by == publicOf(t, aKey(2)) != lost {
				t.Errorf("the change is signed by %s", by)
			}
			if entries[2].Key != publicOf(t, aKey(2)) {
				t.Error("the old key signs on")
			}
			w.intact()
			k.stop()
			again := w.keep(keeping{})
			w.must(again.tell("c"))
			w.intact()
		})
	}
}

// TestAnotherKeyThanIsAwaitedSignsNothing: it has to be given as the next one.
func TestAnotherKeyThanIsAwaitedSignsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.keep(keeping{})
	w.make(site())
	w.must(k.tell("a"))
	secret, old := get(w, auditKey()), w.held()
	data, err := signing.Keys{Key: aKey(2), Retired: []audit.PublicKey{publicOf(t, old.Key)}, Begun: true}.Data()
	w.must(err)
	secret.Data = data
	w.must(w.Update(w.ctx(), secret))
	k.look()
	k.look()
	for range 2 {
		if message := w.broken(v1alpha1.ReasonTrailNoKey); !strings.Contains(message, "it awaits "+publicOf(t, old.Key).String()) {
			t.Errorf("it says %q", message)
		}
		if trails, _, err := k.Read(w.ctx()); err != nil || len(trails) != 1 {
			t.Errorf("what was recorded is not read any more: %v, %v", trails, err)
		}
		if err := k.tell("b"); !errors.Is(err, store.ErrNoKey) {
			t.Errorf("appending: %v", err)
		}
	}
}

// TestAKeyThatSignsNothingKeptIsBelievedNoMore.
func TestAKeyThatSignsNothingKeptIsBelievedNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.keep(keeping{segment: 8 << 10, total: 16 << 10})
	w.make(site())
	k.KeepFor(nil)
	w.must(k.tell("a"))
	w.giveNext(2, false)
	k.look()
	k.look()
	if got := len(w.held().Retired); got != 1 {
		t.Fatalf("%d are retired", got)
	}
	for i := 0; i < 60; i += 5 {
		w.must(k.tell(uids("b", i, i+4)...))
	}
	k.look()
	k.look()
	if diff := cmp.Diff(signing.Keys{Key: aKey(2), Begun: true}, w.held()); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
	w.intact()
}

// TestTheSessionKeyIsOneForAllLeaders, and is not that of the trail.
func TestTheSessionKeyIsOneForAllLeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.keep(keeping{}), w.keep(keeping{})
	one, err := first.SessionKey(w.ctx())
	w.must(err)
	two, err := second.SessionKey(w.ctx())
	w.must(err)
	if !one.Equal(two) {
		t.Error("two have different keys")
	}
	stored, err := signing.Parse(get(w, sessionKey()).Data)
	w.must(err)
	if !stored.Key.Equal(one) {
		t.Error("another key is stored")
	}
	w.must(first.tell("a"))
	if w.held().Key.Equal(one) {
		t.Error("it is the trail's")
	}
	w.must(w.Delete(w.ctx(), sessionKey()))
	if again, err := first.SessionKey(w.ctx()); err != nil || !again.Equal(one) {
		t.Errorf("while it runs it forgets: %v", err)
	}
}
