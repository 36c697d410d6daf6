// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package samples checks that the sample manifests are what they say they are.
package samples

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

func TestWaterWorksIsAccepted(t *testing.T) {
	t.Parallel()
	p := waterWorks(t, loadSchemas(t))
	m := topology.Resolve(p.snapshot)
	if len(m.Verdicts) != len(p.refs) {
		t.Errorf("%d objects have %d verdicts", len(p.refs), len(m.Verdicts))
	}
	var warnings []string
	for _, ref := range p.refs {
		v := m.Verdicts[ref]
		if v == nil || !v.Accepted() {
			t.Errorf("%s is not accepted: %+v", ref, v)
			continue
		}
		for _, f := range v.Findings {
			warnings = append(warnings, fmt.Sprintf("%s %s %s", ref, f.Reason, f.Path))
			if f.Severity != v1alpha1.SeverityWarning {
				t.Errorf("%s: %+v", ref, f)
			}
		}
	}
	want := []string{
		"Asset/remote-io-filter SupportEnded spec.lifecycle.endOfSupport",
		"Conduit/dosing-enip Multicast spec.flows[1].protocol",
		"Conduit/filter-pump-link Cleartext spec.flows[0].protocol",
		"Conduit/filter-pump-link EnforcedByNobody spec.externalEnforcement",
		"Conduit/panel-drives Cleartext spec.flows[0].protocol",
	}
	slices.Sort(warnings)
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	readme := string(read(t, "water-works/README.md"))
	for _, w := range want {
		fields := strings.Fields(w)
		if row := fmt.Sprintf("| %s | %s |", fields[0], fields[1]); !strings.Contains(readme, row) {
			t.Errorf("the README does not explain the warning %q", row)
		}
	}
}

// TestWaterWorksCounts checks what the README says in figures.
func TestWaterWorksCounts(t *testing.T) {
	t.Parallel()
	p := waterWorks(t, loadSchemas(t))
	m := topology.Resolve(p.snapshot)
	n := m.Counts()
	said := fmt.Sprintf("%d zones, %d assets and %d conduits. Of %d flows the cluster enforces %d, a firewall %d and nobody %d.",
		len(m.Zones), len(m.AssetZones), len(m.Conduits),
		n.Cluster+n.External+n.Nobody, n.Cluster, n.External, n.Nobody)
	readme := string(read(t, "water-works/README.md"))
	if !strings.Contains(readme, said) {
		t.Errorf("the README does not say %q", said)
	}
	for _, z := range m.Zones {
		mode := v1alpha1.EnforcementObserve
		if z.Enforce {
			mode = v1alpha1.EnforcementEnforce
		}
		row := fmt.Sprintf("| %s | %s | %s | %s | %d | %d |", z.Name, z.Level, z.Type, mode, z.PodCount, len(z.Assets))
		if !strings.Contains(readme, row) {
			t.Errorf("the README's zones lack the row %q", row)
		}
	}
	for _, c := range m.Conduits {
		var to []string
		for _, r := range c.Responders {
			to = append(to, r.Zone.Name)
		}
		row := fmt.Sprintf("| %s | %s | %s | %s | %s |",
			c.Name, c.Initiator.Zone.Name, strings.Join(to, ", "), c.Summary(), c.WeakestEnforcement())
		if !strings.Contains(readme, row) {
			t.Errorf("the README's conduits lack the row %q", row)
		}
	}
}

// TestWaterWorksIsWhole finds what no rule does: an asset that no zone takes in,
// or a selector that no workload answers to.
func TestWaterWorksIsWhole(t *testing.T) {
	t.Parallel()
	p := waterWorks(t, loadSchemas(t))
	m := topology.Resolve(p.snapshot)
	for _, a := range p.snapshot.Assets {
		if m.AssetZones[a.Name] == "" {
			t.Errorf("asset %s is in no zone", a.Name)
		}
	}
	if len(m.Unzoned) > 0 {
		t.Errorf("pods in no zone: %v", m.Unzoned)
	}
	hasPod := func(w topology.Workloads) bool {
		return slices.ContainsFunc(p.snapshot.Pods, func(pod topology.Pod) bool {
			return slices.Contains(w.Matching, pod.Namespace) && w.MatchesLabels(pod.Labels)
		})
	}
	for _, c := range m.Conduits {
		for _, e := range append([]topology.End{c.Initiator}, c.Responders...) {
			if len(e.Workloads) > 0 && !slices.ContainsFunc(e.Workloads, hasPod) {
				t.Errorf("conduit %s means no workload of zone %s", c.Name, e.Zone.Name)
			}
		}
		d := p.snapshot.Conduits[slices.IndexFunc(p.snapshot.Conduits, func(d *v1alpha1.Conduit) bool { return d.Name == c.Name })]
		if w := d.Spec.Why; w.IfLost == "" || w.IfAbused == "" || w.Approval == "" || d.Spec.ReviewBy == nil || *d.Spec.ReviewBy < "2027" {
			t.Errorf("conduit %s is not fully justified: %+v", c.Name, w)
		}
	}
}
