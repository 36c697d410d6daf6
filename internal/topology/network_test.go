// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// anyPrefix lies in one of two small worlds, so that prefixes nest and touch.
func anyPrefix(t *rapid.T) netip.Prefix {
	last := rapid.ByteRange(0, 31).Draw(t, "last")
	if rapid.Bool().Draw(t, "IPv4") {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, last}), rapid.IntRange(27, 32).Draw(t, "bits")).Masked()
	}
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 15: last}), rapid.IntRange(123, 128).Draw(t, "bits")).Masked()
}

// world is every address of the two.
func world() []netip.Addr {
	var out []netip.Addr
	for i := range byte(32) {
		out = append(out, netip.AddrFrom4([4]byte{10, 0, 0, i}), netip.AddrFrom16([16]byte{0xfd, 15: i}))
	}
	return out
}

func TestMergeNetworks(t *testing.T) {
	addresses := world()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.Custom(anyPrefix), 0, 8).Draw(t, "prefixes")
		before := slices.Clone(in)
		out := mergeNetworks(in)
		if !slices.Equal(in, before) {
			t.Fatalf("the input changed: %v to %v", before, in)
		}
		for _, a := range addresses {
			had := slices.ContainsFunc(in, func(p netip.Prefix) bool { return p.Contains(a) })
			has := slices.ContainsFunc(out, func(p netip.Prefix) bool { return p.Contains(a) })
			if had != has {
				t.Fatalf("%v: in %v, out %v: %v to %v", a, had, has, in, out)
			}
		}
		for i := range out {
			if !slices.Contains(in, out[i]) || i > 0 && (comparePrefixes(out[i-1], out[i]) >= 0 || out[i-1].Overlaps(out[i])) {
				t.Fatalf("%v to %v: not a sorted choice of them without overlap", in, out)
			}
		}
	})
}

func TestConflictingClaims(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var claims []networkClaim
		for i := range rapid.IntRange(0, 10).Draw(t, "claims") {
			claims = append(claims, networkClaim{
				prefix: anyPrefix(t), zone: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "zone"),
				source: ObjectRef{KindAsset, fmt.Sprint(i)},
			})
		}
		want := map[string]bool{}
		for i, a := range claims {
			for _, b := range claims[i+1:] {
				if a.zone != b.zone && a.prefix.Overlaps(b.prefix) {
					want[pairName(a, b)] = true
				}
			}
		}
		got := map[string]bool{}
		for _, pair := range conflictingClaims(claims) {
			name := pairName(pair[0], pair[1])
			if got[name] || !want[name] {
				t.Fatalf("%s: reported twice, or no conflict: %v", name, claims)
			}
			got[name] = true
		}
		if len(got) != len(want) {
			t.Fatalf("conflicts %v, want %v, of %v", got, want, claims)
		}
	})
}

func pairName(a, b networkClaim) string {
	return min(a.source.Name, b.source.Name) + " " + max(a.source.Name, b.source.Name)
}

func TestParseNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.1": "10.0.0.1/32", "10.0.0.0/8": "10.0.0.0/8", "::ffff:10.0.0.1": "10.0.0.1/32", "::ffff:10.0.0.0/104": "10.0.0.0/8",
		"::ffff:a00:0/104": "10.0.0.0/8", "fd00::1": "fd00::1/128", "fd00::/8": "fd00::/8", "::ffff:0:0/96": "0.0.0.0/0",
		"10.0.0.1/8": "", "::ffff:10.0.0.1/104": "", "::ffff:0:0/95": "", "fe80::1%eth0": "", "fe80::%eth0/64": "", "": "", "/": "", "10.0.0.0/": "", "10.0.0.256": "",
		"010.0.0.1": "", "10.0.0.0/33": "", "10.0.0.0/-1": "", " 10.0.0.1": "",
	} {
		got, err := ParseNetwork(in)
		if want == "" && err == nil || want != "" && got.String() != want {
			t.Errorf("%q: %v, %v, want %q", in, got, err, want)
		}
	}
}
