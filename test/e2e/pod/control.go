// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/until"
)

// Sizes of the exchange, which package until documents.
const (
	challengeSize = 4 + 1 + 32
	verdictAt     = 4 + 1
)

// dial connects to whom the test says.
func dial(address string) (net.Conn, error) {
	return net.Dial("tcp", address) //nolint:gosec // that is what an attacker does
}

// send answers with a message that was made for another number.
func send(args []string) error {
	message, err := hex.DecodeString(args[1])
	if err != nil {
		return err
	}
	conn, err := dial(args[0])
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadFull(conn, make([]byte, challengeSize)); err != nil {
		return fmt.Errorf("waiting for the number: %w", err)
	}
	if _, err := conn.Write(message); err != nil {
		return err
	}
	reply := make([]byte, verdictAt+1)
	if _, err := io.ReadFull(conn, reply); err != nil {
		return fmt.Errorf("waiting for the reply: %w", err)
	}
	if verdict := reply[verdictAt]; verdict != 0 {
		return fmt.Errorf("refused: verdict %d", verdict)
	}
	return nil
}

// forge speaks the whole protocol, but for the operator's key.
func forge(args []string) error {
	later, err := time.ParseDuration(args[3])
	if err != nil {
		return err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	conn, err := dial(args[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = until.Tell(ctx, conn, key, args[1], args[2], func() time.Duration { return later })
	return err
}

// occupy takes connections that others may need.
func occupy(args []string) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	var held []net.Conn
	for range n {
		conn, err := dial(args[0])
		if err != nil {
			return err
		}
		held = append(held, conn)
	}
	fmt.Println("occupied", len(held))
	time.Sleep(atMost)
	var errs []error
	for _, c := range held {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// beat is a server that talks.
func beat(args []string) error {
	l, err := net.Listen("tcp", ":"+args[0])
	if err != nil {
		return err
	}
	fmt.Println("listening")
	over := time.After(atMost)
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() { _ = push(conn, over) }()
	}
}
