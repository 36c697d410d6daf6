// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/session/until"
)

const (
	// controlPort is where a window's pod is told its end.
	controlPort = 7702
	// asksSessions is how often a pod is asked about its sessions.
	asksSessions = 5 * time.Second
	// tellsAgain is how soon a pod that could not be told its end is told again. It ends
	// by itself a minute after its start unless it is.
	tellsAgain = 250 * time.Millisecond
	// talksFor bounds one exchange.
	talksFor = 2 * time.Second
	// tellsOver is for how long a pod is told that it is over that does not hear it.
	tellsOver = time.Minute
	// countsFor is how long what a pod said of its sessions counts.
	countsFor = 30 * time.Second
)

// sessions tells the pods of open windows their end, and asks them who is in. Each pod has
// a goroutine of its own: one that does not answer keeps nobody waiting.
type sessions struct {
	// left is what remains until an end, 0 while nothing may run on.
	left  func(until time.Time) time.Duration
	dial  func(ctx context.Context, address string) (net.Conn, error)
	clock clock.Clock
	// changed brings a pass.
	changed chan event.GenericEvent

	mu   sync.Mutex
	open map[types.UID]*session
}

// session is what is known of the pod of one window.
type session struct {
	pod    windowPod
	window string
	key    ed25519.PrivateKey
	until  time.Time
	// told is the end that the pod has taken.
	told   time.Time
	status *until.Status
	asked  time.Time
	wake   chan struct{}
	cancel context.CancelFunc
	// last is when something passed last.
	last time.Time
}

func newSessions(c clock.Clock, left func(time.Time) time.Duration, changed chan event.GenericEvent) *sessions {
	var d net.Dialer
	return &sessions{
		clock: c, left: left, changed: changed, open: map[types.UID]*session{},
		dial: func(ctx context.Context, address string) (net.Conn, error) { return d.DialContext(ctx, "tcp", address) },
	}
}

// keep makes sure that the pod of a window is told this end. The context is that of the
// operator.
func (s *sessions) keep(ctx context.Context, window types.UID, pod windowPod, end time.Time, key ed25519.PrivateKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.open[window]
	if now != nil && now.pod.uid == pod.uid {
		if !now.until.Equal(end) {
			now.until = end
			now.nudge()
		}
		return
	}
	if now != nil {
		now.cancel()
	}
	ctx, cancel := context.WithCancel(ctx)
	next := &session{pod: pod, window: string(window), key: key, until: end, wake: make(chan struct{}, 1), cancel: cancel}
	s.open[window] = next
	go s.attend(ctx, next)
}

func (n *session) nudge() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// end stops attending to a window, and tells its pod that it is over, again until it hears
// it: its node may not. Nobody waits for the answer: the pod is deleted as well.
func (s *sessions) end(window types.UID) *windowPod {
	s.mu.Lock()
	n := s.open[window]
	delete(s.open, window)
	s.mu.Unlock()
	if n == nil {
		return nil
	}
	n.cancel()
	go s.tellOver(n)
	return &n.pod
}

// tellOver ends a pod. Its context is not the operator's, which may be ending.
func (s *sessions) tellOver(n *session) {
	ctx, cancel := context.WithTimeout(context.Background(), tellsOver)
	defer cancel()
	once := func() error {
		ctx, cancel := context.WithTimeout(ctx, talksFor)
		defer cancel()
		return s.tell(ctx, n, func() time.Duration { return 0 })
	}
	for once() != nil {
		select {
		case <-ctx.Done():
			return
		case <-s.clock.After(tellsAgain):
		}
	}
}

// attend tells and asks until the context ends.
func (s *sessions) attend(ctx context.Context, n *session) {
	for {
		wait := asksSessions
		if err := s.visit(ctx, n); err != nil {
			log.FromContext(ctx).V(1).Info("a window's pod does not answer", "pod", n.pod.name, "reason", err.Error())
			wait = tellsAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		case <-s.clock.After(wait):
		}
	}
}

// visit tells the end where it is not known yet, and asks for the sessions.
func (s *sessions) visit(ctx context.Context, n *session) error {
	ctx, cancel := context.WithTimeout(ctx, talksFor)
	defer cancel()
	s.mu.Lock()
	end, told := n.until, n.told
	s.mu.Unlock()
	if !told.Equal(end) {
		if err := s.tell(ctx, n, func() time.Duration { return s.left(end) }); err != nil {
			return err
		}
		s.mu.Lock()
		n.told = end
		s.mu.Unlock()
		s.news()
	}
	conn, err := s.dial(ctx, joinHostPort(n.pod.address, controlPort))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	status, err := until.Ask(ctx, conn, n.key, n.window, string(n.pod.uid))
	if err != nil {
		return err
	}
	s.note(n, status)
	return nil
}

func (s *sessions) tell(ctx context.Context, n *session, remaining func() time.Duration) error {
	conn, err := s.dial(ctx, joinHostPort(n.pod.address, controlPort))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = until.Tell(ctx, conn, n.key, n.window, string(n.pod.uid), remaining)
	if errors.Is(err, until.ErrNoReply) && remaining() == 0 {
		return nil
	}
	return err
}

// note keeps what a pod said, and brings a pass where people see a difference.
func (s *sessions) note(n *session, status *until.Status) {
	now := s.clock.Now()
	s.mu.Lock()
	before := live(n.status)
	first := n.status == nil
	n.status, n.asked = status, now
	for _, t := range status.Targets {
		if t.SinceLast == nil {
			continue
		}
		if at := now.Add(-time.Duration(*t.SinceLast) * time.Millisecond); at.After(n.last) {
			n.last = at
		}
	}
	s.mu.Unlock()
	if first || before != live(status) {
		s.news()
	}
}

func (s *sessions) news() {
	select {
	case s.changed <- event.GenericEvent{}:
	default:
	}
}

// live sessions: connections and flows through a relay, processes in a session pod.
func live(s *until.Status) int64 {
	if s == nil {
		return 0
	}
	n := int64(s.Processes)
	for _, t := range s.Targets {
		n += t.Live
	}
	return n
}

// heard is what is known of a window's sessions.
type heard struct {
	told     time.Time
	live     int64
	last     time.Time
	answered bool
}

func (s *sessions) heard(window types.UID) heard {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.open[window]
	if n == nil {
		return heard{}
	}
	return heard{told: n.told, live: live(n.status), last: n.last, answered: n.status != nil && s.clock.Since(n.asked) < countsFor}
}

// facts are what a decision needs. A session pod counts processes and no packets, so one
// with a process in it is not idle.
func (s *sessions) facts(window types.UID, now time.Time) access.Sessions {
	is := s.heard(window)
	out := access.Sessions{Counted: is.answered, LastPacket: is.last}
	if is.answered && is.last.IsZero() && is.live > 0 {
		out.LastPacket = now
	}
	return out
}

func joinHostPort(address string, port int32) string {
	return net.JoinHostPort(address, strconv.Itoa(int(port)))
}

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey {
	public, _ := key.Public().(ed25519.PublicKey)
	return public
}
