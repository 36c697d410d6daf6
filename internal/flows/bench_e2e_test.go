// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package flows

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

func BenchmarkCilium(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 500_000} {
		b.Run(fmt.Sprintf("%d/Flows", n), func(b *testing.B) {
			table := fullTable(b, n)
			b.ReportAllocs()
			for b.Loop() {
				seen := 0
				if err := table.Flows(b.Context(), func(Flow) bool { seen++; return true }); err != nil || seen < n*99/100 {
					b.Fatalf("%d flows, %v", seen, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/entry")
		})
		b.Run(fmt.Sprintf("%d/End", n), func(b *testing.B) {
			table, one := fullTable(b, n), opened(1, protocol.TCP, "10.0.0.0/8")
			m, err := ebpf.LoadPinnedMap(filepath.Join(table.(*cilium).dir, mapTCP4), nil)
			if err != nil {
				b.Fatal(err)
			}
			atTheEnd(b, m)
			k, _ := keyOf[ipv4](one[0], directionOut)
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Put(&k, [56]byte{}); err != nil {
					b.Fatal(err)
				}
				if ended, err := table.End(b.Context(), one); err != nil || ended != 1 {
					b.Fatalf("%d, %v", ended, err)
				}
			}
		})
	}
}

// fullTable has n flows with one entry each, and the map for errors.
func fullTable(b *testing.B, n int) Table {
	b.Helper()
	root := bpfRoot(b)
	var entries []key[ipv4]
	for _, f := range opened(n, protocol.TCP, "10.0.0.0/8") {
		k, _ := keyOf[ipv4](f, directionOut)
		entries = append(entries, k)
	}
	pin(b, root, mapTCP4, entries)
	pin[ipv4](b, root, mapAny4, nil)
	table, err := OpenCilium(root)
	if err != nil {
		b.Fatal(err)
	}
	return table
}

func BenchmarkKernel(b *testing.B) {
	const n = 20_000
	router := newNamespace(b)
	flows := opened(n, protocol.TCP, "10.0.0.0/8")
	for _, f := range flows {
		from, to := netip.AddrPortFrom(f.Source, f.SourcePort), netip.AddrPortFrom(f.Destination, f.Port)
		router.track(from, to, to, from)
	}
	table, err := OpenKernel(router.path())
	if err != nil {
		b.Fatal(err)
	}
	gone := opened(1, protocol.TCP, "172.16.0.0/12")
	b.Run(fmt.Sprintf("%d/Flows", n), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			seen := 0
			if err := table.Flows(b.Context(), func(Flow) bool { seen++; return true }); err != nil || seen != n {
				b.Fatalf("%d flows, %v", seen, err)
			}
		}
	})
	b.Run(fmt.Sprintf("%d/End", n), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if ended, err := table.End(b.Context(), gone); err != nil || ended != 0 {
				b.Fatalf("%d, %v", ended, err)
			}
		}
	})
}
