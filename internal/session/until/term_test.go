// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package until

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/session/boot"
)

const (
	window = "6f0f4a7e-window"
	pod    = "0c11d5e2-pod"
	start  = boot.Instant(1_000 * time.Second)
)

func keyOf(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

var operator = keyOf(1)

func public(k ed25519.PrivateKey) ed25519.PublicKey {
	return k.Public().(ed25519.PublicKey)
}

func begin(t rapid.TB, first time.Duration) *Term {
	t.Helper()
	term, err := Begin(public(operator), window, pod, start, first, func(boot.Instant) {})
	if err != nil {
		t.Fatal(err)
	}
	return term
}

func nonceOf(n byte) Nonce { return Nonce{n, 31: n} }

// TestWireFormat pins version 1: pods that run speak it after the operator was upgraded.
func TestWireFormat(t *testing.T) {
	got := hex.EncodeToString(sign(operator, window, pod, nonceOf(7), verbEnd, 90*time.Minute))
	want := "5a57756e" + "01" + "01" + "000000000052" + "65c0"
	if len(got) != 2*requestSize || got[:len(want)] != want {
		t.Errorf("message %s does not start with %s", got, want)
	}
	const signature = "1621842cf3232000a3084c5eb9c8fa14b707d32b0e503c0d226c388ce925a17d" +
		"e61e19725aad616e9f0855304e62e0eae79e807253e0d99632930f3538855a00"
	if got[len(want):] != signature {
		t.Errorf("signature is now %s", got[len(want):])
	}
	if got, want := hex.EncodeToString(formatChallenge(nonceOf(7))[:6]), "5a57756e0107"; got != want {
		t.Errorf("challenge starts with %s, want %s", got, want)
	}
	if got, want := hex.EncodeToString(formatReply(refusedOver, time.Second, []byte("{}"))), "5a57756e010500000000000003e8000000027b7d"; got != want {
		t.Errorf("reply is %s, want %s", got, want)
	}
}

func TestAMessageMovesTheEnd(t *testing.T) {
	for _, remaining := range []time.Duration{0, time.Second, 8 * time.Hour, MostRemaining} {
		var moves []boot.Instant
		term, err := Begin(public(operator), window, pod, start, time.Minute, func(i boot.Instant) { moves = append(moves, i) })
		if err != nil {
			t.Fatal(err)
		}
		issued := start.Add(10 * time.Second)
		c := term.Challenge(nonceOf(1), issued)
		if _, err := term.Answer(c, sign(operator, window, pod, nonceOf(1), verbEnd, remaining), issued.Add(NonceLife)); err != nil {
			t.Fatalf("%s remaining: %v", remaining, err)
		}
		if want := issued.Add(remaining); term.End() != want || len(moves) != 2 || moves[1] != want {
			t.Errorf("the end is %d after moves %d, want %d: counted from when the number was drawn", term.End(), moves, want)
		}
	}
}

func TestWhatIsNotForUsChangesNothing(t *testing.T) {
	good := func(n Nonce) []byte { return sign(operator, window, pod, n, verbEnd, 8*time.Hour) }
	flip := func(at int) func(Nonce) []byte {
		return func(n Nonce) []byte {
			b := good(n)
			b[at] ^= 1
			return b
		}
	}
	tests := []struct {
		name    string
		message func(Nonce) []byte
		after   time.Duration // since the number was drawn
		want    error
	}{
		{"signed by another key", func(n Nonce) []byte { return sign(keyOf(2), window, pod, n, verbEnd, time.Hour) }, 0, ErrSignature},
		{"for another window", func(n Nonce) []byte { return sign(operator, "other", pod, n, verbEnd, time.Hour) }, 0, ErrSignature},
		{"for another pod", func(n Nonce) []byte { return sign(operator, window, "other", n, verbEnd, time.Hour) }, 0, ErrSignature},
		{"window and pod exchanged", func(n Nonce) []byte { return sign(operator, pod, window, n, verbEnd, time.Hour) }, 0, ErrSignature},
		{"border between window and pod moved", func(n Nonce) []byte {
			return sign(operator, window+pod[:1], pod[1:], n, verbEnd, time.Hour)
		}, 0, ErrSignature},
		{"over another number", func(Nonce) []byte { return good(nonceOf(99)) }, 0, ErrSignature},
		{"a question turned into an end", func(n Nonce) []byte {
			b := sign(operator, window, pod, n, verbStatus, time.Hour)
			b[5] = byte(verbEnd)
			return b
		}, 0, ErrSignature},
		{"more remaining than was signed", flip(9), 0, ErrSignature},
		{"less remaining than was signed", flip(12), 0, ErrSignature},
		{"signature altered", flip(20), 0, ErrSignature},
		{"too old a number", good, NonceLife + 1, ErrExpired},
		{"before the number", good, -1, ErrExpired},
		{"after the end", good, 4 * time.Second, ErrOver},
		{"another version", flip(4), 0, ErrMalformed},
		{"another protocol", flip(0), 0, ErrMalformed},
		{"an unknown verb", func(n Nonce) []byte { return sign(operator, window, pod, n, 3, time.Hour) }, 0, ErrMalformed},
		{"too much remaining", func(n Nonce) []byte { return sign(operator, window, pod, n, verbEnd, MostRemaining+time.Millisecond) }, 0, ErrMalformed},
		{"short", func(n Nonce) []byte { return good(n)[:requestSize-1] }, 0, ErrMalformed},
		{"long", func(n Nonce) []byte { return append(good(n), 0) }, 0, ErrMalformed},
		{"empty", func(Nonce) []byte { return nil }, 0, ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			term := begin(t, 10*time.Second)
			before := term.End()
			issued := start.Add(6 * time.Second)
			c := term.Challenge(nonceOf(1), issued)
			_, err := term.Answer(c, tt.message(nonceOf(1)), issued.Add(tt.after))
			if !errors.Is(err, tt.want) {
				t.Errorf("answer is %v, want %v", err, tt.want)
			}
			if term.End() != before {
				t.Errorf("the end moved by %s", term.End().Sub(before))
			}
			if _, err := term.Answer(c, good(nonceOf(1)), issued); !errors.Is(err, ErrSpent) || term.End() != before {
				t.Errorf("the number is good for a second try: %v", err)
			}
		})
	}
}

// TestAMessageIsGoodOnce replays one and the same message.
func TestAMessageIsGoodOnce(t *testing.T) {
	term := begin(t, time.Minute)
	extend := sign(operator, window, pod, nonceOf(1), verbEnd, time.Hour)
	c := term.Challenge(nonceOf(1), start)
	if _, err := term.Answer(c, extend, start); err != nil {
		t.Fatal(err)
	}
	end := term.End()
	if _, err := term.Answer(c, extend, start.Add(time.Second)); !errors.Is(err, ErrSpent) {
		t.Errorf("replayed over its own number: %v", err)
	}
	next := term.Challenge(nonceOf(2), start.Add(2*time.Second))
	if _, err := term.Answer(next, extend, start.Add(2*time.Second)); !errors.Is(err, ErrSignature) {
		t.Errorf("replayed over the next number: %v", err)
	}
	if term.End() != end {
		t.Errorf("the end moved by %s", term.End().Sub(end))
	}
}

// TestAMessageThatWasHeldBackUndoesNothing: an extension is signed, then the window is cut
// short, and somebody on the way delivers the two the other way round.
func TestAMessageThatWasHeldBackUndoesNothing(t *testing.T) {
	term := begin(t, time.Minute)
	first, second := term.Challenge(nonceOf(1), start), term.Challenge(nonceOf(2), start)
	extend := sign(operator, window, pod, nonceOf(1), verbEnd, 8*time.Hour)
	shorten := sign(operator, window, pod, nonceOf(2), verbEnd, 30*time.Second)
	if _, err := term.Answer(second, shorten, start); err != nil {
		t.Fatal(err)
	}
	if _, err := term.Answer(first, extend, start); !errors.Is(err, ErrSuperseded) {
		t.Errorf("the older extension: %v", err)
	}
	if want := start.Add(30 * time.Second); term.End() != want {
		t.Errorf("the end is %s off", term.End().Sub(want))
	}
}

func TestAQuestionChangesNothing(t *testing.T) {
	term := begin(t, time.Minute)
	before := term.End()
	waiting := term.Challenge(nonceOf(1), start)
	c := term.Challenge(nonceOf(2), start)
	status, err := term.Answer(c, sign(operator, window, pod, nonceOf(2), verbStatus, time.Hour), start)
	if err != nil || !status || term.End() != before {
		t.Errorf("a question: status %t, error %v, end moved by %s", status, err, term.End().Sub(before))
	}
	if _, err := term.Answer(waiting, sign(operator, window, pod, nonceOf(1), verbEnd, time.Hour), start); err != nil {
		t.Errorf("a question that was asked meanwhile spoils a message: %v", err)
	}
}

func TestWhatATermNeeds(t *testing.T) {
	tests := []struct {
		name        string
		key         ed25519.PublicKey
		window, pod string
		first       time.Duration
	}{
		{"no key", nil, window, pod, time.Minute},
		{"half a key", public(operator)[:16], window, pod, time.Minute},
		{"no window", public(operator), "", pod, time.Minute},
		{"no pod", public(operator), window, "", time.Minute},
		{"no bound", public(operator), window, pod, 0},
		{"a bound in the past", public(operator), window, pod, -time.Second},
		{"a bound without end", public(operator), window, pod, MostRemaining + 1},
	}
	for _, tt := range tests {
		if _, err := Begin(tt.key, tt.window, tt.pod, start, tt.first, func(boot.Instant) {}); err == nil {
			t.Errorf("%s: accepted", tt.name)
		}
	}
}

// TestOnlyTheOperatorMovesTheEnd draws histories: challenges, messages of the operator that
// are delivered late, twice, crossed or altered. However they arrive, the process is gone
// by the latest end that the operator meant at any time, and the last message that was
// accepted is what holds.
func TestOnlyTheOperatorMovesTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		term := begin(t, time.Minute)
		now, last, latest := start, term.End(), term.End()
		var challenges []*Challenge
		var messages [][]byte
		meant := map[string]boot.Instant{} // by message: the end that the operator had in mind
		var drawn byte
		t.Repeat(map[string]func(*rapid.T){
			"time": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			},
			"challenge": func(*rapid.T) {
				drawn++
				challenges = append(challenges, term.Challenge(nonceOf(drawn), now))
			},
			"sign": func(t *rapid.T) {
				if len(challenges) == 0 {
					t.Skip()
				}
				c := rapid.SampledFrom(challenges).Draw(t, "challenge")
				left := time.Duration(rapid.IntRange(0, 120_000).Draw(t, "remaining")) * time.Millisecond
				m := sign(operator, window, pod, c.nonce, verbEnd, left)
				messages, meant[string(m)] = append(messages, m), now.Add(left)
			},
			"deliver": func(t *rapid.T) {
				if len(messages) == 0 {
					t.Skip()
				}
				c := rapid.SampledFrom(challenges).Draw(t, "over")
				m := bytes.Clone(rapid.SampledFrom(messages).Draw(t, "message"))
				if rapid.Bool().Draw(t, "altered") {
					m[rapid.IntRange(0, len(m)-1).Draw(t, "byte")] ^= byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
				}
				_, err := term.Answer(c, m, now)
				if err != nil {
					return
				}
				end, ours := meant[string(m)]
				if !ours {
					t.Fatal("a message that the operator never sent was accepted")
				}
				if last <= now {
					t.Fatal("a message was accepted after the end")
				}
				if term.End() > end {
					t.Fatalf("the end is %s later than the operator meant", term.End().Sub(end))
				}
				last, latest = term.End(), max(latest, end)
			},
			"": func(t *rapid.T) {
				if term.End() != last || last > latest {
					t.Fatalf("the end is %d, was %d, at most %d", term.End(), last, latest)
				}
			},
		})
	})
}

func FuzzParsing(f *testing.F) {
	f.Add(sign(operator, window, pod, nonceOf(1), verbEnd, time.Hour))
	f.Add(formatReply(accepted, time.Hour, []byte("{}"))[:replySize])
	f.Add(formatChallenge(nonceOf(1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := parseRequest(b); err == nil && (r.remaining < 0 || r.remaining > MostRemaining) {
			t.Errorf("%s remaining", r.remaining)
		}
		if _, left, size, err := parseReply(b); err == nil && (left < 0 || left > MostRemaining || size > mostStatus) {
			t.Errorf("%s remaining, %d bytes", left, size)
		}
		_, _ = parseChallenge(b)
	})
}
