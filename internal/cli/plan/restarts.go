// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/matrix/workload"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Restart is a workload whose certificate's trust changes.
type Restart struct {
	// Certificate as namespace/name, and what becomes of the workload for it.
	Certificate string                 `json:"certificate"`
	Policy      v1alpha1.RestartPolicy `json:"policy"`
	Workload    string                 `json:"workload,omitempty"`
	// Windows in which it may restart; none: any maintenance window of the Site.
	Windows []string `json:"windows,omitempty"`
	// Gains and Loses are the zones whose authorities it trusts, or no longer does.
	Gains []string `json:"gains,omitempty"`
	Loses []string `json:"loses,omitempty"`
}

// restarts are the certificates whose trust changes with the conduits.
func restarts(before, after *plant.Plant) []Restart {
	out := []Restart{}
	for _, c := range after.Certificates {
		party := partyOf(after, c)
		was, is := before.Model().Trusts(party), after.Model().Trusts(party)
		r := Restart{
			Certificate: c.Namespace + "/" + c.Name, Policy: policyOf(after.Model().ZoneOfParty(party), c),
			Gains: minus(is, was), Loses: minus(was, is),
		}
		if len(r.Gains)+len(r.Loses) == 0 {
			continue
		}
		if ref := c.Spec.WorkloadRef; ref != nil {
			r.Workload = ref.Kind + "/" + ref.Name
		}
		if c.Spec.Restart != nil {
			r.Windows = c.Spec.Restart.Windows
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Restart) int { return strings.Compare(a.Certificate, b.Certificate) })
	return out
}

// partyOf is whom a certificate is for: the workload, by the labels of a pod that it made,
// or else the whole namespace.
func partyOf(p *plant.Plant, c *v1alpha1.WorkloadCertificate) topology.Party {
	party := topology.Party{Namespace: c.Namespace}
	if ref := c.Spec.WorkloadRef; ref != nil {
		for _, pod := range p.Pods {
			if pod.Namespace == c.Namespace && workload.Of(pod, ref.Name).Is(ref.Kind) {
				party.Labels = pod.Labels
			}
		}
	}
	return party
}

// policyOf is what happens to the workload: what is asked for, or the default of the
// certificate's documentation.
func policyOf(z *topology.Zone, c *v1alpha1.WorkloadCertificate) v1alpha1.RestartPolicy {
	low := []v1alpha1.Level{v1alpha1.LevelL0, v1alpha1.LevelL1, v1alpha1.LevelL2}
	switch {
	case c.Spec.Restart != nil:
		return c.Spec.Restart.Policy
	case c.Spec.WorkloadRef == nil, z == nil, slices.Contains(low, z.Level):
		return v1alpha1.RestartNone
	}
	return v1alpha1.RestartRestart
}

func minus(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
