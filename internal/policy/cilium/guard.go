// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"fmt"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

var _ policy.Guarder = Backend{}

// guardName is the name of a zone's denies.
func guardName(zone string) string { return "guard-" + zone }

// Guard returns one object of denies for everything that the zone's members may not
// speak with. It never asks for default deny and has no allow, so that by itself it
// closes nothing that a floor leaves open in Observe, and opens nothing.
//
// A deny beats every allow of anybody, ours too. So it must never name more than what
// no declaration opens: where that cannot be told exactly less is denied, and a
// finding says so. It names pods and addresses outside, and nothing else: what is
// neither, the node above all, cannot be denied by it.
func (Backend) Guard(site *topology.Site, z *topology.Zone, neighbours []topology.Neighbour) ([]*policy.Object, []v1alpha1.Finding) {
	g := &guard{site: site, zone: z, neighbours: neighbours}
	in, out := denies(g.sources()), denies(g.destinations())
	g.note(in, out)
	var rules api.Rules
	for i, w := range z.Workloads {
		if misread(w) {
			g.warn(layersPath, "spec.members.workloads[%d] is by a label that Cilium hides from policy, "+
				"so its pods cannot be told from others and are not guarded: use another label", i)
			continue
		}
		rules = append(rules, &api.Rule{
			EndpointSelector:  podsOf(w),
			EnableDefaultDeny: defaultDeny(false),
			IngressDeny:       in.ingress(),
			EgressDeny:        out.egress(),
			Description:       "zone " + z.Name + ": guard, what no conduit declares",
		})
	}
	if len(rules) == 0 {
		return nil, g.findings
	}
	source := topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}
	object := policy.NewObject(newPolicy(guardName(z.Name), rules), policy.PartGuard, source, string(z.UID), nil)
	return []*policy.Object{object}, g.findings
}

// The fields of the Site that findings name.
const (
	layersPath    = "spec.guard.layers"
	addressesPath = "spec.platform.apiServer.addresses"
)

// guard carries the compilation of one zone's denies.
type guard struct {
	site       *topology.Site
	zone       *topology.Zone
	neighbours []topology.Neighbour
	findings   []v1alpha1.Finding
}

func (g *guard) warn(path, format string, args ...any) {
	g.findings = append(g.findings, v1alpha1.Finding{
		Severity: v1alpha1.SeverityWarning,
		Path:     path,
		Reason:   v1alpha1.ReasonBackendCannot,
		Message:  fmt.Sprintf("zone %q: ", g.zone.Name) + fmt.Sprintf(format, args...),
	})
}

// note reports, once for both directions, what could not be denied whole.
func (g *guard) note(in, out *denied) {
	if in.short || out.short {
		g.warn(layersPath, "layer Datapath would need more than %d selectors to name the pods that the zone has nothing to do with; "+
			"some of them are not denied and rest on the other layers: tell zones apart by namespaces, or by values of one label", mostTerms)
	}
	if in.blurred || out.blurred {
		g.warn(layersPath, "layer Datapath spares more pods than the zone may speak with, because members of it or of a neighbour "+
			"are selected by a label that Cilium hides from policy: use another label")
	}
	if g.apiUnknown() {
		g.warn(addressesPath, "the zone may reach the Kubernetes API, whose addresses are not given, "+
			"so layer Datapath denies its pods nothing outside the cluster: list them")
	}
}

// apiUnknown: an API server outside the cluster is an address like any other, and one
// that is not known cannot be spared.
func (g *guard) apiUnknown() bool {
	return g.opensAPI() && len(g.site.API.Addresses) == 0
}

// opensAPI says that the zone's floor opens the Kubernetes API.
func (g *guard) opensAPI() bool { return g.zone.APIServer && g.site.API.Port != 0 }
