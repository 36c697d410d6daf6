// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/zonewarden/zonewarden/internal/session/boot"
	"github.com/zonewarden/zonewarden/internal/session/until"
)

// Relay is made by Listen and works while Run does.
type Relay struct {
	config  Config
	targets []*target
	pipes   pipes

	over       atomic.Bool // nothing is forwarded any more
	refused    atomic.Uint64
	turnedAway atomic.Uint64
	work       sync.WaitGroup

	mu       sync.Mutex
	sessions map[*session]struct{}
}

// target is a Target that is listened for, and what passed to and from it.
type target struct {
	Target
	tcp *net.TCPListener
	udp *net.UDPConn

	live                 atomic.Int64
	total                atomic.Uint64
	toTarget, fromTarget atomic.Uint64
	last                 atomic.Int64 // boot.Instant; zero is never
}

// Listen opens all listening ports, or none. A port 0 becomes one that is free.
func Listen(ctx context.Context, config Config) (*Relay, error) {
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("configuring the relay: %w", err)
	}
	r := &Relay{config: config, sessions: map[*session]struct{}{}}
	for _, want := range config.Targets {
		t := &target{Target: want}
		if err := t.listen(ctx, config.Address); err != nil {
			r.closeListeners()
			return nil, fmt.Errorf("listening for %s: %w", want.To, err)
		}
		r.targets = append(r.targets, t)
	}
	return r, nil
}

func (t *target) listen(ctx context.Context, at netip.Addr) error {
	host := ""
	if at.IsValid() {
		host = at.String()
	}
	address := net.JoinHostPort(host, fmt.Sprint(t.Listen))
	var lc net.ListenConfig
	// Its subflows would come from addresses that nobody checked.
	lc.SetMultipathTCP(false)
	if t.Transport == TCP {
		l, err := lc.Listen(ctx, "tcp", address)
		if err != nil {
			return err
		}
		t.tcp = l.(*net.TCPListener)
		t.Listen = t.tcp.Addr().(*net.TCPAddr).AddrPort().Port()
		return nil
	}
	p, err := lc.ListenPacket(ctx, "udp", address)
	if err != nil {
		return err
	}
	t.udp = p.(*net.UDPConn)
	// As far as the node allows: all clients of the target share it.
	_ = t.udp.SetReadBuffer(4 << 20)
	t.Listen = t.udp.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	return nil
}

func (r *Relay) closeListeners() {
	for _, t := range r.targets {
		if t.tcp != nil {
			_ = t.tcp.Close()
		}
		if t.udp != nil {
			_ = t.udp.Close()
		}
	}
}

// Run forwards until the context ends. When it returns, all is closed. It may be called
// once.
func (r *Relay) Run(ctx context.Context) {
	for _, t := range r.targets {
		if t.Transport == TCP {
			r.work.Go(func() { r.serveTCP(ctx, t) })
		} else {
			r.work.Go(func() { r.serveUDP(ctx, t) })
		}
	}
	r.work.Go(func() { r.sweep(ctx) })
	<-ctx.Done()
	// First the flag, which every direction looks at before it writes: to close thousands
	// of connections takes a while.
	r.over.Store(true)
	r.closeListeners()
	r.mu.Lock()
	for s := range r.sessions {
		s.end("the relay ended")
	}
	r.mu.Unlock()
	r.work.Wait()
	r.pipes.close()
}

// sweep ends what is idle.
func (r *Relay) sweep(ctx context.Context) {
	shortest := r.config.FlowIdle
	if r.config.Idle > 0 {
		shortest = min(shortest, r.config.Idle)
	}
	every := time.NewTicker(min(max(shortest/8, time.Millisecond), time.Second))
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			r.endIdle(boot.Now())
		}
	}
}

func (r *Relay) endIdle(now boot.Instant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.sessions {
		if s.idle > 0 && now.Sub(boot.Instant(s.last.Load())) >= s.idle {
			s.end("idle")
		}
	}
}

// Status is what passed until now.
func (r *Relay) Status() until.Status {
	now := boot.Now()
	s := until.Status{Refused: r.refused.Load(), TurnedAway: r.turnedAway.Load()}
	for _, t := range r.targets {
		told := until.Target{
			Transport:  string(t.Transport),
			Listen:     t.Listen,
			To:         t.To.String(),
			Live:       t.live.Load(),
			Total:      t.total.Load(),
			ToTarget:   t.toTarget.Load(),
			FromTarget: t.fromTarget.Load(),
		}
		if last := t.last.Load(); last != 0 {
			ago := now.Sub(boot.Instant(last)).Milliseconds()
			told.SinceLast = &ago
		}
		s.Targets = append(s.Targets, told)
	}
	return s
}

// accepting says what to do about an error of accepting or reading: whether to go on.
func (r *Relay) accepting(ctx context.Context, err error) bool {
	if r.over.Load() || ctx.Err() != nil {
		return false
	}
	logr.FromContextOrDiscard(ctx).Error(err, "accepting")
	wait := time.NewTimer(20 * time.Millisecond)
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wait.C:
		return true
	}
}
