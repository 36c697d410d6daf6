// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Overheard is what passes on the node's own network to a port, as somebody who records
// it has it: whole payloads of TCP segments.
type Overheard struct {
	mu  sync.Mutex
	all map[netip.Addr][][]byte
}

// Overhear records until the test ends.
func Overhear(t *testing.T, port uint16) *Overheard {
	t.Helper()
	every := int(binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL)))
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, every)
	if err != nil {
		t.Fatalf("listening to the network: %v", err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}); err != nil {
		t.Fatal(err)
	}
	o := &Overheard{all: map[netip.Addr][][]byte{}}
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		o.listen(fd, port, over)
	}()
	t.Cleanup(func() {
		close(over)
		<-done
		_ = unix.Close(fd)
	})
	return o
}

func (o *Overheard) listen(fd int, port uint16, over <-chan struct{}) {
	packet := make([]byte, 65536)
	for {
		select {
		case <-over:
			return
		default:
		}
		n, _, err := unix.Recvfrom(fd, packet, 0)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS):
		case err != nil:
			time.Sleep(time.Millisecond) // an interface went down
		default:
			o.take(packet[:n], port)
		}
	}
}

// take keeps what a packet carries if it is TCP over IPv4 to the port.
func (o *Overheard) take(packet []byte, port uint16) {
	const ip, tcp = 20, 20
	if len(packet) < ip+tcp || packet[0]>>4 != 4 || packet[9] != unix.IPPROTO_TCP {
		return
	}
	packet = packet[:min(len(packet), int(binary.BigEndian.Uint16(packet[2:])))]
	header := int(packet[0]&15) * 4
	if len(packet) < header+tcp {
		return
	}
	segment := packet[header:]
	offset := int(segment[12]>>4) * 4
	if binary.BigEndian.Uint16(segment[2:]) != port || offset >= len(segment) {
		return
	}
	to := netip.AddrFrom4([4]byte(packet[16:20]))
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[to] = append(o.all[to], slices.Clone(segment[offset:]))
}

// To is what was said to an address.
func (o *Overheard) To(a netip.Addr) [][]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all[a])
}
