// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package relay_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/relay"
)

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// copies expects that what is written at one end is what is read at the other.
func copies(from, to *net.TCPConn, size int) error {
	b := random(size)
	sent := make(chan error, 1)
	go func() {
		_, err := from.Write(b)
		sent <- errors.Join(err, from.CloseWrite())
	}()
	got, err := io.ReadAll(to)
	if err := errors.Join(err, <-sent); err != nil {
		return err
	}
	if sha256.Sum256(got) != sha256.Sum256(b) {
		return errors.New("what arrives is not what was sent")
	}
	return nil
}

func TestBothDirectionsArriveWhole(t *testing.T) {
	const size = 6 << 20
	for _, at := range []string{"127.0.0.1", "::1"} {
		d := newDevice(t, at)
		r := start(t, at, nil, d.Target)
		client, server := r.pair(t, 0, d)
		back := make(chan error, 1)
		go func() { back <- copies(server, client, size+1) }()
		if err := errors.Join(copies(client, server, size), <-back); err != nil {
			t.Errorf("%s: %v", at, err)
		}
		eventually(t, "the session is over", func() bool { return r.Status().Targets[0].Live == 0 })
		if s := r.Status().Targets[0]; s.ToTarget != size || s.FromTarget != size+1 || s.Total != 1 || s.SinceLast == nil {
			t.Errorf("%s: counted %+v", at, s)
		}
	}
}

// TestFamiliesMayDiffer: a jump host that speaks IPv6 reaches a device that cannot.
func TestFamiliesMayDiffer(t *testing.T) {
	r := start(t, "::1", nil, echo(t, relay.TCP, "127.0.0.1"), echo(t, relay.UDP, "127.0.0.1"))
	for i, conn := range []net.Conn{r.dial(t, 0), r.flow(t, 1)} {
		if err := roundTrip(conn, []byte("hello")); err != nil {
			t.Errorf("target %d: %v", i, err)
		}
	}
}

func roundTrip(conn net.Conn, b []byte) error {
	if _, err := conn.Write(b); err != nil {
		return err
	}
	got := make([]byte, len(b))
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if !bytes.Equal(got, b) {
		return errors.New("what comes back is not what was sent")
	}
	return nil
}

func TestAHalfCloseIsPassedOn(t *testing.T) {
	d := newDevice(t, "127.0.0.1")
	r := start(t, "127.0.0.1", nil, d.Target)
	for _, first := range []string{"client", "target"} {
		client, server := r.pair(t, 0, d)
		one, other := client, server
		if first == "target" {
			one, other = server, client
		}
		if err := copies(one, other, 1<<20); err != nil { // ends with a half-close
			t.Errorf("the %s, which ends first: %v", first, err)
		}
		if err := copies(other, one, 1<<20); err != nil {
			t.Errorf("the other after the %s has ended: %v", first, err)
		}
	}
	eventually(t, "no session is left", func() bool { return r.Status().Targets[0].Live == 0 })
}

// TestAResetIsPassedOn: half a file must not look like a whole one.
func TestAResetIsPassedOn(t *testing.T) {
	d := newDevice(t, "127.0.0.1")
	r := start(t, "127.0.0.1", nil, d.Target)
	for _, first := range []string{"client", "target"} {
		client, server := r.pair(t, 0, d)
		one, other := client, server
		if first == "target" {
			one, other = server, client
		}
		if err := errors.Join(one.SetLinger(0), one.Close()); err != nil {
			t.Fatal(err)
		}
		wantReset(t, "peer of the "+first, other)
	}
}

// TestAResetIsPassedOnWhileThePeerWrites: the kernel tells one of the relay's two
// directions only.
func TestAResetIsPassedOnWhileThePeerWrites(t *testing.T) {
	d := newDevice(t, "127.0.0.1")
	r := start(t, "127.0.0.1", nil, d.Target)
	for range 50 {
		client, server := r.pair(t, 0, d)
		_ = server.SetReadBuffer(4096)
		_ = client.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		_, _ = io.Copy(client, forever{}) // until the relay can write no more
		_ = errors.Join(server.SetLinger(0), server.Close())
		wantReset(t, "client", client)
	}
}

func TestATargetThatRefuses(t *testing.T) {
	d := newDevice(t, "127.0.0.1")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := relay.Target{Transport: relay.TCP, To: l.Addr().(*net.TCPAddr).AddrPort()}
	_ = l.Close()
	r := start(t, "127.0.0.1", nil, nobody, d.Target)
	r.wantRefused(t)
	if client, server := r.pair(t, 1, d); copies(client, server, 10) != nil {
		t.Error("the other target suffers")
	}
}

// TestWhoIsNotListedIsRefused before a byte is read and before the target hears of it.
func TestWhoIsNotListedIsRefused(t *testing.T) {
	d := newDevice(t, "127.0.0.1")
	udp := echo(t, relay.UDP, "127.0.0.1")
	r := start(t, "127.0.0.1", func(c *relay.Config) {
		c.Sources = []netip.Prefix{netip.MustParsePrefix("127.0.0.2/31"), netip.MustParsePrefix("::1/128")}
	}, d.Target, udp)
	for i, from := range []string{"127.0.0.1", "127.0.0.4"} {
		r.wantRefused(t, from)
		flow := r.flow(t, 1, from)
		if _, err := flow.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		eventually(t, "both are counted", func() bool { return r.Status().Refused == uint64(2*(i+1)) })
	}
	for _, s := range r.Status().Targets {
		if s.Total != 0 || s.ToTarget != 0 {
			t.Errorf("a session of who is refused: %+v", s)
		}
	}
	for _, from := range []string{"127.0.0.2", "127.0.0.3"} {
		if err := roundTrip(r.flow(t, 1, from), []byte(from)); err != nil {
			t.Errorf("from %s: %v", from, err)
		}
		client := r.dial(t, 0, from)
		if err := copies(client, d.accepted(t), 10); err != nil {
			t.Errorf("from %s: %v", from, err)
		}
	}
	if len(d.conns) != 0 {
		t.Error("the target heard of who is refused")
	}
}

// TestIPv4SourcesOnADualStackPort: there, IPv4 addresses arrive as IPv6 ones.
func TestIPv4SourcesOnADualStackPort(t *testing.T) {
	tcp, udp := echo(t, relay.TCP, "127.0.0.1"), echo(t, relay.UDP, "127.0.0.1")
	r := start(t, "::", func(c *relay.Config) {
		c.Sources = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	}, tcp, udp)
	r.at = netip.MustParseAddr("127.0.0.1")
	if err := errors.Join(roundTrip(r.dial(t, 0), []byte("a")), roundTrip(r.flow(t, 1), []byte("b"))); err != nil {
		t.Errorf("from a source that is listed: %v", err)
	}
	r.at = netip.IPv6Loopback()
	r.wantRefused(t)
}

func TestNoMoreSessionsThanAllowed(t *testing.T) {
	tcp, udp := echo(t, relay.TCP, "127.0.0.1"), echo(t, relay.UDP, "127.0.0.1")
	r := start(t, "127.0.0.1", func(c *relay.Config) { c.MaxSessions = 2 }, tcp, udp)
	first, second := r.dial(t, 0), r.flow(t, 1)
	if err := errors.Join(roundTrip(first, []byte("a")), roundTrip(second, []byte("b"))); err != nil {
		t.Fatal(err)
	}
	r.wantRefused(t)
	if _, err := r.flow(t, 1).Write([]byte("c")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both are counted", func() bool { return r.Status().TurnedAway == 2 })
	if err := errors.Join(roundTrip(first, []byte("a")), roundTrip(second, []byte("b"))); err != nil {
		t.Errorf("those that live suffer: %v", err)
	}
	_ = first.Close()
	eventually(t, "the place is free", func() bool { return r.Status().Targets[0].Live == 0 })
	if err := roundTrip(r.dial(t, 0), []byte("d")); err != nil {
		t.Errorf("a session after one has ended: %v", err)
	}
}

func TestIdleSessionsEnd(t *testing.T) {
	const idle = time.Second
	tcp, udp := echo(t, relay.TCP, "127.0.0.1"), echo(t, relay.UDP, "127.0.0.1")
	r := start(t, "127.0.0.1", func(c *relay.Config) { c.Idle, c.FlowIdle = idle, idle }, tcp, udp)
	busy, quiet, flow := r.dial(t, 0), r.dial(t, 0), r.flow(t, 1)
	begun := time.Now() // before the last packet, so that what follows is not early by its own measure
	if err := errors.Join(roundTrip(quiet, []byte("x")), roundTrip(flow, []byte("x"))); err != nil {
		t.Fatal(err)
	}
	reset := make(chan time.Duration, 1)
	go func() {
		wantReset(t, "quiet one", quiet)
		reset <- time.Since(begun)
	}()
	for time.Since(begun) < 3*idle {
		if err := roundTrip(busy, []byte("x")); err != nil {
			t.Fatalf("a session that is in use: %v", err)
		}
		time.Sleep(idle / 20)
	}
	if took := <-reset; took < idle {
		t.Errorf("reset after %s, before the idle time", took)
	}
	eventually(t, "the flow is forgotten", func() bool { return r.Status().Targets[1].Live == 0 })
	if err := roundTrip(flow, []byte("again")); err != nil {
		t.Errorf("the client of a forgotten flow: %v", err)
	}
}

func TestWhoDoesNotReadStopsWhoWrites(t *testing.T) {
	d := newDevice(t, "127.0.0.1")
	r := start(t, "127.0.0.1", nil, d.Target)
	client, server := r.pair(t, 0, d)
	_ = client.SetWriteBuffer(64 << 10)
	_ = server.SetReadBuffer(64 << 10)
	_ = client.SetDeadline(time.Now().Add(300 * time.Millisecond))
	b := bytes.Repeat(random(4096), 8<<10)
	n, err := client.Write(b)
	if err == nil || n > 24<<20 {
		t.Fatalf("%d bytes were taken from the client while the target reads nothing: %v", n, err)
	}
	_ = client.SetDeadline(time.Now().Add(patience))
	sent := make(chan error, 1)
	go func() {
		_, err := client.Write(b[n:])
		sent <- errors.Join(err, client.CloseWrite())
	}()
	got, err := io.ReadAll(server)
	if err := errors.Join(err, <-sent); err != nil || !bytes.Equal(got, b) {
		t.Errorf("what was held back is not whole: %d of %d bytes, %v", len(got), len(b), err)
	}
}

// TestNothingOfOneSessionReachesAnother: sessions are cut off with data under way.
func TestNothingOfOneSessionReachesAnother(t *testing.T) {
	d := newDevice(t, "127.0.0.1")
	r := start(t, "127.0.0.1", nil, d.Target)
	secret := bytes.Repeat([]byte("secret"), 5<<20)
	for range 5 {
		client, server := r.pair(t, 0, d)
		_ = server.SetReadBuffer(4096)
		_ = client.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := client.Write(secret); err == nil {
			t.Fatal("nothing waits: the target took all of it")
		}
		_ = errors.Join(server.SetLinger(0), server.Close())
		wantReset(t, "client", client)
	}
	for range 10 {
		client, server := r.pair(t, 0, d)
		if err := copies(client, server, 100<<10); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnEndInOrderCostsNoData: the relay's sockets are set to throw away what is under
// way, and the last bytes are under way while the reader is slow.
func TestAnEndInOrderCostsNoData(t *testing.T) {
	d := newDevice(t, "127.0.0.1")
	r := start(t, "127.0.0.1", nil, d.Target)
	client, server := r.pair(t, 0, d)
	const size = 1 << 20 // fits into the buffers on the way
	b := random(size)
	if _, err := client.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(client.CloseWrite(), server.CloseWrite()); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(client); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all has left the client", func() bool { return r.Status().Targets[0].ToTarget == size })
	time.Sleep(50 * time.Millisecond) // long enough for a hasty close
	if got, err := io.ReadAll(server); err != nil || !bytes.Equal(got, b) {
		t.Errorf("%d of %d bytes arrive: %v", len(got), size, err)
	}
	eventually(t, "the session is over", func() bool { return r.Status().Targets[0].Live == 0 })
}

// TestAResetWhileTheLastBytesWait must not leave a session behind for ever.
func TestAResetWhileTheLastBytesWait(t *testing.T) {
	d := newDevice(t, "127.0.0.1")
	r := start(t, "127.0.0.1", nil, d.Target)
	client, server := r.pair(t, 0, d)
	_ = server.SetReadBuffer(4096)
	if _, err := client.Write(random(1 << 20)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(client.CloseWrite(), server.CloseWrite()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all has left the client", func() bool { return r.Status().Targets[0].ToTarget == 1<<20 })
	if _, err := io.ReadAll(client); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.SetLinger(0), server.Close()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the session is over", func() bool { return r.Status().Targets[0].Live == 0 })
}
