// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package syslog sends messages to a receiver over TLS (RFC 5425): the heads of the audit
// trail, and transitions for the alarm list of a SCADA.
//
// The contract:
//
//   - Send never waits, whatever the receiver does. Messages wait in a queue of bounded length;
//     when it is full the oldest is dropped and counted, because a later head vouches for
//     all that was before it.
//   - Messages leave in the order in which they came, each with its length before it (octet
//     counting, RFC 5425, section 4.3).
//   - The protocol acknowledges nothing: what a broken connection had taken may be lost.
//     So the last messages are sent again after each new connection, and a
//     receiver may get one twice. A message of the trail says its sequence, by which the
//     receiver knows it again, and knows which one it never got.
//   - A connection that the receiver ends is noticed at once, not by the next message.
//   - The receiver is authenticated by the certificates in TLS, and we are where it names
//     one of ours. There is no way without (RFC 5425, section 5).
package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

const (
	// DefaultQueue holds an hour of a busy site.
	DefaultQueue = 1024
	// again is how many messages are sent once more after a connection broke.
	again = 16
	// patience bounds connecting, and writing one message.
	patience = 10 * time.Second
	// A receiver that is away is tried again after firstWait, then twice as late up to
	// lastWait.
	firstWait, lastWait = time.Second, time.Minute
)

// Options say where to.
type Options struct {
	// Address is host:port; 6514 is the port that is assigned.
	Address string
	// TLS has the authorities that are trusted and our own certificate. ServerName is the
	// address's host where it is empty.
	TLS *tls.Config
	// Queue bounds the messages that wait. 0 is DefaultQueue.
	Queue int
	// Clock is the real one where it is nil.
	Clock clock.Clock
	// Report is told when the connection is made (nil) and why one was not or broke. It
	// must not block.
	Report func(error)
}

// Sender sends to one receiver while Run runs.
type Sender struct {
	options Options
	wake    chan struct{}

	mu    sync.Mutex
	queue [][]byte
	stats Stats
}

// Stats count since the start.
type Stats struct {
	// Queued wait now.
	Queued int
	// Sent were given to a connection, those that were sent again not counted.
	Sent uint64
	// Lost were dropped because the queue was full.
	Lost uint64
	// Connected says that there is a connection.
	Connected bool
}

// New gives a Sender, which queues until Run is called.
func New(o Options) *Sender {
	if o.Queue <= 0 {
		o.Queue = DefaultQueue
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
	return &Sender{options: o, wake: make(chan struct{}, 1)}
}

// Send queues a message, which must not be changed any more, and never waits. An empty one
// has no frame (RFC 5425, section 4.3) and is none.
func (s *Sender) Send(message []byte) {
	if len(message) == 0 {
		return
	}
	s.mu.Lock()
	if len(s.queue) >= s.options.Queue {
		s.queue[0] = nil
		s.queue = s.queue[1:]
		s.stats.Lost++
	}
	s.queue = append(s.queue, message)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Stats are the present ones.
func (s *Sender) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Queued = len(s.queue)
	return st
}

// Run connects and sends until ctx ends.
func (s *Sender) Run(ctx context.Context) {
	var last [][]byte
	wait := firstWait
	for ctx.Err() == nil {
		conn, err := s.connect(ctx)
		if err == nil {
			s.connected(true)
			wait = firstWait
			last, err = s.serve(ctx, conn, last)
			s.connected(false)
		}
		if ctx.Err() != nil {
			return
		}
		s.options.Report(err)
		timer := s.options.Clock.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C():
		}
		timer.Stop()
		wait = min(2*wait, lastWait)
	}
}

func (s *Sender) connected(yes bool) {
	s.mu.Lock()
	s.stats.Connected = yes
	s.mu.Unlock()
	if yes {
		s.options.Report(nil)
	}
}

var errNoTLS = errors.New("sending by syslog: no TLS is configured")

func (s *Sender) connect(ctx context.Context) (net.Conn, error) {
	if s.options.TLS == nil {
		return nil, errNoTLS
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return (&tls.Dialer{Config: s.options.TLS}).DialContext(ctx, "tcp", s.options.Address)
}

// serve sends over one connection until it breaks, beginning with the last messages of
// the one before. It gives those of this one.
func (s *Sender) serve(ctx context.Context, conn net.Conn, last [][]byte) ([][]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	defer func() {
		cancel(nil)
		// Ends the reader. The write before may have failed: there is no more to say.
		_ = conn.Close()
		<-ended
	}()
	go func() {
		defer close(ended)
		cancel(errEnded(conn))
	}()
	for _, m := range last {
		if err := s.write(ctx, conn, m); err != nil {
			return last, err
		}
	}
	for {
		if ctx.Err() != nil {
			return last, context.Cause(ctx)
		}
		m, ok := s.next()
		if !ok {
			select {
			case <-ctx.Done():
				return last, context.Cause(ctx)
			case <-s.wake:
			}
			continue
		}
		// Before it is written: what fails midway is sent again whole.
		last = append(last[max(0, len(last)-again+1):len(last):len(last)], m)
		if err := s.write(ctx, conn, m); err != nil {
			return last, err
		}
	}
}

// errEnded waits until the receiver ends the connection. It has nothing to tell us, and
// whatever it sends is read and forgotten.
func errEnded(conn net.Conn) error {
	if _, err := io.Copy(io.Discard, conn); err != nil {
		return err
	}
	return io.EOF
}

func (s *Sender) next() ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil, false
	}
	m := s.queue[0]
	s.queue[0] = nil
	s.queue = s.queue[1:]
	s.stats.Sent++
	return m, true
}

// write writes one message in its frame. A receiver that takes nothing is given up.
func (s *Sender) write(ctx context.Context, conn net.Conn, m []byte) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	frame := append(strconv.AppendInt(nil, int64(len(m)), 10), ' ')
	_, err := conn.Write(append(frame, m...))
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
