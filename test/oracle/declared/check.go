// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package declared

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// Check says what cannot be about what a model has in force: a pod or an address in
// two zones, a conduit without its zones, a member that nobody may be, an object with
// a mistake in force as it was declared.
func (j *Judge) Check(p plant.Plant, m *topology.Model) error {
	if j.spec == nil {
		if len(m.Zones)+len(m.Conduits) > 0 {
			return errors.New("without a Site something is in force")
		}
		return nil
	}
	wrong := j.checkPods()
	wrong = append(wrong, j.checkNetworks(p)...)
	wrong = append(wrong, j.checkAssets(p, m)...)
	wrong = append(wrong, checkVerdicts(m)...)
	for _, z := range p.Zones {
		// What was accepted once stays in force, whatever became of the Site since.
		if v := m.Verdicts[topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}]; v.InForce && !v.Kept {
			wrong = append(wrong, j.checkWorkloads(p, z.Name, &z.Spec)...)
		}
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}

// checkVerdicts: what has an error is in force as it was or not at all, and nothing
// else is.
func checkVerdicts(m *topology.Model) []string {
	var wrong []string
	for ref, v := range m.Verdicts {
		hasError := slices.ContainsFunc(v.Findings, func(f v1alpha1.Finding) bool { return f.Severity == v1alpha1.SeverityError })
		if asDeclared := v.InForce && !v.Kept; ref.Kind != topology.KindSite && hasError == asDeclared {
			wrong = append(wrong, fmt.Sprintf("%s is in force as declared: %t, and has an error: %t", ref, asDeclared, hasError))
		}
	}
	return wrong
}

// checkPods: a pod in two zones would be a bridge between them.
func (j *Judge) checkPods() []string {
	var wrong []string
	for i := range j.world.Pods {
		pod := &j.world.Pods[i]
		in := slices.DeleteFunc(slices.Clone(j.zones), func(z *zone) bool {
			return !slices.ContainsFunc(z.entries, func(e *entry) bool { return e.holds(pod, j.world.Namespaces[pod.Namespace]) })
		})
		if len(in) > 1 {
			wrong = append(wrong, fmt.Sprintf("%s is in zones %s and %s", pod.Endpoint(), in[0].name, in[1].name))
		}
	}
	return wrong
}

func (j *Judge) checkNetworks(p plant.Plant) []string {
	var wrong []string
	var own []netip.Prefix
	for _, c := range j.spec.ClusterNetworks {
		own = append(own, network(string(c)))
	}
	for _, n := range p.Nodes {
		for _, s := range n.Networks {
			own = append(own, network(s))
		}
	}
	for i, a := range j.zones {
		for _, n := range a.networks {
			if isWide(n) {
				wrong = append(wrong, fmt.Sprintf("zone %s holds %s", a.name, n))
			}
			if !a.kept && slices.ContainsFunc(own, n.Overlaps) {
				wrong = append(wrong, fmt.Sprintf("zone %s holds %s of the cluster's own", a.name, n))
			}
			for _, b := range j.zones[i+1:] {
				if slices.ContainsFunc(b.networks, n.Overlaps) {
					wrong = append(wrong, fmt.Sprintf("zones %s and %s both hold %s", a.name, b.name, n))
				}
			}
		}
	}
	return wrong
}

// isWide says that a network holds too much of the Internet to be a zone.
func isWide(n netip.Prefix) bool {
	return n.Addr().Is4() && n.Bits() < 8 || n.Addr().Is6() && n.Bits() < 20
}

// checkAssets: a device is in a zone that selects it, and where one does it is in one.
func (j *Judge) checkAssets(p plant.Plant, m *topology.Model) []string {
	var wrong []string
	for _, a := range p.Assets {
		if assetSpec(m, a) == nil {
			continue
		}
		selecting := zonesSelecting(a, p, m)
		if in := m.AssetZones[a.Name]; in != "" && !slices.Contains(selecting, in) || in == "" && len(selecting) > 0 {
			wrong = append(wrong, fmt.Sprintf("asset %s is in zone %q, selected by %v", a.Name, in, selecting))
		}
	}
	return wrong
}

func zonesSelecting(a *v1alpha1.Asset, p plant.Plant, m *topology.Model) []string {
	var out []string
	for _, z := range p.Zones {
		s := zoneSpec(m, z)
		if s == nil || s.Members.Assets == nil || s.Members.Assets.Selector == nil {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(s.Members.Assets.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(a.Labels)) {
			out = append(out, z.Name)
		}
	}
	return out
}

// checkWorkloads: every entry names namespaces, in the Site's scope, and selects pods
// by guarded labels only.
func (j *Judge) checkWorkloads(p plant.Plant, name string, s *v1alpha1.ZoneSpec) []string {
	var wrong []string
	scope, err := metav1.LabelSelectorAsSelector(&j.spec.Scope.NamespaceSelector)
	if err != nil {
		return []string{err.Error()}
	}
	for _, w := range s.Members.Workloads {
		for _, ns := range p.Namespaces {
			if w.NamespaceSelector == nil && slices.Contains(w.Namespaces, ns.Name) && !scope.Matches(labels.Set(ns.Labels)) {
				wrong = append(wrong, fmt.Sprintf("zone %s has namespace %s, which is out of scope", name, ns.Name))
			}
		}
		wrong = append(wrong, j.checkSelectors(name, w)...)
	}
	return wrong
}

func (j *Judge) checkSelectors(name string, w v1alpha1.WorkloadMembers) []string {
	var wrong []string
	if len(w.Namespaces) == 0 && isEmpty(w.NamespaceSelector) {
		wrong = append(wrong, fmt.Sprintf("zone %s has workloads of no namespace", name))
	}
	if w.PodSelector != nil && isEmpty(w.PodSelector) {
		wrong = append(wrong, fmt.Sprintf("zone %s selects pods by nothing", name))
	}
	for _, key := range keysOf(w.PodSelector) {
		if !slices.Contains(j.spec.ZoneLabelKeys, key) {
			wrong = append(wrong, fmt.Sprintf("zone %s selects pods by %s, which anybody may set", name, key))
		}
	}
	return wrong
}

func isEmpty(s *metav1.LabelSelector) bool {
	return s == nil || len(s.MatchLabels)+len(s.MatchExpressions) == 0
}

func keysOf(s *metav1.LabelSelector) []string {
	var out []string
	if s == nil {
		return nil
	}
	for key := range s.MatchLabels {
		out = append(out, key)
	}
	for _, e := range s.MatchExpressions {
		out = append(out, e.Key)
	}
	return out
}
