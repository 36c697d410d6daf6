// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package until

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/boot"
)

// mostConnections is how many exchanges there may be at one time. An honest one takes
// milliseconds.
const mostConnections = 64

// Server answers on a process's control port.
type Server struct {
	// Term is what the messages move.
	Term *Term
	// Now is the boot clock.
	Now func() boot.Instant
	// Random is where numbers are drawn from.
	Random io.Reader
	// Status is what the process tells about itself.
	Status func() Status
	// Noted hears of each exchange that moved the end, and of each that went wrong. The
	// address is nil where there was no connection.
	Noted func(from net.Addr, err error)

	mu    sync.Mutex
	conns []net.Conn // oldest first
}

// Serve answers until the context ends, and closes the listener. It does not wait for the
// exchanges that are under way: they end with the context.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("serving the control port: %w", err)
		case err != nil:
			// Such as too many open files: the operator will try again, and so do we.
			s.Noted(nil, fmt.Errorf("accepting on the control port: %w", err))
			pause(ctx, 50*time.Millisecond)
			continue
		}
		s.enter(conn)
		go s.serve(ctx, conn)
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// enter makes room: whoever came first has had the most time.
func (s *Server) enter(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= mostConnections {
		_ = s.conns[0].Close()
		s.conns = s.conns[1:]
	}
	s.conns = append(s.conns, conn)
}

func (s *Server) leave(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = slices.DeleteFunc(s.conns, func(c net.Conn) bool { return c == conn })
}

// serve holds one exchange. The time for all of it is the life of its number.
func (s *Server) serve(ctx context.Context, conn net.Conn) {
	defer s.leave(conn)
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(ctx, NonceLife)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })()
	if wantsStatus, err := s.exchange(conn); err != nil || !wantsStatus {
		s.Noted(conn.RemoteAddr(), err)
	}
}

func (s *Server) exchange(conn io.ReadWriter) (wantsStatus bool, err error) {
	// The clock first, then the number: the instant must not be later than the number.
	now := s.Now()
	var nonce Nonce
	if _, err := io.ReadFull(s.Random, nonce[:]); err != nil {
		return false, fmt.Errorf("drawing a number: %w", err)
	}
	c := s.Term.Challenge(nonce, now)
	if _, err := conn.Write(formatChallenge(nonce)); err != nil {
		return false, fmt.Errorf("sending the number: %w", err)
	}
	message := make([]byte, requestSize)
	if _, err := io.ReadFull(conn, message); err != nil {
		return false, fmt.Errorf("waiting for the message: %w", err)
	}
	wantsStatus, err = s.Term.Answer(c, message, s.Now())
	if _, err := conn.Write(s.reply(wantsStatus, err)); err != nil {
		return wantsStatus, fmt.Errorf("sending the reply: %w", err)
	}
	return wantsStatus, err
}

func (s *Server) reply(wantsStatus bool, err error) []byte {
	if err != nil {
		return formatReply(verdictOf(err), 0, nil)
	}
	var status []byte
	if wantsStatus {
		// Marshals always: numbers and strings.
		status, _ = json.Marshal(s.Status())
	}
	if len(status) > mostStatus {
		status = []byte("{}")
	}
	return formatReply(accepted, s.Term.End().Sub(s.Now()), status)
}

func verdictOf(err error) verdict {
	for v, known := range reasons {
		if errors.Is(err, known) {
			return v
		}
	}
	return refusedMalformed
}
