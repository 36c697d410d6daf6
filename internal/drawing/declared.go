// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawing

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Declared fills in of a snapshot what New needs beside the Model that was resolved
// from it: names of the Site, jump hosts, owners, parents, workloads, reasons.
func Declared(m *topology.Model, s topology.Snapshot) Plant {
	p := Plant{Model: m, Zones: map[string]ZoneFacts{}, Conduits: map[string]ConduitFacts{}}
	if s.Site != nil {
		p.ID, p.Title = s.Site.Spec.ID, s.Site.Spec.Title
		for _, j := range s.Site.Spec.Access.JumpHosts {
			p.JumpHosts = append(p.JumpHosts, jumpHostOf(j))
		}
	}
	if m == nil {
		return p
	}
	p.Findings = countFindings(m)
	zones, conduits := map[string]*v1alpha1.Zone{}, map[string]*v1alpha1.Conduit{}
	for _, z := range s.Zones {
		zones[z.Name] = z
	}
	for _, c := range s.Conduits {
		conduits[c.Name] = c
	}
	for _, z := range m.Zones {
		if d := zones[z.Name]; d != nil {
			p.Zones[z.Name] = zoneFacts(z, d, s.Pods)
		}
	}
	for _, c := range m.Conduits {
		if d := conduits[c.Name]; d != nil {
			p.Conduits[c.Name] = conduitFacts(c, d)
		}
	}
	return p
}

func countFindings(m *topology.Model) *Findings {
	var f Findings
	for _, v := range m.Verdicts {
		for _, found := range v.Findings {
			if found.Severity == v1alpha1.SeverityError {
				f.Errors++
			} else {
				f.Warnings++
			}
		}
	}
	return &f
}

func jumpHostOf(j v1alpha1.JumpHost) JumpHost {
	out := JumpHost{Name: j.Name, Zone: j.Zone}
	var addresses []string
	for _, a := range j.Addresses {
		addresses = append(addresses, string(a))
	}
	out.Address = strings.Join(addresses, " ")
	if out.Address == "" && j.Workloads != nil {
		out.Address = "pods in " + j.Workloads.Namespace
	}
	return out
}

// zoneFacts are those of the spec in force.
func zoneFacts(z *topology.Zone, d *v1alpha1.Zone, pods []topology.Pod) ZoneFacts {
	spec := d.Spec
	if z.Kept && d.Status.LastGood != nil {
		spec = d.Status.LastGood.Spec
	}
	count := map[string]int{}
	for _, pod := range pods {
		if isMember(z, pod) {
			count[workloadName(pod)]++
		}
	}
	f := ZoneFacts{Owner: spec.Owner, Parent: spec.Parent, Cell: spec.Cell}
	if g := d.Status.LastGood; g != nil && equality.Semantic.DeepEqual(g.Spec, spec) {
		f.ApprovedBy = userNames(g.ApprovedBy)
	}
	for _, name := range slices.Sorted(maps.Keys(count)) {
		f.Workloads = append(f.Workloads, Workload{Name: name, Pods: count[name]})
	}
	return f
}

func isMember(z *topology.Zone, pod topology.Pod) bool {
	return slices.ContainsFunc(z.Workloads, func(w topology.Workloads) bool {
		return slices.Contains(w.Matching, pod.Namespace) && w.MatchesLabels(pod.Labels)
	})
}

// workloadName is what people call the pod's workload, by the labels that charts set.
func workloadName(pod topology.Pod) string {
	return cmp.Or(pod.Labels["app.kubernetes.io/name"], pod.Labels["app"], pod.Labels["k8s-app"], pod.Name)
}

// conduitFacts are those of the spec in force.
func conduitFacts(c *topology.Conduit, d *v1alpha1.Conduit) ConduitFacts {
	spec := d.Spec
	if c.Kept && d.Status.LastGood != nil {
		spec = d.Status.LastGood.Spec
	}
	f := ConduitFacts{RiskOwner: spec.Why.RiskOwner, Approval: spec.Why.Approval, Need: spec.Why.Need}
	if g := d.Status.LastGood; g != nil && equality.Semantic.DeepEqual(g.Spec, spec) {
		f.ApprovedBy = userNames(g.ApprovedBy)
	}
	if spec.ExternalEnforcement != nil {
		f.Reference = spec.ExternalEnforcement.Reference
	}
	f.Cleartext = slices.ContainsFunc(spec.Flows, func(f v1alpha1.Flow) bool {
		return f.DeclaredMode == v1alpha1.ModeNone
	})
	return f
}

func userNames(users []v1alpha1.Username) []string {
	var out []string
	for _, u := range users {
		out = append(out, string(u))
	}
	return out
}
