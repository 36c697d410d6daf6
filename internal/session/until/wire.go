// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package until

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Version of the exchange. The operator outlives pods and is upgraded under them, so it
// has to know every version that a running pod may speak.
const Version byte = 1

// MostRemaining is the longest that a message may ask for.
const MostRemaining = 366 * 24 * time.Hour

const (
	magic         = "ZWun"
	challengeSize = len(magic) + 1 + len(Nonce{})
	requestSize   = len(magic) + 1 + 1 + 8 + ed25519.SignatureSize
	replySize     = len(magic) + 1 + 1 + 8 + 4
	mostStatus    = 64 << 10
)

// Nonce is the number that a process draws for one message.
type Nonce [32]byte

// verb is what the operator wants.
type verb byte

const (
	verbEnd    verb = 1 // the end is moved to what remains
	verbStatus verb = 2 // nothing is changed
)

// request is what the operator sends.
type request struct {
	verb      verb
	remaining time.Duration
	signature []byte
}

// ErrMalformed is a message that is not of this protocol, or of a version of it that is
// not known here.
var ErrMalformed = errors.New("malformed message")

// text is what is signed. It starts with a sentence that no other text of ours starts
// with, so that a signature made here is of no use elsewhere, and says the length of all
// that has one, so that no two different messages make the same text.
func text(window, pod string, nonce Nonce, v verb, millis uint64) []byte {
	b := []byte("zonewarden.io: to a process in a window's pod\n")
	b = append(b, Version, byte(v))
	for _, s := range [...]string{window, pod} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, nonce[:]...)
	return binary.BigEndian.AppendUint64(b, millis)
}

func head() []byte {
	return append([]byte(magic), Version)
}

// behead checks size and head and returns the rest.
func behead(b []byte, size int) ([]byte, error) {
	switch {
	case len(b) != size:
		return nil, fmt.Errorf("%w: %d bytes instead of %d", ErrMalformed, len(b), size)
	case !bytes.HasPrefix(b, []byte(magic)):
		return nil, fmt.Errorf("%w: another protocol", ErrMalformed)
	case b[len(magic)] != Version:
		return nil, fmt.Errorf("%w: version %d, not %d", ErrMalformed, b[len(magic)], Version)
	}
	return b[len(magic)+1:], nil
}

// millis rounds down: what is lost on the way is lost to the vendor.
func millis(d time.Duration) uint64 {
	return uint64(max(d, 0) / time.Millisecond)
}

func sign(key ed25519.PrivateKey, window, pod string, nonce Nonce, v verb, remaining time.Duration) []byte {
	ms := millis(remaining)
	b := append(head(), byte(v))
	b = binary.BigEndian.AppendUint64(b, ms)
	return append(b, ed25519.Sign(key, text(window, pod, nonce, v, ms))...)
}

func parseRequest(b []byte) (request, error) {
	rest, err := behead(b, requestSize)
	if err != nil {
		return request{}, err
	}
	v := verb(rest[0])
	if v != verbEnd && v != verbStatus {
		return request{}, fmt.Errorf("%w: unknown verb %d", ErrMalformed, v)
	}
	ms := binary.BigEndian.Uint64(rest[1:])
	if ms > uint64(MostRemaining/time.Millisecond) {
		return request{}, fmt.Errorf("%w: more remaining than %s", ErrMalformed, MostRemaining)
	}
	return request{
		verb:      v,
		remaining: time.Duration(ms) * time.Millisecond,
		signature: rest[9:],
	}, nil
}

func formatChallenge(n Nonce) []byte {
	return append(head(), n[:]...)
}

func parseChallenge(b []byte) (Nonce, error) {
	rest, err := behead(b, challengeSize)
	if err != nil {
		return Nonce{}, err
	}
	return Nonce(rest), nil
}

func formatReply(v verdict, remaining time.Duration, status []byte) []byte {
	b := append(head(), byte(v))
	b = binary.BigEndian.AppendUint64(b, millis(remaining))
	b = binary.BigEndian.AppendUint32(b, uint32(len(status))) //nolint:gosec // at most mostStatus, see serve
	return append(b, status...)
}

// parseReply returns how many bytes of status follow.
func parseReply(b []byte) (v verdict, remaining time.Duration, size int, err error) {
	rest, err := behead(b, replySize)
	if err != nil {
		return 0, 0, 0, err
	}
	ms, n := binary.BigEndian.Uint64(rest[1:]), binary.BigEndian.Uint32(rest[9:])
	if ms > uint64(MostRemaining/time.Millisecond) || n > mostStatus {
		return 0, 0, 0, fmt.Errorf("%w: a reply out of range", ErrMalformed)
	}
	return verdict(rest[0]), time.Duration(ms) * time.Millisecond, int(n), nil
}
