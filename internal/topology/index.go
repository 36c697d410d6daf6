// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
)

// zoneEntry is one workload entry of one zone.
type zoneEntry struct {
	zone      string
	workloads Workloads
}

// entryIndex keeps workload entries by a label key and value that their
// namespace part bounds them to. Entries bounded to different values of one key
// never overlap; every other pair is a candidate.
type entryIndex struct {
	byKey map[string]map[string][]zoneEntry // label key, value
	free  []zoneEntry                       // bounded by no key
	all   []zoneEntry
}

func newEntryIndex() *entryIndex {
	return &entryIndex{byKey: map[string]map[string][]zoneEntry{}}
}

// namespaceBound returns the label key and values that bound the namespace part.
func namespaceBound(w Workloads) (string, []string, bool) {
	if w.NamespaceSelector == nil {
		return namespaceNameLabel, w.Namespaces, true
	}
	return firstDemand(w.NamespaceSelector)
}

func (x *entryIndex) add(zone string, w Workloads) {
	e := zoneEntry{zone: zone, workloads: w}
	x.all = append(x.all, e)
	key, values, ok := namespaceBound(w)
	if !ok {
		x.free = append(x.free, e)
		return
	}
	if x.byKey[key] == nil {
		x.byKey[key] = map[string][]zoneEntry{}
	}
	for _, v := range values {
		x.byKey[key][v] = append(x.byKey[key][v], e)
	}
}

// candidates calls visit for every pair of entries that its bounds do not tell
// apart; a pair may come more than once.
func (x *entryIndex) candidates(visit func(a, b zoneEntry)) {
	for _, values := range x.byKey {
		for _, entries := range values {
			pairs(entries, visit)
		}
	}
	for _, f := range x.free {
		for _, e := range x.all {
			visit(f, e)
		}
	}
	if len(x.byKey) < 2 {
		return
	}
	for _, a := range x.all {
		for _, b := range x.all {
			ka, _, oka := namespaceBound(a.workloads)
			kb, _, okb := namespaceBound(b.workloads)
			if oka && okb && ka < kb {
				visit(a, b)
			}
		}
	}
}

func pairs(entries []zoneEntry, visit func(a, b zoneEntry)) {
	for i := range entries {
		for j := i + 1; j < len(entries); j++ {
			visit(entries[i], entries[j])
		}
	}
}

// selectorIndex finds the zones whose asset selector may match a set of labels.
type selectorIndex struct {
	byLabel map[[2]string][]*zoneCandidate
	free    []*zoneCandidate
}

func newSelectorIndex(zones []*zoneCandidate) *selectorIndex {
	x := &selectorIndex{byLabel: map[[2]string][]*zoneCandidate{}}
	for _, z := range zones {
		if z.spec == nil || z.spec.Members.Assets == nil || z.spec.Members.Assets.Selector == nil {
			continue
		}
		key, values, ok := firstDemand(z.spec.Members.Assets.Selector)
		if !ok {
			x.free = append(x.free, z)
			continue
		}
		for _, v := range values {
			x.byLabel[[2]string{key, v}] = append(x.byLabel[[2]string{key, v}], z)
		}
	}
	return x
}

// matching returns the zones whose asset selector matches, each once.
func (x *selectorIndex) matching(set map[string]string) []*zoneCandidate {
	var out []*zoneCandidate
	try := func(z *zoneCandidate) {
		if matches(z.spec.Members.Assets.Selector, set) && !slices.Contains(out, z) {
			out = append(out, z)
		}
	}
	for k, v := range set {
		for _, z := range x.byLabel[[2]string{k, v}] {
			try(z)
		}
	}
	for _, z := range x.free {
		try(z)
	}
	return out
}
