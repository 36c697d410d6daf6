// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/internal/policy/identity"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// everywhere says that an entry without a namespace part is meant, which no zone has: it
// stands for every pod of the cluster.
func everywhere(w topology.Workloads) bool {
	return len(w.Namespaces)+len(w.Matching) == 0 && w.NamespaceSelector == nil
}

// census knows the identities of a cluster's pods: one pod of each.
type census struct {
	all         []topology.Pod
	byNamespace map[string][]topology.Pod
	selectors   map[*metav1.LabelSelector]labels.Selector
	// counts of workloads that were counted, by their first entry: ends of conduits
	// share the entries of their zones.
	counts map[counted]int
	// nested networks, by zone.
	nested map[string]int
}

type counted struct {
	first *topology.Workloads
	n     int
}

func newCensus(pods []topology.Pod, nested map[string]int) *census {
	c := &census{
		nested:      nested,
		byNamespace: map[string][]topology.Pod{},
		selectors:   map[*metav1.LabelSelector]labels.Selector{}, counts: map[counted]int{},
	}
	seen := make(map[string]bool, len(pods))
	for _, p := range pods {
		if key := identityOf(p); !seen[key] {
			seen[key] = true
			c.all = append(c.all, p)
			c.byNamespace[p.Namespace] = append(c.byNamespace[p.Namespace], p)
		}
	}
	return c
}

// identityOf is equal for pods that Cilium gives one identity.
func identityOf(p topology.Pod) string {
	var b strings.Builder
	b.WriteString(p.Namespace)
	for _, k := range slices.Sorted(maps.Keys(p.Labels)) {
		if !identity.LeavesOut(k) {
			b.WriteByte(0)
			b.WriteString(k)
			b.WriteByte('=')
			b.WriteString(p.Labels[k])
		}
	}
	return b.String()
}

// count is the number of identities of some workloads' pods.
func (c *census) count(workloads []topology.Workloads, _ *topology.Zone) int {
	if len(workloads) == 0 {
		return 0
	}
	key := counted{&workloads[0], len(workloads)}
	if n, known := c.counts[key]; known {
		return n
	}
	n := len(c.members(workloads))
	c.counts[key] = n
	return n
}

// members is one pod of each identity that the workloads select.
func (c *census) members(workloads []topology.Workloads) []topology.Pod {
	var out []topology.Pod
	seen := map[string]bool{}
	for _, w := range workloads {
		if everywhere(w) {
			return c.all
		}
		for _, namespace := range w.Matching {
			for _, p := range c.byNamespace[namespace] {
				if key := identityOf(p); !seen[key] && c.selects(w, p) {
					seen[key] = true
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// selects says that an entry selects a pod of one of its namespaces.
func (c *census) selects(w topology.Workloads, p topology.Pod) bool {
	return !slices.ContainsFunc(w.PodSelectors, func(s *metav1.LabelSelector) bool {
		return !c.selector(s).Matches(labels.Set(p.Labels))
	})
}

func (c *census) selector(s *metav1.LabelSelector) labels.Selector {
	if known, ok := c.selectors[s]; ok {
		return known
	}
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		selector = labels.Nothing()
	}
	c.selectors[s] = selector
	return selector
}

// zoneMaps are the policy maps of a zone's pods: one for each identity.
type zoneMaps struct {
	zone    string
	members []topology.Pod
	entries []int
}

// newZoneMaps starts with what the floor takes. A zone without pods is reckoned with as
// if it had one that every conduit selects.
func newZoneMaps(c *census, z *topology.Zone, floor int) *zoneMaps {
	m := &zoneMaps{zone: z.Name, members: c.members(z.Workloads)}
	m.entries = make([]int, max(1, len(m.members)))
	for i := range m.entries {
		m.entries[i] = floor
	}
	return m
}

// load is a number of entries for each map of each zone.
type load map[string][]int

// entriesOf is what a conduit takes of each map of the zones that are asked about.
func entriesOf(d *topology.Conduit, in map[string]*zoneMaps, c *census) load {
	out := load{}
	for _, zone := range zonesOf(d) {
		if m := in[zone]; m != nil {
			out[zone] = m.entriesOf(d, c)
		}
	}
	return out
}

// less takes another load away.
func (l load) less(other load) {
	for zone, entries := range other {
		if l[zone] == nil {
			l[zone] = make([]int, len(entries))
		}
		for i, n := range entries {
			l[zone][i] -= n
		}
	}
}

func put(in map[string]*zoneMaps, l load) {
	for zone, entries := range l {
		for i, n := range entries {
			in[zone].entries[i] += n
		}
	}
}

func (m *zoneMaps) entriesOf(d *topology.Conduit, c *census) []int {
	out := make([]int, len(m.entries))
	for i := range out {
		out[i] = conduitEntries(d, func(e topology.End) bool {
			return e.Zone.Name == m.zone && (len(m.members) == 0 || c.within(e, m.members[i]))
		}, c.count, c.nested)
	}
	return out
}

// within says that a pod belongs to an end.
func (c *census) within(e topology.End, p topology.Pod) bool {
	return slices.ContainsFunc(e.Workloads, func(w topology.Workloads) bool {
		return slices.Contains(w.Matching, p.Namespace) && c.selects(w, p)
	})
}

// with is the fullest of the maps that become fuller by a change.
func (m *zoneMaps) with(change []int) int {
	full := 0
	for i, n := range m.entries {
		if change[i] > 0 {
			full = max(full, n+change[i])
		}
	}
	return full
}

func (m *zoneMaps) fullest() int { return slices.Max(m.entries) }
