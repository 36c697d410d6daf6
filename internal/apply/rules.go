// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/internal/policy"
)

// parts are what an object of Cilium's is the sum of, each as JSON: the rules of a
// policy, the addresses of a group. What any part allows is allowed, so old and
// new parts side by side allow what either did, and nothing between them.
type parts []string

// pathOf says where in an object its parts are, nil for kinds that have none.
func pathOf(kind string) []string {
	switch kind {
	case policy.KindClusterwidePolicy:
		return []string{"specs"}
	case policy.KindCIDRGroup:
		return []string{"spec", "externalCIDRs"}
	default:
		return nil
	}
}

// partsOf reads the parts of an object. Equal parts have equal JSON.
func partsOf(u *unstructured.Unstructured) (parts, error) {
	list, _, err := unstructured.NestedFieldNoCopy(u.Object, pathOf(u.GetKind())...)
	if err != nil {
		return nil, fmt.Errorf("reading the parts of %s: %w", u.GetName(), err)
	}
	items, _ := list.([]any)
	out := make(parts, 0, len(items))
	for _, item := range items {
		raw, err := json.Marshal(item)
		if err != nil {
			return nil, fmt.Errorf("encoding a part of %s: %w", u.GetName(), err)
		}
		out = append(out, string(raw))
	}
	return out, nil
}

// minus is what p has and other has not.
func (p parts) minus(other parts) parts {
	return slices.DeleteFunc(slices.Clone(p), func(part string) bool { return slices.Contains(other, part) })
}

// distinct drops what is there twice: what an interrupted run left behind must
// not grow with every other one.
func (p parts) distinct() parts {
	var out parts
	for _, part := range p {
		if !slices.Contains(out, part) {
			out = append(out, part)
		}
	}
	return out
}

func (p parts) decode() []any {
	out := make([]any, 0, len(p))
	for _, part := range p {
		out = append(out, decodeJSON(part))
	}
	return out
}

func decodeJSON(raw string) any {
	var out any
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		panic(fmt.Sprintf("decoding what was encoded here: %v", err))
	}
	return out
}

// each returns the rules as f leaves them.
func (p parts) each(f func(rule)) parts {
	out := make(parts, 0, len(p))
	for _, part := range p {
		r, ok := decodeJSON(part).(map[string]any)
		if !ok {
			out = append(out, part)
			continue
		}
		f(r)
		raw, err := json.Marshal(r)
		if err != nil {
			panic(fmt.Sprintf("encoding decoded JSON: %v", err))
		}
		out = append(out, string(raw))
	}
	return out
}

// some says that f holds for one of the rules.
func (p parts) some(f func(rule) bool) bool {
	found := false
	p.each(func(r rule) { found = found || f(r) })
	return found
}

// rule is one rule of a policy.
type rule map[string]any

// directions in which a rule has entries, and the peers by address of each.
var directions = map[string]string{"ingress": "fromCIDRSet", "egress": "toCIDRSet"}

func (r rule) entries(direction string) []any {
	list, _ := r[direction].([]any)
	return list
}

// denies says that what nothing allows in this direction is denied.
func (r rule) denies(direction string) bool {
	flags, _ := r["enableDefaultDeny"].(map[string]any)
	deny, said := flags[direction].(bool)
	return len(r.entries(direction)) > 0 && (deny || !said)
}

// allowOnly keeps what the rule allows and lifts what it denies.
func (r rule) allowOnly() {
	r["enableDefaultDeny"] = map[string]any{"ingress": false, "egress": false}
}

// bare says that the rule denies and allows nothing but the node's own traffic. It
// may be meant for pods of no zone and select members of another one as well:
// what those may do then stands in another object.
func (r rule) bare() bool {
	if !r.denies("ingress") && !r.denies("egress") {
		return false
	}
	for direction := range directions {
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
		raw, err := json.Marshal(d)
		if err != nil {
			panic(fmt.Sprintf("encoding decoded JSON: %v", err))
		}
		out = append(out, string(raw))
	}
	return out
}

// groups are the names of the groups that the rule refers to.
func (r rule) groups() []string {
	var out []string
	for direction, field := range directions {
		for _, e := range r.entries(direction) {
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
	for direction, field := range directions {
		entries := r.entries(direction)
		if len(entries) == 0 {
			continue
		}
		kept := make([]any, 0, len(entries))
		for _, e := range entries {
			if entry, _ := e.(map[string]any); entry == nil || resolveEntry(entry, field, addresses) {
				kept = append(kept, e)
			}
		}
		if len(kept) == 0 {
			// An entry without anything allows nothing; none at all would lift
			// what the rule denies.
			kept = append(kept, map[string]any{})
		}
		r[direction] = kept
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
			for direction := range directions {
				if r.denies(direction) {
					raw, _ := json.Marshal(r["endpointSelector"])
					out[direction+string(raw)] = true
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
