// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"maps"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

// universe is every set of labels over the keys, each absent or with one of the
// values. The values have one more than the selectors use: what nobody named.
func universe(keys ...string) []map[string]string {
	out := []map[string]string{{}}
	for _, k := range keys {
		for _, have := range slices.Clone(out) {
			for _, v := range []string{"a", "b", "other"} {
				with := maps.Clone(have)
				with[k] = v
				out = append(out, with)
			}
		}
	}
	return out
}

// anySelector has up to three requirements over few keys and values.
func anySelector(t *rapid.T, keys ...string) *metav1.LabelSelector {
	out := &metav1.LabelSelector{}
	for range rapid.IntRange(0, 3).Draw(t, "requirements") {
		key := rapid.SampledFrom(keys).Draw(t, "key")
		values := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b"}), 1, 2, rapid.ID).Draw(t, "values")
		switch rapid.IntRange(0, 4).Draw(t, "form") {
		case 0:
			if out.MatchLabels == nil {
				out.MatchLabels = map[string]string{}
			}
			out.MatchLabels[key] = values[0]
		case 1:
			out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: values})
		case 2:
			out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpNotIn, Values: values})
		case 3:
			out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpExists})
		default:
			out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpDoesNotExist})
		}
	}
	return out
}

func TestSatisfiable(t *testing.T) {
	sets := universe("x", "y")
	rapid.Check(t, func(t *rapid.T) {
		a, b := anySelector(t, "x", "y"), anySelector(t, "x", "y")
		d := demands{}
		d.add(a)
		d.add(b)
		d.add(nil)
		want := slices.ContainsFunc(sets, func(s map[string]string) bool { return matches(a, s) && matches(b, s) })
		if got := d.satisfiable(); got != want {
			t.Fatalf("satisfiable is %v, but of all sets of labels one matches: %v\n%v\n%v", got, want, a, b)
		}
	})
}

// anyEntry is an entry by names or by labels of namespaces, with pod selectors.
func anyEntry(t *rapid.T) Workloads {
	var w Workloads
	if rapid.Bool().Draw(t, "by name") {
		w.Namespaces = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b"}), 1, 2, rapid.ID).Draw(t, "names")
	} else {
		w.NamespaceSelector = anySelector(t, "team", namespaceNameLabel)
	}
	for range rapid.IntRange(0, 2).Draw(t, "pod selectors") {
		w.PodSelectors = append(w.PodSelectors, anySelector(t, "x", "y"))
	}
	return w
}

// everyNamespace is every namespace that could be: its name is always a label.
func everyNamespace() []Namespace {
	var out []Namespace
	for _, l := range universe("team") {
		for _, name := range []string{"a", "b", "other"} {
			with := maps.Clone(l)
			with[namespaceNameLabel] = name
			out = append(out, Namespace{Name: name, Labels: with})
		}
	}
	return out
}

func TestCanOverlap(t *testing.T) {
	namespaces, pods := everyNamespace(), universe("x", "y")
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyEntry(t), anyEntry(t)
		share := slices.ContainsFunc(namespaces, func(n Namespace) bool { return a.MatchesNamespace(n) && b.MatchesNamespace(n) })
		meet := share && slices.ContainsFunc(pods, func(p map[string]string) bool { return a.MatchesLabels(p) && b.MatchesLabels(p) })
		// A namespace always has its name, so a selector that asks for none is
		// held to be possible; that errs on the side of an overlap.
		if got := shareNamespace(a, b); got != share && !(got && asksForNoName(a, b)) {
			t.Fatalf("share a namespace: %v, want %v\n%+v\n%+v", got, share, a, b)
		}
		if got := canOverlap(a, b); got != meet && !(got && asksForNoName(a, b)) {
			t.Fatalf("can overlap: %v, want %v\n%+v\n%+v", got, meet, a, b)
		}
		if canOverlap(a, b) != canOverlap(b, a) {
			t.Fatalf("not symmetric:\n%+v\n%+v", a, b)
		}
	})
}

func asksForNoName(entries ...Workloads) bool {
	return slices.ContainsFunc(entries, func(w Workloads) bool {
		return w.NamespaceSelector != nil && slices.ContainsFunc(w.NamespaceSelector.MatchExpressions, func(e metav1.LabelSelectorRequirement) bool {
			return e.Key == namespaceNameLabel && e.Operator == metav1.LabelSelectorOpDoesNotExist
		})
	})
}

// The index only leaves out pairs that cannot overlap.
func TestIndexFindsEveryOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(anyEntry), 2, 8).Draw(t, "entries")
		x := newEntryIndex()
		for i, w := range entries {
			x.add(string(rune('A'+i)), w)
		}
		found := map[string]bool{}
		x.candidates(func(a, b zoneEntry) { found[a.zone+b.zone], found[b.zone+a.zone] = true, true })
		for i := range entries {
			for j := range entries {
				if i != j && canOverlap(entries[i], entries[j]) && !found[string(rune('A'+i))+string(rune('A'+j))] {
					t.Fatalf("not looked at:\n%+v\n%+v", entries[i], entries[j])
				}
			}
		}
	})
}

// couldSelect answers for pods that are not there yet as well.
func TestCouldSelect(t *testing.T) {
	pods := universe("x", "y")
	rapid.Check(t, func(t *rapid.T) {
		w := anyEntry(t)
		service := rapid.SampledFrom(pods[1:]).Draw(t, "service")
		want := slices.ContainsFunc(pods, func(p map[string]string) bool {
			return w.MatchesLabels(p) && matches(&metav1.LabelSelector{MatchLabels: service}, p)
		})
		if got := couldSelect(w, service); got != want {
			t.Fatalf("could select %v: %v, want %v: %+v", service, got, want, w)
		}
	})
}
