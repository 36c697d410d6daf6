// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package probe_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/probe"
)

func TestNamespacesAreFoundByAddress(t *testing.T) {
	l := newLab(t)
	places, skipped := l.read(t)
	want := map[netip.Addr]string{
		l.a[0]: filepath.Join(l.folder, "a"), l.a[1]: filepath.Join(l.folder, "a"),
		l.b[0]: filepath.Join(l.folder, "b"), l.b[1]: filepath.Join(l.folder, "b"),
	}
	if diff := cmp.Diff(want, places, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
	if len(skipped) > 0 {
		t.Errorf("skipped: %v", skipped)
	}
}

// What else lies in the folder stops nothing, and our own network is never a pod's.
func TestOtherFilesAreSkippedWithAReason(t *testing.T) {
	l := newLab(t)
	at := func(name string) string { return filepath.Join(l.folder, name) }
	must(t, os.WriteFile(at("file"), nil, 0o600))
	must(t, os.Mkdir(at("folder"), 0o700))
	must(t, unix.Mkfifo(at("fifo"), 0o600))
	must(t, os.Symlink("nowhere", at("link")))
	must(t, os.Symlink("a", at("second-name")))
	must(t, os.Symlink("/proc/self/ns/net", at("own")))
	must(t, os.Symlink("/proc/self/ns/mnt", at("mounts")))
	want := map[string]string{
		"file": "no network namespace", "folder": "no network namespace", "fifo": "no network namespace",
		"link": "no such file", "own": "not of a pod", "mounts": "entering a network namespace: invalid argument",
	}
	places, skipped := l.read(t)
	if len(places) != 4 {
		t.Errorf("found %v", places)
	}
	for _, s := range skipped {
		name := filepath.Base(s.Path)
		if want[name] == "" || !strings.Contains(s.Reason, want[name]) {
			t.Errorf("%s: %s, want %q", s.Path, s.Reason, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not skipped: %v", want)
	}
	if _, _, err := probe.NewHosts(at("none"), "").Read(t.Context()); err == nil {
		t.Error("a folder that is not there was read")
	}
}

// One of the two is not where the cluster thinks that it is.
func TestAddressHeldTwiceIsLeftOut(t *testing.T) {
	l := newLab(t)
	addAddress(t, filepath.Join(l.folder, "b"), "10.99.1.2/32")
	l.hosts = probe.NewHosts(l.folder, "")
	places, skipped := l.read(t)
	if len(places) != 3 || places[l.a[0]] != "" {
		t.Errorf("found %v", places)
	}
	if len(skipped) != 1 || !strings.Contains(skipped[0].Reason, "10.99.1.2 is also in") {
		t.Errorf("skipped: %v", skipped)
	}
	if _, err := l.connect(t, l.attempt(0, passPort)); err == nil {
		t.Error("it was used")
	}
}

// Between two addresses of one pod no packet leaves the pod.
func TestPodIsNotConnectedToItself(t *testing.T) {
	l := newLab(t)
	addAddress(t, filepath.Join(l.folder, "b"), "10.99.2.3/32")
	l.read(t)
	a := l.attempt(0, passPort)
	a.From = probe.End{Pod: "plant/c", Addr: netip.MustParseAddr("10.99.2.3")}
	if got, err := l.connect(t, a); err == nil || !strings.Contains(err.Error(), "share a network namespace") {
		t.Errorf("%s: %v", got, err)
	}
}

// A pod gets its namespace first, then one address, then perhaps another. What has
// settled is not read again, until a dial shows that it is wrong.
func TestSettledIsNotReadAgain(t *testing.T) {
	l := newLab(t)
	path := filepath.Join(l.folder, "late")
	makeNamespace(t, path)
	addLink(t, path)
	found := func() (n int) {
		places, _ := l.read(t)
		for _, at := range places {
			if at == path {
				n++
			}
		}
		return n
	}
	for i, want := range []int{0, 0, 1, 2, 2, 2} {
		switch i {
		case 2, 3, 5:
			addAddress(t, path, fmt.Sprintf("10.99.9.%d/32", i))
		}
		if got := found(); got != want {
			t.Fatalf("reading %d: %d addresses, want %d", i, got, want)
		}
	}
	gone := probe.Attempt{From: probe.End{Addr: l.a[0]}, To: probe.End{Addr: netip.MustParseAddr("10.99.9.2")}, Port: passPort}
	addr, err := netlink.ParseAddr("10.99.9.2/32")
	must(t, err)
	within(t, path, func() error {
		eth0, err := netlink.LinkByName("eth0")
		return errors.Join(err, netlink.AddrDel(eth0, addr))
	})
	if _, err := l.connect(t, gone); err == nil {
		t.Error("connected to an address that is gone")
	}
	if got := found(); got != 2 { // 10.99.9.3 and 10.99.9.5
		t.Errorf("%d addresses after the dial failed", got)
	}
}

// The kernel gives the inode number of a namespace that is gone to a later one.
func TestSameInodeIsNotTheSameNamespace(t *testing.T) {
	l := newLab(t)
	const many = 20
	var before map[uint64]bool // what Hosts knows
	again := 0
	for round := 0; again == 0; round++ {
		if round == 50 {
			t.Fatal("no inode number came again: this shows nothing")
		}
		now := map[uint64]bool{}
		for n := range many {
			path := filepath.Join(l.folder, strconv.Itoa(n))
			makeNamespace(t, path)
			addLink(t, path)
			addAddress(t, path, fmt.Sprintf("10.99.%d.%d/32", 100+round, n))
			var st unix.Stat_t
			must(t, unix.Stat(path, &st))
			if before[st.Ino] {
				again++
			}
			now[st.Ino] = true
		}
		before = now
		places, _ := l.read(t)
		for n := range many {
			path := filepath.Join(l.folder, strconv.Itoa(n))
			addr := netip.AddrFrom4([4]byte{10, 99, byte(100 + round), byte(n)})
			if places[addr] != path {
				t.Errorf("%s is found in %q, not in %s", addr, places[addr], path)
			}
		}
		l.read(t) // settled
		for n := range many {
			removeNamespace(t, filepath.Join(l.folder, strconv.Itoa(n)))
		}
		time.Sleep(100 * time.Millisecond) // the kernel takes its time over it
	}
}

func BenchmarkRead(b *testing.B) {
	l := newLab(b)
	for i := range 100 {
		path := filepath.Join(l.folder, strconv.Itoa(i))
		makeNamespace(b, path)
		addLink(b, path)
		addAddress(b, path, fmt.Sprintf("10.99.9.%d/32", i+1))
	}
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			l.hosts = probe.NewHosts(l.folder, "")
			l.read(b)
		}
	})
	b.Run("settled", func(b *testing.B) {
		l.read(b)
		for b.Loop() {
			l.read(b)
		}
	})
}
