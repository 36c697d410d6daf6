// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	corev1 "k8s.io/api/core/v1"
)

// index finds the rules that may select a pod by the rarest label that each asks
// for, so that a pod among thousands of rules looks at its own.
type index struct {
	all []*rule
	// loose are the rules that ask for no label.
	loose []*rule
	by    map[value][]*rule
}

// value is a label or namespace name that a selector may ask for.
type value struct {
	from       origin
	key, value string
}

func newIndex(rules []*rule) index {
	ix := index{all: rules, by: map[value][]*rule{}}
	counts := map[value]int{}
	for _, r := range rules {
		for _, asked := range r.asks {
			for _, v := range asked {
				counts[v]++
			}
		}
	}
	for _, r := range rules {
		asked := rarest(r.asks, counts)
		if asked == nil {
			ix.loose = append(ix.loose, r)
		}
		for _, v := range asked {
			ix.by[v] = append(ix.by[v], r)
		}
	}
	return ix
}

// asksOf returns for each requirement that asks for values those of which a pod must
// have one.
func asksOf(requirements []requirement) [][]value {
	var out [][]value
	for _, q := range requirements {
		if q.op != in || q.from == hidden || q.from == nowhere {
			continue
		}
		asked, seen := make([]value, 0, len(q.values)), names{}
		for _, v := range q.values {
			if _, twice := seen[v]; !twice {
				seen.add(v)
				asked = append(asked, value{from: q.from, key: q.key, value: v})
			}
		}
		out = append(out, asked)
	}
	return out
}

func rarest(asks [][]value, counts map[value]int) []value {
	var best []value
	least := 0
	for _, asked := range asks {
		total := 0
		for _, v := range asked {
			total += counts[v]
		}
		if best == nil || total < least {
			best, least = asked, total
		}
	}
	return best
}

// candidates are the rules that may select a pod. A pod has one value of each key,
// so each rule comes once.
func (ix *index) candidates(p *podState) [][]*rule {
	if !p.namespaceSeen {
		return [][]*rule{ix.all}
	}
	out := [][]*rule{ix.loose, ix.by[value{from: namespaceName, value: p.Namespace}]}
	for k, v := range p.Labels {
		out = append(out, ix.by[value{podLabel, k, v}])
	}
	for k, v := range p.namespaceLabels {
		out = append(out, ix.by[value{namespaceLabel, k, v}])
	}
	if _, ok := p.namespaceLabels[corev1.LabelMetadataName]; !ok {
		out = append(out, ix.by[value{namespaceLabel, corev1.LabelMetadataName, p.Namespace}])
	}
	return out
}

func (ix *index) selecting(p *podState) []applied {
	var out []applied
	for _, rules := range ix.candidates(p) {
		for _, r := range rules {
			if t := r.subject.match(p); t != no {
				out = append(out, applied{r, t})
			}
		}
	}
	return out
}
