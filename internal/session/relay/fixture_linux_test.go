// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package relay_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/relay"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

var everywhere = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// running is a relay that listens at a loopback address until it is stopped.
type running struct {
	*relay.Relay
	at   netip.Addr
	stop func() // and wait
}

// start runs a relay to the targets, one listening port for each, at the address.
func start(t *testing.T, at string, change func(*relay.Config), targets ...relay.Target) *running {
	t.Helper()
	c := relay.Config{
		Address: netip.MustParseAddr(at), Sources: everywhere, Targets: targets,
		MaxSessions: 100, FlowIdle: time.Minute, DialTimeout: patience,
	}
	if change != nil {
		change(&c)
	}
	r, err := relay.Listen(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	stop := func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return &running{Relay: r, at: c.Address, stop: stop}
}

// address is where the relay listens for target i.
func (r *running) address(i int) string {
	return netip.AddrPortFrom(r.at, r.Status().Targets[i].Listen).String()
}

// dial opens a TCP connection through the relay, from an address if there is one given.
func (r *running) dial(t *testing.T, i int, from ...string) *net.TCPConn {
	t.Helper()
	conn, err := r.tryDial(t, i, from...)
	if err != nil {
		t.Fatal(err)
	}
	return within(t, conn).(*net.TCPConn)
}

func (r *running) tryDial(t *testing.T, i int, from ...string) (net.Conn, error) {
	t.Helper()
	d := net.Dialer{Timeout: patience}
	for _, a := range from {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(a)}
	}
	return d.DialContext(t.Context(), "tcp", r.address(i))
}

// wantRefused expects that a connection to target 0 is reset at once, which may be so early that it
// never was one.
func (r *running) wantRefused(t *testing.T, from ...string) {
	t.Helper()
	conn, err := r.tryDial(t, 0, from...)
	if err == nil {
		_, err = within(t, conn).Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("from %v: %v instead of a reset", from, err)
	}
}

// flow opens a UDP socket connected to the relay.
func (r *running) flow(t *testing.T, i int, from ...string) *net.UDPConn {
	t.Helper()
	d := net.Dialer{}
	for _, a := range from {
		d.LocalAddr = &net.UDPAddr{IP: net.ParseIP(a)}
	}
	conn, err := d.DialContext(t.Context(), "udp", r.address(i))
	if err != nil {
		t.Fatal(err)
	}
	return within(t, conn).(*net.UDPConn)
}

// within ends what is done with the connection after a while, and closes it.
func within(t *testing.T, conn net.Conn) net.Conn {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// device is a TCP target whose connections the test holds.
type device struct {
	relay.Target
	conns chan *net.TCPConn
}

func newDevice(t *testing.T, at string) *device {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(at, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	d := &device{
		Target: relay.Target{Transport: relay.TCP, To: l.Addr().(*net.TCPAddr).AddrPort()},
		conns:  make(chan *net.TCPConn, 4096),
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			d.conns <- conn.(*net.TCPConn)
		}
	}()
	return d
}

func (d *device) accepted(t *testing.T) *net.TCPConn {
	t.Helper()
	select {
	case conn := <-d.conns:
		return within(t, conn).(*net.TCPConn)
	case <-time.After(patience):
		t.Fatal("no connection reached the target")
		return nil
	}
}

// pair is a connection through the relay, by both ends.
func (r *running) pair(t *testing.T, i int, d *device) (client, server *net.TCPConn) {
	t.Helper()
	client = r.dial(t, i)
	return client, d.accepted(t)
}

// echo is a target that sends back what it gets.
func echo(t *testing.T, transport relay.Transport, at string) relay.Target {
	t.Helper()
	if transport == relay.UDP {
		return relay.Target{Transport: relay.UDP, To: echoDatagrams(t, net.JoinHostPort(at, "0"))}
	}
	d := newDevice(t, at)
	go func() {
		for {
			select {
			case <-t.Context().Done():
				return
			case conn := <-d.conns:
				go func() {
					// Not the connection itself, which would be spliced and hold a pipe.
					_, _ = io.CopyBuffer(struct{ io.Writer }{conn}, struct{ io.Reader }{conn}, make([]byte, 4096))
					_ = conn.CloseWrite()
				}()
			}
		}
	}()
	return d.Target
}

func echoDatagrams(t *testing.T, address string) netip.AddrPort {
	t.Helper()
	p, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	conn := p.(*net.UDPConn)
	_ = conn.SetReadBuffer(4 << 20)
	go func() {
		b := make([]byte, 65535)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = conn.WriteToUDPAddrPort(b[:n], from)
		}
	}()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// eventually waits for what another goroutine is about to do.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in %s: %s", patience, what)
		}
	}
}

// wantReset expects that the connection was reset, after whatever was under way.
func wantReset(t *testing.T, who string, conn net.Conn) {
	t.Helper()
	if _, err := io.Copy(io.Discard, conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the %s sees %v instead of a reset", who, err)
	}
}

// openFiles counts what this process has open.
func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
