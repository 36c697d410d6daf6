// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package admintier_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterpolicy "sigs.k8s.io/network-policy-api/apis/v1alpha2"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/admintier"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

func site() *topology.Site {
	return &topology.Site{
		DNS: topology.DNS{Namespace: "kube-system", PodLabels: map[string]string{"k8s-app": "kube-dns"}, Port: 53},
		API: topology.APIServer{Port: 6443},
	}
}

func zone(entries ...topology.Workloads) *topology.Zone {
	return &topology.Zone{Name: "z", UID: "uid-1", Enforce: true, InternalTraffic: true, Workloads: entries}
}

func in(namespaces ...string) topology.Workloads {
	return topology.Workloads{Namespaces: namespaces, Matching: namespaces}
}

func labelled(w topology.Workloads, selectors ...*metav1.LabelSelector) topology.Workloads {
	w.PodSelectors = selectors
	return w
}

func equal(key, value string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
}

func tcp(first, last uint16) []protocol.PortRange {
	return []protocol.PortRange{{Transport: protocol.TCP, First: first, Last: last}}
}

// specs are the objects as the API server reads them: with no field that it does not know.
func specs(t *testing.T, objects []*policy.Object) []clusterpolicy.ClusterNetworkPolicySpec {
	t.Helper()
	var out []clusterpolicy.ClusterNetworkPolicySpec
	for _, o := range objects {
		if strings.Contains(string(o.JSON()), `"status"`) {
			t.Errorf("%s has a status, which the API server would refuse as null", o.Name)
		}
		var p clusterpolicy.ClusterNetworkPolicy
		d := json.NewDecoder(strings.NewReader(string(o.JSON())))
		d.DisallowUnknownFields()
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if p.Kind != "ClusterNetworkPolicy" || p.APIVersion != "policy.networking.k8s.io/v1alpha2" {
			t.Errorf("%s is a %s of %s", p.Name, p.Kind, p.APIVersion)
		}
		out = append(out, p.Spec)
	}
	return out
}

// lines are the rules of a direction, one each.
func lines(spec clusterpolicy.ClusterNetworkPolicySpec, ingress bool) []string {
	var out []string
	line := func(action clusterpolicy.ClusterNetworkPolicyRuleAction, peers []string, ports []clusterpolicy.ClusterNetworkPolicyProtocol) {
		l := string(action) + " " + strings.Join(peers, "; ")
		for _, p := range ports {
			switch {
			case p.TCP != nil:
				l += " " + number(p.TCP.DestinationPort) + "/TCP"
			case p.UDP != nil:
				l += " " + number(p.UDP.DestinationPort) + "/UDP"
			case p.SCTP != nil:
				l += " " + number(p.SCTP.DestinationPort) + "/SCTP"
			}
		}
		out = append(out, l)
	}
	for _, r := range spec.Ingress {
		var peers []string
		for _, p := range r.From {
			peers = append(peers, pods(p.Namespaces, p.Pods))
		}
		if ingress {
			line(r.Action, peers, r.Protocols)
		}
	}
	for _, r := range spec.Egress {
		var peers []string
		for _, p := range r.To {
			if len(p.Networks) > 0 {
				peers = append(peers, fmt.Sprint(p.Networks))
				continue
			}
			peers = append(peers, pods(p.Namespaces, p.Pods))
		}
		if !ingress {
			line(r.Action, peers, r.Protocols)
		}
	}
	return out
}

func number(p *clusterpolicy.Port) string {
	if p.Range != nil {
		return fmt.Sprintf("%d-%d", p.Range.Start, p.Range.End)
	}
	return strconv.Itoa(int(p.Number))
}

func pods(namespaces *metav1.LabelSelector, pods *clusterpolicy.NamespacedPod) string {
	if pods == nil {
		return "in " + metav1.FormatLabelSelector(namespaces)
	}
	words := metav1.FormatLabelSelector(&pods.NamespaceSelector)
	if app := metav1.FormatLabelSelector(&pods.PodSelector); app != "<none>" {
		words += ": " + app
	}
	return strings.ReplaceAll(words, "kubernetes.io/metadata.name", "name")
}

const denyPods = "Deny in <none>"

func TestRules(t *testing.T) {
	const everything = denyPods + "; [0.0.0.0/0 ::/0]"
	tests := map[string]ruleCase{
		"itself": {
			zone: func(z *topology.Zone) { z.Networks = []netip.Prefix{netip.MustParsePrefix("10.3.0.0/24")} },
			in:   []string{"Pass name=plant", denyPods},
			out:  []string{"Pass name=plant; [10.3.0.0/24]", everything},
		},
		"not even itself": {
			zone: func(z *topology.Zone) { z.InternalTraffic = false },
			in:   []string{denyPods}, out: []string{everything},
		},
		"the platform": {
			zone: func(z *topology.Zone) { z.DNS, z.APIServer = true, true },
			site: func(s *topology.Site) {
				s.DNS.Addresses = []netip.Addr{netip.MustParseAddr("169.254.20.10")}
				s.API.Addresses = []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("2001:db8::10")}
			},
			in: []string{"Pass name=plant", denyPods},
			out: []string{
				"Pass name=plant", "Pass [169.254.20.10/32]; name=kube-system: k8s-app=kube-dns 53/TCP 53/UDP",
				"Pass [192.0.2.10/32 2001:db8::10/128] 6443/TCP", everything,
			},
		},
		"neighbours with the same ports share a rule, and their namespaces a peer": {
			neighbours: []topology.Neighbour{
				{Zone: "a", Workloads: []topology.Workloads{in("a")}, In: tcp(502, 502), Out: tcp(1, 3)},
				{Zone: "b", Workloads: []topology.Workloads{in("b"), labelled(in("c"), equal("app", "x"))}, In: tcp(502, 502)},
				{Zone: "c", Networks: []netip.Prefix{netip.MustParsePrefix("10.2.0.0/24")}, In: tcp(502, 502), Out: tcp(443, 443)},
			},
			in:  []string{"Pass name=plant", "Pass name in (a,b); name=c: app=x 502/TCP", denyPods},
			out: []string{"Pass name=plant", "Pass name=a 1-3/TCP", "Pass [10.2.0.0/24] 443/TCP", everything},
		},
		"itself by a conduit": {
			zone:       func(z *topology.Zone) { z.InternalTraffic = false },
			neighbours: []topology.Neighbour{{Zone: "z", Workloads: []topology.Workloads{labelled(in("plant"), equal("app", "x"))}, In: tcp(80, 80), Out: tcp(80, 80)}},
			in:         []string{"Pass name=plant: app=x 80/TCP", denyPods},
			out:        []string{"Pass name=plant: app=x 80/TCP", everything},
		},
		"what Cilium hides is passed more widely": {
			neighbours: []topology.Neighbour{{Zone: "a", Workloads: []topology.Workloads{labelled(in("a"), equal("app", "x"), equal("pod-template-hash", "h"))}, In: tcp(80, 80)}},
			in:         []string{"Pass name=plant", "Pass name=a: app=x 80/TCP", denyPods},
			out:        []string{"Pass name=plant", everything},
		},
	}
	for name, tc := range tests {
		t.Run(name, tc.check)
	}
}

// ruleCase is what is special about the zone in the namespace plant, and its rules.
type ruleCase struct {
	site       func(*topology.Site)
	zone       func(*topology.Zone)
	neighbours []topology.Neighbour
	in, out    []string
}

func (tc ruleCase) check(t *testing.T) {
	s, z := site(), zone(in("plant"))
	if tc.site != nil {
		tc.site(s)
	}
	if tc.zone != nil {
		tc.zone(z)
	}
	objects, findings := admintier.Guard{}.Guard(s, z, tc.neighbours)
	if len(findings) > 0 || len(objects) != 1 {
		t.Fatalf("%d objects, findings %v", len(objects), findings)
	}
	spec := specs(t, objects)[0]
	if diff := cmp.Diff(tc.in, lines(spec, true)); diff != "" {
		t.Errorf("ingress (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(tc.out, lines(spec, false)); diff != "" {
		t.Errorf("egress (-want +got):\n%s", diff)
	}
}

// TestObjects: one for each entry that says another thing, of one priority in our range, with the same rules, by
// names that no other zone can have, without an owner.
func TestObjects(t *testing.T) {
	z := zone(in("a"), labelled(in("b"), equal("cell", "x")), in("c"), in("a"))
	objects, _ := admintier.Guard{}.Guard(site(), z, nil)
	var names []string
	for i, spec := range specs(t, objects) {
		o := objects[i]
		names = append(names, o.Name+" "+pods(nil, spec.Subject.Pods))
		if o.Part != policy.PartGuard || o.Source.Name != "z" || len(o.Manifest.GetOwnerReferences()) > 0 {
			t.Errorf("%s is a %s of %s", o.Name, o.Part, o.Source)
		}
		if spec.Tier != clusterpolicy.AdminTier || spec.Priority != admintier.Priority || admintier.Priority > admintier.LastReserved {
			t.Errorf("%s is of tier %s, at %d", o.Name, spec.Tier, spec.Priority)
		}
		if diff := cmp.Diff(lines(specs(t, objects)[0], true), lines(spec, true)); diff != "" {
			t.Errorf("the rules of %s differ from those of the first:\n%s", o.Name, diff)
		}
	}
	if diff := cmp.Diff([]string{"guard-z.8f97e0ca613e name=a", "guard-z.1e17b59cc3a7 name=b: cell=x", "guard-z.c30b888e6aef name=c"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOtherPodsAreAnotherObject: what is written for the new pods takes nothing from the
// old ones. With the same pods it is the same object, whatever its rules.
func TestOtherPodsAreAnotherObject(t *testing.T) {
	nameFor := func(w topology.Workloads, neighbours ...topology.Neighbour) string {
		objects, _ := admintier.Guard{}.Guard(site(), zone(w), neighbours)
		return objects[0].Name
	}
	first := nameFor(labelled(in("a"), equal("cell", "x")))
	for what, other := range map[string]topology.Workloads{
		"another namespace": labelled(in("b"), equal("cell", "x")), "another cell": labelled(in("a"), equal("cell", "y")), "all pods": in("a"),
	} {
		if name := nameFor(other); name == first {
			t.Errorf("%s is %s as well", what, name)
		}
	}
	if name := nameFor(labelled(in("a"), equal("cell", "x")), many(1, 1)...); name != first {
		t.Errorf("with a neighbour it is %s, without %s", name, first)
	}
}

func warning(t *testing.T, findings []v1alpha1.Finding, path, words string) {
	t.Helper()
	if len(findings) != 1 {
		t.Fatalf("%d findings, want 1: %v", len(findings), findings)
	}
	f := findings[0]
	if f.Severity != v1alpha1.SeverityWarning || f.Reason != v1alpha1.ReasonBackendCannot || f.Path != path ||
		!strings.Contains(f.Message, words) || !strings.Contains(f.Message, `zone "z"`) {
		t.Errorf("finding %+v does not say %q", f, words)
	}
}

func TestUnknownAPIServer(t *testing.T) {
	z := zone(in("plant"))
	z.APIServer = true
	objects, findings := admintier.Guard{}.Guard(site(), z, nil)
	warning(t, findings, "spec.platform.apiServer.addresses", "outside the cluster")
	if diff := cmp.Diff([]string{"Pass name=plant", denyPods}, lines(specs(t, objects)[0], false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHiddenExclusion: on Cilium such an entry would deny pods of other zones.
func TestHiddenExclusion(t *testing.T) {
	not := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "pod-template-hash", Operator: metav1.LabelSelectorOpDoesNotExist}}}
	objects, findings := admintier.Guard{}.Guard(site(), zone(labelled(in("a"), not), in("b")), nil)
	warning(t, findings, "spec.guard.layers", "spec.members.workloads[0]")
	if len(objects) != 1 || specs(t, objects)[0].Subject.Pods.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] != "b" {
		t.Errorf("%d objects", len(objects))
	}
}

// many are neighbours that no two of have the same ports, each with so many peers.
func many(n, peers int) []topology.Neighbour {
	var out []topology.Neighbour
	for i := range n {
		neighbour := topology.Neighbour{Zone: fmt.Sprintf("n%03d", i), In: tcp(uint16(i+1), uint16(i+1)), Out: tcp(uint16(i+1), uint16(i+1))}
		for p := range peers {
			neighbour.Workloads = append(neighbour.Workloads, labelled(in("ns"), equal("app", fmt.Sprintf("%d-%d", i, p))))
		}
		out = append(out, neighbour)
	}
	return out
}

// TestLimits: what does not fit is passed on every port; what does not fit even so is
// not denied.
func TestLimits(t *testing.T) {
	tests := map[string]struct {
		neighbours     []topology.Neighbour
		findings       int
		words          string
		rules, coarser int
	}{
		"just fits":                  {many(23, 1), 0, "", 25, 0},
		"one port too many":          {many(24, 1), 2, "passed on every port", 25, 1},
		"ports of all do not fit":    {many(23, 25), 0, "", 25, 0},
		"peers of some do not fit":   {many(20, 26), 2, "passed on every port", 25, 19},
		"not even without ports":     {many(26, 25), 2, "nothing is denied", 0, 0},
		"many ports of one":          {[]topology.Neighbour{{Zone: "n", Workloads: []topology.Workloads{in("n")}, In: ports(60), Out: ports(60)}}, 0, "", 5, 0},
		"more ports than rules hold": {[]topology.Neighbour{{Zone: "n", Workloads: []topology.Workloads{in("n")}, In: ports(600), Out: ports(600)}}, 2, "passed on every port", 3, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			objects, findings := admintier.Guard{}.Guard(site(), zone(in("plant")), tc.neighbours)
			if len(findings) != tc.findings {
				t.Fatalf("findings %v", findings)
			}
			for _, f := range findings {
				warning(t, []v1alpha1.Finding{f}, "spec.guard.layers", tc.words)
			}
			if tc.rules == 0 {
				if len(objects) > 0 {
					t.Errorf("%d objects", len(objects))
				}
				return
			}
			spec := specs(t, objects)[0]
			checkLimits(t, spec)
			for _, ingress := range []bool{true, false} {
				all, coarser := lines(spec, ingress), 0
				for _, l := range all[1 : len(all)-1] {
					if !strings.Contains(l, "/TCP") {
						coarser++
					}
				}
				if len(all) != tc.rules || coarser != tc.coarser || !strings.HasPrefix(all[len(all)-1], denyPods) {
					t.Errorf("ingress %t: %d rules, %d of them without ports, the last %q", ingress, len(all), coarser, all[len(all)-1])
				}
			}
		})
	}
}

func ports(n int) []protocol.PortRange {
	var out []protocol.PortRange
	for i := range n {
		out = append(out, tcp(uint16(2*i+1), uint16(2*i+1))...)
	}
	return out
}

func checkLimits(t *testing.T, spec clusterpolicy.ClusterNetworkPolicySpec) {
	t.Helper()
	const most = 25
	if len(spec.Ingress) > most || len(spec.Egress) > most {
		t.Errorf("%d and %d rules", len(spec.Ingress), len(spec.Egress))
	}
	for _, r := range spec.Egress {
		if len(r.To) == 0 || len(r.To) > most || len(r.Protocols) > most {
			t.Errorf("a rule of %d peers and %d ports", len(r.To), len(r.Protocols))
		}
		for _, p := range r.To {
			if len(p.Networks) > most {
				t.Errorf("a peer of %d networks", len(p.Networks))
			}
		}
	}
	for _, r := range spec.Ingress {
		if len(r.From) == 0 || len(r.From) > most || len(r.Protocols) > most {
			t.Errorf("a rule of %d peers and %d ports", len(r.From), len(r.Protocols))
		}
	}
}
