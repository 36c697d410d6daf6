// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Names of the far ends that are no zones: the cluster's own services, which
// every zone may be allowed to reach without anybody having drawn a conduit.
const (
	PlatformDNS = "(dns)"
	PlatformAPI = "(api-server)"
)

// Passage is one row of the reachability matrix: what may open connections from
// one zone to another, by what, and who enforces it.
type Passage struct {
	From, To string
	// By names the conduit, "internal" for traffic inside a zone, or "platform".
	By string
	// What passes, in short; "any" inside a zone.
	What string
	// Pairs says between what kinds of members.
	Pairs      string
	EnforcedBy v1alpha1.EnforcedBy
	Device     string
	// Flows is how many declared flows the row stands for; 0 for internal
	// and platform rows, which nobody declared as flows.
	Flows int
}

// Matrix lists everything that may pass, sorted by from, to and conduit. What
// neither this cluster nor a declared device enforces is in it like the rest.
func (m *Model) Matrix() []Passage {
	var out []Passage
	for _, z := range m.Zones {
		out = append(out, z.ownPassages()...)
	}
	for _, c := range m.Conduits {
		if !c.Suspended {
			out = append(out, c.passages()...)
		}
	}
	slices.SortFunc(out, func(a, b Passage) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.By, b.By),
			cmp.Compare(a.Pairs, b.Pairs), cmp.Compare(a.What, b.What))
	})
	return out
}

func (z *Zone) ownPassages() []Passage {
	var out []Passage
	if z.InternalTraffic {
		p := Passage{From: z.Name, To: z.Name, By: "internal", What: "any", EnforcedBy: v1alpha1.EnforcedByCluster}
		if len(z.Workloads) == 0 {
			p.EnforcedBy = v1alpha1.EnforcedByNobody
		}
		out = append(out, p)
	}
	if len(z.Workloads) == 0 {
		return out
	}
	if z.DNS {
		out = append(out, Passage{From: z.Name, To: PlatformDNS, By: "platform", What: "dns", EnforcedBy: v1alpha1.EnforcedByCluster})
	}
	if z.APIServer {
		out = append(out, Passage{From: z.Name, To: PlatformAPI, By: "platform", What: "kube-apiserver", EnforcedBy: v1alpha1.EnforcedByCluster})
	}
	return out
}

func (c *Conduit) passages() []Passage {
	var out []Passage
	for _, e := range c.Enforcement() {
		p := Passage{
			From: c.Initiator.Zone.Name, To: e.Responder, By: c.Name, What: c.Summary(),
			Pairs: e.Pairs, EnforcedBy: e.EnforcedBy, Device: e.Device, Flows: e.Flows,
		}
		out = append(out, p)
		if back := c.passageBack(p); back != nil && !e.Layer2 {
			out = append(out, *back)
		}
	}
	return out
}

// passageBack is the row for what the responders open to the initiator, nil when
// they open nothing. The flow is declared, and counted, once.
func (c *Conduit) passageBack(p Passage) *Passage {
	if len(c.BothWays) == 0 {
		return nil
	}
	ports := make([]string, 0, len(c.BothWays))
	for _, r := range c.BothWays {
		ports = append(ports, FormatPorts(r))
	}
	p.From, p.To, p.Flows = p.To, p.From, 0
	p.What = strings.Join(ports, ",")
	if a, b, ok := strings.Cut(p.Pairs, " to "); ok {
		p.Pairs = b + " to " + a
	}
	return &p
}

// Counts adds up the flows of all conduits that are not suspended, by who
// enforces them.
func (m *Model) Counts() v1alpha1.FlowCounts {
	var out v1alpha1.FlowCounts
	for _, c := range m.Conduits {
		if c.Suspended {
			continue
		}
		n := c.Count()
		out.Cluster += n.Cluster
		out.External += n.External
		out.Nobody += n.Nobody
	}
	return out
}
