// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package relay_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/session/boot"
	"github.com/zonewarden/zonewarden/internal/session/relay"
)

// TestTheEndEndsEverything, with sessions that talk, that are idle, that wait for a reader,
// that are half closed, that connect, and with datagrams.
func TestTheEndEndsEverything(t *testing.T) {
	files := openFiles(t)
	t.Run("sessions", func(t *testing.T) {
		d := newDevice(t, "127.0.0.1")
		r := start(t, "127.0.0.1", nil, d.Target, echo(t, relay.UDP, "127.0.0.1"), silent(t))
		talking, talkingServer := r.pair(t, 0, d)
		idle, idleServer := r.pair(t, 0, d)
		half, halfServer := r.pair(t, 0, d)
		stuck, stuckServer := r.pair(t, 0, d)
		_ = stuckServer.SetReadBuffer(4096)
		connecting, flow := r.dial(t, 2), r.flow(t, 1)
		_ = stuck.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		sent, _ := stuck.Write(make([]byte, 32<<20))
		if err := errors.Join(half.CloseWrite(), roundTrip(flow, []byte("x"))); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(talking, forever{}) }()
		begun := time.Now()
		r.stop()
		if took := time.Since(begun); took > patience/2 {
			t.Errorf("ending took %s", took)
		}
		eventually(t, "the target of who half closed is cut off", func() bool {
			_, err := halfServer.Write([]byte("x"))
			return err != nil
		})
		for who, conn := range map[string]net.Conn{
			"target of a connection that talks": talkingServer, "idle client": idle, "idle target": idleServer,
			"client that half closed": half, "client that is connecting": connecting,
		} {
			wantReset(t, who, conn)
		}
		if n, _ := io.Copy(io.Discard, stuckServer); n >= int64(sent) {
			t.Errorf("all %d bytes that waited are delivered after the end", n)
		}
		if tries(flow, "still there?") {
			t.Error("a datagram passes after the end")
		}
		if _, err := r.tryDial(t, 0); err == nil {
			t.Error("it listens after the end")
		}
		for _, s := range r.Status().Targets {
			if s.Live != 0 {
				t.Errorf("alive after the end: %+v", s)
			}
		}
	})
	eventually(t, "what was open is closed", func() bool { return openFiles(t) <= files })
}

// silent is a target that answers no SYN, because nobody accepts and its queue is full.
func silent(t *testing.T) relay.Target {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(at.(*unix.SockaddrInet4).Port))
	for range 10 {
		conn, err := net.DialTimeout("tcp", address.String(), 100*time.Millisecond)
		if err != nil {
			return relay.Target{Transport: relay.TCP, To: address}
		}
		within(t, conn)
	}
	t.Fatal("its queue is never full")
	return relay.Target{}
}

type forever struct{}

func (forever) Read(b []byte) (int, error) { return len(b), nil }

// TestThousandsOfConnections are alive at one time, each gets its own, and all end at once.
func TestThousandsOfConnections(t *testing.T) {
	const many = 1500
	r := start(t, "127.0.0.1", func(c *relay.Config) { c.MaxSessions = many }, echo(t, relay.TCP, "127.0.0.1"))
	files := openFiles(t)
	conns := make([]*net.TCPConn, many)
	for i := range conns {
		conns[i] = r.dial(t, 0)
		_ = conns[i].SetDeadline(time.Now().Add(time.Minute))
	}
	for round := range 2 {
		for i, conn := range conns {
			if err := roundTrip(conn, fmt.Appendf(nil, "round %d of client %d", round, i)); err != nil {
				t.Fatalf("client %d: %v", i, err)
			}
		}
	}
	if live := r.Status().Targets[0].Live; live != many {
		t.Errorf("%d are alive, not %d", live, many)
	}
	// Two here, two in the relay, one in the echo, and the pipes that are kept.
	if more := openFiles(t) - files; more > 4*many+200 {
		t.Errorf("%d idle connections hold %d files", many, more)
	}
	begun := boot.Now()
	r.stop()
	t.Logf("ended %d connections in %s", many, boot.Now().Sub(begun))
	for _, conn := range conns {
		wantReset(t, "client", conn)
	}
}

// TestWhatPassesCostsNoMemory: both transports, by the round trip.
func TestWhatPassesCostsNoMemory(t *testing.T) {
	tcp, udp := echo(t, relay.TCP, "127.0.0.1"), echo(t, relay.UDP, "127.0.0.1")
	r := start(t, "127.0.0.1", func(c *relay.Config) { c.Idle = time.Hour }, tcp, udp)
	for i, conn := range []net.Conn{r.dial(t, 0), r.flow(t, 1)} {
		out, in := make([]byte, 100), make([]byte, 100)
		n := testing.AllocsPerRun(500, func() {
			_, _ = conn.Write(out)
			_, _ = io.ReadFull(conn, in)
		})
		if n != 0 {
			t.Errorf("target %d: a round trip allocates %v times", i, n)
		}
	}
}
