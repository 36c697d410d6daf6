// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package permit_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/permit"
)

var zone = &v1alpha1.ZoneCertificates{
	DNSNames: []string{"filtration.plant.example"},
	Networks: []v1alpha1.CIDR{"10.20.0.0/24", "fd00:17::/64"},
}

func TestNames(t *testing.T) {
	for _, test := range []struct {
		name string
		in   string
		zone *v1alpha1.ZoneCertificates
		good bool
	}{
		{"a Service", "opcua.cell-1.svc", nil, true},
		{"in the short form", "opcua.cell-1", nil, true},
		{"in the long form", "opcua.cell-1.svc.cluster.local", nil, true},
		{"every Service", "*.cell-1.svc", nil, true},
		{"a bare name", "opcua", nil, false},
		{"of another namespace", "opcua.cell-2.svc", nil, false},
		{"that ends alike", "opcua.xcell-1.svc", nil, false},
		{"that only ends in it", "cell-1.svc", nil, false},
		{"of no Service", "a.b.cell-1.svc", nil, false},
		{"of another domain", "opcua.cell-1.svc.evil.example", nil, false},
		{"that the zone allows", "filtration.plant.example", zone, true},
		{"under what the zone allows", "hmi.filtration.plant.example", zone, true},
		{"any under it", "*.filtration.plant.example", zone, true},
		{"beside what the zone allows", "xfiltration.plant.example", zone, false},
		{"above what the zone allows", "plant.example", zone, false},
		{"every name", "*", zone, false},
		{"what the zone does not say", "hmi.filtration.plant.example", nil, false},
	} {
		_, wrong := permit.Of(permit.Asked{Namespace: "cell-1", DNSNames: []string{"ok.cell-1.svc", test.in}}, test.zone)
		if (len(wrong) == 0) != test.good {
			t.Errorf("%s, %s: %v", test.name, test.in, wrong)
		}
		if len(wrong) > 0 && wrong[0].Path != "spec.dnsNames[1]" {
			t.Errorf("%s: at %s", test.name, wrong[0].Path)
		}
	}
}

func TestAddresses(t *testing.T) {
	for text, good := range map[string]bool{
		"10.20.0.5": true, "fd00:17::5": true, "::ffff:10.20.0.5": true,
		"10.20.1.5": false, "fd00:18::5": false, "10.20.0": false, "": false, "fd00:17::5%eth0": false,
	} {
		_, wrong := permit.Of(permit.Asked{Namespace: "cell-1", IPAddresses: []string{text}}, zone)
		if (len(wrong) == 0) != good {
			t.Errorf("%q: %v", text, wrong)
		}
	}
	if _, wrong := permit.Of(permit.Asked{Namespace: "cell-1", IPAddresses: []string{"10.20.0.5"}}, nil); len(wrong) == 0 {
		t.Error("a zone that allows no network allows an address")
	}
}

// TestConstraints: one more name of a Service changes nothing, and what permits say comes back.
func TestConstraints(t *testing.T) {
	one, _ := permit.Of(permit.Asked{Namespace: "cell-1", DNSNames: []string{"a.cell-1.svc"}}, zone)
	two, _ := permit.Of(permit.Asked{Namespace: "cell-1", DNSNames: []string{"b.cell-1", "a.cell-1.svc"}}, zone)
	if diff := cmp.Diff(one, two); diff != "" {
		t.Errorf("another Service asks for another authority:\n%s", diff)
	}
	all, _ := permit.Of(permit.Asked{
		Namespace: "cell-1", DNSNames: []string{"hmi.filtration.plant.example"}, IPAddresses: []string{"10.20.0.5", "10.20.0.6"},
	}, zone)
	suffixes, networks := permit.Constraints(append(all, "dns:", "ip:x", "other"))
	if diff := cmp.Diff([]string{"cell-1", "cell-1.svc", "cell-1.svc.cluster.local", "filtration.plant.example"}, suffixes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]netip.Prefix{netip.MustParsePrefix("10.20.0.0/24")}, networks, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
}

// TestCommonNames: what looks like a host's name is held to the constraints where it is the
// only one.
func TestCommonNames(t *testing.T) {
	for _, test := range []struct {
		name  string
		names []string
		good  bool
	}{
		{"historian", nil, true},
		{"Line 3.Server", nil, true},
		{"x.", nil, true},
		{"opcua.cell-1.svc", nil, true},
		{"hmi.filtration.plant.example", nil, true},
		{"hmi.plant.example", nil, false},
		{"10.20.0.5", nil, false},
		{"hmi.plant.example", []string{"opcua.cell-1.svc"}, true},
	} {
		_, wrong := permit.Of(permit.Asked{Namespace: "cell-1", CommonName: test.name, DNSNames: test.names}, zone)
		if (len(wrong) == 0) != test.good || len(wrong) > 0 && wrong[0].Path != "spec.commonName" {
			t.Errorf("%s, %v: %v", test.name, test.names, wrong)
		}
	}
	permits, _ := permit.Of(permit.Asked{Namespace: "cell-1", CommonName: "hmi.filtration.plant.example"}, zone)
	if suffixes, _ := permit.Constraints(permits); len(suffixes) != 4 {
		t.Errorf("the authority is asked for %v", suffixes)
	}
}

// TestURIs: one without a host is refused, because clients refuse it.
func TestURIs(t *testing.T) {
	for uri, good := range map[string]bool{
		"spiffe://site/cell-1": true, "https://hmi.plant.example:8443/x": true,
		"urn:site:cell-1": false, "https://10.20.0.5/": false, "https://[fd00::5]:1/": false, "mailto:x@plant.example": false, "%zz": false,
	} {
		_, wrong := permit.Of(permit.Asked{Namespace: "cell-1", URIs: []string{"spiffe://site/x", uri}}, zone)
		if (len(wrong) == 0) != good || len(wrong) > 0 && wrong[0].Path != "spec.uris[1]" {
			t.Errorf("%s: %v", uri, wrong)
		}
	}
}
