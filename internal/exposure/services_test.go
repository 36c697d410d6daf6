// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/exposure"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

func TestWorkloads(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		pod  string
		edit func(*topology.Pod)
		want []string
	}{
		"host network":            {"cell/opcua-0", func(p *topology.Pod) { p.HostNetwork = true }, []string{"cell HostNetwork: cell/opcua-0"}},
		"with ports of the node":  {"cell/opcua-0", func(p *topology.Pod) { p.HostNetwork, p.HostPorts = true, []string{"4840/TCP"} }, []string{"cell HostNetwork: cell/opcua-0"}},
		"ports of the node":       {"scada/hmi-0", func(p *topology.Pod) { p.HostPorts = []string{"80/TCP", "69/UDP"} }, []string{"supervision HostPort: scada/hmi-0 80/TCP,69/UDP"}},
		"further interfaces":      {"cell/opcua-0", func(p *topology.Pod) { p.FurtherInterfaces = true }, []string{"cell SecondInterface: cell/opcua-0"}},
		"in a zone that observes": {"lab/bench-0", func(p *topology.Pod) { p.HostNetwork = true }, []string{"lab HostNetwork: lab/bench-0"}},
		"in scope, in no zone":    {"spare/spare-0", func(p *topology.Pod) { p.HostNetwork = true }, []string{"site HostNetwork: 1 pod uses its node's network: spare/spare-0; no policy holds such a pod; run it on the pod network"}},
		"out of scope":            {"kube-system/coredns-0", func(p *topology.Pod) { p.HostNetwork, p.FurtherInterfaces = true, true }, nil},
	} {
		s := plant(t)
		i := slices.IndexFunc(s.Pods, func(p topology.Pod) bool { return p.Namespace+"/"+p.Name == tc.pod })
		tc.edit(&s.Pods[i])
		if diff := cmp.Diff(tc.want, looked(input(t, &s, cilium.Backend{}))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func tcp(port uint16) []protocol.PortRange {
	return []protocol.PortRange{{Transport: protocol.TCP, First: port, Last: port}}
}

func TestServices(t *testing.T) {
	t.Parallel()
	gateway := map[string]string{"app": "gateway"}
	for name, tc := range map[string]struct {
		service exposure.Service
		want    []string
	}{
		"NodePort":              {exposure.Service{Namespace: "cell", Type: "NodePort", Selector: gateway, Targets: tcp(80)}, []string{"cell ExposedService: NodePort Service cell/s"}},
		"LoadBalancer":          {exposure.Service{Namespace: "cell", Type: "LoadBalancer", Selector: gateway, Targets: tcp(80)}, []string{"cell ExposedService: LoadBalancer Service cell/s"}},
		"ClusterIP":             {exposure.Service{Namespace: "cell", Type: "ClusterIP", Selector: gateway, Targets: tcp(80)}, nil},
		"with an external IP":   {exposure.Service{Namespace: "cell", Type: "ClusterIP", Selector: gateway, Targets: tcp(80), Addresses: []string{"192.168.7.80"}}, []string{"cell ExposedService: ClusterIP Service cell/s"}},
		"to nobody":             {exposure.Service{Namespace: "cell", Type: "NodePort", Selector: map[string]string{"app": "none"}}, nil},
		"without a selector":    {exposure.Service{Namespace: "cell", Type: "NodePort"}, nil},
		"into no zone":          {exposure.Service{Namespace: "spare", Type: "NodePort", Selector: map[string]string{"app": "spare"}}, nil},
		"into a zone observing": {exposure.Service{Namespace: "lab", Type: "NodePort", Selector: map[string]string{"app": "bench"}}, []string{"lab ExposedService: NodePort Service lab/s"}},
		"declared":              {exposure.Service{Namespace: "cell", Type: "NodePort", Selector: gateway, Targets: tcp(9100), KeepsSource: true}, nil},
		"declared, by the node": {exposure.Service{Namespace: "cell", Type: "NodePort", Selector: gateway, Targets: tcp(9100)}, []string{"cell ExposedService: NodePort Service cell/s"}},
		"declared in part":      {exposure.Service{Namespace: "cell", Type: "NodePort", Selector: gateway, Targets: append(tcp(9100), tcp(80)...), KeepsSource: true}, []string{"cell ExposedService: NodePort Service cell/s"}},
		"declared for pods":     {exposure.Service{Namespace: "cell", Type: "NodePort", Selector: gateway, Targets: tcp(4840), KeepsSource: true}, []string{"cell ExposedService: NodePort Service cell/s"}},
		"declared for others":   {exposure.Service{Namespace: "cell", Type: "NodePort", Selector: map[string]string{"app": "opcua"}, Targets: tcp(9100), KeepsSource: true}, []string{"cell ExposedService: NodePort Service cell/s"}},
		"declared by a name":    {exposure.Service{Namespace: "cell", Type: "NodePort", Selector: gateway, Targets: []protocol.PortRange{{Transport: protocol.TCP}}, KeepsSource: true}, []string{"cell ExposedService: NodePort Service cell/s"}},
		"without ports":         {exposure.Service{Namespace: "cell", Type: "NodePort", Selector: gateway, KeepsSource: true}, []string{"cell ExposedService: NodePort Service cell/s"}},
		"at a device's address": {exposure.Service{Namespace: "office", Type: "ClusterIP", Selector: map[string]string{"app": "erp"}, Addresses: []string{"10.20.1.11", "10.20.9.1", "name.example"}}, []string{"cell ExposedService: ClusterIP Service office/s at 10.20.1.11, the address of asset plc-1"}},
	} {
		s := plant(t)
		in := input(t, &s, cilium.Backend{})
		tc.service.Name = "s"
		in.Services = []exposure.Service{tc.service}
		if diff := cmp.Diff(tc.want, looked(in)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestSuspendedConduitDeclaresNothing(t *testing.T) {
	t.Parallel()
	s := plant(t)
	for _, c := range s.Conduits {
		c.Spec.Suspended = true
	}
	in := input(t, &s, cilium.Backend{})
	in.Services = []exposure.Service{{Namespace: "cell", Name: "s", Type: "NodePort", Selector: map[string]string{"app": "gateway"}, Targets: tcp(9100), KeepsSource: true}}
	if got := looked(in); len(got) != 1 {
		t.Error(got)
	}
}

func TestIngresses(t *testing.T) {
	t.Parallel()
	s := plant(t)
	in := input(t, &s, cilium.Backend{})
	in.Services = []exposure.Service{
		{Namespace: "cell", Name: "web", Type: "ClusterIP", Selector: map[string]string{"app": "gateway"}},
		{Namespace: "office", Name: "erp", Type: "ClusterIP", Selector: map[string]string{"app": "erp"}},
	}
	in.Ingresses = []exposure.Ingress{
		{Namespace: "cell", Name: "a", Services: []string{"web", "web", "none"}},
		{Namespace: "cell", Name: "b"},
		{Namespace: "office", Name: "c", Services: []string{"erp", "web"}},
	}
	if diff := cmp.Diff([]string{"cell ExposedIngress: Ingress cell/a by Service web"}, looked(in)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
