// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/reach"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// serviceOf is a service of the cluster, at the addresses that the Site gives it.
func serviceOf(v *reach.View, name string) party {
	out := party{name: name, place: v.Named(name)}
	switch site := v.Model.Site; {
	case site == nil:
	case name == topology.PlatformDNS:
		out.addresses = site.DNS.Addresses
	default:
		out.addresses = site.API.Addresses
	}
	return out
}

// serviceAt is the name of the service of the cluster at an address, nothing for none.
func serviceAt(v *reach.View, a netip.Addr) string {
	for _, name := range []string{topology.PlatformDNS, topology.PlatformAPI} {
		if slices.Contains(serviceOf(v, name).addresses, a) {
			return name
		}
	}
	return ""
}

// servedTo is the service that has a device's address as well, where that is why this
// passes: a zone may have a network in which an API server is.
func (w party) servedTo(v *reach.View, from party, transport protocol.Transport, port uint16) party {
	if w.service == "" {
		return w
	}
	service := serviceOf(v, w.service)
	if !v.Declared(reach.Pair{From: from.place, To: service.place}).Has(transport, port) {
		return w
	}
	service.addresses = w.addresses
	return service
}

// refuseOwn refuses an address in the ranges of the cluster's pods and Services that no pod
// has: there is nothing at a Service's address, and what is sent there goes to a pod. The
// Site does not say which of its ranges are which.
func refuseOwn(p *plant.Plant, a netip.Addr) error {
	if p.Site == nil || isNode(p, a) {
		return nil
	}
	for _, text := range p.Site.Spec.ClusterNetworks {
		if n, err := topology.ParseNetwork(string(text)); err == nil && n.Contains(a) {
			return fmt.Errorf("%s is in %s, a pod or service range of this cluster (spec.clusterNetworks of the Site), and no pod is known to have it: if it is a Service's, name a pod behind it, or %q or %q",
				a, n, topology.PlatformDNS, topology.PlatformAPI)
		}
	}
	return nil
}

// isNode says that it is a node's own address.
func isNode(p *plant.Plant, a netip.Addr) bool {
	return slices.ContainsFunc(p.Nodes, func(n topology.Node) bool { return slices.Contains(n.Networks, a.String()) })
}

// proposeService says how pods of a zone come to a service of the cluster.
func proposeService(v *reach.View, from, service party) string {
	site, z := v.Model.Site, v.Zones[from.place]
	switch {
	case site == nil || z == nil || v.Places[from.place].Kind != reach.Pods:
		return fmt.Sprintf("# %s is a service of the cluster, for pods of zones only.\n", service.name)
	case service.name == topology.PlatformDNS:
		return fmt.Sprintf("# %s is a service of the cluster: spec.platformServices.dns: Allow of Zone/%s lets its pods reach it, at %d/TCP and %d/UDP.\n",
			service.name, z.Name, site.DNS.Port, site.DNS.Port)
	}
	return fmt.Sprintf("# %s is a service of the cluster: spec.platformServices.apiServer: Allow of Zone/%s lets its pods reach it, at %d/TCP.\n",
		service.name, z.Name, site.API.Port)
}
