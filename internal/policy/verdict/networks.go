// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"net/netip"
	"slices"
)

// networks is a set of networks.
type networks struct {
	set map[netip.Prefix]struct{}
	// lengths are the lengths of prefixes in use, for IPv4 and IPv6.
	lengths [2][]int
	// doubt means that it may hold more.
	doubt bool
}

func (n *networks) add(p netip.Prefix) {
	if n.set == nil {
		n.set = map[netip.Prefix]struct{}{}
	}
	n.set[p] = struct{}{}
	l := &n.lengths[family(p.Addr())]
	if !slices.Contains(*l, p.Bits()) {
		*l = append(*l, p.Bits())
	}
}

func (n *networks) contains(a netip.Addr) truth {
	for _, bits := range n.lengths[family(a)] {
		if p, err := a.Prefix(bits); err == nil {
			if _, ok := n.set[p]; ok {
				return yes
			}
		}
	}
	return known(n.doubt).and(maybe)
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// prefixOf reads a network, or an address as a network of one.
func prefixOf(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	a = plain(a)
	return netip.PrefixFrom(a, a.BitLen()), true
}

// block is a network, or the name of a group of them, less exceptions.
type block struct {
	network netip.Prefix
	group   string
	except  []netip.Prefix
	// doubt means that it may hold any address.
	doubt bool
}

func (b *block) match(who place, groups map[string]*networks) truth {
	result := b.contains(who.address, groups)
	if who.kind != outside {
		result = result.and(maybe)
	}
	return result
}

func (b *block) contains(a netip.Addr, groups map[string]*networks) truth {
	var result truth
	switch {
	case b.doubt:
		return maybe
	case b.group == "":
		result = known(b.network.Contains(a))
	case groups[b.group] == nil:
		return maybe // it may be on its way
	default:
		result = groups[b.group].contains(a)
	}
	if slices.ContainsFunc(b.except, func(p netip.Prefix) bool { return p.Contains(a) }) {
		if b.group == "" {
			return no
		}
		return result.and(maybe) // Cilium does not promise exceptions from groups
	}
	return result
}
