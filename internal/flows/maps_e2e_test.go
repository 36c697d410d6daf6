// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package flows

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// bpfRoot is a BPF file system that this thread alone sees and that ends with it. A test
// that uses it stays on its goroutine.
func bpfRoot(tb testing.TB) string {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Fatal("this test makes BPF maps and has to run as root")
	}
	root := tb.TempDir()
	runtime.LockOSThread() // never unlocked, so the thread and its mounts end with the test
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		tb.Fatalf("leaving the mount namespace: %v", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		tb.Fatalf("making mounts private: %v", err)
	}
	if err := unix.Mount("bpf", root, "bpf", 0, ""); err != nil {
		tb.Fatalf("mounting a BPF file system: %v", err)
	}
	tb.Cleanup(func() {
		if err := unix.Unmount(root, 0); err != nil {
			tb.Errorf("unmounting: %v", err)
		}
	})
	if err := os.MkdirAll(filepath.Join(root, "tc", "globals"), 0o700); err != nil {
		tb.Fatal(err)
	}
	return root
}

func atTheEnd(tb testing.TB, c io.Closer) {
	tb.Helper()
	tb.Cleanup(func() { _ = c.Close() })
}

// pin makes a map of the shape of Cilium's, with room for twice the entries: an LRU
// table gives up old ones before it is full.
func pin[A ipv4 | ipv6](tb testing.TB, root, name string, entries []key[A]) *ebpf.Map {
	tb.Helper()
	spec := &ebpf.MapSpec{
		Name: name, Type: ebpf.LRUHash, ValueSize: 56, Pinning: ebpf.PinByName,
		KeySize: 14, MaxEntries: 4096,
	}
	for range entries {
		spec.MaxEntries += 2
	}
	if name == mapTCP6 || name == mapAny6 {
		spec.KeySize = 38
	}
	m, err := ebpf.NewMapWithOptions(spec, ebpf.MapOptions{PinPath: filepath.Join(root, "tc", "globals")})
	if err != nil {
		tb.Fatalf("making %s: %v", name, err)
	}
	atTheEnd(tb, m)
	if len(entries) > 0 {
		if _, err := m.BatchUpdate(entries, make([][56]byte, len(entries)), nil); err != nil {
			tb.Fatalf("filling %s: %v", name, err)
		}
	}
	return m
}

// opened are n flows, each from an address of its own.
func opened(n int, transport protocol.Transport, prefix string) []Flow {
	made := make([]Flow, n)
	destination := netip.MustParsePrefix(prefix).Addr()
	source := destination
	for i := range made {
		source = source.Next()
		made[i] = Flow{
			Source: source, SourcePort: 40000,
			Destination: destination, Port: 502, Transport: transport,
		}
	}
	return made
}

// entriesOf has both ends of each flow, as on a node with both pods.
func entriesOf[A ipv4 | ipv6](tb testing.TB, flows []Flow) []key[A] {
	tb.Helper()
	made := make([]key[A], 0, 2*len(flows))
	for _, f := range flows {
		for _, direction := range []uint8{directionOut, directionIn} {
			k, has := keyOf[A](f, direction)
			if !has {
				tb.Fatalf("%v has no key", f)
			}
			made = append(made, k)
		}
	}
	return made
}

func relatedTo[A ipv4 | ipv6](entries []key[A]) []key[A] {
	made := make([]key[A], len(entries))
	for i, k := range entries {
		made[i], _ = k.related()
	}
	return made
}

// listed fails on a flow that comes twice.
func listed(tb testing.TB, table Table) map[Flow]bool {
	tb.Helper()
	all := map[Flow]bool{}
	err := table.Flows(tb.Context(), func(f Flow) bool {
		if all[f] {
			tb.Errorf("%v came twice", f)
		}
		all[f] = true
		return true
	})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

func setOf(lists ...[]Flow) map[Flow]bool {
	all := map[Flow]bool{}
	for _, list := range lists {
		for _, f := range list {
			all[f] = true
		}
	}
	return all
}

func count[A ipv4 | ipv6](t *testing.T, m *ebpf.Map) int {
	t.Helper()
	n := 0
	whole, err := walk(t.Context(), m, func(*key[A]) bool { n++; return true })
	if err != nil || !whole {
		t.Fatalf("counting: %v", err)
	}
	return n
}

func TestExactlyTheGivenFlowsEndInCiliumsMaps(t *testing.T) {
	root := bpfRoot(t)
	const n = 3000
	tcp4, udp4 := opened(n, protocol.TCP, "10.0.0.0/8"), opened(n, protocol.UDP, "10.128.0.0/9")
	tcp6, sctp6 := opened(n, protocol.TCP, "fd00::/64"), opened(n, protocol.SCTP, "fd01::/64")
	second := tcp4[0] // one more between the addresses of the first
	second.SourcePort++
	mirrored := Flow{ // and one that the far side opened, with the same ports
		Source: tcp4[0].Destination, SourcePort: tcp4[0].Port,
		Destination: tcp4[0].Source, Port: tcp4[0].SourcePort, Transport: protocol.TCP,
	}
	others := []Flow{second, mirrored}

	keysTCP4 := append(entriesOf[ipv4](t, tcp4), entriesOf[ipv4](t, others)...)
	keysUDP4, keysTCP6, keysSCTP6 := entriesOf[ipv4](t, udp4), entriesOf[ipv6](t, tcp6), entriesOf[ipv6](t, sctp6)
	service := key[ipv4]{Source: ipv4{10, 96, 0, 1}, Destination: ipv4{10, 0, 0, 1}, Protocol: numberTCP, Direction: directionService}
	mTCP4 := pin(t, root, mapTCP4, append(keysTCP4, service))
	mAny4 := pin(t, root, mapAny4, append(keysUDP4, relatedTo(append(keysTCP4, keysUDP4...))...))
	mTCP6 := pin(t, root, mapTCP6, keysTCP6)
	mAny6 := pin(t, root, mapAny6, append(keysSCTP6, relatedTo(append(keysTCP6, keysSCTP6...))...))

	table, err := Open(root, "")
	if err != nil || table.Name() != NameCilium {
		t.Fatalf("got %v, %v", table, err)
	}
	if diff := cmp.Diff(setOf(tcp4, udp4, tcp6, sctp6, others), listed(t, table)); diff != "" {
		t.Fatalf("before (-want +got):\n%s", diff)
	}

	closed := append(append([]Flow{tcp4[0], tcp4[0]}, tcp4[1000:1500]...), udp4[7])
	closed = append(append(closed, tcp6[:500]...), sctp6[1])
	closed = append(closed, Flow{}, opened(1, protocol.TCP, "172.16.0.0/12")[0]) // gone already
	mapped := udp4[8]
	mapped.Source, mapped.Destination = netip.AddrFrom16(mapped.Source.As16()), netip.AddrFrom16(mapped.Destination.As16())
	ended, err := table.End(t.Context(), append(closed, mapped))
	if want := 1 + 500 + 1 + 500 + 1 + 1; err != nil || ended != want {
		t.Errorf("want %d ended, got %d, %v", want, ended, err)
	}
	left := setOf(tcp4[1:1000], tcp4[1500:], udp4[:7], udp4[9:], tcp6[500:], sctp6[:1], sctp6[2:], others)
	if diff := cmp.Diff(left, listed(t, table)); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	// Both entries of a flow went, and those for errors, but for the one between the
	// addresses of the first: the second flow has a part in it.
	for name, c := range map[string]struct{ want, got int }{
		mapTCP4: {len(keysTCP4) + 1 - 2*501, count[ipv4](t, mTCP4)},
		mapAny4: {2*n - 2*2 + (2*n + 2) + 2*n - 2*502, count[ipv4](t, mAny4)},
		mapTCP6: {2*n - 2*500, count[ipv6](t, mTCP6)},
		mapAny6: {2*n - 2*1 + 4*n - 2*501, count[ipv6](t, mAny6)},
	} {
		if c.want != c.got {
			t.Errorf("%s: want %d entries, got %d", name, c.want, c.got)
		}
	}
	for name, k := range map[string]key[ipv4]{"two flows": keysTCP4[0], "the mirrored flow": keysTCP4[len(keysTCP4)-2]} {
		errorsOf, _ := k.related()
		var value [56]byte
		if err := mAny4.Lookup(&errorsOf, &value); err != nil {
			t.Errorf("the entry for errors of %s: %v", name, err)
		}
	}
}

func TestMapsThatTheAgentMadeAnewAreFound(t *testing.T) {
	root := bpfRoot(t)
	before, after := opened(2, protocol.TCP, "10.0.0.0/8"), opened(3, protocol.TCP, "10.9.0.0/16")
	old := pin(t, root, mapTCP4, entriesOf[ipv4](t, before)) // no IPv6, and no other map yet
	table, err := OpenCilium(root)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(setOf(before), listed(t, table)); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if err := old.Unpin(); err != nil {
		t.Fatal(err)
	}
	if err := table.Flows(t.Context(), func(Flow) bool { return true }); !errors.Is(err, ErrNoTable) {
		t.Errorf("without a map: %v", err)
	}
	if _, err := table.End(t.Context(), before); !errors.Is(err, ErrNoTable) {
		t.Errorf("without a map: %v", err)
	}
	pin(t, root, mapTCP4, entriesOf[ipv4](t, after))
	if diff := cmp.Diff(setOf(after), listed(t, table)); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	// Without the map for what is not TCP, there is nothing for errors to remove.
	if ended, err := table.End(t.Context(), after[:1]); err != nil || ended != 1 {
		t.Errorf("got %d, %v", ended, err)
	}
}

func TestAMapThatWeDoNotKnowIsNotRead(t *testing.T) {
	for name, spec := range map[string]*ebpf.MapSpec{
		"longer keys": {Type: ebpf.LRUHash, KeySize: 16, ValueSize: 56, MaxEntries: 8},
		"other type":  {Type: ebpf.Hash, KeySize: 14, ValueSize: 56, MaxEntries: 8},
	} {
		t.Run(name, func(t *testing.T) {
			root := bpfRoot(t)
			spec.Name, spec.Pinning = mapAny4, ebpf.PinByName
			m, err := ebpf.NewMapWithOptions(spec, ebpf.MapOptions{PinPath: filepath.Join(root, "tc", "globals")})
			if err != nil {
				t.Fatal(err)
			}
			atTheEnd(t, m)
			for opener, open := range map[string]func() (Table, error){
				"OpenCilium": func() (Table, error) { return OpenCilium(root) },
				"Open":       func() (Table, error) { return Open(root, "") },
			} {
				if table, err := open(); !errors.Is(err, ErrUnknownLayout) {
					t.Errorf("%s: got %v, %v", opener, table, err)
				}
			}
		})
	}
}

func TestEveryWayThroughAMapSeesAllAndStopsWhenAsked(t *testing.T) {
	root := bpfRoot(t)
	entries := entriesOf[ipv4](t, opened(2000, protocol.TCP, "10.0.0.0/8"))
	m := pin(t, root, mapTCP4, entries)
	for name, way := range map[string]func(context.Context, func(*key[ipv4]) bool) error{
		"large batches": func(ctx context.Context, each func(*key[ipv4]) bool) error { return walkBatches(ctx, m, 4096, each) },
		// Smaller than a bucket may be, so it has to grow.
		"single entries": func(ctx context.Context, each func(*key[ipv4]) bool) error { return walkBatches(ctx, m, 1, each) },
		"keys": func(ctx context.Context, each func(*key[ipv4]) bool) error {
			whole, err := walkKeys(ctx, m, each)
			if !whole && err == nil {
				err = errors.New("not all was seen")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			seen := map[key[ipv4]]struct{}{}
			if err := way(t.Context(), func(k *key[ipv4]) bool { add(seen, *k); return true }); err != nil {
				t.Fatal(err)
			}
			if len(seen) != len(entries) {
				t.Errorf("want %d, got %d", len(entries), len(seen))
			}
			n := 0
			if err := way(t.Context(), func(*key[ipv4]) bool { n++; return n < 3 }); err != nil || n != 3 {
				t.Errorf("stopping at 3: %d, %v", n, err)
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := way(ended, func(*key[ipv4]) bool { return true }); !errors.Is(err, context.Canceled) {
				t.Errorf("after the end: %v", err)
			}
		})
	}
}

func TestAMapThatChangesMeanwhileIsReadToTheEnd(t *testing.T) {
	root := bpfRoot(t)
	standing := opened(2000, protocol.TCP, "10.0.0.0/8")
	churn := entriesOf[ipv4](t, opened(500, protocol.TCP, "10.128.0.0/9"))
	m := pin(t, root, mapTCP4, append(entriesOf[ipv4](t, standing), churn...))
	table, err := OpenCilium(root)
	if err != nil {
		t.Fatal(err)
	}
	stop, busy := make(chan struct{}), sync.WaitGroup{}
	busy.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			k := &churn[i%len(churn)]
			_ = m.Delete(k)
			_ = m.Put(k, [56]byte{})
		}
	})
	for range 20 {
		got := listed(t, table)
		for _, f := range standing {
			if !got[f] {
				t.Errorf("%v was not seen", f)
			}
		}
		if whole, err := walkKeys(t.Context(), m, func(*key[ipv4]) bool { return true }); err != nil {
			t.Errorf("key by key (whole: %t): %v", whole, err)
		}
	}
	close(stop)
	busy.Wait()
}
