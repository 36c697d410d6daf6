// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podset calculates with sets of pods of one namespace as label selectors
// describe them: which pods does one selector select and no other.
//
// The contract:
//
//   - A set is what its selectors say, whatever pods there are now: a pod that
//     appears later belongs to it or not in the same way.
//   - Results are exact. What would become too large is refused and not rounded.
package podset

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Set is a union of products. The empty one holds no pod.
type Set []product

// product is which values pods may have of each label, all of them together. A
// label that it does not name may be there or not, with any value.
type product map[string]values

// values are the values that a label may have: those listed, or with except all
// but those listed; and with absent the label may be missing.
type values struct {
	list           []string // sorted, each once
	except, absent bool
}

// Of returns the pods that a selector selects; an empty one selects all.
func Of(s *metav1.LabelSelector) (Set, error) {
	p := product{}
	for key, value := range s.MatchLabels {
		p.demand(key, values{list: []string{value}})
	}
	for _, e := range s.MatchExpressions {
		v := values{list: slices.Sorted(slices.Values(e.Values))}
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
		case metav1.LabelSelectorOpNotIn:
			v.except, v.absent = true, true
		case metav1.LabelSelectorOpExists:
			v.except = true
		case metav1.LabelSelectorOpDoesNotExist:
			v.absent = true
		default:
			return nil, fmt.Errorf("reading a selector: operator %q", e.Operator)
		}
		v.list = slices.Compact(v.list)
		p.demand(e.Key, v)
	}
	if p.none() {
		return nil, nil
	}
	return Set{p}, nil
}

// demand narrows the product.
func (p product) demand(key string, v values) {
	if has, ok := p[key]; ok {
		v = has.and(v)
	}
	p[key] = v
}

// none says that no pod can meet it.
func (p product) none() bool {
	for _, v := range p {
		if v.none() {
			return true
		}
	}
	return false
}

// within says that each pod of p is one of q.
func (p product) within(q product) bool {
	for key, allowed := range q {
		has, named := p[key]
		if !named {
			has = values{except: true, absent: true}
		}
		if !has.and(allowed.not()).none() {
			return false
		}
	}
	return true
}

// minus returns the pods of p that are not of q, as products that have no pod in
// common: those that fail the first demand of q, those that meet it and fail the
// second, and so on.
func (p product) minus(q product) Set {
	var out Set
	rest := maps.Clone(p)
	for _, key := range slices.Sorted(maps.Keys(q)) {
		fails := maps.Clone(rest)
		fails.demand(key, q[key].not())
		if !fails.none() {
			out = append(out, fails)
		}
		rest.demand(key, q[key])
		if rest.none() {
			return out
		}
	}
	return out
}

func (v values) none() bool { return len(v.list) == 0 && !v.except && !v.absent }

func (v values) not() values {
	return values{list: v.list, except: !v.except, absent: !v.absent}
}

func (v values) has(value string) bool { return slices.Contains(v.list, value) != v.except }

func (v values) and(w values) values {
	out := values{except: v.except && w.except, absent: v.absent && w.absent}
	switch {
	case out.except: // all but what either excepts
		out.list = slices.Compact(slices.Sorted(slices.Values(slices.Concat(v.list, w.list))))
	case v.except:
		out.list = slices.DeleteFunc(slices.Clone(w.list), func(s string) bool { return !v.has(s) })
	default:
		out.list = slices.DeleteFunc(slices.Clone(v.list), func(s string) bool { return !w.has(s) })
	}
	return out
}

// Or returns the pods of either set.
func (s Set) Or(t Set) Set {
	out := slices.Clone(s)
	for _, p := range t {
		if !slices.ContainsFunc(out, p.within) {
			out = slices.DeleteFunc(out, func(q product) bool { return q.within(p) })
			out = append(out, p)
		}
	}
	return out
}

// Minus returns the pods of s that are not of t, and false when that takes more
// than most products to say.
func (s Set) Minus(t Set, most int) (Set, bool) {
	out := s
	for _, q := range t {
		var next Set
		for _, p := range out {
			next = append(next, p.minus(q)...)
			if len(next) > most {
				return nil, false
			}
		}
		out = next
	}
	return out, len(out) <= most
}

// Meets says that some pod could be of both.
func (s Set) Meets(t Set) bool {
	return slices.ContainsFunc(s, func(p product) bool { return slices.ContainsFunc(t, p.meets) })
}

func (p product) meets(q product) bool {
	for key, v := range p {
		if w, ok := q[key]; ok && v.and(w).none() {
			return false
		}
	}
	return true
}

// Given returns what is left to ask of a pod for which some labels are known: fixed
// returns a label's value, whether it is there, and whether that is known.
func (s Set) Given(fixed func(key string) (value string, there, known bool)) Set {
	var out Set
	for _, p := range s {
		rest, meets := product{}, true
		for key, v := range p {
			value, there, known := fixed(key)
			switch {
			case !known:
				rest[key] = v
			case there:
				meets = meets && v.has(value)
			default:
				meets = meets && v.absent
			}
		}
		if meets {
			out = append(out, rest)
		}
	}
	return out
}

// Selectors returns one selector for each part of the set. Equal sets of equal make
// have equal selectors.
func (s Set) Selectors() []*metav1.LabelSelector {
	var out []*metav1.LabelSelector
	for _, p := range s {
		selectors := []*metav1.LabelSelector{{}}
		for _, key := range slices.Sorted(maps.Keys(p)) {
			var next []*metav1.LabelSelector
			for _, demands := range p[key].requirements(key) {
				for _, s := range selectors {
					s = s.DeepCopy()
					s.MatchExpressions = append(s.MatchExpressions, demands...)
					next = append(next, s)
				}
			}
			selectors = next
		}
		out = append(out, selectors...)
	}
	return out
}

// requirements are the ways to meet the demand, each a conjunction: a selector cannot
// say "this value, or no such label" in one.
func (v values) requirements(key string) [][]metav1.LabelSelectorRequirement {
	say := func(op metav1.LabelSelectorOperator, values ...string) metav1.LabelSelectorRequirement {
		return metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: values}
	}
	var ways [][]metav1.LabelSelectorRequirement
	way := func(demands ...metav1.LabelSelectorRequirement) { ways = append(ways, demands) }
	switch {
	case v.except && v.absent && len(v.list) == 0:
		way()
	case v.except && v.absent:
		way(say(metav1.LabelSelectorOpNotIn, v.list...))
	case v.except && len(v.list) == 0:
		way(say(metav1.LabelSelectorOpExists))
	case v.except:
		way(say(metav1.LabelSelectorOpExists), say(metav1.LabelSelectorOpNotIn, v.list...))
	default:
		if len(v.list) > 0 {
			way(say(metav1.LabelSelectorOpIn, v.list...))
		}
		if v.absent {
			way(say(metav1.LabelSelectorOpDoesNotExist))
		}
	}
	return ways
}
