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
	"time"

	"golang.org/x/sys/unix"
)

// Port is a port of a transport, "TCP" or "UDP".
type Port struct {
	Transport string
	Number    uint16
}

// TCP and UDP make ports.
func TCP(n uint16) Port { return Port{"TCP", n} }

// UDP is a port of that transport.
func UDP(n uint16) Port { return Port{"UDP", n} }

func (p Port) String() string { return fmt.Sprintf("%d/%s", p.Number, p.Transport) }

func (p Port) network() string {
	if p.Transport == "UDP" {
		return "udp4"
	}
	return "tcp4"
}

// Host is somebody who can open and answer connections: a pod, a device of the plant,
// or the node.
type Host struct {
	// Name is namespace/name of a pod, or what a device is called.
	Name    string
	Address netip.Addr
	// Labels of a pod.
	Labels map[string]string
	// namespace is the file of the host's network namespace.
	namespace string
	device    bool

	mu      sync.Mutex
	servers map[Port]io.Closer
}

func (h *Host) String() string { return h.Name }

// IsPod says whether policies of the cluster select it.
func (h *Host) IsPod() bool { return !h.device && h.Labels != nil }

// Outcome is what became of a try to connect.
type Outcome struct {
	Passed bool
	// Source is the address that the server saw, where it passed.
	Source netip.Addr
	// Err says why it did not pass.
	Err  error
	Took time.Duration
}

// kinds of connection, the first byte that a client sends.
const (
	kindEcho   = 'e'
	kindStream = 's'
)

// Dial opens a connection to a server of another host and waits for its answer, at
// most for patience. The server must have been started by Serve.
func Dial(from, to *Host, port Port, patience time.Duration) Outcome {
	return DialAddress(from, netip.AddrPortFrom(to.Address, port.Number), port, patience)
}

// DialAddress is Dial to an address that need not be the server's own.
func DialAddress(from *Host, to netip.AddrPort, port Port, patience time.Duration) Outcome {
	start := time.Now()
	source, err := exchange(from, to, port, patience)
	return Outcome{Passed: err == nil, Source: source, Err: err, Took: time.Since(start)}
}

// exchange sends a number that only this call knows, and expects it back with the
// address that the server saw.
func exchange(from *Host, to netip.AddrPort, port Port, patience time.Duration) (netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := connect(ctx, from, to, port)
	if err != nil {
		return netip.Addr{}, err
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return netip.Addr{}, err
	}
	question := binary.BigEndian.AppendUint64([]byte{kindEcho}, rand.Uint64())
	if _, err := conn.Write(question); err != nil {
		return netip.Addr{}, err
	}
	answer := make([]byte, 8+4)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return netip.Addr{}, err
	}
	if [8]byte(answer[:8]) != [8]byte(question[1:]) {
		return netip.Addr{}, errors.New("somebody else answered")
	}
	return netip.AddrFrom4([4]byte(answer[8:])), nil
}

// connect makes a connected socket in the namespace and from the address of a host.
func connect(ctx context.Context, from *Host, to netip.AddrPort, port Port) (net.Conn, error) {
	var conn net.Conn
	err := inside(from.namespace, func() (err error) {
		d := net.Dialer{}
		if from.device {
			d.LocalAddr = localAddress(from.Address, port)
		}
		conn, err = d.DialContext(ctx, port.network(), to.String())
		return err
	})
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Nothing that is over stays behind in the tables of the node.
		_ = tcp.SetLinger(0)
	}
	return conn, err
}

func localAddress(a netip.Addr, port Port) net.Addr {
	if port.Transport == "UDP" {
		return net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0))
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 0))
}

// Serve answers on these ports until the host is removed. Ports that are served
// already are left alone.
func (h *Host) Serve(ports ...Port) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.servers == nil {
		h.servers = map[Port]io.Closer{}
	}
	for _, p := range ports {
		if h.servers[p] != nil {
			continue
		}
		server, err := h.serve(p)
		if err != nil {
			return fmt.Errorf("serving %s on %s: %w", p, h.Name, err)
		}
		h.servers[p] = server
	}
	return nil
}

// StopServing closes every server of the host.
func (h *Host) StopServing() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.servers {
		_ = s.Close()
	}
	h.servers = nil
}

func (h *Host) serve(p Port) (io.Closer, error) {
	at := netip.AddrPortFrom(h.Address, p.Number).String()
	var server io.Closer
	err := inside(h.namespace, func() error {
		if p.Transport == "UDP" {
			c, err := net.ListenPacket("udp4", at)
			if err != nil {
				return err
			}
			server = c
			go answerPackets(c.(*net.UDPConn))
			return hold(c.(*net.UDPConn))
		}
		l, err := net.Listen("tcp4", at)
		if err != nil {
			return err
		}
		server = l
		go answerConnections(l)
		return nil
	})
	return server, err
}

// held is how many bytes of packets wait for somebody whom a busy machine does not come
// round to: what then overflowed would look like what a policy dropped.
const held = 16 << 20

func hold(c *net.UDPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, held) })
	return errors.Join(err, set)
}

func answerConnections(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // closed
		}
		go answerConnection(c)
	}
}

// answerConnection gives an echo and hangs up, or gives the connection to the stream
// that it belongs to.
func answerConnection(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	head := make([]byte, 9)
	if _, err := io.ReadFull(c, head); err != nil {
		_ = c.Close()
		return
	}
	if head[0] == kindStream {
		_ = c.SetReadDeadline(time.Time{})
		if s := streamOf(head[1:]); s != nil {
			s.serveConnection(c)
			return
		}
	}
	source, _ := netip.ParseAddrPort(c.RemoteAddr().String())
	peer := source.Addr().Unmap().As4()
	_, _ = c.Write(append(head[1:], peer[:]...))
	// The client hangs up first, so that its answer is not reset away.
	_, _ = io.Copy(io.Discard, c)
	_ = c.Close()
}

func answerPackets(c *net.UDPConn) {
	buffer := make([]byte, 2048)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n < 9 {
			continue // an ICMP error of an earlier answer
		}
		if buffer[0] == kindStream {
			if s := streamOf(buffer[1:9]); s != nil {
				s.servePacket(c, from, buffer[9:n])
			}
			continue
		}
		peer := from.Addr().Unmap().As4()
		_, _ = c.WriteToUDPAddrPort(append(append([]byte{}, buffer[1:9]...), peer[:]...), from)
	}
}
