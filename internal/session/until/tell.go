// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package until

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// verdict is what a process made of a message.
type verdict byte

const (
	accepted verdict = iota
	refusedMalformed
	refusedSignature
	refusedExpired
	refusedSuperseded
	refusedOver
)

// reasons are the verdicts in words. A spent number is not among them: a connection
// carries one message.
var reasons = map[verdict]error{
	refusedMalformed:  ErrMalformed,
	refusedSignature:  ErrSignature,
	refusedExpired:    ErrExpired,
	refusedSuperseded: ErrSuperseded,
	refusedOver:       ErrOver,
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// ErrNoReply is a message that was sent and not answered. After a revocation that is what
// success looks like now and then: the process may be gone before its reply is out.
var ErrNoReply = errors.New("no reply")

// Tell moves the end of the process behind conn to what remains, and returns what the
// process says remains. Nothing remaining is a revocation. The connection is used up.
//
// What remains is asked for when the process's number is there, and not before: what
// passes between the two would be given to the vendor.
func Tell(ctx context.Context, conn net.Conn, key ed25519.PrivateKey, window, pod string, remaining func() time.Duration) (time.Duration, error) {
	left, _, err := exchange(ctx, conn, key, window, pod, verbEnd, remaining)
	if err != nil {
		return 0, fmt.Errorf("telling pod %s of window %s its end: %w", pod, window, err)
	}
	return left, nil
}

// Ask returns what the process behind conn says about itself. The connection is used up.
func Ask(ctx context.Context, conn net.Conn, key ed25519.PrivateKey, window, pod string) (*Status, error) {
	none := func() time.Duration { return 0 }
	left, told, err := exchange(ctx, conn, key, window, pod, verbStatus, none)
	if err != nil {
		return nil, fmt.Errorf("asking pod %s of window %s for its status: %w", pod, window, err)
	}
	s := &Status{}
	if err := json.Unmarshal(told, s); err != nil {
		return nil, fmt.Errorf("reading the status of pod %s of window %s: %w", pod, window, err)
	}
	s.Remaining = left
	return s, nil
}

func exchange(ctx context.Context, conn net.Conn, key ed25519.PrivateKey, window, pod string, v verb, remaining func() time.Duration) (time.Duration, []byte, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })
	defer stop()
	left, told, err := talk(conn, key, window, pod, v, remaining)
	return left, told, errors.Join(err, context.Cause(ctx))
}

func talk(conn io.ReadWriter, key ed25519.PrivateKey, window, pod string, v verb, remaining func() time.Duration) (time.Duration, []byte, error) {
	b := make([]byte, challengeSize)
	if _, err := io.ReadFull(conn, b); err != nil {
		return 0, nil, fmt.Errorf("waiting for its number: %w", err)
	}
	nonce, err := parseChallenge(b)
	if err != nil {
		return 0, nil, err
	}
	left := remaining()
	if left > MostRemaining {
		return 0, nil, fmt.Errorf("%s remaining is more than %s", left, MostRemaining)
	}
	if _, err := conn.Write(sign(key, window, pod, nonce, v, left)); err != nil {
		return 0, nil, fmt.Errorf("sending the message: %w", err)
	}
	b = make([]byte, replySize)
	if _, err := io.ReadFull(conn, b); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrNoReply, err)
	}
	said, left, size, err := parseReply(b)
	if err != nil {
		return 0, nil, err
	}
	if said != accepted {
		return 0, nil, reason(said)
	}
	told := make([]byte, size)
	if _, err := io.ReadFull(conn, told); err != nil {
		return 0, nil, fmt.Errorf("reading its status: %w", err)
	}
	return left, told, nil
}

func reason(v verdict) error {
	if err, known := reasons[v]; known {
		return fmt.Errorf("refused: %w", err)
	}
	return fmt.Errorf("refused: verdict %d", v)
}
