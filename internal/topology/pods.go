// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// podMatcher is one workload entry of a zone, ready to be asked about many pods.
type podMatcher struct {
	zone      *Zone
	selectors []labels.Selector
}

func (m podMatcher) matches(p Pod) bool {
	return !slices.ContainsFunc(m.selectors, func(s labels.Selector) bool { return !s.Matches(labels.Set(p.Labels)) })
}

// matchersByNamespace compiles each entry once, however many pods there are.
func matchersByNamespace(zones []*Zone) map[string][]podMatcher {
	out := map[string][]podMatcher{}
	for _, z := range zones {
		for _, w := range z.Workloads {
			m := podMatcher{zone: z}
			for _, s := range w.PodSelectors {
				compiled, err := metav1.LabelSelectorAsSelector(s)
				if err != nil {
					compiled = labels.Nothing()
				}
				m.selectors = append(m.selectors, compiled)
			}
			for _, ns := range w.Matching {
				out[ns] = append(out[ns], m)
			}
		}
	}
	return out
}

// countPods counts the members of each zone and returns the pods that are in none
// although their namespace holds an enforced zone, sorted.
func countPods(zones []*Zone, pods []Pod) []Pod {
	byNamespace := matchersByNamespace(zones)
	var unzoned []Pod
	for _, p := range pods {
		enforced := false
		var in *Zone
		for _, m := range byNamespace[p.Namespace] {
			enforced = enforced || m.zone.Enforce
			// Two entries of one zone may both match; two zones never do.
			if in == nil && m.matches(p) {
				in = m.zone
			}
		}
		switch {
		case in != nil:
			in.PodCount++
		case enforced:
			unzoned = append(unzoned, p)
		}
	}
	slices.SortFunc(unzoned, func(a, b Pod) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return unzoned
}
