// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// The widest network that a zone may list, and how many of that size it may add
// up to. Two halves of the Internet are the Internet.
const (
	widestIPv4 = 8
	widestIPv6 = 20
	mostWidest = 4
)

// ParseNetwork reads an address or a network. An IPv4 address in IPv6 clothes
// (::ffff:10.0.0.1) is the IPv4 address. The network must be written by its
// first address, so that a slip of the keyboard is not silently widened.
func ParseNetwork(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("%q is not an IP address", s)
		}
		if a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q has a zone, which no policy can carry", s)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not a network", s)
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("%q mixes IPv4 and IPv6", s)
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if p.Masked() != p {
		return netip.Prefix{}, fmt.Errorf("%q has host bits set; did you mean %s", s, p.Masked())
	}
	return p, nil
}

func comparePrefixes(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// mergeNetworks sorts and drops what lies inside another one.
func mergeNetworks(ps []netip.Prefix) []netip.Prefix {
	sorted := slices.Clone(ps)
	slices.SortFunc(sorted, comparePrefixes)
	out := sorted[:0]
	for _, p := range sorted {
		if n := len(out); n > 0 && out[n-1].Overlaps(p) {
			continue
		}
		out = append(out, p)
	}
	return slices.Clip(out)
}

// isWide says that a network is wider than a zone may list.
func isWide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < widestIPv4
	}
	return p.Bits() < widestIPv6
}

// addUpToTooMuch says that networks, none of them too wide, together are.
func addUpToTooMuch(ps []netip.Prefix) bool {
	var v4, v6 float64 // in units of the widest network
	for _, p := range mergeNetworks(ps) {
		if p.Addr().Is4() {
			v4 += share(widestIPv4, p.Bits())
		} else {
			v6 += share(widestIPv6, p.Bits())
		}
	}
	return v4 > mostWidest || v6 > mostWidest
}

// share is how many networks of /unit a network of /bits holds.
func share(unit, bits int) float64 {
	n := 1.0
	for ; bits > unit; bits-- {
		n /= 2
	}
	for ; bits < unit; bits++ {
		n *= 2
	}
	return n
}

// checkCIDRs parses the declared networks of a zone and reports what is wrong.
func checkCIDRs(path string, cidrs []v1alpha1.CIDR, r *report) []netip.Prefix {
	var out []netip.Prefix
	for i, c := range cidrs {
		at := fmt.Sprintf("%s[%d]", path, i)
		p, err := ParseNetwork(string(c))
		switch {
		case err != nil:
			r.error(at, v1alpha1.ReasonInvalidNetwork, "%v", err)
		case isWide(p):
			r.error(at, v1alpha1.ReasonWideNetwork,
				"%s takes in too much of the Internet to be a zone; list the networks that are meant, none wider than /%d (IPv6: /%d)",
				p, widestIPv4, widestIPv6)
		default:
			out = append(out, p)
		}
	}
	if addUpToTooMuch(out) {
		r.error(path, v1alpha1.ReasonWideNetwork,
			"the networks add up to more than %d times a /%d (IPv6: /%d), which is the Internet in pieces; list the networks that are meant",
			mostWidest, widestIPv4, widestIPv6)
	}
	return out
}

// networkClaim says that an object puts a network into a zone.
type networkClaim struct {
	prefix netip.Prefix
	zone   string
	source ObjectRef
	path   string
}

// conflictingClaims returns pairs of claims by different zones that overlap.
func conflictingClaims(claims []networkClaim) [][2]networkClaim {
	sorted := slices.Clone(claims)
	slices.SortFunc(sorted, func(a, b networkClaim) int {
		return cmp.Or(comparePrefixes(a.prefix, b.prefix), cmp.Compare(a.source.String(), b.source.String()))
	})
	var conflicts [][2]networkClaim
	var around []networkClaim // claims that contain the current address, widest first
	for _, c := range sorted {
		for len(around) > 0 && !around[len(around)-1].prefix.Overlaps(c.prefix) {
			around = around[:len(around)-1]
		}
		for _, outer := range around {
			if outer.zone != c.zone {
				conflicts = append(conflicts, [2]networkClaim{outer, c})
			}
		}
		around = append(around, c)
	}
	return conflicts
}
