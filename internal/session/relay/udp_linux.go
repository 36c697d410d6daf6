// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/go-logr/logr"
	"golang.org/x/sys/unix"
)

// datagram is as large as any.
type datagram [65535]byte

// datagrams are shared by the flows of all relays: a flow that waits holds none.
var datagrams = sync.Pool{New: func() any { return new(datagram) }}

// flows are those of one target, by client.
type flows struct {
	relay  *Relay
	target *target

	mu       sync.Mutex
	byClient map[netip.AddrPort]*flow
}

// flow is one client of a target, with a socket of its own towards it.
type flow struct {
	*session
	client netip.AddrPort // as the socket gave it, to answer to
	server *net.UDPConn
	raw    syscall.RawConn
	read   func(fd uintptr) bool

	relay *Relay
	err   error // of read
}

func (r *Relay) serveUDP(ctx context.Context, t *target) {
	all := &flows{relay: r, target: t, byClient: map[netip.AddrPort]*flow{}}
	var b datagram
	for {
		n, client, err := t.udp.ReadFromUDPAddrPort(b[:])
		switch {
		case err != nil && !r.accepting(ctx, err):
			return
		case err != nil:
		case !r.config.admits(client.Addr()):
			r.refused.Add(1)
		default:
			if f := all.of(ctx, client); f != nil {
				f.send(b[:n])
			}
		}
	}
}

// of returns the client's flow, which it makes if there is none, or nil if there can be
// none now.
func (all *flows) of(ctx context.Context, client netip.AddrPort) *flow {
	all.mu.Lock()
	defer all.mu.Unlock()
	if f := all.byClient[client]; f != nil {
		return f
	}
	f := &flow{client: client, relay: all.relay}
	f.session = all.relay.open(all.target, client, all.relay.config.FlowIdle)
	if f.session == nil {
		return nil
	}
	log := logr.FromContextOrDiscard(ctx)
	if err := f.dial(all.target.To); err != nil {
		f.end(err.Error())
		all.relay.close(f.session, log)
		return nil
	}
	all.byClient[client] = f
	all.relay.work.Go(func() {
		f.receive()
		all.mu.Lock()
		delete(all.byClient, client)
		all.mu.Unlock()
		all.relay.close(f.session, log)
	})
	return f
}

func (f *flow) dial(to netip.AddrPort) error {
	var err error
	if f.server, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to)); err != nil {
		return err
	}
	f.read = f.answer
	if f.raw, err = f.server.SyscallConn(); err != nil {
		_ = f.server.Close()
		return err
	}
	if !f.adopt(f.server) {
		return errOver
	}
	return nil
}

// send passes a datagram on. If it does not arrive, that is what datagrams are like: a
// target that restarts refuses them for a while, and the flow stays.
func (f *flow) send(b []byte) {
	if f.relay.over.Load() {
		return
	}
	if _, err := f.server.Write(b); err == nil {
		f.passed(len(b), &f.toTarget, &f.target.toTarget)
	}
}

// receive passes on what the target answers, until the flow is closed.
func (f *flow) receive() {
	for {
		if err := f.raw.Read(f.read); err != nil {
			return
		}
		if f.err != nil && !errors.Is(f.err, unix.ECONNREFUSED) && !errors.Is(f.err, unix.EINTR) {
			f.end(f.err.Error())
			return
		}
	}
}

// answer passes one datagram on. It reports false if there is none yet, and then holds no
// buffer while it waits.
func (f *flow) answer(fd uintptr) bool {
	b := datagrams.Get().(*datagram)
	defer datagrams.Put(b)
	n, err := unix.Read(int(fd), b[:])
	if errors.Is(err, unix.EAGAIN) {
		return false
	}
	f.err = err
	if err != nil || f.relay.over.Load() {
		return true
	}
	if _, err := f.target.udp.WriteToUDPAddrPort(b[:n], f.client); err == nil {
		f.passed(n, &f.fromTarget, &f.target.fromTarget)
	}
	return true
}
