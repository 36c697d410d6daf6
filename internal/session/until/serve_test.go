// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package until

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/session/boot"
)

// process is a control port with a clock that stands still until it is moved.
type process struct {
	*Server
	addr string
	now  atomic.Int64
}

func serve(t *testing.T) *process {
	t.Helper()
	p := &process{}
	p.now.Store(int64(start))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	ago := int64(12)
	p.Server = &Server{
		Noted:  func(net.Addr, error) {},
		Term:   begin(t, time.Minute),
		Now:    func() boot.Instant { return boot.Instant(p.now.Load()) },
		Random: rand.Reader,
		Status: func() Status {
			return Status{Targets: []Target{{Transport: "TCP", Listen: 502, To: "10.0.0.1:502", Live: 1, SinceLast: &ago}}}
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *process) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func remaining(d time.Duration) func() time.Duration {
	return func() time.Duration { return d }
}

func TestTellExtendsAndShortens(t *testing.T) {
	p := serve(t)
	for _, d := range []time.Duration{time.Hour, 2 * time.Hour, time.Minute, 0} {
		left, err := Tell(t.Context(), p.dial(t), operator, window, pod, remaining(d))
		if err != nil {
			t.Fatal(err)
		}
		if left != d || p.Term.End() != start.Add(d) {
			t.Errorf("told %s: %s remaining, the end is %s after the start", d, left, p.Term.End().Sub(start))
		}
	}
	if _, err := Tell(t.Context(), p.dial(t), operator, window, pod, remaining(time.Hour)); !errors.Is(err, ErrOver) {
		t.Errorf("an extension after the revocation: %v", err)
	}
}

func TestAskIsAnsweredToTheOperatorOnly(t *testing.T) {
	p := serve(t)
	s, err := Ask(t.Context(), p.dial(t), operator, window, pod)
	if err != nil {
		t.Fatal(err)
	}
	want := p.Status()
	want.Remaining = time.Minute
	if diff := cmp.Diff(&want, s); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if _, err := Ask(t.Context(), p.dial(t), keyOf(2), window, pod); !errors.Is(err, ErrSignature) {
		t.Errorf("asked with another key: %v", err)
	}
	// Not even a byte beyond the verdict.
	conn := p.dial(t)
	if _, err := io.ReadFull(conn, make([]byte, challengeSize)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(sign(keyOf(2), window, pod, Nonce{}, verbStatus, 0)); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(conn); err != nil || !bytes.Equal(b, formatReply(refusedSignature, 0, nil)) {
		t.Errorf("answered %x, %v", b, err)
	}
}

// seen is a connection that knows whether anything was read from it.
type seen struct {
	net.Conn
	read atomic.Bool
}

func (s *seen) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	s.read.Store(s.read.Load() || n > 0)
	return n, err
}

// TestWhatRemainsIsAskedForLast: a number that comes late must not add to the window.
func TestWhatRemainsIsAskedForLast(t *testing.T) {
	p := serve(t)
	conn := &seen{Conn: p.dial(t)}
	if _, err := Tell(t.Context(), conn, operator, window, pod, func() time.Duration {
		if !conn.read.Load() {
			t.Error("what remains is asked for before the number is there")
		}
		return time.Hour
	}); err != nil {
		t.Fatal(err)
	}
}

// TestIdlersGiveWay: whoever only occupies the port does not keep a revocation out.
func TestIdlersGiveWay(t *testing.T) {
	p := serve(t)
	for range 3 * mostConnections {
		p.dial(t)
	}
	if _, err := Tell(t.Context(), p.dial(t), operator, window, pod, remaining(0)); err != nil {
		t.Fatal(err)
	}
	if p.Term.End() != start {
		t.Error("not revoked")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.conns) > mostConnections {
		t.Errorf("%d connections are kept", len(p.conns))
	}
}

// TestAProcessThatDoesNotAnswer ends with the context and says so.
func TestAProcessThatDoesNotAnswer(t *testing.T) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = theirs.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Tell(ctx, ours, operator, window, pod, remaining(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("no answer: %v", err)
	}
}

func TestAProcessThatIsGoneBeforeItsReply(t *testing.T) {
	ours, theirs := net.Pipe()
	go func() {
		_, _ = theirs.Write(formatChallenge(nonceOf(1)))
		_, _ = io.ReadFull(theirs, make([]byte, requestSize))
		_ = theirs.Close()
	}()
	if _, err := Tell(t.Context(), ours, operator, window, pod, remaining(0)); !errors.Is(err, ErrNoReply) {
		t.Errorf("gone: %v", err)
	}
}

func TestAnEndThatIsTooFarIsNotSent(t *testing.T) {
	p := serve(t)
	if _, err := Tell(t.Context(), p.dial(t), operator, window, pod, remaining(MostRemaining+1)); err == nil {
		t.Error("sent")
	}
	if p.Term.End() != start.Add(time.Minute) {
		t.Error("the end moved")
	}
}

// TestEveryRefusalHasItsWord: what the operator reads is what the process meant.
func TestEveryRefusalHasItsWord(t *testing.T) {
	for v, want := range reasons {
		if got := verdictOf(want); got != v {
			t.Errorf("%v is told as verdict %d, not %d", want, got, v)
		}
	}
	if got := verdictOf(io.ErrUnexpectedEOF); got == accepted {
		t.Error("an unknown error is told as success")
	}
}
