// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Beat is the time between two messages of a stream in one direction, unless it is
// opened with another.
const Beat = 2 * time.Millisecond

// Stream is an open connection in which both ends push numbered messages on their own,
// whether or not the other end answers: as a PLC that publishes values would. It is
// watched in both directions.
type Stream struct {
	From, To *Host
	Port     Port
	// Up is from the one that opened it, Down is back.
	Up, Down Direction

	beat   time.Duration
	id     [8]byte
	conn   net.Conn
	back   atomic.Pointer[net.TCPConn] // the server's end
	served atomic.Bool
	done   chan struct{}
	close  sync.Once
}

// Direction is one direction of a stream, as its receiver sees it.
type Direction struct {
	mu      sync.Mutex
	first   time.Time
	last    time.Time
	next    uint64
	missing int
	longest time.Duration
}

func (d *Direction) arrived(n uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if d.first.IsZero() {
		d.first = now
	}
	if !d.last.IsZero() {
		d.longest = max(d.longest, now.Sub(d.last))
		if n > d.next {
			d.missing += int(n - d.next)
		}
	}
	d.last, d.next = now, n+1
}

// First is when the first message arrived, the zero time for never.
func (d *Direction) First() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.first
}

// Last is when the last message arrived.
func (d *Direction) Last() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

// Loss is how many messages never arrived although later ones did, and the longest
// time between two that did.
func (d *Direction) Loss() (missing int, longest time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.missing, d.longest
}

// Forget starts anew: nothing has arrived yet, and nothing is missing.
func (d *Direction) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first, d.missing, d.longest = time.Time{}, 0, 0
}

// streams that are open, by id. The servers of all hosts are goroutines of this
// process, so both ends of a stream are one value and share one clock.
var streams sync.Map

func streamOf(id []byte) *Stream {
	s, ok := streams.Load([8]byte(id))
	if !ok {
		return nil
	}
	return s.(*Stream)
}

// Open opens a stream to a server of another host, and returns when both directions
// flow.
func Open(from, to *Host, port Port) (*Stream, error) {
	return OpenAt(from, netip.AddrPortFrom(to.Address, port.Number), to, port, Beat)
}

// OpenAt is Open to an address that need not be the server's own, such as that of a relay
// to it.
func OpenAt(from *Host, at netip.AddrPort, to *Host, port Port, beat time.Duration) (*Stream, error) {
	s, err := knock(from, at, to, port, beat)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if !until(ctx, func() bool { return !s.Up.Last().IsZero() && !s.Down.Last().IsZero() }) {
		s.Close()
		return nil, fmt.Errorf("opening a stream from %s to %s %s: it does not flow both ways", from, to, port)
	}
	return s, nil
}

// Knock begins a stream that need not get through yet: packets that nobody lets pass
// are sent at every beat all the same. With TCP the connection must get through.
func Knock(from, to *Host, port Port, beat time.Duration) (*Stream, error) {
	return knock(from, netip.AddrPortFrom(to.Address, port.Number), to, port, beat)
}

func knock(from *Host, at netip.AddrPort, to *Host, port Port, beat time.Duration) (*Stream, error) {
	s := &Stream{From: from, To: to, Port: port, beat: beat, done: make(chan struct{})}
	binary.BigEndian.PutUint64(s.id[:], rand.Uint64())
	streams.Store(s.id, s)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := connect(ctx, from, at, port)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("opening a stream from %s to %s %s: %w", from, to, port, err)
	}
	s.conn = conn
	if packets, is := conn.(*net.UDPConn); is {
		if err := hold(packets); err != nil {
			s.Close()
			return nil, fmt.Errorf("opening a stream from %s to %s %s: %w", from, to, port, err)
		}
	}
	go s.push(s.sendUp())
	go s.receiveDown()
	return s, nil
}

// push sends a numbered message at each beat. What cannot be sent is lost, as it
// would be to a process whose buffer is full; a number that was not sent is not used.
func (s *Stream) push(send func(n uint64) error) {
	tick := time.NewTicker(s.beat)
	defer tick.Stop()
	for n := uint64(0); ; {
		select {
		case <-s.done:
			return
		case <-tick.C:
			if send(n) == nil {
				n++
			}
		}
	}
}

func (s *Stream) isPacket() bool { return s.Port.Transport == "UDP" }

// sendUp sends the client's messages: packets each with the stream's head, or one head
// and then numbers.
func (s *Stream) sendUp() func(uint64) error {
	head := append([]byte{kindStream}, s.id[:]...)
	first := true
	return func(n uint64) error {
		var message []byte
		if s.isPacket() || first {
			message = append(message, head...)
		}
		message = binary.BigEndian.AppendUint64(message, n)
		_ = s.conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, err := s.conn.Write(message)
		first = first && err != nil
		return err
	}
}

func (s *Stream) receiveDown() { receive(s.conn, &s.Down, s.isPacket()) }

// receive reads numbers until the connection is closed.
func receive(c net.Conn, d *Direction, packets bool) {
	buffer := make([]byte, 8)
	for {
		if _, err := io.ReadFull(c, buffer); err != nil {
			if packets && !isClosed(err) {
				continue // an ICMP error; packets may come again
			}
			return
		}
		d.arrived(binary.BigEndian.Uint64(buffer))
	}
}

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// Lost is how many packets of a TCP stream were lost on the way, in both directions: the
// kernels of the ends sent them again, less those of which the other end said that it
// had them already (a busy machine acknowledges late). Unlike a pause it does not depend
// on how busy the machine is.
func (s *Stream) Lost() (int, error) {
	total := 0
	up, _ := s.conn.(*net.TCPConn)
	for _, c := range []*net.TCPConn{up, s.back.Load()} {
		if c == nil {
			continue
		}
		raw, err := c.SyscallConn()
		if err != nil {
			return 0, err
		}
		var info *unix.TCPInfo
		var infoErr error
		err = raw.Control(func(fd uintptr) { info, infoErr = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
		if err := errors.Join(err, infoErr); err != nil {
			return 0, err
		}
		total += max(0, int(info.Total_retrans)-int(info.Dsack_dups))
	}
	return total, nil
}

// serveConnection is the server's end of a connection.
func (s *Stream) serveConnection(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		s.back.Store(tcp)
	}
	go func() {
		<-s.done
		_ = c.Close()
	}()
	go s.push(func(n uint64) error {
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		_, err := c.Write(binary.BigEndian.AppendUint64(nil, n))
		return err
	})
	receive(c, &s.Up, false)
}

// servePacket is the server's end of packets: the first one starts the push back.
func (s *Stream) servePacket(c *net.UDPConn, from netip.AddrPort, message []byte) {
	if len(message) == 8 {
		s.Up.arrived(binary.BigEndian.Uint64(message))
	}
	if s.served.CompareAndSwap(false, true) {
		go s.push(func(n uint64) error {
			_, err := c.WriteToUDPAddrPort(binary.BigEndian.AppendUint64(nil, n), from)
			return err
		})
	}
}

// Quiet says whether nothing has arrived in either direction for as long as that.
func (s *Stream) Quiet(d time.Duration) bool {
	return time.Since(s.Up.Last()) > d && time.Since(s.Down.Last()) > d
}

// Flows says whether both directions have had a message since then.
func (s *Stream) Flows(since time.Time) bool {
	return s.Up.Last().After(since) && s.Down.Last().After(since)
}

// Forget starts both directions anew.
func (s *Stream) Forget() {
	s.Up.Forget()
	s.Down.Forget()
}

// Close ends the stream.
func (s *Stream) Close() {
	s.close.Do(func() {
		close(s.done)
		if s.conn != nil {
			_ = s.conn.Close()
		}
		streams.Delete(s.id)
	})
}

func (s *Stream) String() string { return fmt.Sprintf("%s to %s %s", s.From, s.To, s.Port) }
