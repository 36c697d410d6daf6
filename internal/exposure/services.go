// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Service is a Service of the cluster.
type Service struct {
	Namespace, Name string
	// Type as the API has it: ClusterIP, NodePort, LoadBalancer.
	Type string
	// Selector over pod labels.
	Selector map[string]string
	// KeepsSource says externalTrafficPolicy: Local.
	KeepsSource bool
	// Targets are the ports at the pods; First is 0 for one that goes by a name.
	Targets []protocol.PortRange
	// Addresses outside the cluster's own ranges that it answers at.
	Addresses []string
}

// Outside says that the Service can be reached from outside the cluster.
func (s *Service) Outside() bool {
	return s.Type == "NodePort" || s.Type == "LoadBalancer" || len(s.Addresses) > 0
}

func (s *Service) String() string { return s.Type + " Service " + s.Namespace + "/" + s.Name }

// Ingress is an Ingress of the cluster.
type Ingress struct {
	Namespace, Name string
	// Services that it leads to, by name.
	Services []string
}

// services finds the Services and Ingresses that lead into a zone, and Services that
// take a device's address.
func (s *surroundings) services(out *Report) {
	byName := map[[2]string]*Service{}
	for i := range s.Services {
		svc := &s.Services[i]
		byName[[2]string{svc.Namespace, svc.Name}] = svc
		if !svc.Outside() {
			continue
		}
		for _, z := range s.zonesBehind(svc) {
			if !s.declared(svc, z) {
				out.add(z, v1alpha1.ReasonExposedService, svc.String())
			}
		}
		s.claims(svc, out)
	}
	for _, in := range s.Ingresses {
		for _, name := range in.Services {
			svc := byName[[2]string{in.Namespace, name}]
			if svc == nil {
				continue
			}
			for _, z := range s.zonesBehind(svc) {
				out.add(z, v1alpha1.ReasonExposedIngress, "Ingress "+in.Namespace+"/"+in.Name+" by Service "+name)
			}
		}
	}
}

// behind are the pods that a Service leads to.
func (s *surroundings) behind(svc *Service) []*topology.Pod {
	if len(svc.Selector) == 0 {
		return nil
	}
	selector := labels.SelectorFromSet(svc.Selector)
	var out []*topology.Pod
	for _, p := range s.podsIn(svc.Namespace) {
		if selector.Matches(labels.Set(p.Labels)) {
			out = append(out, p)
		}
	}
	return out
}

// zonesBehind are the zones with a pod that a Service leads to.
func (s *surroundings) zonesBehind(svc *Service) []*topology.Zone {
	var out []*topology.Zone
	for _, p := range s.behind(svc) {
		if z := s.members.ZoneOf(*p); z != nil && !slices.Contains(out, z) {
			out = append(out, z)
		}
	}
	return out
}

// declared says that a Service is the way of declared conduits from devices: the zone's
// policies then see the devices' own addresses, and hold them to what is declared.
func (s *surroundings) declared(svc *Service, z *topology.Zone) bool {
	if !svc.KeepsSource || len(svc.Targets) == 0 {
		return false
	}
	for _, p := range s.behind(svc) {
		if s.members.ZoneOf(*p) != z {
			continue
		}
		for _, target := range svc.Targets {
			if target.First == 0 || !slices.ContainsFunc(s.Model.Conduits, func(c *topology.Conduit) bool { return leadsDevices(c, z, p, target) }) {
				return false
			}
		}
	}
	return true
}

// leadsDevices says that a conduit lets devices in at this port of a pod.
func leadsDevices(c *topology.Conduit, z *topology.Zone, p *topology.Pod, target protocol.PortRange) bool {
	if c.Suspended || len(c.Initiator.Networks) == 0 {
		return false
	}
	at := slices.ContainsFunc(c.Responders, func(e topology.End) bool {
		return e.Zone == z && slices.ContainsFunc(e.Workloads, func(w topology.Workloads) bool { return w.Selects(*p) })
	})
	return at && slices.ContainsFunc(c.Ports, func(r protocol.PortRange) bool {
		return r.Transport == target.Transport && r.First <= target.First && target.Last <= r.Last
	})
}

// claims finds the devices whose address a Service answers at: whatever is sent to the
// device from inside the cluster ends at the Service's pods.
func (s *surroundings) claims(svc *Service, out *Report) {
	for _, claimed := range svc.Addresses {
		a, err := netip.ParseAddr(claimed)
		if err != nil {
			continue
		}
		for _, z := range s.Model.Zones {
			for _, asset := range z.Assets {
				if slices.ContainsFunc(asset.Addresses, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) }) {
					out.add(z, v1alpha1.ReasonExposedService, svc.String()+" at "+claimed+", the address of asset "+asset.Name)
				}
			}
		}
	}
}
