// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/zonewarden/zonewarden/internal/session/boot"
)

// session is one TCP connection through the relay, or one UDP flow.
type session struct {
	target *target
	client netip.AddrPort
	opened boot.Instant
	idle   time.Duration // zero is for ever
	last   atomic.Int64  // boot.Instant

	toTarget, fromTarget atomic.Uint64

	mu    sync.Mutex
	ended string // why; empty while it lives
	ends  []io.Closer
}

// open makes a session, or nil if there are enough, or the relay is over.
func (r *Relay) open(t *target, client netip.AddrPort, idle time.Duration, ends ...io.Closer) *session {
	s := &session{target: t, client: client, opened: boot.Now(), idle: idle, ends: ends}
	s.last.Store(int64(s.opened))
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.over.Load():
		return nil
	case len(r.sessions) >= r.config.MaxSessions:
		r.turnedAway.Add(1)
		return nil
	}
	r.sessions[s] = struct{}{}
	t.live.Add(1)
	t.total.Add(1)
	return s
}

// close forgets a session and leaves a line about it.
func (r *Relay) close(s *session, log logr.Logger) {
	s.end("closed")
	r.mu.Lock()
	delete(r.sessions, s)
	r.mu.Unlock()
	s.target.live.Add(-1)
	log.Info("session", "transport", s.target.Transport, "from", s.client.String(), "to", s.target.To.String(),
		"seconds", boot.Now().Sub(s.opened).Seconds(), "toTarget", s.toTarget.Load(), "fromTarget", s.fromTarget.Load(),
		"end", s.why())
}

// end closes what the session has open. The first reason counts.
func (s *session) end(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != "" {
		return
	}
	s.ended = why
	for _, c := range s.ends {
		_ = c.Close()
	}
}

func (s *session) why() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// adopt gives the session one more thing to close, which may be at once.
func (s *session) adopt(c io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != "" {
		_ = c.Close()
		return false
	}
	s.ends = append(s.ends, c)
	return true
}

// passed counts n bytes that went on, in the direction that mine and all count.
func (s *session) passed(n int, mine, all *atomic.Uint64) {
	now := int64(boot.Now())
	s.last.Store(now)
	s.target.last.Store(now)
	mine.Add(uint64(n)) //nolint:gosec // not negative
	all.Add(uint64(n))  //nolint:gosec // not negative
}
