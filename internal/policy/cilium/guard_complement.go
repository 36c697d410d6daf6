// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
)

const (
	// mostTerms is how many selectors may stand for the pods that are nobody's peers.
	mostTerms = 64
	// mostSteps is how many cases are looked at for them. Where selectors cross in
	// every way, the cases double with each.
	mostSteps = 64 * mostTerms
)

// complement returns terms that together match what within matches and none of the
// peers does; no two of them match the same labels. whole is false when there would
// be more than mostTerms of them: those that are returned still match no peer, and
// the broadest are among them.
func complement(within term, peers []term) (terms []term, whole bool) {
	s := splitter{}
	s.split(within, joinAlike(peers))
	return joinAlike(s.found), !s.short
}

type splitter struct {
	found []term
	steps int
	short bool
}

// split divides what within matches by one demand of one peer at a time: what does not
// meet it is none of that peer's, and where it is met it need not be asked again.
// The label that most peers ask about goes first: that is the one that tells them
// apart, their namespace or their cell, and each case is left with the few of it.
func (s *splitter) split(within term, peers []term) {
	s.steps++
	left, covered := remaining(within, peers)
	switch {
	case covered:
		return
	case s.steps > mostSteps || len(s.found) == mostTerms:
		s.short = true
		return
	case len(left) == 0:
		s.found = append(s.found, within)
		return
	}
	key := mostAsked(left)
	i := slices.IndexFunc(left, func(p term) bool { _, asks := p[key]; return asks })
	asked := left[i][key]
	for _, other := range asked.opposite() {
		if inside, ok := within.with(key, other); ok {
			s.split(inside, left)
		}
	}
	if inside, ok := within.with(key, asked); ok {
		s.split(inside, left)
	}
}

// remaining returns the peers that match anything within, less what they ask that is
// so there anyway. covered says that one of them matches all of it.
func remaining(within term, peers []term) (left []term, covered bool) {
	for _, p := range peers {
		rest, possible := term{}, true
		for key, d := range p {
			met, ok := meet(within[key], d)
			if !ok {
				possible = false
				break
			}
			if !met.equal(within[key]) {
				rest[key] = d
			}
		}
		switch {
		case !possible:
		case len(rest) == 0:
			return nil, true
		default:
			left = append(left, rest)
		}
	}
	return left, false
}

// mostAsked is the label that most terms ask about. Of several it is one of the
// namespace: where not all can be denied, whole namespaces are.
func mostAsked(terms []term) string {
	count := map[string]int{}
	for _, t := range terms {
		for key := range t {
			count[key]++
		}
	}
	return slices.MinFunc(slices.Collect(maps.Keys(count)), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(ofPod(a), ofPod(b)), strings.Compare(a, b))
	})
}

// ofPod is 0 for a label of the namespace, 1 for one of the pod.
func ofPod(key string) int {
	if key == k8sconst.PodNamespaceLabel || strings.HasPrefix(key, k8sconst.PodNamespaceMetaLabelsPrefix) {
		return 0
	}
	return 1
}

// joinAlike drops terms that another one covers, and makes one of two that differ only
// in which values of one label they ask for.
func joinAlike(terms []term) []term {
	var out []term
	for _, t := range terms {
		out = join(out, t)
	}
	return out
}

func join(terms []term, t term) []term {
	for i, other := range terms {
		if joined, ok := joinTwo(other, t); ok {
			// The joined one may be alike to another in turn.
			return join(slices.Delete(terms, i, i+1), joined)
		}
	}
	return append(terms, t)
}

func joinTwo(a, b term) (term, bool) {
	if a.covers(b) {
		return a, true
	}
	if b.covers(a) {
		return b, true
	}
	key, ok := onlyDifference(a, b)
	if !ok || !a[key].bounded || !b[key].bounded {
		return nil, false
	}
	out := maps.Clone(a)
	out[key] = oneValueOf(append(slices.Clone(a[key].values), b[key].values...)...)
	return out, true
}

// onlyDifference returns the one label about which two terms ask different things.
func onlyDifference(a, b term) (key string, ok bool) {
	if len(a) != len(b) {
		return "", false
	}
	for k, d := range a {
		other, asked := b[k]
		switch {
		case !asked:
			return "", false
		case d.equal(other):
		case ok:
			return "", false
		default:
			key, ok = k, true
		}
	}
	return key, ok
}
