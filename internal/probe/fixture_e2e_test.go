// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package probe_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/probe"
)

const thisNamespace = "/proc/thread-self/ns/net"

// lab is two pods behind a router that filters, in namespaces of its own. Nothing
// outside of them sees a packet.
type lab struct {
	folder string // of the pods' namespaces
	router string
	hosts  *probe.Hosts
	a, b   [2]netip.Addr // IPv4, IPv6
}

// newLab fails without root: a probe that was not tried proves nothing.
func newLab(tb testing.TB) *lab {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Fatal("these tests make network namespaces: run them as root")
	}
	l := &lab{folder: tb.TempDir(), router: filepath.Join(tb.TempDir(), "router")}
	makeNamespace(tb, l.router)
	for _, family := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding"} {
		within(tb, l.router, func() error { return os.WriteFile("/proc/sys/net/"+family, []byte("1"), 0) })
	}
	l.a, l.b = l.addPod(tb, "a", 1), l.addPod(tb, "b", 2)
	l.hosts = probe.NewHosts(l.folder, "")
	l.read(tb)
	l.settle(tb)
	return l
}

// addPod makes a namespace with one link to the router.
func (l *lab) addPod(tb testing.TB, name string, n byte) [2]netip.Addr {
	tb.Helper()
	path := filepath.Join(l.folder, name)
	makeNamespace(tb, path)
	pod, err := os.Open(path)
	must(tb, err)
	defer func() { _ = pod.Close() }()
	link := "veth-" + name
	within(tb, l.router, func() error {
		return errors.Join(netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: link}, PeerName: "eth0", PeerNamespace: netlink.NsFd(int(pod.Fd())),
		}), configure(link, fmt.Sprintf("10.99.%d.1/24", n), fmt.Sprintf("fd00:99:%d::1/64", n)))
	})
	within(tb, path, func() error {
		return errors.Join(
			configure("eth0", fmt.Sprintf("10.99.%d.2/24", n), fmt.Sprintf("fd00:99:%d::2/64", n)),
			netlink.RouteAdd(&netlink.Route{Gw: net.ParseIP(fmt.Sprintf("10.99.%d.1", n))}),
			netlink.RouteAdd(&netlink.Route{Gw: net.ParseIP(fmt.Sprintf("fd00:99:%d::1", n))}),
		)
	})
	return [2]netip.Addr{
		netip.MustParseAddr(fmt.Sprintf("10.99.%d.2", n)), netip.MustParseAddr(fmt.Sprintf("fd00:99:%d::2", n)),
	}
}

// configure gives a link of this thread's namespace its addresses, usable at once.
func configure(link string, addrs ...string) error {
	l, err := netlink.LinkByName(link)
	if err != nil {
		return err
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	errs := []error{netlink.LinkSetUp(lo), netlink.LinkSetUp(l)}
	for _, s := range addrs {
		a, err := netlink.ParseAddr(s)
		if err != nil {
			return err
		}
		if a.IP.To4() == nil {
			a.Flags = unix.IFA_F_NODAD
		}
		errs = append(errs, netlink.AddrAdd(l, a))
	}
	return errors.Join(errs...)
}

// settle waits until packets pass: the kernel puts off a new link by up to a second,
// and asks for a neighbour by IPv6 again only after one.
func (l *lab) settle(tb testing.TB) {
	tb.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for family := range l.a {
		for {
			got, err := l.connect(tb, l.attempt(family, 1))
			if got == probe.Passed {
				break
			}
			if time.Now().After(deadline) {
				tb.Fatalf("from %s to %s: %s: %v", l.a[family], l.b[family], got, err)
			}
		}
	}
}

// filter replaces what the router does to packets from pod to pod.
func (l *lab) filter(tb testing.TB, rules ...string) {
	tb.Helper()
	nft(tb, l.router, "flush ruleset\ntable inet f { chain forward { type filter hook forward priority 0;\n"+strings.Join(rules, "\n")+"\n}\n}\n")
}

func nft(tb testing.TB, path, script string) {
	tb.Helper()
	within(tb, path, func() error {
		c := exec.Command("nft", "-f", "-")
		c.Stdin = strings.NewReader(script)
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("running nft: %w: %s", err, out)
		}
		return nil
	})
}

func (l *lab) read(tb testing.TB) (map[netip.Addr]string, []probe.Skipped) {
	tb.Helper()
	places, skipped, err := l.hosts.Read(tb.Context())
	must(tb, err)
	return places, skipped
}

// attempt is from a to b, with IPv4 or IPv6.
func (l *lab) attempt(family int, port uint16) probe.Attempt {
	return probe.Attempt{From: probe.End{Pod: "plant/a", Addr: l.a[family]}, To: probe.End{Pod: "plant/b", Addr: l.b[family]}, Port: port}
}

// plan is one attempt at each of two ports.
func (l *lab) plan(family int) probe.Plan {
	return probe.Plan{MustPass: []probe.Attempt{l.attempt(family, passPort)}, MustNot: []probe.Attempt{l.attempt(family, notPort)}}
}

// connect makes one attempt for as long as the prober would.
func (l *lab) connect(tb testing.TB, a probe.Attempt) (probe.Outcome, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), l.prober().Timeout)
	defer cancel()
	return l.hosts.Connect(ctx, a)
}

func (l *lab) prober() *probe.Prober {
	return &probe.Prober{Network: l.hosts, Judge: conduits, Timeout: 300 * time.Millisecond}
}

// makeNamespace makes a network namespace with a file, as "ip netns add" does, and
// removes both after the test.
func makeNamespace(tb testing.TB, path string) {
	tb.Helper()
	must(tb, os.WriteFile(path, nil, 0o600))
	within(tb, thisNamespace, func() error {
		return errors.Join(
			unix.Unshare(unix.CLONE_NEWNET), unix.Mount(thisNamespace, path, "", unix.MS_BIND, ""),
			// IPv6 is usable at once.
			os.WriteFile("/proc/sys/net/ipv6/conf/default/accept_dad", []byte("0"), 0),
		)
	})
	tb.Cleanup(func() { removeNamespace(tb, path) })
}

// addLink gives a namespace a link that leads nowhere.
func addLink(tb testing.TB, path string) {
	tb.Helper()
	within(tb, path, func() error {
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "nowhere"})
	})
}

// addAddress puts another address on a pod.
func addAddress(tb testing.TB, path, addr string) {
	tb.Helper()
	within(tb, path, func() error { return configure("eth0", addr) })
}

// removeNamespace may be called twice.
func removeNamespace(tb testing.TB, path string) {
	tb.Helper()
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return
	}
	must(tb, errors.Join(unix.Unmount(path, unix.MNT_DETACH), os.Remove(path)))
}

// within runs do on a thread that is in a namespace.
func within(tb testing.TB, path string, do func() error) {
	tb.Helper()
	must(tb, onThread(path, do))
}

// onThread is within for goroutines other than the test's.
func onThread(path string, do func() error) error {
	ns, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = ns.Close() }()
	return probe.Inside(int(ns.Fd()), do)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
