// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// flows finds the flows of zones' pods with addresses that nothing declares. Nodes know
// the policies that stand; what is declared besides is known here.
func (s *surroundings) flows(out *Report) {
	for _, node := range s.PartlySeen {
		out.add(nil, v1alpha1.ReasonNotLookedAt, "node "+node+" has more flows with outside addresses than it lists")
	}
	if len(s.Flows) == 0 {
		return
	}
	declared := s.declaredAddresses()
	for _, f := range s.Flows {
		address, err := netip.ParseAddr(f.Address)
		if err != nil || declared(address.Unmap()) {
			continue
		}
		if z := s.zoneOf(f.Pod); z != nil {
			out.add(z, v1alpha1.ReasonUnknownAddress, describeOutside(f))
		}
	}
}

func describeOutside(f v1alpha1.OutsideFlow) string {
	if f.Direction == v1alpha1.FlowIn {
		return fmt.Sprintf("%s -> %s %s", f.Address, f.Pod, f.Port)
	}
	return fmt.Sprintf("%s -> %s %s", f.Pod, f.Address, f.Port)
}

// zoneOf is the zone of a pod by NAMESPACE/NAME, nil for none and for a pod that is gone.
func (s *surroundings) zoneOf(pod string) *topology.Zone {
	namespace, name, _ := strings.Cut(pod, "/")
	for _, p := range s.podsIn(namespace) {
		if p.Name == name {
			return s.members.ZoneOf(*p)
		}
	}
	return nil
}

// declaredAddresses says of an address whether a zone, the Site's platform or the cluster
// itself has it.
func (s *surroundings) declaredAddresses() func(netip.Addr) bool {
	known := s.clusterNetworks()
	for _, z := range s.Model.Zones {
		known = append(known, z.Networks...)
	}
	var single []netip.Addr
	if s.Model.Site != nil {
		single = slices.Concat(s.Model.Site.DNS.Addresses, s.Model.Site.API.Addresses)
	}
	for i := range s.Services {
		for _, address := range s.Services[i].Addresses {
			if a, err := netip.ParseAddr(address); err == nil {
				single = append(single, a.Unmap())
			}
		}
	}
	return func(a netip.Addr) bool {
		return slices.Contains(single, a) || slices.ContainsFunc(known, func(p netip.Prefix) bool { return p.Contains(a) })
	}
}
