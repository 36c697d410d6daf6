// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// TestServicesOfTheClusterAreKnown: by the names that the matrix gives them, and by the
// addresses that the Site gives them.
func TestServicesOfTheClusterAreKnown(t *testing.T) {
	const (
		known    = ", clusterNetworks: [10.42.0.0/16, 10.43.0.0/16], platform: {dns: {addresses: [169.254.20.10]}, apiServer: {addresses: [192.0.2.10, 198.51.100.10]}}"
		hmi      = "cell/hmi (zone cell, L2, Enforce) -> "
		dns      = hmi + "(dns) (a service of the cluster)   "
		api      = hmi + "(api-server) (a service of the cluster)   "
		office   = hmi + "198.51.100.0/24 (zone office, L2, a device)   "
		passes   = "PASSES"
		not      = "DOES NOT PASS: nothing declares it, and what is not declared is denied at cell/hmi"
		byDNS    = "  by Zone/cell spec.platformServices: 53/UDP"
		byAPI    = "  by Zone/cell spec.platformServices: 6443/TCP"
		atDNS    = "# (dns) is a service of the cluster: spec.platformServices.dns: Allow of Zone/cell lets its pods reach it, at 53/TCP and 53/UDP."
		atAPI    = "# (api-server) is a service of the cluster: spec.platformServices.apiServer: Allow of Zone/cell lets its pods reach it, at 6443/TCP."
		podsOnly = "# (dns) is a service of the cluster, for pods of zones only."
	)
	allowed := ", platformServices: {dns: Allow, apiServer: Allow}"
	denied := ", platformServices: {dns: Deny, apiServer: Deny}"
	tests := map[string]struct {
		zone string
		args []string
		// want are the first two lines, and those that begin like one of the others.
		want []string
	}{
		"the API server by its address":     {allowed, []string{"cell/hmi", "192.0.2.10", "6443"}, []string{api + "6443/TCP", passes, byAPI}},
		"and by its name":                   {allowed, []string{"cell/hmi", "(api-server)", "6443"}, []string{api + "6443/TCP", passes, byAPI}},
		"where it is denied":                {denied, []string{"cell/hmi", "192.0.2.10", "6443"}, []string{api + "6443/TCP", not, atAPI}},
		"at another port":                   {allowed, []string{"cell/hmi", "192.0.2.10", "443"}, []string{api + "443/TCP", not, atAPI}},
		"the name service by its address":   {allowed, []string{"cell/hmi", "169.254.20.10", "53/UDP"}, []string{dns + "53/UDP", passes, byDNS}},
		"the name service by its name":      {allowed, []string{"cell/hmi", "(dns)", "53/UDP"}, []string{dns + "53/UDP", passes, byDNS}},
		"where there is none":               {denied, []string{"cell/hmi", "(dns)", "53/UDP"}, []string{dns + "53/UDP", not, atDNS}},
		"as who opens":                      {denied, []string{"(dns)", "cell/hmi", "53/UDP"}, []string{"(dns) (a service of the cluster) -> cell/hmi (zone cell, L2, Enforce)   53/UDP", not, podsOnly}},
		"in a zone's network":               {allowed, []string{"cell/hmi", "198.51.100.10", "6443"}, []string{api + "6443/TCP", passes, byAPI}},
		"what else passes to that network":  {allowed, []string{"cell/hmi", "198.51.100.10", "443"}, []string{office + "443/TCP", passes, "  by Conduit/cell-office spec.flows[0]: https 443/TCP"}},
		"in a zone's network, by the zone":  {denied, []string{"cell/hmi", "198.51.100.10", "443"}, []string{office + "443/TCP", passes, "  by Conduit/cell-office spec.flows[0]: https 443/TCP"}},
		"the address beside it":             {allowed, []string{"cell/hmi", "192.0.2.11", "6443"}, []string{hmi + "192.0.2.11 (outside every zone)   6443/TCP", not, "# 192.0.2.11 is in no zone: first declare an Asset with its address, and a Zone whose members.assets takes it in."}},
		"in a zone's network, at no server": {allowed, []string{"cell/hmi", "198.51.100.11", "6443"}, []string{office + "6443/TCP", not}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			office := strings.Replace(zone("office", ""), "members: {", "members: {assets: {cidrs: [198.51.100.0/24]}, ", 1)
			p := declared(t, hall(known), zone("cell", tt.zone), office, conduit("cell", "office"), pod("cell", "hmi"))
			e, err := explainOf(p, tt.args)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			e.text(&out)
			var got []string
			for i, line := range strings.Split(out.String(), "\n") {
				if i < 2 || strings.HasPrefix(line, "  by ") || strings.HasPrefix(line, "# ") {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestAServicesAddressIsNobodys: nothing is said of an address in the cluster's own ranges
// that no pod has.
func TestAServicesAddressIsNobodys(t *testing.T) {
	const nobody = `, a pod or service range of this cluster (spec.clusterNetworks of the Site), and no pod is known to have it: if it is a Service's, name a pod behind it, or "(dns)" or "(api-server)"`
	for address, want := range map[string]string{
		"10.43.0.17": "10.43.0.17 is in 10.43.0.0/16" + nobody,
		"10.42.3.9":  "10.42.3.9 is in 10.42.0.0/16" + nobody,
		"10.43.0.10": "", // the Site says that it is the name service
		"10.42.0.1":  "", // a node
		"10.44.0.1":  "", // outside
	} {
		t.Run(address, func(t *testing.T) {
			p := declared(t, hall(", clusterNetworks: [10.42.0.0/16, 10.43.0.0/16], platform: {dns: {addresses: [10.43.0.10]}}"), zone("cell", ""), pod("cell", "hmi"))
			p.Nodes = []topology.Node{{Name: "n", Networks: []string{"10.42.0.1", "10.42.0.0/24"}}}
			_, err := explainOf(p, []string{"cell/hmi", address, "443"})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
