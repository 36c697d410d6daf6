// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package podset_test

import (
	"maps"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/policy/podset"
)

var (
	keys = []string{"a", "b", "c"}
	// vals has a value that no selector names, as pods have.
	vals = []string{"1", "2", "3"}
)

func drawSelector(t *rapid.T) *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	for range rapid.IntRange(0, 3).Draw(t, "demands") {
		key := rapid.SampledFrom(keys).Draw(t, "key")
		e := metav1.LabelSelectorRequirement{Key: key, Operator: rapid.SampledFrom([]metav1.LabelSelectorOperator{
			metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist, "",
		}).Draw(t, "operator")}
		if e.Operator == "" {
			s.MatchLabels = map[string]string{key: rapid.SampledFrom(vals[:2]).Draw(t, "value")}
			continue
		}
		if e.Operator == metav1.LabelSelectorOpIn || e.Operator == metav1.LabelSelectorOpNotIn {
			e.Values = rapid.SliceOfN(rapid.SampledFrom(vals[:2]), 1, 3).Draw(t, "values")
		}
		s.MatchExpressions = append(s.MatchExpressions, e)
	}
	return s
}

func drawSelectors(t *rapid.T, most int) []*metav1.LabelSelector {
	return rapid.SliceOfN(rapid.Custom(drawSelector), 0, most).Draw(t, "selectors")
}

// everyPod has each key with each value, and without it.
func everyPod() []labels.Set {
	pods := []labels.Set{{}}
	for _, key := range keys {
		for _, p := range pods {
			for _, v := range vals {
				with := labels.Set{key: v}
				maps.Copy(with, p)
				pods = append(pods, with)
			}
		}
	}
	return pods
}

// selects asks Kubernetes' own selectors.
func selects(t *rapid.T, selectors []*metav1.LabelSelector, pod labels.Set) bool {
	for _, s := range selectors {
		compiled, err := metav1.LabelSelectorAsSelector(s)
		if err != nil {
			t.Fatal(err)
		}
		if compiled.Matches(pod) {
			return true
		}
	}
	return false
}

func setOf(t *rapid.T, selectors []*metav1.LabelSelector) podset.Set {
	var out podset.Set
	for _, s := range selectors {
		set, err := podset.Of(s)
		if err != nil {
			t.Fatal(err)
		}
		out = out.Or(set)
	}
	return out
}

// TestSetsSayWhatSelectorsSay: for every pod there could be.
func TestSetsSayWhatSelectorsSay(t *testing.T) {
	pods := everyPod()
	rapid.Check(t, func(t *rapid.T) {
		first, second := drawSelectors(t, 3), drawSelectors(t, 3)
		a, b := setOf(t, first), setOf(t, second)
		union := a.Or(b).Selectors()
		less, ok := a.Minus(b, 1000)
		if !ok {
			t.Fatal("too large")
		}
		difference := less.Selectors()
		meets := false
		for _, pod := range pods {
			inA, inB := selects(t, first, pod), selects(t, second, pod)
			meets = meets || inA && inB
			if got := selects(t, union, pod); got != (inA || inB) {
				t.Fatalf("%v: in the union %t, in one %t, in the other %t", pod, got, inA, inB)
			}
			if got := selects(t, difference, pod); got != (inA && !inB) {
				t.Fatalf("%v: in the difference %t, in one %t, in the other %t", pod, got, inA, inB)
			}
		}
		if a.Meets(b) != meets {
			t.Fatalf("meet: %t, want %t", a.Meets(b), meets)
		}
	})
}

// TestGivenLabelsAreAsked: a set asked of pods whose label a is known.
func TestGivenLabelsAreAsked(t *testing.T) {
	pods := everyPod()
	rapid.Check(t, func(t *rapid.T) {
		selectors := drawSelectors(t, 3)
		value := rapid.SampledFrom(append(vals, "")).Draw(t, "value")
		given := setOf(t, selectors).Given(func(key string) (string, bool, bool) { return value, value != "", key == "a" }).Selectors()
		for _, pod := range pods {
			if has, there := pod["a"]; has != value || there != (value != "") {
				continue
			}
			without := labels.Set{}
			for k, v := range pod {
				if k != "a" {
					without[k] = v
				}
			}
			if got, want := selects(t, given, without), selects(t, selectors, pod); got != want {
				t.Fatalf("%v: %t, want %t", pod, got, want)
			}
		}
	})
}

func TestWhatIsTooLargeIsRefused(t *testing.T) {
	all, err := podset.Of(&metav1.LabelSelector{})
	if err != nil {
		t.Fatal(err)
	}
	one, err := podset.Of(&metav1.LabelSelector{MatchLabels: map[string]string{"a": "1", "b": "1", "c": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	if less, ok := all.Minus(one, 3); !ok || len(less) != 3 {
		t.Errorf("%v %t", less, ok)
	}
	if less, ok := all.Minus(one, 2); ok || less != nil {
		t.Errorf("%v %t", less, ok)
	}
	if _, ok := all.Minus(nil, 0); ok {
		t.Error("one product is not more than none")
	}
}

func TestUnknownOperatorIsRefused(t *testing.T) {
	_, err := podset.Of(&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Gt", Values: []string{"1"}}}})
	if err == nil {
		t.Error("read")
	}
}
