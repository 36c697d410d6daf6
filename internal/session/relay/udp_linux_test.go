// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package relay_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/relay"
)

// TestEachClientGetsItsOwnAnswers: many flows at a time, sizes from nothing to the most.
func TestEachClientGetsItsOwnAnswers(t *testing.T) {
	for _, at := range []string{"127.0.0.1", "::1"} {
		const clients = 8
		r := start(t, at, nil, echo(t, relay.UDP, at))
		var all sync.WaitGroup
		for client := range clients {
			flow := r.flow(t, 0)
			all.Go(func() {
				got := make([]byte, 65535)
				for i, size := range []int{0, 1, 12, 1472, 9000, 65000} {
					b := random(size)
					if size >= 8 {
						binary.BigEndian.PutUint64(b, uint64(client*100+i))
					}
					if _, err := flow.Write(b); err != nil {
						t.Error(err)
						return
					}
					if n, err := flow.Read(got); err != nil || !bytes.Equal(got[:n], b) {
						t.Errorf("%s, client %d: %d bytes come back as %d, %v", at, client, size, n, err)
						return
					}
				}
			})
		}
		all.Wait()
		// A datagram is counted when it is on its way, so the last may have arrived before.
		const each = 1 + 12 + 1472 + 9000 + 65000
		eventually(t, "all are counted", func() bool {
			s := r.Status().Targets[0]
			return s.Live == clients && s.Total == clients && s.ToTarget == clients*each && s.FromTarget == clients*each
		})
	}
}

// TestAFlowSurvivesItsTarget: a device that restarts refuses datagrams meanwhile.
func TestAFlowSurvivesItsTarget(t *testing.T) {
	gone, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := gone.LocalAddr().String()
	_ = gone.Close()
	r := start(t, "127.0.0.1", nil, relay.Target{Transport: relay.UDP, To: netip.MustParseAddrPort(address)})
	flow := r.flow(t, 0)
	for range 5 {
		if _, err := flow.Write([]byte("anyone?")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
	}
	echoDatagrams(t, address)
	eventually(t, "the target answers", func() bool { return tries(flow, "now?") })
	if s := r.Status().Targets[0]; s.Live != 1 || s.Total != 1 {
		t.Errorf("the flow did not stay: %+v", s)
	}
}

// tries sends a datagram and says whether it comes back soon.
func tries(flow net.Conn, what string) bool {
	defer func() { _ = flow.SetDeadline(time.Now().Add(patience)) }()
	_ = flow.SetDeadline(time.Now().Add(200 * time.Millisecond))
	return roundTrip(flow, []byte(what)) == nil
}

// TestOnlyTheTargetAnswers: nobody else gets a word into a flow.
func TestOnlyTheTargetAnswers(t *testing.T) {
	seen := make(chan netip.AddrPort, 1)
	device, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	within(t, device)
	go func() {
		_, from, _ := device.ReadFromUDPAddrPort(make([]byte, 10))
		seen <- from
	}()
	r := start(t, "127.0.0.1", nil, relay.Target{Transport: relay.UDP, To: device.LocalAddr().(*net.UDPAddr).AddrPort()})
	flow := r.flow(t, 0)
	if _, err := flow.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	relayed := <-seen
	stranger, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(relayed))
	if err != nil {
		t.Fatal(err)
	}
	within(t, stranger)
	_, _ = stranger.Write([]byte("forged"))
	if _, err := device.WriteToUDPAddrPort([]byte("mine"), relayed); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10)
	if n, err := flow.Read(b); err != nil || string(b[:n]) != "mine" {
		t.Errorf("the client reads %q, %v", b[:n], err)
	}
}
