// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// Reached is what one part of a window's reach means.
type Reached struct {
	// End is the part of the zone. Its zone is nil when that is not in force: then
	// nothing is reached.
	End End
	// Assets that are named, in their order, or all of a whole zone's.
	Assets []*Asset
	// Flows as declared, by the index that they have there. One with an error is missing.
	Flows map[int]ResolvedFlow
	// Ports of all flows that a policy can carry out, sorted.
	Ports []protocol.PortRange
	// Findings say what is wrong, each with its field.
	Findings []v1alpha1.Finding
}

// Reach resolves one part of a window's reach, which is at path. What cannot be told is
// left out and has a finding.
func (m *Model) Reach(path string, r v1alpha1.Reach) Reached {
	var rep report
	out := Reached{Flows: map[int]ResolvedFlow{}}
	for i, f := range r.Flows {
		resolved, ok := resolveFlow(fmt.Sprintf("%s.flows[%d]", path, i), f, &rep)
		if !ok {
			continue
		}
		out.Flows[i] = resolved
		if resolved.Enforceable {
			out.Ports = append(out.Ports, resolved.Ports...)
		}
	}
	out.Ports = sortPorts(out.Ports)
	z := m.Zone(r.Zone)
	if z == nil {
		rep.error(path+".zone", v1alpha1.ReasonZoneNotFound, "there is no zone %q in force", r.Zone)
		out.Findings = rep.findings
		return out
	}
	out.End, out.Assets = z.narrow(path, r, &rep)
	out.Findings = rep.findings
	return out
}

// narrow returns the part of the zone that is reached. Naming nothing, or two things,
// reaches nothing.
func (z *Zone) narrow(path string, r v1alpha1.Reach, rep *report) (End, []*Asset) {
	end := End{Zone: z, WholeZone: r.WholeZone, Narrowed: !r.WholeZone}
	switch {
	case countReached(r) != 1:
		rep.error(path, v1alpha1.ReasonEmptyEnd, "say what of zone %q is reached: one of assets, workloads, wholeZone", z.Name)
		return End{Zone: z}, nil
	case r.WholeZone:
		end.Workloads, end.Networks = z.Workloads, z.Networks
		return end, z.Assets
	case r.Workloads != nil:
		end.Workloads = narrowWorkloads(path, z, r.Workloads, rep)
		return end, nil
	default:
		assets := z.named(path, r.Assets, rep)
		var networks []netip.Prefix
		for _, a := range assets {
			networks = append(networks, a.Addresses...)
		}
		end.Networks = mergeNetworks(networks)
		return end, assets
	}
}

// named are the assets by these names, in their order.
func (z *Zone) named(path string, names []string, rep *report) []*Asset {
	var out []*Asset
	for j, name := range names {
		i := slices.IndexFunc(z.Assets, func(a *Asset) bool { return a.Name == name })
		if i < 0 {
			rep.error(fmt.Sprintf("%s.assets[%d]", path, j), v1alpha1.ReasonAssetNotInZone, "asset %q is not in zone %q", name, z.Name)
			continue
		}
		out = append(out, z.Assets[i])
	}
	return out
}

// countReached is how many parts of a zone are named.
func countReached(r v1alpha1.Reach) int {
	n := 0
	for _, given := range []bool{r.WholeZone, r.Workloads != nil, len(r.Assets) > 0} {
		if given {
			n++
		}
	}
	return n
}
