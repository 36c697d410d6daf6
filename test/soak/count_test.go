// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build soak

package soak

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"
)

// kind of client and server.
type kind string

const (
	kindTLS      kind = "TLS"
	kindOPCUA    kind = "OPC UA"
	kindPostgres kind = "PostgreSQL"
)

// shown is how many of the wrong ones are printed.
const shown = 20

// counts of one kind's handshakes: along conduits, and of strangers without one.
type counts struct {
	along, beside int
	failed, letIn []string
}

// tally counts by kind.
type tally struct {
	mu sync.Mutex
	of map[kind]*counts
}

// record counts one handshake. Along a conduit an error is a failure, without one it is what
// has to be.
func (c *tally) record(k kind, along bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[kind]*counts{}
	}
	n := c.of[k]
	if n == nil {
		n = &counts{}
		c.of[k] = n
	}
	at := time.Now().Format(time.StampMilli)
	switch {
	case along:
		n.along++
		if err != nil {
			n.failed = append(n.failed, fmt.Sprintf("%s %s: %v", at, k, err))
		}
	default:
		n.beside++
		if err == nil {
			n.letIn = append(n.letIn, fmt.Sprintf("%s %s: a stranger was let in", at, k))
		}
	}
}

// report prints a kind's figures, and fails where there are too few or wrong ones.
func (c *tally) report(t *testing.T, k kind, leaves, least int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.of[k]
	if n == nil {
		t.Fatalf("%s: no handshake", k)
	}
	t.Logf("%s: %d certificates replaced; %d mutual handshakes along conduits, %d failed; %d of strangers, %d let in, %d refused",
		k, leaves, n.along, len(n.failed), n.beside, len(n.letIn), n.beside-len(n.letIn))
	wrong := append(n.failed, n.letIn...)
	for _, why := range wrong[:min(len(wrong), shown)] {
		t.Error(why)
	}
	if n.along < 10*least || n.beside < least || leaves < least {
		t.Errorf("%s: too few to say anything", k)
	}
}

// freeAddress is one that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close() //nolint:errcheck // nobody connected
	return l.Addr().String()
}
