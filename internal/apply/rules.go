// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"slices"
	"strings"
)

// rule is one rule of a policy of Cilium's.
type rule map[string]any

// directions in which a rule denies what nothing allows.
var directions = []string{"ingress", "egress"}

// sections of a rule, and the peers by address of each.
var sections = map[string]string{
	"ingress": "fromCIDRSet", "ingressDeny": "fromCIDRSet", "egress": "toCIDRSet", "egressDeny": "toCIDRSet",
}

func (r rule) entries(section string) []any {
	list, _ := r[section].([]any)
	return list
}

// denies says that what nothing allows in this direction is denied.
func (r rule) denies(direction string) bool {
	flags, _ := r["enableDefaultDeny"].(map[string]any)
	deny, said := flags[direction].(bool)
	return len(r.entries(direction)) > 0 && (deny || !said)
}

func (r rule) deniesAny() bool { return r.denies("ingress") || r.denies("egress") }

// allowOnly keeps what the rule allows and lifts what it denies.
func (r rule) allowOnly() {
	r["enableDefaultDeny"] = map[string]any{"ingress": false, "egress": false}
}

// bare says that the rule denies and allows nothing but the node's own traffic. It
// may be meant for pods of no zone and select members of another one as well:
// what those may do then stands in another object.
func (r rule) bare() bool {
	if !r.deniesAny() {
		return false
	}
	for _, direction := range directions {
		for _, e := range r.entries(direction) {
			entry, _ := e.(map[string]any)
			_, entities := entry["fromEntities"]
			if len(entry) > 1 || len(entry) == 1 && !entities {
				return false
			}
		}
	}
	return true
}

// within says that the rule is for pods that the other one is for as well, as far as
// their words show: it asks for all that the other asks for.
func (r rule) within(other rule) bool {
	asks := r.demands()
	return len(other.demands().minus(asks)) == 0
}

// demands are what the rule's selector asks for, one by one.
func (r rule) demands() parts {
	selector, _ := r["endpointSelector"].(map[string]any)
	labels, _ := selector["matchLabels"].(map[string]any)
	demands, _ := selector["matchExpressions"].([]any)
	demands = slices.Clone(demands)
	for k, v := range labels {
		demands = append(demands, []any{k, v})
	}
	out := make(parts, 0, len(demands))
	for _, d := range demands {
		out = append(out, encodeJSON(d))
	}
	return out
}

// groups are the names of the groups that the rule refers to.
func (r rule) groups() []string {
	var out []string
	for section, field := range sections {
		for _, e := range r.entries(section) {
			entry, _ := e.(map[string]any)
			list, _ := entry[field].([]any)
			for _, peer := range list {
				if name := groupRef(peer); name != "" {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

func groupRef(peer any) string {
	p, _ := peer.(map[string]any)
	name, _ := p["cidrGroupRef"].(string)
	return name
}

// resolve puts the addresses of groups in the place of their names.
func (r rule) resolve(addresses map[string]parts) {
	for section, field := range sections {
		entries := r.entries(section)
		if len(entries) == 0 {
			continue
		}
		kept := make([]any, 0, len(entries))
		for _, e := range entries {
			if entry, _ := e.(map[string]any); entry == nil || resolveEntry(entry, field, addresses) {
				kept = append(kept, e)
			}
		}
		r[section] = kept
		if len(kept) > 0 {
			continue
		}
		delete(r, section)
		// An entry without anything allows nothing. No section at all would lift
		// what the rule denies by default, and Cilium refuses a rule without one.
		if allows := strings.TrimSuffix(section, "Deny"); len(r.entries(allows)) == 0 {
			r[allows] = []any{map[string]any{}}
		}
	}
}

// resolveEntry says false where no peer is left: to Cilium an entry without peers
// is for everybody.
func resolveEntry(entry map[string]any, field string, addresses map[string]parts) bool {
	peers, _ := entry[field].([]any)
	if len(peers) == 0 {
		return true
	}
	out := make([]any, 0, len(peers))
	for _, peer := range peers {
		list, known := addresses[groupRef(peer)]
		if !known {
			out = append(out, peer)
			continue
		}
		for _, address := range list.decode() {
			out = append(out, map[string]any{"cidr": address})
		}
	}
	entry[field] = out
	return len(out) > 0
}

// letsGo says that somebody whom the old rules deny may no longer be denied by
// the new ones.
func letsGo(old, wanted parts) bool {
	denied := func(p parts) map[string]bool {
		out := map[string]bool{}
		p.each(func(r rule) {
			for _, direction := range directions {
				if r.denies(direction) {
					out[direction+encodeJSON(r["endpointSelector"])] = true
				}
			}
		})
		return out
	}
	still := denied(wanted)
	for who := range denied(old) {
		if !still[who] {
			return true
		}
	}
	return false
}
