// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// admitZones checks each zone by itself.
func (r *resolver) admitZones() {
	for _, z := range r.snapshot.Zones {
		var good *v1alpha1.ZoneSpec
		var generation int64
		if z.Status.LastGood != nil {
			good, generation = &z.Status.LastGood.Spec, z.Status.LastGood.Generation
		}
		c := newCandidate(KindZone, z, &z.Spec, good, generation)
		r.zones = append(r.zones, c)
		r.zoneByName[z.Name] = c
		r.zoneMeta[z.Name] = z
	}
	slices.SortFunc(r.zones, func(a, b *zoneCandidate) int { return cmp.Compare(a.ref.Name, b.ref.Name) })
	for _, c := range r.zones {
		r.checkZone(c)
		c.hold(r.snapshot.Held)
		if c.report.failed() {
			c.demote()
		}
	}
}

func (r *resolver) checkZone(c *zoneCandidate) {
	for i, w := range c.spec.Members.Workloads {
		r.checkWorkloads(fmt.Sprintf("spec.members.workloads[%d]", i), w, &c.report)
	}
	if a := c.spec.Members.Assets; a != nil {
		if a.Selector != nil {
			checkSelector("spec.members.assets.selector", a.Selector, &c.report)
		}
		checkCIDRs("spec.members.assets.cidrs", a.CIDRs, &c.report)
		for i, cidr := range a.CIDRs {
			p, err := ParseNetwork(string(cidr))
			if err != nil || isWide(p) {
				continue // reported by checkCIDRs
			}
			if own, in := r.site.inCluster(p); in {
				c.report.error(fmt.Sprintf("spec.members.assets.cidrs[%d]", i), v1alpha1.ReasonClusterNetwork,
					"%s lies in the cluster's own network %s; name pods by members.workloads", p, own)
			}
		}
	}
	r.checkParent(c)
}

func (r *resolver) checkParent(c *zoneCandidate) {
	if c.spec.Parent == "" {
		return
	}
	if _, ok := r.zoneByName[c.spec.Parent]; !ok {
		c.report.warn("spec.parent", v1alpha1.ReasonParentNotFound,
			"there is no zone %q; the drawing shows this zone by itself", c.spec.Parent)
		return
	}
	seen := map[string]bool{c.ref.Name: true}
	for up := c.spec.Parent; up != ""; {
		if seen[up] {
			c.report.warn("spec.parent", v1alpha1.ReasonParentCycle,
				"the parents lead back to this zone; the drawing shows it by itself")
			return
		}
		seen[up] = true
		parent := r.zoneByName[up]
		if parent == nil || parent.spec == nil {
			return
		}
		up = parent.spec.Parent
	}
}

func (r *resolver) checkWorkloads(path string, w v1alpha1.WorkloadMembers, rep *report) {
	if w.PodSelector != nil {
		checkSelector(path+".podSelector", w.PodSelector, rep)
		for _, k := range SelectorKeys(w.PodSelector) {
			if !slices.Contains(r.site.zoneLabelKeys, k) {
				rep.error(path+".podSelector", v1alpha1.ReasonZoneLabelKey,
					"label key %q is not in the Site's zoneLabelKeys %v, so anybody could label a pod into this zone; add it there and guard it, or select by namespace",
					k, r.site.zoneLabelKeys)
			}
		}
	}
	if w.NamespaceSelector != nil && !checkSelector(path+".namespaceSelector", w.NamespaceSelector, rep) {
		return
	}
	if w.NamespaceSelector == nil && len(w.Namespaces) == 0 {
		rep.error(path, v1alpha1.ReasonInvalidSelector, "name namespaces, or select them")
	}
	for _, name := range w.Namespaces {
		if _, exists := r.namespaces[name]; !exists {
			rep.warn(path+".namespaces", v1alpha1.ReasonNamespaceNotFound, "there is no namespace %q yet", name)
		}
	}
	r.checkScope(path, w, rep)
}

// checkScope: a namespace that is named must be in scope. One that is selected and
// is not is left out, whoever labelled it: see entryOf.
func (r *resolver) checkScope(path string, w v1alpha1.WorkloadMembers, rep *report) {
	for _, name := range r.matchingNamespaces(workloadsOf(w)) {
		switch {
		case r.site.inScope(r.namespaces[name]):
		case w.NamespaceSelector == nil:
			rep.error(path, v1alpha1.ReasonNamespaceOutOfScope,
				"namespace %q is not in the Site's scope; label it so that spec.scope selects it, or leave it out", name)
		default:
			rep.warn(path, v1alpha1.ReasonNamespaceOutOfScope,
				"namespace %q carries the labels but is not in the Site's scope, so it is left out; label it so that spec.scope selects it", name)
		}
	}
}

// entryOf is an entry as it comes into force: namespaces selected by label must be
// in the Site's scope as well, or a label on kube-system would put the cluster's
// own services behind a floor.
func (r *resolver) entryOf(w v1alpha1.WorkloadMembers) Workloads {
	entry := workloadsOf(w)
	if entry.NamespaceSelector != nil {
		entry.NamespaceSelector = And(entry.NamespaceSelector, &r.site.spec.Scope.NamespaceSelector)
	}
	entry.Matching = r.matchingNamespaces(entry)
	return entry
}

// checkSelector reports a selector that nothing can be matched against, or that
// would match everything.
func checkSelector(path string, s *metav1.LabelSelector, rep *report) bool {
	compiled, err := metav1.LabelSelectorAsSelector(s)
	switch {
	case err != nil:
		rep.error(path, v1alpha1.ReasonInvalidSelector, "%v", err)
	case compiled.Empty():
		rep.error(path, v1alpha1.ReasonInvalidSelector, "an empty selector would take in everything; name a label")
	default:
		return true
	}
	return false
}

func workloadsOf(w v1alpha1.WorkloadMembers) Workloads {
	out := Workloads{NamespaceSelector: w.NamespaceSelector}
	if w.NamespaceSelector == nil {
		out.Namespaces = slices.Sorted(slices.Values(w.Namespaces))
	}
	if w.PodSelector != nil {
		out.PodSelectors = []*metav1.LabelSelector{w.PodSelector}
	}
	return out
}

// matchingNamespaces are the existing namespaces of a namespace part, sorted.
func (r *resolver) matchingNamespaces(w Workloads) []string {
	var out []string
	if w.NamespaceSelector == nil {
		for _, n := range w.Namespaces {
			if _, ok := r.namespaces[n]; ok {
				out = append(out, n)
			}
		}
		return out
	}
	for _, ns := range r.snapshot.Namespaces {
		if w.MatchesNamespace(ns) {
			out = append(out, ns.Name)
		}
	}
	slices.Sort(out)
	return out
}

// placeMembers works out the workloads and networks of every zone in force.
func (r *resolver) placeMembers() {
	r.members = map[string][]Workloads{}
	r.cidrs = map[string][]netip.Prefix{}
	for _, c := range r.zones {
		if c.spec == nil {
			continue
		}
		for _, w := range c.spec.Members.Workloads {
			r.members[c.ref.Name] = append(r.members[c.ref.Name], r.entryOf(w))
		}
		if a := c.spec.Members.Assets; a != nil {
			r.cidrs[c.ref.Name] = checkCIDRs("", a.CIDRs, &report{})
		}
	}
}

// demoteOverlappingWorkloads finds zones that could take in the same pod. The
// one of lower rank is demoted: a pod in two zones would be a bridge between them.
func (r *resolver) demoteOverlappingWorkloads() bool {
	demoted := map[*zoneCandidate]bool{}
	for _, pair := range r.overlappingZones() {
		a, b := r.zoneByName[pair[0]], r.zoneByName[pair[1]]
		if demoted[a] || demoted[b] {
			continue // its spec is another one now; the next round looks again
		}
		winner, loser := a, b
		if compareRanks(a.rank(), b.rank()) > 0 {
			winner, loser = b, a
		}
		loser.report.error("spec.members.workloads", v1alpha1.ReasonOverlap,
			"a pod could be in this zone and in zone %q; make them exclude each other by namespace, or by different values of one label key",
			winner.ref.Name)
		loser.demote()
		demoted[loser] = true
	}
	return len(demoted) > 0
}

// overlappingZones returns pairs of zones in force whose workloads can overlap.
// Entries are compared only where the value of one shared label key does not
// tell them apart already, so that a thousand zones do not cost a million looks.
func (r *resolver) overlappingZones() [][2]string {
	index := newEntryIndex()
	for _, c := range r.zones {
		for _, w := range r.members[c.ref.Name] {
			index.add(c.ref.Name, w)
		}
	}
	var out [][2]string
	index.candidates(func(a, b zoneEntry) {
		if a.zone == b.zone || !canOverlap(a.workloads, b.workloads) {
			return
		}
		pair := [2]string{min(a.zone, b.zone), max(a.zone, b.zone)}
		if !slices.Contains(out, pair) {
			out = append(out, pair)
		}
	})
	slices.SortFunc(out, func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	})
	return out
}
