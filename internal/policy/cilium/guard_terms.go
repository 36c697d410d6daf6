// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// demand is what a term asks of one label: one of some values, none of them, to be
// there, or not to be there.
type demand struct {
	// values, sorted: where bounded the only ones that do, else those that do not.
	values  []string
	bounded bool
	// present: the label must be there, which a bounded demand says by itself.
	present bool
	// absent: it must not; then nothing else is set.
	absent bool
}

// term is a conjunction of demands by label key. The empty term matches everything.
type term map[string]demand

// termOf is the conjunction of selectors; ok is false when nothing can match it.
func termOf(selectors ...*metav1.LabelSelector) (t term, ok bool) {
	t = term{}
	for _, s := range selectors {
		if s == nil {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
			if !t.add(key, oneValueOf(s.MatchLabels[key])) {
				return nil, false
			}
		}
		for _, e := range s.MatchExpressions {
			if !t.add(e.Key, demandOf(e)) {
				return nil, false
			}
		}
	}
	return t, true
}

func oneValueOf(values ...string) demand {
	sorted := slices.Sorted(slices.Values(values))
	return demand{values: slices.Compact(sorted), bounded: true}
}

func demandOf(e metav1.LabelSelectorRequirement) demand {
	switch e.Operator {
	case metav1.LabelSelectorOpIn:
		return oneValueOf(e.Values...)
	case metav1.LabelSelectorOpNotIn:
		d := oneValueOf(e.Values...)
		d.bounded = false
		return d
	case metav1.LabelSelectorOpExists:
		return demand{present: true}
	default:
		return demand{absent: true}
	}
}

// add puts one more demand on a label; false when it cannot be met beside the others.
func (t term) add(key string, d demand) bool {
	met, ok := meet(t[key], d)
	if ok {
		t[key] = met
	}
	return ok
}

// with returns the term with one more demand; false when nothing can match it.
func (t term) with(key string, d demand) (term, bool) {
	out := maps.Clone(t)
	return out, out.add(key, d)
}

// and returns what both terms match; false when that is nothing.
func (t term) and(other term) (term, bool) {
	out := maps.Clone(t)
	for key, d := range other {
		if !out.add(key, d) {
			return nil, false
		}
	}
	return out, true
}

// covers says that the term matches whatever the other one does: everything that it
// asks is so there already.
func (t term) covers(other term) bool {
	for key, d := range t {
		met, ok := meet(other[key], d)
		if !ok || !met.equal(other[key]) {
			return false
		}
	}
	return true
}

// meet is what both demands ask together; false when no label can meet both.
func meet(a, b demand) (demand, bool) {
	switch {
	case a.absent || b.absent:
		return demand{absent: true}, !a.needed() && !b.needed()
	case a.bounded:
		a.values = slices.DeleteFunc(slices.Clone(a.values), func(v string) bool { return !b.takes(v) })
		return a, len(a.values) > 0
	case b.bounded:
		return meet(b, a)
	}
	values := slices.Sorted(slices.Values(append(slices.Clone(a.values), b.values...)))
	return demand{values: slices.Compact(values), present: a.present || b.present}, true
}

func (d demand) equal(other demand) bool {
	return d.bounded == other.bounded && d.present == other.present && d.absent == other.absent &&
		slices.Equal(d.values, other.values)
}

// needed says that the label must be there.
func (d demand) needed() bool { return d.bounded || d.present }

// takes says whether a label of that value meets a demand that is not absent.
func (d demand) takes(value string) bool {
	return slices.Contains(d.values, value) == d.bounded
}

// opposite returns what asks for anything but d: demands of which a label meets
// exactly one when it does not meet d.
func (d demand) opposite() []demand {
	switch {
	case d.absent:
		return []demand{{present: true}}
	case d.bounded:
		return []demand{{values: d.values}}
	}
	var out []demand
	if len(d.values) > 0 {
		out = append(out, demand{values: d.values, bounded: true})
	}
	if d.present {
		out = append(out, demand{absent: true})
	}
	return out
}

// selector writes a term as a label selector, by key.
func (t term) selector() *metav1.LabelSelector {
	out := &metav1.LabelSelector{}
	require := func(key string, op metav1.LabelSelectorOperator, values []string) {
		out.MatchExpressions = append(out.MatchExpressions,
			metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: values})
	}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		switch d := t[key]; {
		case d.absent:
			require(key, metav1.LabelSelectorOpDoesNotExist, nil)
		case d.bounded && len(d.values) == 1:
			if out.MatchLabels == nil {
				out.MatchLabels = map[string]string{}
			}
			out.MatchLabels[key] = d.values[0]
		case d.bounded:
			require(key, metav1.LabelSelectorOpIn, d.values)
		default:
			if d.present {
				require(key, metav1.LabelSelectorOpExists, nil)
			}
			if len(d.values) > 0 {
				require(key, metav1.LabelSelectorOpNotIn, d.values)
			}
		}
	}
	return out
}
