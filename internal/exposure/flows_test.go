// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/exposure"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
)

func TestFlowsWithUnknownAddresses(t *testing.T) {
	t.Parallel()
	s := plant(t)
	site := s.Site.DeepCopy()
	site.Spec.Platform.APIServer.Addresses = []string{"192.168.7.10"}
	s.Site = site
	flow := func(pod string, direction v1alpha1.FlowDirection, address string) v1alpha1.OutsideFlow {
		return v1alpha1.OutsideFlow{Pod: pod, Direction: direction, Address: address, Port: "502/TCP"}
	}
	for name, tc := range map[string]struct {
		flow v1alpha1.OutsideFlow
		want []string
	}{
		"opened by the pod":       {flow("cell/opcua-0", "Out", "10.9.9.9"), []string{"cell UnknownAddress: cell/opcua-0 -> 10.9.9.9 502/TCP"}},
		"opened from outside":     {flow("cell/opcua-0", "In", "2001:db8::9"), []string{"cell UnknownAddress: 2001:db8::9 -> cell/opcua-0 502/TCP"}},
		"in a zone that observes": {flow("lab/bench-0", "Out", "10.9.9.9"), []string{"lab UnknownAddress: lab/bench-0 -> 10.9.9.9 502/TCP"}},
		"an asset":                {flow("cell/opcua-0", "Out", "10.20.1.11"), nil},
		"an asset, mapped":        {flow("cell/opcua-0", "Out", "::ffff:10.20.1.11"), nil},
		"another zone's network":  {flow("cell/opcua-0", "In", "10.20.9.77"), nil},
		"the Kubernetes API":      {flow("cell/opcua-0", "Out", "192.168.7.10"), nil},
		"in the cluster":          {flow("cell/opcua-0", "Out", "10.43.0.1"), nil},
		"a node":                  {flow("cell/opcua-0", "Out", "192.168.7.1"), nil},
		"a Service's address":     {flow("cell/opcua-0", "Out", "192.168.7.80"), nil},
		"a pod in no zone":        {flow("spare/spare-0", "Out", "10.9.9.9"), nil},
		"a pod that is gone":      {flow("cell/opcua-9", "Out", "10.9.9.9"), nil},
		"no address":              {flow("cell/opcua-0", "Out", "plc"), nil},
	} {
		in := input(t, &s, cilium.Backend{})
		in.Flows = []v1alpha1.OutsideFlow{tc.flow, tc.flow} // by two nodes
		in.Services = []exposure.Service{{Namespace: "spare", Name: "s", Type: "LoadBalancer", Addresses: []string{"192.168.7.80"}}}
		if diff := cmp.Diff(tc.want, looked(in)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// TestWhatCouldNotBeRead is said of the site.
func TestWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	s := plant(t)
	in := input(t, &s, cilium.Backend{})
	in.PartlySeen, in.Unread = []string{"edge-1"}, []string{"NetworkPolicy/cell/conduit-x"}
	want := []string{"site NotLookedAt: 2 things were too much to look at as a whole: NetworkPolicy/cell/conduit-x; node edge-1 has more flows with outside addresses than it lists; it may open the zone or cut a conduit; look at it yourself"}
	if diff := cmp.Diff(want, looked(in)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, want := judgements(in)["the site"], "Unknown NotLookedAt: NotLookedAt in pods in no zone"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
