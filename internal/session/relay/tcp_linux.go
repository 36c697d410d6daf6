// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"

	"github.com/go-logr/logr"
	"golang.org/x/sys/unix"
)

var (
	errOver  = errors.New("the relay is over")
	errReset = errors.New("the connection was reset")
)

func (r *Relay) serveTCP(ctx context.Context, t *target) {
	for {
		conn, err := t.tcp.AcceptTCP()
		if err != nil {
			if !r.accepting(ctx, err) {
				return
			}
			continue
		}
		// From here on, however this process ends, nothing that it holds is delivered.
		_ = conn.SetLinger(0)
		from := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
		if !r.config.admits(from.Addr()) {
			r.refused.Add(1)
			_ = conn.Close()
			continue
		}
		s := r.open(t, from, r.config.Idle, conn)
		if s == nil {
			_ = conn.Close()
			continue
		}
		r.work.Go(func() { r.forward(ctx, s, conn) })
	}
}

// forward is the life of one connection.
func (r *Relay) forward(ctx context.Context, s *session, client *net.TCPConn) {
	defer r.close(s, logr.FromContextOrDiscard(ctx))
	server, err := r.dial(ctx, s.target)
	if err != nil {
		s.end(err.Error())
		return
	}
	if !s.adopt(server) {
		return
	}
	in, err := r.between(s, client, server, &s.toTarget, &s.target.toTarget)
	if err != nil {
		s.end(err.Error())
		return
	}
	out, err := r.between(s, server, client, &s.fromTarget, &s.target.fromTarget)
	if err != nil {
		s.end(err.Error())
		return
	}
	in.other, out.other = out, in
	done := make(chan struct{})
	r.work.Go(func() {
		defer close(done)
		in.run()
	})
	out.run()
	<-done
	// Both have said all they had to say. Whoever is closed now has to have it.
	in.flush()
	out.flush()
}

func (r *Relay) dial(ctx context.Context, t *target) (*net.TCPConn, error) {
	// From before it connects, for a relay may end between connecting and anything after.
	d := net.Dialer{Timeout: r.config.DialTimeout, Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		})
	}}
	d.SetMultipathTCP(false)
	conn, err := d.DialContext(ctx, "tcp", t.To.String())
	if err != nil {
		return nil, fmt.Errorf("connecting to the target: %w", err)
	}
	return conn.(*net.TCPConn), nil
}

// direction is one of the two of a connection. The functions are made once, so that what
// passes costs no memory.
type direction struct {
	relay     *Relay
	session   *session
	mine, all *atomic.Uint64
	to        *net.TCPConn
	src, dst  syscall.RawConn
	other     *direction
	finished  atomic.Bool // the end of the sender is being passed on

	read, write, drained func(fd uintptr) bool

	pipe *pipe
	n    int   // bytes in the pipe
	err  error // of read or write
}

func (r *Relay) between(s *session, from, to *net.TCPConn, mine, all *atomic.Uint64) (*direction, error) {
	d := &direction{relay: r, session: s, mine: mine, all: all, to: to}
	d.read, d.write, d.drained = d.fill, d.empty, d.acknowledged
	var err error
	if d.src, err = from.SyscallConn(); err != nil {
		return nil, err
	}
	d.dst, err = to.SyscallConn()
	return d, err
}

// run forwards until the sender ends, and passes that on. If anything goes wrong, the
// whole session does: a reset must not look like an end.
func (d *direction) run() {
	for {
		n, err := d.step()
		if err == nil && n == 0 {
			if err = d.finish(); err == nil {
				return
			}
		}
		if err != nil {
			d.session.end(err.Error())
			return
		}
	}
}

// finish passes on the end of the sender, if it is one. The kernel tells of a reset once,
// and who writes at that moment is the one to be told. Who reads then sees an end, but of
// a socket that is closed and not half closed, which only a whole connection is in order.
func (d *direction) finish() error {
	if !d.other.finished.Load() {
		if closed, err := d.closed(); closed || err != nil {
			return errors.Join(err, errReset)
		}
	}
	d.finished.Store(true)
	return d.to.CloseWrite()
}

// closed says whether the socket that is read from is in no connection any more.
func (d *direction) closed() (closed bool, err error) {
	failed := d.src.Control(func(fd uintptr) {
		closed, err = isClosed(fd)
	})
	return closed, errors.Join(failed, err)
}

func isClosed(fd uintptr) (bool, error) {
	info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return false, fmt.Errorf("reading the state of a connection: %w", err)
	}
	return info.State == unix.BPF_TCP_CLOSE, nil
}

// step forwards what there is, and returns 0 where the sender has ended.
func (d *direction) step() (int, error) {
	if err := errors.Join(d.src.Read(d.read), d.err); err != nil {
		d.dispose(false)
		return 0, err
	}
	n := d.n
	if n > 0 {
		if err := errors.Join(d.dst.Write(d.write), d.err); err != nil {
			d.dispose(false)
			return 0, err
		}
		d.session.passed(n, d.mine, d.all)
	}
	d.dispose(true)
	return n, nil
}

// dispose gives the pipe away, if there is one.
func (d *direction) dispose(clean bool) {
	switch {
	case d.pipe == nil:
		return
	case clean:
		d.relay.pipes.put(d.pipe)
	default:
		d.pipe.destroy()
	}
	d.pipe = nil
}

// fill moves data from the socket into a pipe. It reports false if there is none yet, and
// then holds no pipe while it waits.
func (d *direction) fill(fd uintptr) bool {
	if d.pipe, d.err = d.relay.pipes.get(); d.err != nil {
		return true
	}
	d.n, d.err = splice(int(fd), d.pipe.w, pipeSize)
	if errors.Is(d.err, unix.EAGAIN) {
		d.err = nil
		d.dispose(true)
		return false
	}
	return true
}

// empty moves data from the pipe into the socket. It reports false if the receiver has to
// read first.
func (d *direction) empty(fd uintptr) bool {
	for d.n > 0 {
		if d.relay.over.Load() {
			d.err = errOver
			return true
		}
		n, err := splice(d.pipe.r, int(fd), d.n)
		if errors.Is(err, unix.EAGAIN) {
			return false
		}
		if err != nil {
			d.err = err
			return true
		}
		d.n -= n
	}
	return true
}

func splice(from, to, most int) (int, error) {
	for {
		n, err := unix.Splice(from, nil, to, nil, most, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return int(n), err
	}
}

// flush waits until the receiver has acknowledged everything, the end included. The idle
// time and the end of the relay end the wait.
func (d *direction) flush() {
	_ = d.dst.Read(d.drained)
}

// acknowledged is asked again each time that something happens to the socket: the last
// acknowledgement moves it to another state, which counts, and so does a reset, after
// which what was not acknowledged never will be.
func (d *direction) acknowledged(fd uintptr) bool {
	waiting, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
	if err != nil || waiting == 0 {
		return true
	}
	closed, err := isClosed(fd)
	return closed || err != nil
}
