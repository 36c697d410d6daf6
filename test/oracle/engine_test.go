// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/test/oracle"
)

// smallWorld has a pod of each application in each of two namespaces.
func smallWorld() oracle.World {
	w := oracle.World{
		Namespaces: map[string]map[string]string{
			"a": {"kubernetes.io/metadata.name": "a", "team": "ot"},
			"b": {"kubernetes.io/metadata.name": "b", "team": "it"},
		},
		Entities: map[netip.Addr][]oracle.Entity{
			netip.MustParseAddr("192.0.2.1"): {oracle.EntityHost},
			netip.MustParseAddr("192.0.2.2"): {oracle.EntityRemoteNode, oracle.EntityAPIServer},
			netip.MustParseAddr("192.0.2.3"): {oracle.EntityRemoteNode},
			netip.MustParseAddr("192.0.2.4"): {oracle.EntityAPIServer},
		},
	}
	for i, at := range []string{"a/x", "a/z", "b/x", "b/z"} {
		namespace, app, _ := strings.Cut(at, "/")
		w.Pods = append(w.Pods, oracle.Pod{
			Namespace: namespace, Name: app, Labels: map[string]string{"app": app},
			Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 42, 0, byte(i + 1)})},
			Ports:     []oracle.NamedPort{{Name: "web", Transport: protocol.TCP, Port: uint16(8080 + i)}},
		})
	}
	return w
}

func asJSON(tb testing.TB, document string) []byte {
	tb.Helper()
	raw, err := yaml.YAMLToJSONStrict([]byte(document))
	if err != nil {
		tb.Fatalf("%v\n%s", err, document)
	}
	return raw
}

func clusterwide(name, specs string) string {
	return "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: " + name + "}\nspecs: [" + specs + "]"
}

const (
	atX   = "endpointSelector: {matchLabels: {'k8s:app': x, 'k8s:io.kubernetes.pod.namespace': a}}"
	group = "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: g, labels: {plant: ww}}\nspec: {externalCIDRs: [198.51.100.0/25, 'fd00:9::/64']}"
	ns    = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: a, name: p}\nspec: {podSelector: {matchLabels: {app: x}}, "
	admin = "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: p}\nspec: {tier: Admin, priority: 10, " +
		"subject: {pods: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}, podSelector: {matchLabels: {app: x}}}}, "
)

// ciliumCases are objects and what they let pass: "from to port/transport verdict".
var ciliumCases = map[string]struct {
	objects []string
	flows   string
}{
	"no policy allows": {nil, "a/x b/z 80/TCP yes; 203.0.113.9 a/x 80/TCP yes"},
	"default deny, and the node needs a rule": {
		[]string{clusterwide("p", "{"+atX+", ingress: [{}], egress: [{}]}")},
		"b/z a/x 80/TCP no; a/x b/z 80/TCP no; host a/x 80/TCP no; b/z a/z 80/TCP yes; " + "a/x " + "a/x 80/TCP yes",
	},
	"default deny switched off": {
		[]string{clusterwide("p", "{"+atX+", enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [host]}]}")}, "b/z a/x 80/TCP yes",
	},
	"entities": {
		[]string{clusterwide("p", "{"+atX+", ingress: [{fromEntities: [host]}], egress: [{toEntities: [kube-apiserver], toPorts: [{ports: [{port: '6443', protocol: TCP}]}]}]}")},
		"host a/x 80/TCP yes; 192.0.2.1 a/x 80/TCP yes; 192.0.2.3 a/x 80/TCP no; 203.0.113.9 a/x 80/TCP no; " +
			"a/x 192.0.2.2 6443/TCP yes; a/x 192.0.2.4 6443/TCP yes; a/x 192.0.2.3 6443/TCP no; a/x 192.0.2.2 443/TCP no; a/x host 6443/TCP no",
	},
	"both families of a group, and labels of pods": {
		[]string{clusterwide("p", "{"+atX+", ingress: [{fromCIDRSet: [{cidrGroupRef: g}]}, {fromEndpoints: [{matchLabels: {'k8s:app': z, 'k8s:io.cilium.k8s.namespace.labels.team': it}}]}]}"), group},
		"198.51.100.127 a/x 80/TCP yes; 198.51.100.128 a/x 80/TCP no; fd00:9::1 a/x 80/TCP yes; fd00:9:0:1::1 a/x 80/TCP no; b/z a/x 80/TCP yes; a/z a/x 80/TCP no; b/x a/x 80/TCP no",
	},
	"except, around a group and below another network": {
		[]string{group, clusterwide("p", "{"+atX+", egress: [{toCIDRSet: [{cidr: 198.51.0.0/16, except: [198.51.100.64/26, 198.51.200.0/24]}]}]}")},
		"a/x 198.51.100.63 80/TCP yes; a/x 198.51.100.64 80/TCP no; a/x 198.51.100.128 80/TCP yes; a/x 198.51.200.1 80/TCP no; a/x 198.52.0.1 80/TCP no; a/x b/z 80/TCP no",
	},
	"a deny beats every allow of its tier": {
		[]string{
			clusterwide("allow", "{"+atX+", ingress: [{fromEntities: [all]}]}"),
			clusterwide("deny", "{"+atX+", enableDefaultDeny: {ingress: false, egress: false}, ingressDeny: [{fromEndpoints: [{matchLabels: {'k8s:app': z}}]}, {fromCIDRSet: [{cidr: 0.0.0.0/0, except: [198.51.100.0/24]}]}], "+
				"egressDeny: [{toEntities: [world], toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]}"),
		},
		"b/x a/x 80/TCP yes; b/z a/x 80/TCP no; 203.0.113.9 a/x 80/TCP no; 198.51.100.9 a/x 80/TCP yes; 2001:db8::1 a/x 80/TCP yes; host a/x 80/TCP yes; " +
			"a/x 203.0.113.9 80/TCP no; a/x 2001:db8::1 80/TCP no; a/x 203.0.113.9 81/TCP yes; a/x b/x 80/TCP yes",
	},
	"ports": {
		[]string{clusterwide("p", "{"+atX+", ingress: [{fromEntities: [cluster], toPorts: [{ports: [{port: '80', endPort: 90, protocol: TCP}, {port: '2905', protocol: SCTP}, {port: '65535', protocol: UDP}, {port: web, protocol: TCP}]}]}]}")},
		"b/z a/x 79/TCP no; b/z a/x 80/TCP yes; b/z a/x 90/TCP yes; b/z a/x 91/TCP no; b/z a/x 2905/SCTP yes; b/z a/x 2905/TCP no; b/z a/x 65535/UDP yes; b/z a/x 8080/TCP yes; b/z a/x 8081/TCP no",
	},
	"a pod's label does not move it": {
		[]string{clusterwide("p", "{"+atX+", ingress: [{fromEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': b}}]}]}")}, "b/z a/x 80/TCP yes; a/z a/x 80/TCP no",
	},
	"a policy of a namespace": {
		[]string{"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: a, name: p}\nspec: {endpointSelector: {matchLabels: {app: x}}, ingress: [{fromEndpoints: [{matchLabels: {app: z}}]}]}"},
		"a/z a/x 80/TCP yes; b/z a/x 80/TCP no; a/x b/x 80/TCP yes; a/x a/z 80/TCP yes",
	},
	"a NetworkPolicy": {
		[]string{ns + "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: it}}, podSelector: {matchLabels: {app: z}}}, {ipBlock: {cidr: 198.51.100.0/24, except: [198.51.100.8/32]}}]}]}"},
		"b/z a/x 80/TCP yes; b/x a/x 80/TCP no; 198.51.100.7 a/x 80/TCP yes; 198.51.100.8 a/x 80/TCP no; a/x 203.0.113.9 80/TCP yes",
	},
	"an Accept of the Admin tier beats a deny below it, and its Deny an allow": {
		[]string{
			clusterwide("p", "{"+atX+", ingress: [{fromEntities: [cluster]}], egressDeny: [{toEntities: [cluster]}]}"),
			admin + "ingress: [{action: Deny, from: [{namespaces: {matchLabels: {team: it}}}], protocols: [{tcp: {destinationPort: {number: 80}}}]}], " +
				"egress: [{action: Accept, to: [{networks: [203.0.113.0/24]}]}, {action: Accept, to: [{namespaces: {matchLabels: {team: ot}}}]}]}",
		},
		"b/z a/x 80/TCP no; b/z a/x 81/TCP yes; a/z a/x 80/TCP yes; a/x a/z 80/TCP yes; a/x b/z 80/TCP no; a/x 203.0.113.9 80/TCP yes; a/x 198.51.100.9 80/TCP no",
	},
}

// TestCilium holds the engine to what the documentation of each kind says, and with it
// the world to what Cilium makes of it.
func TestCilium(t *testing.T) {
	t.Parallel()
	for name, test := range ciliumCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := oracle.NewCilium(smallWorld())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			requireFlows(t, c, test.objects, test.flows)
		})
	}
}

// applier is an engine with objects that come and go.
type applier interface {
	oracle.Engine
	Apply(object []byte) error
	Delete(oracle.Key) error
}

// requireFlows puts objects in one by one, in both orders, and asks.
func requireFlows(t *testing.T, e applier, objects []string, flows string) {
	t.Helper()
	for range 2 {
		for _, o := range objects {
			if err := e.Apply(asJSON(t, o)); err != nil {
				t.Fatal(err)
			}
		}
		for line := range strings.SplitSeq(flows, "; ") {
			f, want := parseFlow(t, line)
			out, in, err := oracle.Directions(e, f)
			if err != nil || (out && in) != want {
				t.Errorf("%s: leaves %t, enters %t, %v", line, out, in, err)
			}
		}
		for i := range objects {
			k, err := oracle.KeyOf(asJSON(t, objects[i]))
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Delete(k); err != nil {
				t.Fatal(err)
			}
		}
		if out, in, err := oracle.Directions(e, oracle.Flow{From: "b/z", To: "a/x", Transport: protocol.TCP, Port: 1}); !out || !in || err != nil {
			t.Errorf("without objects: leaves %t, enters %t, %v", out, in, err)
		}
		reversed := make([]string, 0, len(objects))
		for i := range objects {
			reversed = append(reversed, objects[len(objects)-1-i])
		}
		objects = reversed
	}
}

func parseFlow(t *testing.T, line string) (f oracle.Flow, passes bool) {
	t.Helper()
	words := strings.Fields(line)
	number, transport, ok := strings.Cut(words[2], "/")
	if !ok || len(words) != 4 {
		t.Fatalf("line %q", line)
	}
	var port uint16
	for _, digit := range number {
		port = port*10 + uint16(digit-'0')
	}
	return oracle.Flow{From: oracle.Endpoint(words[0]), To: oracle.Endpoint(words[1]), Transport: protocol.Transport(transport), Port: port}, words[3] == "yes"
}

// TestHostPasses: where the node always gets in, no rule is needed.
func TestHostPasses(t *testing.T) {
	t.Parallel()
	w := smallWorld()
	w.HostPasses = true
	c, err := oracle.NewCilium(w)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	requireFlows(t, c, []string{clusterwide("p", "{"+atX+", ingress: [{}], egress: [{}]}")}, "host a/x 80/TCP yes; 192.0.2.1 a/x 80/TCP yes; b/z a/x 80/TCP no; a/x host 80/TCP no")
}

// TestRefused: what the agent refuses, and what the engine does not model, is an error,
// and what stood before stands.
func TestRefused(t *testing.T) {
	t.Parallel()
	c, err := oracle.NewCilium(smallWorld())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Apply(asJSON(t, clusterwide("p", "{"+atX+", ingress: [{}]}"))); err != nil {
		t.Fatal(err)
	}
	refused := map[string]string{
		"two kinds of peers in a rule": clusterwide("p", "{"+atX+", ingress: [{fromEndpoints: [{}], fromCIDR: [192.0.2.0/24]}]}"),
		"no rule":                      clusterwide("p", "{"+atX+"}"),
		"a port too many":              clusterwide("p", "{"+atX+", ingress: [{toPorts: [{ports: [{port: '65536', protocol: TCP}]}]}]}"),
		"a network that is none":       clusterwide("p", "{"+atX+", ingress: [{fromCIDR: [192.0.2.0/40]}]}"),
		"except outside":               clusterwide("p", "{"+atX+", ingress: [{fromCIDRSet: [{cidr: 192.0.2.0/24, except: [198.51.100.0/24]}]}]}"),
		"a typo":                       clusterwide("p", "{"+atX+", ingres: [{}]}"),
		"a label key too long":         clusterwide("p", "{endpointSelector: {matchLabels: {'k8s:"+strings.Repeat("k", 64)+"': x}}, ingress: [{}]}"),
		"a group with a typo":          "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: g}\nspec: {externalCIDRs: [192.0.2.0]}",
	}
	unmodelled := map[string]string{
		"layer 7":           clusterwide("p", "{"+atX+", ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{}]}}]}]}"),
		"a name":            clusterwide("p", "{"+atX+", egress: [{toFQDNs: [{matchName: example.com}]}]}"),
		"a policy of nodes": clusterwide("p", "{nodeSelector: {}, ingress: [{}]}"),
		"another kind":      "apiVersion: v1\nkind: Service\nmetadata: {name: s}",
	}
	for name, o := range refused {
		if err := c.Apply(asJSON(t, o)); err == nil || errors.Is(err, oracle.ErrNotJudged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, o := range unmodelled {
		if err := c.Apply(asJSON(t, o)); !errors.Is(err, oracle.ErrNotJudged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if in, err := c.Ingress(oracle.Flow{From: "b/z", To: "a/x", Transport: protocol.TCP, Port: 80}); in || err != nil {
		t.Errorf("what stood is gone: %t, %v", in, err)
	}
	for name, f := range map[string]oracle.Flow{
		"no such pod":       {From: "b/z", To: "a/nix", Transport: protocol.TCP, Port: 80},
		"no such transport": {From: "b/z", To: "a/x", Transport: "ICMP", Port: 80},
		"no port":           {From: "b/z", To: "a/x", Transport: protocol.TCP},
	} {
		if _, _, err := oracle.Directions(c, f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestEntries: a pod without policy has an allow for each of Cilium's five aggregates in
// both directions; with a floor there is one entry for each identity and port.
func TestEntries(t *testing.T) {
	t.Parallel()
	c, err := oracle.NewCilium(smallWorld())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	entries := func(want int) {
		t.Helper()
		if got, err := c.Entries("a/x"); err != nil || got != want {
			t.Errorf("%d entries, want %d (%v)", got, want, err)
		}
	}
	entries(10)
	apply := func(o string) {
		t.Helper()
		if err := c.Apply(asJSON(t, o)); err != nil {
			t.Fatal(err)
		}
	}
	apply(clusterwide("floor", "{"+atX+", ingress: [{fromEntities: [host]}], egress: [{}]}"))
	entries(1)
	apply(clusterwide("conduit", "{"+atX+", enableDefaultDeny: {ingress: false}, ingress: [{fromCIDRSet: [{cidrGroupRef: g}], toPorts: [{ports: [{port: '80', protocol: TCP}, {port: '81', protocol: UDP}]}]}]}"))
	entries(1)
	apply(group) // one identity for each of two families
	entries(5)
	apply(clusterwide("other", "{"+atX+", enableDefaultDeny: {ingress: false}, ingress: [{fromCIDRSet: [{cidr: 198.51.100.7/32}], toPorts: [{ports: [{port: '99', protocol: TCP}]}]}]}"))
	entries(8) // the address became an identity of its own, in the group as well
	if err := c.Delete(oracle.Key{Kind: oracle.KindClusterwidePolicy, Name: "other"}); err != nil {
		t.Fatal(err)
	}
	entries(5)
	if _, err := c.Entries("198.51.100.7"); err == nil {
		t.Error("an address has a policy map")
	}
}

// TestCyclonus: it judges what it can, and says where it cannot.
func TestCyclonus(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		objects []string
		flows   string
	}{
		"a policy without peers or ports": {[]string{ns + "policyTypes: [Ingress, Egress]}"}, "b/z a/x 80/TCP no; a/x b/z 80/TCP no; b/z a/z 80/TCP yes; 203.0.113.9 a/x 80/TCP no"},
		"peers, networks of both families, ports": {
			[]string{ns + "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: it}}, podSelector: {matchLabels: {app: z}}}, " +
				"{ipBlock: {cidr: 198.51.100.0/24, except: [198.51.100.8/32]}}, {ipBlock: {cidr: 'fd00:9::/64'}}], ports: [{port: 80, endPort: 90, protocol: TCP}, {port: 2905, protocol: SCTP}]}]}"},
			"b/z a/x 80/TCP yes; b/z a/x 91/TCP no; b/z a/x 2905/SCTP yes; b/x a/x 80/TCP no; 198.51.100.7 a/x 90/TCP yes; 198.51.100.8 a/x 90/TCP no; fd00:9::1 a/x 85/TCP yes; fd00:9:0:1::1 a/x 85/TCP no; a/x 203.0.113.9 80/TCP yes",
		},
		"a port by its name": {[]string{ns + "policyTypes: [Ingress], ingress: [{ports: [{port: web}]}]}"}, "b/z a/x 8080/TCP yes; b/z a/x 8081/TCP no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := oracle.NewCyclonus(smallWorld())
			if err != nil {
				t.Fatal(err)
			}
			requireFlows(t, c, test.objects, test.flows)
			cilium, err := oracle.NewCilium(smallWorld())
			if err != nil {
				t.Fatal(err)
			}
			defer cilium.Close()
			requireFlows(t, cilium, test.objects, test.flows)
		})
	}
}

func TestCyclonusAbstains(t *testing.T) {
	t.Parallel()
	c, err := oracle.NewCyclonus(smallWorld())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(asJSON(t, clusterwide("p", "{"+atX+", ingress: [{}]}"))); !errors.Is(err, oracle.ErrNotJudged) {
		t.Errorf("another kind: %v", err)
	}
	asks := func(object, line string, abstains bool) {
		t.Helper()
		if err := c.Apply(asJSON(t, object)); err != nil {
			t.Fatal(err)
		}
		f, want := parseFlow(t, line)
		in, err := c.Ingress(f)
		if errors.Is(err, oracle.ErrNotJudged) != abstains || err == nil && in != want {
			t.Errorf("%s with %s: %t, %v", line, object, in, err)
		}
	}
	asks(ns+"policyTypes: [Ingress]}", "host a/x 80/TCP yes", true)
	asks(ns+"policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchExpressions: [{key: gone, operator: NotIn, values: [x]}]}}]}]}", "a/z a/x 80/TCP yes", true)
	asks(ns+"policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {gone: ''}}}]}]}", "a/z a/x 80/TCP no", true)
	asks(ns+"policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [x]}]}}]}]}", "a/z a/x 80/TCP yes", false)
	asks(ns+"policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchExpressions: [{key: gone, operator: DoesNotExist}]}}]}]}", "a/z a/x 80/TCP yes", false)
}
