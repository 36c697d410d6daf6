// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// mostAccepted is how many connections a listener takes: others may come before
// ours, but nobody shall use up our file descriptors.
const mostAccepted = 64

// past is a deadline that is over.
var past = time.Unix(1, 0)

// nonce is what our dialler sends and our listener must see.
type nonce [16]byte

var errNoTime = errors.New("the time was over before it began")

// Errors of connecting. EACCES is ICMPv6 "administratively prohibited", and with
// EPERM a route or a filter in the pod's own namespace.
var (
	rejections = []error{unix.ECONNREFUSED, unix.ECONNRESET, unix.EACCES, unix.EPERM}
	drops      = []error{
		os.ErrDeadlineExceeded, unix.ETIMEDOUT, unix.EHOSTUNREACH, unix.ENETUNREACH,
		unix.EHOSTDOWN, unix.ENETDOWN, unix.ENONET, unix.ENOPROTOOPT, unix.EPROTO,
	}
)

// Connect listens at one end of an attempt, and only if that worked dials from the
// other, until the context ends. Both sockets are gone when it returns.
func (h *Hosts) Connect(ctx context.Context, a Attempt) (Outcome, error) {
	from, to, err := h.open(a)
	if err != nil {
		return "", err
	}
	defer closing(from)
	defer closing(to)
	at := netip.AddrPortFrom(a.To.Addr, a.Port)
	l, err := listen(to, at)
	if err != nil {
		return "", h.doubt(fmt.Errorf("listening at %s: %w", at, err))
	}
	var sent nonce
	_, _ = rand.Read(sent[:]) //nolint:forbidigo // ours, and nobody's guess; never fails
	s := serve(ctx, l, sent)
	defer s.close()
	outcome, err := dial(ctx, from, a.From.Addr, at, s.seen, sent)
	if err != nil {
		return "", h.doubt(fmt.Errorf("dialling from %s to %s: %w", a.From.Addr, at, err))
	}
	return outcome, nil
}

// doubt forgets what was read if the error says that it no longer holds.
func (h *Hosts) doubt(err error) error {
	if errors.Is(err, unix.EADDRNOTAVAIL) {
		h.forget()
	}
	return err
}

// server is a listener that waits for one number.
type server struct {
	listener *net.TCPListener
	sent     nonce
	seen     chan struct{} // closed when it came
	once     sync.Once
	stop     context.CancelFunc
	running  sync.WaitGroup
}

func serve(ctx context.Context, l *net.TCPListener, sent nonce) *server {
	ctx, stop := context.WithCancel(ctx)
	s := &server{listener: l, sent: sent, seen: make(chan struct{}), stop: stop}
	s.running.Go(func() {
		for range mostAccepted {
			c, err := l.AcceptTCP()
			if err != nil {
				return
			}
			s.running.Go(func() { s.read(ctx, c) })
		}
	})
	return s
}

func (s *server) read(ctx context.Context, c *net.TCPConn) {
	defer func() { _ = c.Close() }() // it was only read
	defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(past) })()
	var got nonce
	if _, err := io.ReadFull(c, got[:]); err == nil && got == s.sent {
		s.once.Do(func() { close(s.seen) })
	}
}

// close returns when nothing is left.
func (s *server) close() {
	s.stop()
	_ = s.listener.Close()
	s.running.Wait()
}

// listen opens a listener in a namespace.
func listen(ns int, at netip.AddrPort) (*net.TCPListener, error) {
	var file *os.File
	err := inside(ns, func() error {
		fd, err := bound(at)
		if err != nil {
			return err
		}
		file = os.NewFile(uintptr(fd), "listener")
		return os.NewSyscallError("listen", unix.Listen(fd, mostAccepted))
	})
	if file != nil {
		defer func() { _ = file.Close() }() // the listener has a copy
	}
	if err != nil {
		return nil, err
	}
	l, err := net.FileListener(file)
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

// dial connects from a namespace and sends the number. An error says that it could
// not be tried.
func dial(ctx context.Context, ns int, from netip.Addr, to netip.AddrPort, seen <-chan struct{}, sent nonce) (Outcome, error) {
	var file *os.File
	var started error
	err := inside(ns, func() error {
		fd, err := bound(netip.AddrPortFrom(from, 0))
		if err != nil {
			return err
		}
		started = unix.Connect(fd, sockaddr(to))
		file = os.NewFile(uintptr(fd), "dialler")
		return nil
	})
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // a reset
	if ctx.Err() != nil {
		return "", errNoTime
	}
	if errors.Is(started, unix.EINPROGRESS) {
		started = connected(ctx, file)
	}
	if started != nil {
		return outcomeOf(started)
	}
	if _, err := file.Write(sent[:]); err != nil {
		return Misdirected, nil // our listener would have taken it
	}
	select {
	case <-seen:
		return Passed, nil
	case <-ctx.Done():
		return Misdirected, nil
	}
}

// connected waits until a socket is connected, or returns why it is not.
func connected(ctx context.Context, file *os.File) error {
	defer context.AfterFunc(ctx, func() { _ = file.SetDeadline(past) })()
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = raw.Write(func(fd uintptr) bool {
		result = state(int(fd))
		return !errors.Is(result, unix.ENOTCONN) // it may be woken before it is decided
	})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		// On a busy node the connection can have come about and nobody was woken.
		late := raw.Control(func(fd uintptr) { result = state(int(fd)) })
		if late == nil && !errors.Is(result, unix.ENOTCONN) {
			return result
		}
	}
	return errors.Join(err, result)
}

// state is nil if a socket is connected, ENOTCONN while that is undecided, and else
// why it is not. The kernel says the reason once.
func state(fd int) error {
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if errno != 0 {
		return unix.Errno(errno)
	}
	_, err = unix.Getpeername(fd)
	return err
}

// outcomeOf says how a connection ended that did not come about.
func outcomeOf(err error) (Outcome, error) {
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case slices.ContainsFunc(rejections, is):
		return Rejected, nil
	case slices.ContainsFunc(drops, is):
		return Dropped, nil
	}
	return "", err
}

// bound is a non-blocking socket at an address of this thread's namespace. It fails
// if the address is not held there, and if the port is in use: nothing is shared.
func bound(at netip.AddrPort) (int, error) {
	family := unix.AF_INET
	if at.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	err = errors.Join(
		// Closing resets at once, or the port would wait for a minute. What is accepted
		// inherits this.
		unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}),
		// Without a port, one is taken when connecting.
		unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
	)
	if err == nil {
		err = os.NewSyscallError("bind", unix.Bind(fd, sockaddr(at)))
	}
	if err != nil {
		closing(fd)
		return -1, err
	}
	return fd, nil
}

func sockaddr(ap netip.AddrPort) unix.Sockaddr {
	if ap.Addr().Is6() {
		return &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()}
	}
	return &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
}
