// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import "net/netip"

// Zones returns the names of the zones whose floor selects the pod at this address,
// whether it denies or only observes, sorted.
func (r *Rules) Zones(a netip.Addr) []string {
	p := r.place(a)
	if p.kind != atPod {
		return nil
	}
	zones := names{}
	for _, applied := range r.at(p.pod) {
		if applied.zone() != "" && applied.selects == yes {
			zones.add(applied.zone())
		}
	}
	return zones.sorted()
}

// Outside says that an address is neither a pod's nor a node's, and could be a device's.
func (r *Rules) Outside(a netip.Addr) bool { return r.place(a).kind == outside }

// Named says that an object of ours names the address, in a group or in a rule.
func (r *Rules) Named(a netip.Addr) bool {
	r.namedOnce.Do(r.gatherNamed)
	return r.named.contains(plain(a)) == yes
}

func (r *Rules) gatherNamed() {
	set := map[netip.Prefix]struct{}{}
	for _, o := range r.ours {
		if o.group != nil {
			for n := range o.group.set {
				r.named.add(n)
			}
		}
		for i := range o.rules {
			for s := range sides {
				for _, e := range o.rules[i].sides[s].allow {
					r.addNetworks(set, e.peers.blocks)
				}
			}
		}
	}
	for n := range set {
		r.named.add(n)
	}
}
