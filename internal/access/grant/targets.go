// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

const (
	// mostTargets of one relay.
	mostTargets = 256
	// firstListen is the first port that a relay listens on; the others follow.
	firstListen = 20000
)

// target is one address and port that a relay forwards to.
type target struct {
	transport protocol.Transport
	to        netip.AddrPort
	// name of the asset or pod.
	name string
	// listen is the pod's port, service that of the Service.
	listen, service uint16
}

// host is what is at an address.
type host struct {
	name    string
	address netip.Addr
}

// targets are what a relay forwards to: by the order of reach and of the names there, each
// once, and no more than a relay takes.
func (in *Input) targets(reached []topology.Reached) []target {
	var out []target
	for _, r := range reached {
		for _, h := range hostsOf(r, in.Pods) {
			for _, t := range portsAt(h, r.Ports, mostTargets+1) {
				known := slices.ContainsFunc(out, func(o target) bool { return o.transport == t.transport && o.to == t.to })
				if !known && len(out) < mostTargets {
					out = append(out, t)
				}
			}
		}
	}
	assignPorts(out)
	return out
}

// hostsOf are the addresses that one part of the reach means: assets in their order, pods
// by name. Networks are not among them.
func hostsOf(r topology.Reached, pods []topology.Pod) []host {
	var out []host
	for _, a := range r.Assets {
		name := a.Tag
		if name == "" {
			name = a.Name
		}
		for _, p := range a.Addresses {
			if p.IsSingleIP() {
				out = append(out, host{name, p.Addr()})
			}
		}
	}
	if r.End.WholeZone {
		for _, p := range r.End.Networks {
			if p.IsSingleIP() && !slices.ContainsFunc(out, func(h host) bool { return h.address == p.Addr() }) {
				out = append(out, host{r.End.Zone.Name, p.Addr()})
			}
		}
	}
	return append(out, podHosts(r.End.Workloads, pods)...)
}

func podHosts(entries []topology.Workloads, pods []topology.Pod) []host {
	if len(entries) == 0 {
		return nil
	}
	var out []host
	for _, p := range pods {
		selected := slices.ContainsFunc(entries, func(w topology.Workloads) bool { return w.Selects(p) })
		// On its node's network no policy holds a pod, and none names it.
		if !selected || p.HostNetwork || len(p.Addresses) == 0 {
			continue
		}
		if a, err := netip.ParseAddr(p.Addresses[0].IP); err == nil {
			out = append(out, host{p.Namespace + "/" + p.Name, a.Unmap()})
		}
	}
	slices.SortFunc(out, func(a, b host) int { return cmp.Or(cmp.Compare(a.name, b.name), a.address.Compare(b.address)) })
	return out
}

// portsAt are a host's targets, at most so many.
func portsAt(h host, ports []protocol.PortRange, most int) []target {
	var out []target
	for _, r := range ports {
		if r.Transport != protocol.TCP && r.Transport != protocol.UDP {
			continue
		}
		for port := int(r.First); port <= int(r.Last) && len(out) < most; port++ {
			if port > 0 {
				out = append(out, target{transport: r.Transport, to: netip.AddrPortFrom(h.address, uint16(port)), name: h.name}) //nolint:gosec // up to Last
			}
		}
	}
	return out
}

// assignPorts gives each target a port of the pod of its own, and of the Service its own
// port where nobody before it has that.
func assignPorts(targets []target) {
	type port struct {
		transport protocol.Transport
		number    uint16
	}
	taken := map[port]bool{}
	for i := range targets {
		t := &targets[i]
		t.listen = uint16(firstListen + i)
		if own := (port{t.transport, t.to.Port()}); !taken[own] {
			taken[own], t.service = true, t.to.Port()
		}
	}
	for i := range targets {
		t := &targets[i]
		for n := t.listen; t.service == 0; n += mostTargets {
			if !taken[port{t.transport, n}] {
				taken[port{t.transport, n}], t.service = true, n
			}
		}
	}
}

// service leads to the relay.
func (in *Input) service(jump *v1alpha1.JumpHost, targets []target) *Object {
	spec := corev1.ServiceSpec{
		Type:           corev1.ServiceType(jump.Reachable),
		Selector:       podLabels(in.Window.Name),
		IPFamilyPolicy: new(corev1.IPFamilyPolicyPreferDualStack),
	}
	switch jump.Reachable {
	case v1alpha1.RelayNodePort:
		// The relay and the policy see who comes only if the node does not hide it.
		spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	case v1alpha1.RelayLoadBalancer:
		spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
		for _, p := range prefixesOf(jump) {
			spec.LoadBalancerSourceRanges = append(spec.LoadBalancerSourceRanges, p.String())
		}
	default:
		spec.Type = corev1.ServiceTypeClusterIP
	}
	for _, t := range targets {
		spec.Ports = append(spec.Ports, corev1.ServicePort{
			Name:       fmt.Sprintf("%s-%d", strings.ToLower(string(t.transport)), t.service),
			Protocol:   corev1.Protocol(t.transport),
			Port:       int32(t.service),
			TargetPort: intstr.FromInt32(int32(t.listen)),
		})
	}
	return in.seal(&corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.NamespaceAccess, Name: Name(in.Window.Name)},
		Spec:       spec,
	})
}

func endpointsOf(targets []target) []Endpoint {
	out := make([]Endpoint, 0, len(targets))
	for _, t := range targets {
		out = append(out, Endpoint{Port: t.service, Transport: t.transport, Listen: t.listen, To: t.name + " " + t.to.String()})
	}
	return out
}

// sources are the addresses that a relay serves. Pods are known to the policy alone.
func (in *Input) sources() []string {
	jump := jumpHost(in.Access, in.Grant.Through)
	if jump == nil {
		return nil
	}
	if jump.Workloads != nil {
		return []string{"0.0.0.0/0", "::/0"}
	}
	var out []string
	for _, p := range prefixesOf(jump) {
		out = append(out, p.String())
	}
	return out
}
