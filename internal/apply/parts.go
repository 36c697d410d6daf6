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

// parts are what an object is the sum of, each as JSON: the rules of a policy, the
// addresses of a group. What any part allows is allowed, so old and new parts side
// by side allow what either did, and nothing between them. Of a NetworkPolicy the
// directions in which it isolates are parts as well.
type parts []string

// listOf says where the parts are in kinds that are one list of them.
var listOf = map[string][]string{
	policy.KindClusterwidePolicy: {"specs"},
	policy.KindCIDRGroup:         {"spec", "externalCIDRs"},
}

// isSum says that objects of a kind are the sum of their parts.
func isSum(kind string) bool { return listOf[kind] != nil || kind == policy.KindNetworkPolicy }

// directionsOfPolicy are the fields of a NetworkPolicy's rules by policy type.
var directionsOfPolicy = []struct{ policyType, field string }{{"Ingress", "ingress"}, {"Egress", "egress"}}

// partsOf reads the parts of an object. Equal parts have equal JSON.
func partsOf(u *unstructured.Unstructured) (parts, error) {
	if u.GetKind() != policy.KindNetworkPolicy {
		items, err := nestedList(u, listOf[u.GetKind()]...)
		return encodeAll(items, err)
	}
	types, err := nestedList(u, "spec", "policyTypes")
	if err != nil {
		return nil, err
	}
	var items []any
	for _, t := range types {
		items = append(items, map[string]any{"policyType": t})
	}
	for _, d := range directionsOfPolicy {
		rules, err := nestedList(u, "spec", d.field)
		if err != nil {
			return nil, err
		}
		for _, r := range rules {
			items = append(items, map[string]any{d.field: r})
		}
	}
	return encodeAll(items, nil)
}

func nestedList(u *unstructured.Unstructured, path ...string) ([]any, error) {
	list, _, err := unstructured.NestedFieldNoCopy(u.Object, path...)
	if err != nil {
		return nil, fmt.Errorf("reading the parts of %s: %w", u.GetName(), err)
	}
	items, _ := list.([]any)
	return items, nil
}

func encodeAll(items []any, err error) (parts, error) {
	if err != nil {
		return nil, err
	}
	out := make(parts, 0, len(items))
	for _, item := range items {
		out = append(out, encodeJSON(item))
	}
	return out, nil
}

// withParts is the object with other parts.
func withParts(u *unstructured.Unstructured, list parts, like *policy.Object) (*policy.Object, error) {
	fields := map[string][]any{}
	for _, part := range list {
		value, field := decodeJSON(part), ""
		if u.GetKind() == policy.KindNetworkPolicy {
			for k, v := range value.(map[string]any) { // one each, see partsOf
				field, value = k, v
			}
		}
		fields[field] = append(fields[field], value)
	}
	places := map[string][]string{"": listOf[u.GetKind()]}
	if u.GetKind() == policy.KindNetworkPolicy {
		places = map[string][]string{"policyType": {"spec", "policyTypes"}}
		for _, d := range directionsOfPolicy {
			places[d.field] = []string{"spec", d.field}
		}
	}
	for field, path := range places {
		list := fields[field]
		switch {
		case len(list) > 0:
		case u.GetKind() == policy.KindCIDRGroup:
			// Left out, the API server would make of the group's spec nothing at all,
			// which it does not take.
			list = []any{}
		default:
			unstructured.RemoveNestedField(u.Object, path...)
			continue
		}
		if err := unstructured.SetNestedSlice(u.Object, list, path...); err != nil {
			return nil, fmt.Errorf("putting parts side by side: %w", err)
		}
	}
	return policy.FromContent(u.Object, like.Part, like.Source), nil
}

// minus is what p has and other has not.
func (p parts) minus(other parts) parts {
	return slices.DeleteFunc(slices.Clone(p), func(part string) bool { return slices.Contains(other, part) })
}

// same says that both have the same parts, in whatever order.
func (p parts) same(other parts) bool { return len(p.minus(other))+len(other.minus(p)) == 0 }

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

func encodeJSON(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("encoding decoded JSON: %v", err))
	}
	return string(raw)
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
		out = append(out, encodeJSON(r))
	}
	return out
}

// some says that f holds for one of the rules.
func (p parts) some(f func(rule) bool) bool {
	found := false
	p.each(func(r rule) { found = found || f(r) })
	return found
}
