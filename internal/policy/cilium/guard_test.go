// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

func guardOf(t *testing.T, s *topology.Site, z *topology.Zone, neighbours ...topology.Neighbour) (*ciliumv2.CiliumClusterwideNetworkPolicy, []v1alpha1.Finding) {
	t.Helper()
	objects, findings := cilium.Backend{}.Guard(s, z, neighbours)
	if len(objects) != 1 {
		t.Fatalf("%d objects, want 1; findings %v", len(objects), findings)
	}
	o := objects[0]
	if o.Part != policy.PartGuard || len(o.Manifest.GetOwnerReferences()) > 0 || o.Name != "guard-"+z.Name {
		t.Errorf("%s is a %s with owners %v", o.Name, o.Part, o.Manifest.GetOwnerReferences())
	}
	p := o.Manifest.(*ciliumv2.CiliumClusterwideNetworkPolicy)
	requireParses(t, p)
	return p, findings
}

func neighbour(zone string, in, out []protocol.PortRange, entries ...topology.Workloads) topology.Neighbour {
	return topology.Neighbour{Zone: zone, Workloads: entries, In: in, Out: out}
}

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// denied are the deny rules of one direction, a line each.
func denied(t *testing.T, p *ciliumv2.CiliumClusterwideNetworkPolicy, ingress bool) []string {
	t.Helper()
	var out []string
	add := func(endpoints []api.EndpointSelector, cidrs api.CIDRRuleSlice, ports api.PortDenyRules) {
		var peers []string
		for _, e := range endpoints {
			peers = append(peers, metav1.FormatLabelSelector(unslim(t, e)))
		}
		for _, c := range cidrs {
			peer := string(c.Cidr)
			for _, except := range c.ExceptCIDRs {
				peer += " but " + string(except)
			}
			peers = append(peers, peer)
		}
		line := strings.Join(peers, "; ")
		for _, rule := range ports {
			for _, port := range rule.Ports {
				line += " " + port.Port
				if port.EndPort != 0 {
					line += "-" + strconv.Itoa(int(port.EndPort))
				}
				line += "/" + string(port.Protocol)
			}
		}
		out = append(out, line)
	}
	for _, r := range p.Specs[0].IngressDeny {
		if ingress {
			add(r.FromEndpoints, r.FromCIDRSet, r.ToPorts)
		}
	}
	for _, r := range p.Specs[0].EgressDeny {
		if !ingress {
			add(r.ToEndpoints, r.ToCIDRSet, r.ToPorts)
		}
	}
	return out
}

// unslim is a selector in the usual type, without the source of its labels.
func unslim(t *testing.T, e api.EndpointSelector) *metav1.LabelSelector {
	t.Helper()
	out := &metav1.LabelSelector{}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(selectorJSON(t, e), `"k8s:`, `"`)), out); err != nil {
		t.Fatal(err)
	}
	return out
}

const (
	namespaceKey = "io.kubernetes.pod.namespace"
	notTCP       = " 0/UDP 0/SCTP"
	notDNS       = " 1-52/TCP 54-65535/TCP 1-52/UDP 54-65535/UDP 0/SCTP"
)

// guardRules is one case: what is special about the zone z in the namespace plant, and
// the denies, a line each.
type guardRules struct {
	site       func(*topology.Site)
	zone       func(*topology.Zone)
	neighbours []topology.Neighbour
	in, out    []string
}

func (tc guardRules) check(t *testing.T) {
	s, z := site(), zone("z", in("plant"))
	if tc.site != nil {
		tc.site(s)
	}
	if tc.zone != nil {
		tc.zone(z)
	}
	p, findings := guardOf(t, s, z, tc.neighbours...)
	if len(findings) > 0 {
		t.Errorf("findings: %v", findings)
	}
	if diff := cmp.Diff(tc.in, denied(t, p, true)); diff != "" {
		t.Errorf("ingress (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(tc.out, denied(t, p, false)); diff != "" {
		t.Errorf("egress (-want +got):\n%s", diff)
	}
}

func TestGuardOfStrangersAndNeighbours(t *testing.T) {
	supervision := neighbour("supervision", []protocol.PortRange{tcp(502, 502)}, nil, in("scada"))
	tests := map[string]guardRules{
		"nobody beside itself": {
			zone: func(z *topology.Zone) { z.DNS = false },
			in:   []string{namespaceKey + "," + namespaceKey + " notin (plant)", "0.0.0.0/0; ::/0"},
			out:  []string{namespaceKey + "," + namespaceKey + " notin (plant)", "0.0.0.0/0; ::/0"},
		},
		"not even itself": {
			zone: func(z *topology.Zone) { z.DNS, z.InternalTraffic = false, false },
			in:   []string{namespaceKey, "0.0.0.0/0; ::/0"},
			out:  []string{namespaceKey, "0.0.0.0/0; ::/0"},
		},
		"the name service": {
			site: func(s *topology.Site) { s.DNS.Addresses = []netip.Addr{netip.MustParseAddr("169.254.20.10")} },
			in:   []string{namespaceKey + "," + namespaceKey + " notin (plant)", "0.0.0.0/0; ::/0"},
			out: []string{
				namespaceKey + "," + namespaceKey + " notin (kube-system,plant); " + namespaceKey + "=kube-system,k8s-app notin (kube-dns)",
				namespaceKey + "=kube-system,k8s-app=kube-dns" + notDNS,
				"0.0.0.0/0 but 169.254.20.10/32; ::/0",
				"169.254.20.10/32" + notDNS,
			},
		},
		"a neighbour in one direction is a stranger in the other": {
			zone:       func(z *topology.Zone) { z.DNS = false },
			neighbours: []topology.Neighbour{supervision},
			in: []string{
				namespaceKey + "," + namespaceKey + " notin (plant,scada)",
				namespaceKey + "=scada 1-501/TCP 503-65535/TCP" + notTCP,
				"0.0.0.0/0; ::/0",
			},
			out: []string{namespaceKey + "," + namespaceKey + " notin (plant)", "0.0.0.0/0; ::/0"},
		},
		"neighbours with the same ports share a rule": {
			zone:       func(z *topology.Zone) { z.DNS = false },
			neighbours: []topology.Neighbour{supervision, neighbour("history", []protocol.PortRange{tcp(502, 502)}, nil, in("historian"))},
			in: []string{
				namespaceKey + "," + namespaceKey + " notin (historian,plant,scada)",
				namespaceKey + "=scada; " + namespaceKey + "=historian 1-501/TCP 503-65535/TCP" + notTCP,
				"0.0.0.0/0; ::/0",
			},
			out: []string{namespaceKey + "," + namespaceKey + " notin (plant)", "0.0.0.0/0; ::/0"},
		},
		"a neighbour on every port there is": {
			zone: func(z *topology.Zone) { z.DNS = false },
			neighbours: []topology.Neighbour{neighbour("supervision", []protocol.PortRange{
				tcp(1, 65535), {Transport: protocol.UDP, First: 1, Last: 65535}, {Transport: protocol.SCTP, First: 1, Last: 65535},
			}, nil, in("scada"))},
			in:  []string{namespaceKey + "," + namespaceKey + " notin (plant,scada)", "0.0.0.0/0; ::/0"},
			out: []string{namespaceKey + "," + namespaceKey + " notin (plant)", "0.0.0.0/0; ::/0"},
		},
	}
	for name, tc := range tests {
		t.Run(name, tc.check)
	}
}

func TestGuardOfItselfAndNetworks(t *testing.T) {
	tests := map[string]guardRules{
		"itself by a conduit": {
			zone:       func(z *topology.Zone) { z.DNS, z.InternalTraffic = false, false },
			neighbours: []topology.Neighbour{neighbour("z", []protocol.PortRange{tcp(80, 80)}, []protocol.PortRange{tcp(80, 80)}, labelled(in("plant"), equal("app", "a")))},
			in: []string{
				namespaceKey + "," + namespaceKey + " notin (plant); " + "app notin (a)," + namespaceKey + "=plant",
				"app=a," + namespaceKey + "=plant 1-79/TCP 81-65535/TCP" + notTCP,
				"0.0.0.0/0; ::/0",
			},
			out: []string{
				namespaceKey + "," + namespaceKey + " notin (plant); " + "app notin (a)," + namespaceKey + "=plant",
				"app=a," + namespaceKey + "=plant 1-79/TCP 81-65535/TCP" + notTCP,
				"0.0.0.0/0; ::/0",
			},
		},
		"itself by a conduit, and all of it anyway": {
			zone:       func(z *topology.Zone) { z.DNS = false },
			neighbours: []topology.Neighbour{neighbour("z", []protocol.PortRange{tcp(80, 80)}, []protocol.PortRange{tcp(80, 80)}, labelled(in("plant"), equal("app", "a")))},
			in:         []string{namespaceKey + "," + namespaceKey + " notin (plant)", "0.0.0.0/0; ::/0"},
			out:        []string{namespaceKey + "," + namespaceKey + " notin (plant)", "0.0.0.0/0; ::/0"},
		},
		"networks, one in another": {
			zone: func(z *topology.Zone) {
				z.DNS, z.APIServer, z.Networks = false, true, prefixes("10.3.0.0/24")
			},
			site: func(s *topology.Site) { s.API.Addresses = []netip.Addr{netip.MustParseAddr("10.2.0.64")} },
			neighbours: []topology.Neighbour{{
				Zone: "office", Networks: prefixes("10.2.0.0/24", "fd00::/64"), In: []protocol.PortRange{tcp(443, 443)}, Out: []protocol.PortRange{tcp(25, 25)},
			}},
			in: []string{
				namespaceKey + "," + namespaceKey + " notin (plant)",
				"0.0.0.0/0 but 10.2.0.0/24 but 10.3.0.0/24; ::/0 but fd00::/64",
				"10.2.0.0/24; fd00::/64 1-442/TCP 444-65535/TCP" + notTCP,
			},
			out: []string{
				namespaceKey + "," + namespaceKey + " notin (plant)",
				"0.0.0.0/0 but 10.2.0.0/24 but 10.3.0.0/24; ::/0 but fd00::/64",
				"10.2.0.0/24 but 10.2.0.64/32; fd00::/64 1-24/TCP 26-65535/TCP" + notTCP,
				"10.2.0.64/32 1-24/TCP 26-6442/TCP 6444-65535/TCP" + notTCP,
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, tc.check)
	}
}

func warnings(t *testing.T, findings []v1alpha1.Finding, path, zone string, words ...string) {
	t.Helper()
	if len(findings) != 1 {
		t.Fatalf("%d findings, want 1: %v", len(findings), findings)
	}
	f := findings[0]
	if f.Severity != v1alpha1.SeverityWarning || f.Reason != v1alpha1.ReasonBackendCannot || f.Path != path {
		t.Errorf("finding %+v", f)
	}
	for _, w := range append(words, strconv.Quote(zone)) {
		if !strings.Contains(f.Message, w) {
			t.Errorf("%q does not say %s", f.Message, w)
		}
	}
}

// TestGuardWithoutAPIAddresses: an API server may be any address, so none is denied, and
// its port is spared in the networks of neighbours.
func TestGuardWithoutAPIAddresses(t *testing.T) {
	z := zone("z", in("plant"))
	z.APIServer, z.DNS = true, false
	office := topology.Neighbour{Zone: "office", Networks: prefixes("10.2.0.0/24"), In: []protocol.PortRange{tcp(443, 443)}, Out: []protocol.PortRange{tcp(25, 25)}}
	p, findings := guardOf(t, site(), z, office)
	warnings(t, findings, "spec.platform.apiServer.addresses", "z")
	want := []string{namespaceKey + "," + namespaceKey + " notin (plant)", "10.2.0.0/24 1-24/TCP 26-6442/TCP 6444-65535/TCP" + notTCP}
	if diff := cmp.Diff(want, denied(t, p, false)); diff != "" {
		t.Errorf("egress (-want +got):\n%s", diff)
	}
	if got := strings.Join(denied(t, p, true), "\n"); !strings.Contains(got, "0.0.0.0/0") {
		t.Errorf("ingress is not closed to the outside:\n%s", got)
	}
	s := site()
	s.API.Port = 0
	if _, findings := guardOf(t, s, z, office); len(findings) > 0 {
		t.Errorf("the floor opens no API server, yet %v", findings)
	}
}

// TestGuardOfHiddenLabels: by a label that Cilium does not see no pod can be told from
// another, so more are spared and none denied by it.
func TestGuardOfHiddenLabels(t *testing.T) {
	hash := equal("pod-template-hash", "x")
	hidden := labelled(in("scada"), equal("app", "hmi"), hash)
	p, findings := guardOf(t, site(), zone("z", in("plant")), neighbour("supervision", []protocol.PortRange{tcp(502, 502)}, nil, hidden, in("other")))
	warnings(t, findings, "spec.guard.layers", "z", "hides")
	want := namespaceKey + "," + namespaceKey + " notin (other,plant,scada); app notin (hmi)," + namespaceKey + "=scada\n" +
		namespaceKey + "=other 1-501/TCP"
	if got := strings.Join(denied(t, p, true), "\n"); !strings.HasPrefix(got, want) {
		t.Errorf("ingress:\n%s", got)
	}

	not := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: "pod-template-hash", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"x"}},
	}}
	objects, findings := cilium.Backend{}.Guard(site(), zone("z", labelled(in("plant"), not)), nil)
	if len(objects) > 0 {
		t.Errorf("pods that cannot be told from others are denied something")
	}
	if len(findings) != 2 || !strings.Contains(findings[1].Message, "spec.members.workloads[0]") {
		t.Errorf("findings %v", findings)
	}
	z := zone("z", labelled(in("plant"), not), in("plant-2"))
	if p, _ := guardOf(t, site(), z); len(p.Specs) != 1 {
		t.Errorf("%d specs, want one for the entry that can be told", len(p.Specs))
	}
}

// TestGuardOfManyNeighbours: what does not fit is left out, and said.
func TestGuardOfManyNeighbours(t *testing.T) {
	var many []topology.Neighbour
	for i := range 100 {
		many = append(many, neighbour(fmt.Sprintf("cell-%d", i), []protocol.PortRange{tcp(502, 502)}, nil,
			labelled(in(fmt.Sprintf("ns-%d", i)), equal("app", fmt.Sprintf("a-%d", i)))))
	}
	p, findings := guardOf(t, site(), zone("z", in("plant")), many...)
	warnings(t, findings, "spec.guard.layers", "z", "64")
	if n := len(p.Specs[0].IngressDeny[0].FromEndpoints); n != 64 {
		t.Errorf("%d selectors for strangers", n)
	}
	if got := denied(t, p, true)[0]; !strings.HasPrefix(got, namespaceKey+","+namespaceKey+" notin (ns-0,ns-1,") {
		t.Errorf("namespaces of nobody are not denied first: %.200s", got)
	}
}

func TestGuardOfEachEntry(t *testing.T) {
	z := zone("z", labelled(in("plant"), equal("cell", "a")), in("plant-2"))
	p, _ := guardOf(t, site(), z)
	var subjects []string
	for _, spec := range p.Specs {
		subjects = append(subjects, metav1.FormatLabelSelector(unslim(t, spec.EndpointSelector)))
		if spec.EnableDefaultDeny.Ingress == nil || *spec.EnableDefaultDeny.Ingress || spec.EnableDefaultDeny.Egress == nil || *spec.EnableDefaultDeny.Egress {
			t.Errorf("a guard asks for default deny: %+v", spec.EnableDefaultDeny)
		}
		if len(spec.Ingress)+len(spec.Egress) > 0 {
			t.Errorf("a guard allows something: %+v", spec)
		}
	}
	want := []string{"cell=a," + namespaceKey + "=plant", namespaceKey + "=plant-2"}
	if diff := cmp.Diff(want, subjects); diff != "" {
		t.Errorf("subjects (-want +got):\n%s", diff)
	}
}
