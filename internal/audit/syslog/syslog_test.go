// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package syslog_test

import (
	"context"
	"crypto/tls"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/clock"

	"github.com/zonewarden/zonewarden/internal/audit/syslog"
)

func TestSends(t *testing.T) {
	a := newAuthority(t)
	r := newReceiver(t, a.config("receiver"))
	s, reports := start(t, syslog.Options{Address: r.address, TLS: a.config("site")})
	if err := report(t, reports); err != nil {
		t.Fatal(err)
	}
	want := numbers(1, 100)
	s.Send(nil)
	send(s, want)
	if diff := cmp.Diff(want, r.await(want[99])); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(syslog.Stats{Sent: 100, Connected: true}, s.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

// A receiver that goes and comes back gets all, and the last of before once more.
func TestReconnects(t *testing.T) {
	a := newAuthority(t)
	r := newReceiver(t, a.config("receiver"))
	q := &quick{Clock: clock.RealClock{}}
	s, reports := start(t, syslog.Options{Address: r.address, TLS: a.config("site"), Clock: q})
	if err := report(t, reports); err != nil {
		t.Fatal(err)
	}
	before := numbers(1, 20)
	send(s, before)
	r.await(before[19])
	r.stop()
	// Noticed without a message, and tried again.
	for range 4 {
		if err := report(t, reports); err == nil {
			t.Fatal("connects to nobody")
		}
	}
	if s.Stats().Connected {
		t.Error("is connected to nobody")
	}
	after := numbers(21, 40)
	send(s, after)
	r.listen()
	if diff := cmp.Diff(append(before[4:], after...), r.await(after[19])); diff != "" {
		t.Errorf("received after the break (-want +got):\n%s", diff)
	}
	if st := s.Stats(); st.Lost != 0 || st.Sent != 40 || !st.Connected {
		t.Errorf("stats: %+v", st)
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, q.all()[:3]); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
	for report(t, reports) != nil {
	}
	r.cut()
	if err := report(t, reports); err == nil {
		t.Error("a broken connection is not told")
	}
	for report(t, reports) != nil {
	}
	waits := q.all()
	if w := waits[len(waits)-1]; w != time.Second {
		t.Errorf("after a connection that worked it waits %s", w)
	}
}

// Nobody there, or one who takes nothing: Send returns, what is too much is counted, and
// the newest is kept.
func TestNeverBlocks(t *testing.T) {
	a := newAuthority(t)
	stuck, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stuck.Close() }()
	s, _ := start(t, syslog.Options{Address: stuck.Addr().String(), TLS: a.config("site"), Queue: 10})
	began := time.Now()
	send(s, numbers(1, 10_000))
	if took := time.Since(began); took > time.Second {
		t.Errorf("sending took %s", took)
	}
	if diff := cmp.Diff(syslog.Stats{Queued: 10, Lost: 9990}, s.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	away := syslog.New(syslog.Options{Queue: 3})
	send(away, numbers(1, 5))
	if st := away.Stats(); st.Queued != 3 || st.Lost != 2 {
		t.Errorf("stats: %+v", st)
	}
}

func TestTheNewestAreKept(t *testing.T) {
	a := newAuthority(t)
	r := newReceiver(t, a.config("receiver"))
	s := syslog.New(syslog.Options{Address: r.address, TLS: a.config("site"), Queue: 3})
	want := numbers(1, 5)
	send(s, want)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	defer func() { cancel(); running.Wait() }()
	if diff := cmp.Diff(want[2:], r.await(want[4])); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
}

// Whom no authority of ours vouches for gets nothing, nor does one by another name, and one
// who does not know us takes nothing.
func TestAuthenticates(t *testing.T) {
	a, foreign := newAuthority(t), newAuthority(t)
	known := newReceiver(t, a.config("receiver"))
	other := newReceiver(t, foreign.config("receiver"))
	misnamed := a.config("site")
	misnamed.ServerName = "another"
	old := a.config("receiver")
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	ancient := newReceiver(t, old)
	for name, o := range map[string]syslog.Options{
		"a receiver that is not known": {Address: other.address, TLS: a.config("site")},
		"a receiver by another name":   {Address: known.address, TLS: misnamed},
		"an old TLS":                   {Address: ancient.address, TLS: a.config("site")},
		"no TLS":                       {Address: known.address},
	} {
		s, reports := start(t, o)
		s.Send([]byte("secret"))
		if err := report(t, reports); err == nil {
			t.Errorf("%s: connects", name)
		}
		if st := s.Stats(); st.Queued != 1 || st.Sent != 0 {
			t.Errorf("%s: stats %+v", name, st)
		}
	}
	unknown := foreign.config("site")
	unknown.RootCAs = a.pool()
	_, reports := start(t, syslog.Options{Address: known.address, TLS: unknown})
	for range 2 {
		if err := report(t, reports); err != nil {
			break
		}
	}
	select {
	case m := <-known.messages:
		t.Errorf("received %q", m)
	default:
	}
}

// Run ends when it is told to, also in the middle of a message that nobody takes.
func TestEnds(t *testing.T) {
	a := newAuthority(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", a.config("receiver"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	var serving sync.WaitGroup
	hold := make(chan struct{})
	serving.Go(func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		_ = c.(*tls.Conn).Handshake()
		<-hold
	})
	connected := make(chan error, 10)
	s := syslog.New(syslog.Options{Address: l.Addr().String(), TLS: a.config("site"), Report: func(err error) { connected <- err }})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	if err := report(t, connected); err != nil {
		t.Fatal(err)
	}
	s.Send(make([]byte, 64<<20))
	for began := time.Now(); s.Stats().Sent == 0 && time.Since(began) < patience; {
		runtime.Gosched()
	}
	cancel()
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("does not end")
	}
	close(hold)
	serving.Wait()
}
