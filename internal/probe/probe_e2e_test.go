// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package probe_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/probe"
)

func TestRealPacketsDecide(t *testing.T) {
	l := newLab(t)
	const pass, not = "plant/a -> plant/b 4840/TCP: ", "plant/a -> plant/b 40123/TCP: "
	tests := []struct {
		name string
		rule string
		want probe.Result
	}{
		{"what must not is dropped", "tcp dport 40123 drop", probe.Result{State: probe.Verified, MustPass: pass + "passed", MustNot: not + "dropped"}},
		{"reset", "tcp dport 40123 reject with tcp reset", probe.Result{State: probe.Verified, MustPass: pass + "passed", MustNot: not + "refused"}},
		{"port unreachable", "tcp dport 40123 reject with icmpx port-unreachable", probe.Result{State: probe.Verified, MustPass: pass + "passed", MustNot: not + "refused"}},
		{"answers are dropped", "tcp sport 40123 drop", probe.Result{State: probe.Verified, MustPass: pass + "passed", MustNot: not + "dropped"}},
		{"no filter", "", probe.Result{State: probe.Leaking, MustPass: pass + "passed", MustNot: not + "passed", Why: "a connection passed that must not pass"}},
		{"all is dropped", "meta l4proto tcp drop", probe.Result{State: probe.Cut, MustPass: pass + "dropped", MustNot: not + "dropped", Why: "a connection that must pass did not, tried 3 times"}},
		{"the wrong one is dropped", "tcp dport 4840 drop", probe.Result{State: probe.Leaking, MustPass: pass + "dropped", MustNot: not + "passed", Why: "a connection passed that must not pass"}},
	}
	for _, tt := range tests {
		l.filter(t, tt.rule)
		for family, name := range []string{"IPv4", "IPv6"} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				if diff := cmp.Diff(tt.want, l.prober().Run(t.Context(), l.plan(family))); diff != "" {
					t.Errorf("(-want +have)\n%s", diff)
				}
			})
		}
	}
}

// An administrator's "prohibited" is another error in each family, and never passes.
func TestProhibitedDoesNotPass(t *testing.T) {
	l := newLab(t)
	l.filter(t, "tcp dport 40123 reject with icmpx admin-prohibited")
	for family, want := range []probe.Outcome{probe.Dropped, probe.Rejected} {
		got, err := l.connect(t, l.attempt(family, notPort))
		if err != nil || got != want {
			t.Errorf("%s, want %s: %v", got, want, err)
		}
	}
}

// A node that was too busy to send anything has seen nothing dropped.
func TestNoTimeIsNoFinding(t *testing.T) {
	l := newLab(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := l.hosts.Connect(ctx, l.attempt(0, passPort)); err == nil {
		t.Errorf("it is said to have %s", got)
	}
}

// Production serves the port that must pass: it is left alone and sees nobody.
func TestPortInUseIsLeftAlone(t *testing.T) {
	for name, at := range map[string]string{"its address": "10.99.2.2:4840", "any address of both families": "[::]:4840"} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.filter(t, "tcp dport 40123 drop")
			var production net.Listener
			within(t, filepath.Join(l.folder, "b"), func() (err error) {
				production, err = sharing().Listen(t.Context(), "tcp", at)
				return err
			})
			defer func() { _ = production.Close() }()

			p := l.plan(0)
			r := l.prober().Run(t.Context(), p)
			if r.State != probe.Unproven || !strings.Contains(r.MustPass, "4840/TCP: not tried: listening at 10.99.2.2:4840: bind: address already in use") {
				t.Errorf("%+v", r)
			}
			p.MustPass = append(p.MustPass, l.attempt(0, 502))
			r = l.prober().Run(t.Context(), p)
			if r.State != probe.Verified || r.MustPass != "plant/a -> plant/b 502/TCP: passed" {
				t.Errorf("%+v", r)
			}
			must(t, production.(*net.TCPListener).SetDeadline(time.Now().Add(50*time.Millisecond)))
			if c, err := production.Accept(); err == nil {
				t.Errorf("production was spoken to by %s", c.RemoteAddr())
			}
		})
	}
}

// sharing would let another of the same user listen at its port, as proxies do.
func sharing() *net.ListenConfig {
	return &net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		return errors.Join(c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}), err)
	}}
}

// A proxy beside the pod takes every connection, whatever the policies say.
func TestAnswerOfAnotherIsNoFinding(t *testing.T) {
	l := newLab(t)
	redirect(t, filepath.Join(l.folder, "a"))
	l.filter(t, "tcp dport 40123 drop")
	r := l.prober().Run(t.Context(), l.plan(0))
	if want := "plant/a -> plant/b 40123/TCP: " + string(probe.Misdirected); r.State != probe.Unproven || r.MustNot != want {
		t.Errorf("%+v", r)
	}
}

// redirect has a silent proxy in a namespace take what leaves it for the port that
// must not pass.
func redirect(t *testing.T, path string) {
	t.Helper()
	var proxy net.Listener
	within(t, path, func() (err error) {
		proxy, err = net.Listen("tcp", ":15001")
		return err
	})
	t.Cleanup(func() { _ = proxy.Close() })
	nft(t, path, "table ip n {\nchain output { type nat hook output priority -100; tcp dport 40123 redirect to :15001\n}\n}\n")
}

// A stranger that comes to our listener is not taken for our dialler, which is kept
// away from it here.
func TestStrangerIsNotTakenForOurs(t *testing.T) {
	l := newLab(t)
	redirect(t, filepath.Join(l.folder, "a"))
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	met := make(chan bool, 1)
	go func() { met <- l.visitB(ctx) }()
	got, err := l.hosts.Connect(ctx, l.attempt(0, notPort))
	if err != nil || got != probe.Misdirected {
		t.Errorf("%s: %v", got, err)
	}
	if !<-met {
		t.Error("the stranger did not come in")
	}
}

// visitB connects to the listener in b from b itself, as soon as there is one, and
// says whether it could.
func (l *lab) visitB(ctx context.Context) bool {
	for ctx.Err() == nil {
		var c net.Conn
		err := onThread(filepath.Join(l.folder, "b"), func() (err error) {
			c, err = net.Dial("tcp", netip.AddrPortFrom(l.b[0], notPort).String())
			return err
		})
		if err != nil {
			continue
		}
		_, _ = c.Write(make([]byte, 32))
		<-ctx.Done()
		_ = c.Close()
		return true
	}
	return false
}

// A pod that goes away between the reading and the dial is no finding.
func TestPodThatWentAwayIsNoFinding(t *testing.T) {
	l := newLab(t)
	l.filter(t, "meta l4proto tcp drop")
	l.read(t) // settled
	must(t, l.hosts.Check(l.attempt(0, passPort)))
	within(t, filepath.Join(l.folder, "b"), func() error {
		eth0, err := netlink.LinkByName("eth0")
		return errors.Join(err, netlink.LinkDel(eth0))
	})
	if err := l.hosts.Check(l.attempt(0, passPort)); err == nil {
		t.Error("both ends are said to be there")
	}
	r := l.prober().Run(t.Context(), l.plan(0))
	if r.State != probe.Unproven || !strings.Contains(r.MustPass, "not tried: listening at 10.99.2.2:4840: bind: cannot assign requested address") {
		t.Errorf("%+v", r)
	}
	if places, _ := l.read(t); places[l.b[0]] != "" || places[l.a[0]] == "" {
		t.Errorf("after that, the addresses are %v", places)
	}
	removeNamespace(t, filepath.Join(l.folder, "b"))
	if err := l.hosts.Check(l.attempt(0, passPort)); err == nil {
		t.Error("both ends are said to be there")
	}
}

// Thousands of rounds a day must not fill the node or the pods.
func TestNothingStays(t *testing.T) {
	l := newLab(t)
	l.filter(t, "tcp dport 40123 reject with tcp reset") // ICMP is limited in rate
	prober := l.prober()
	prober.Timeout = 5 * time.Second // a pass and a reset wait for nothing
	probes := func(n int) time.Duration {
		start := time.Now()
		for i := range n {
			if r := prober.Run(t.Context(), l.plan(i%2)); r.State != probe.Verified {
				t.Fatalf("%+v", r)
			}
			l.read(t)
		}
		return time.Since(start)
	}
	probes(20)
	before := count(t)
	took := probes(200)
	// Threads come as the scheduler wants them, but not with each probe, and what ends
	// takes its moment.
	stays := func(c counts) bool {
		return c.files > before.files || c.goroutines > before.goroutines || c.threads > before.threads+4
	}
	after := count(t)
	for deadline := time.Now().Add(2 * time.Second); stays(after) && time.Now().Before(deadline); after = count(t) {
		time.Sleep(time.Millisecond)
	}
	if stays(after) {
		t.Errorf("before %+v, after %+v", before, after)
	}
	t.Logf("%s per zone and round; before %+v, after %+v", took/200, before, after)
	for _, pod := range []string{"a", "b"} {
		for _, file := range []string{"tcp", "tcp6"} {
			var sockets []byte
			within(t, filepath.Join(l.folder, pod), func() (err error) {
				sockets, err = os.ReadFile("/proc/thread-self/net/" + file)
				return err
			})
			if n := bytes.Count(sockets, []byte("\n")); n != 1 { // the heading
				t.Errorf("sockets stay in %s:\n%s", pod, sockets)
			}
		}
	}
	everyThreadIsHome(t)
}

type counts struct{ files, threads, goroutines int }

func count(t *testing.T) counts {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	threads, err := os.ReadDir("/proc/self/task")
	must(t, err)
	return counts{len(files), len(threads), runtime.NumGoroutine()}
}

func BenchmarkConnect(b *testing.B) {
	l := newLab(b)
	l.filter(b, "tcp dport 40123 reject with tcp reset")
	for name, port := range map[string]uint16{"passed": passPort, "refused": notPort} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if got, err := l.hosts.Connect(b.Context(), l.attempt(0, port)); err != nil || string(got) != name {
					b.Fatal(got, err)
				}
			}
		})
	}
}
