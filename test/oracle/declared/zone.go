// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package declared

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// zone is a zone in force.
type zone struct {
	name               string
	enforce            bool
	kept               bool // something of it is in force as it was
	internal, dns, api bool
	entries            []*entry
	networks           []netip.Prefix
	assets             []*v1alpha1.Asset // as in force
	// unguarded are layers of the guard that the zone does without, in part or whole.
	unguarded []v1alpha1.GuardLayer
}

// entry is one of a zone's workloads.
type entry struct {
	names      []string
	namespaces labels.Selector // nil where they are named
	scope      labels.Selector
	pods       labels.Selector
	// doubtful says that the backend said that it does not carry it out.
	doubtful bool
	denyRest bool
}

// seenLabels are the labels of a pod as Cilium sees them.
type seenLabels = labels.Set

func (e *entry) selectsNamespace(name string, set map[string]string) bool {
	if e.namespaces == nil {
		return slices.Contains(e.names, name)
	}
	return e.namespaces.Matches(labels.Set(set)) && e.scope.Matches(labels.Set(set))
}

func (e *entry) holds(pod *oracle.Pod, namespaceLabels map[string]string) bool {
	return e.selectsNamespace(pod.Namespace, namespaceLabels) && e.pods.Matches(labels.Set(pod.Labels))
}

// holds says whether a place is a member, and whether every rule that makes it one is
// carried out.
func (z *zone) holds(p *place) membership {
	var m membership
	if p.pod == nil {
		m.in = !p.isNode && contains(z.networks, p.address)
		m.sure = m.in
		return m
	}
	for _, e := range z.entries {
		if e.holds(p.pod, p.namespace) {
			m = membership{in: true, sure: m.sure || !e.doubtful}
		}
	}
	return m
}

// spec is what of an object is in force, nil for nothing.
func spec[S any](m *topology.Model, kind, name string, declared, lastGood *S) *S {
	v := m.Verdicts[topology.ObjectRef{Kind: kind, Name: name}]
	switch {
	case v == nil || !v.InForce:
		return nil
	case v.Kept:
		return lastGood
	default:
		return declared
	}
}

func zoneSpec(m *topology.Model, z *v1alpha1.Zone) *v1alpha1.ZoneSpec {
	var good *v1alpha1.ZoneSpec
	if z.Status.LastGood != nil {
		good = &z.Status.LastGood.Spec
	}
	return spec(m, topology.KindZone, z.Name, &z.Spec, good)
}

func assetSpec(m *topology.Model, a *v1alpha1.Asset) *v1alpha1.AssetSpec {
	var good *v1alpha1.AssetSpec
	if a.Status.LastGood != nil {
		good = &a.Status.LastGood.Spec
	}
	return spec(m, topology.KindAsset, a.Name, &a.Spec, good)
}

func (j *Judge) readZones(p plant.Plant, m *topology.Model, set policy.Set) error {
	scope, err := metav1.LabelSelectorAsSelector(&j.spec.Scope.NamespaceSelector)
	if err != nil {
		return fmt.Errorf("reading the Site's scope: %w", err)
	}
	j.scope = scope
	for _, z := range p.Zones {
		s := zoneSpec(m, z)
		if s == nil {
			continue
		}
		out := &zone{
			name: z.Name,
			// Observe is heeded whatever else is wrong with the edit.
			enforce:  s.Enforcement == v1alpha1.EnforcementEnforce && z.Spec.Enforcement != v1alpha1.EnforcementObserve,
			internal: s.InternalTraffic != v1alpha1.PermissionDeny,
			dns:      s.PlatformServices.DNS != v1alpha1.PermissionDeny,
			api:      s.PlatformServices.APIServer == v1alpha1.PermissionAllow,
			kept:     s != &z.Spec,
		}
		ref := topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}
		out.unguarded = unguarded(set.Findings[ref])
		for i, w := range s.Members.Workloads {
			e, err := readEntry(w, scope)
			if err != nil {
				return fmt.Errorf("reading zone %s: %w", z.Name, err)
			}
			e.doubtful = cannot(set.Findings[ref], fmt.Sprintf("spec.members.workloads[%d].podSelector", i))
			e.denyRest = j.deniesRest(m, out, i, w)
			out.entries = append(out.entries, e)
		}
		out.readDevices(p, m, s)
		j.zones = append(j.zones, out)
	}
	return nil
}

func readEntry(w v1alpha1.WorkloadMembers, scope labels.Selector) (*entry, error) {
	e := &entry{names: w.Namespaces, scope: scope, pods: labels.Everything()}
	var err error
	if w.NamespaceSelector != nil {
		if e.namespaces, err = metav1.LabelSelectorAsSelector(w.NamespaceSelector); err != nil {
			return nil, err
		}
	}
	if w.PodSelector != nil {
		e.pods, err = metav1.LabelSelectorAsSelector(w.PodSelector)
	}
	return e, err
}

// cannot says that a finding says that the backend does not carry a field out.
func cannot(findings []v1alpha1.Finding, path string) bool {
	return slices.ContainsFunc(findings, func(f v1alpha1.Finding) bool {
		return f.Path == path && f.Reason == v1alpha1.ReasonBackendCannot && f.Severity == v1alpha1.SeverityError
	})
}

// deniesRest says whether pods of an entry's namespaces that are in no zone are denied.
// Where a zone in Observe may share the namespaces they are not, and a finding says so:
// which entries that concerns is the model's to say.
func (j *Judge) deniesRest(m *topology.Model, z *zone, i int, w v1alpha1.WorkloadMembers) bool {
	if j.spec.UnzonedWorkloads != v1alpha1.UnzonedDeny || !z.enforce || w.PodSelector == nil {
		return false
	}
	v := m.Verdicts[topology.ObjectRef{Kind: topology.KindZone, Name: z.name}]
	told := slices.ContainsFunc(v.Findings, func(f v1alpha1.Finding) bool { return f.Reason == v1alpha1.ReasonUnzonedNotDenied })
	return !told || m.Zone(z.name).Workloads[i].DenyRest
}

// readDevices collects the addresses of a zone.
func (z *zone) readDevices(p plant.Plant, m *topology.Model, s *v1alpha1.ZoneSpec) {
	if s.Members.Assets != nil {
		for _, c := range s.Members.Assets.CIDRs {
			if n := network(string(c)); n.IsValid() && !isWide(n) {
				z.networks = append(z.networks, n)
			}
		}
	}
	for _, a := range p.Assets {
		in := assetSpec(m, a)
		if in == nil || m.AssetZones[a.Name] != z.name {
			continue
		}
		asset := a.DeepCopy()
		asset.Spec = *in
		z.kept = z.kept || in != &a.Spec
		z.assets = append(z.assets, asset)
		z.networks = append(z.networks, networksOf(asset)...)
	}
}

func networksOf(a *v1alpha1.Asset) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(a.Spec.Addresses))
	for _, address := range a.Spec.Addresses {
		if n := network(string(address)); n.IsValid() {
			out = append(out, n)
		}
	}
	return out
}

// network reads an address or a network; IPv4 in IPv6 clothes is IPv4. What cannot be
// read, and what has host bits set, holds nothing.
func network(s string) netip.Prefix {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen())
	}
	n, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}
	}
	if n.Addr().Is4In6() {
		n = netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-96)
	}
	if n != n.Masked() {
		return netip.Prefix{}
	}
	return n
}

func parse(list []string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, a.Unmap())
		}
	}
	return out
}
