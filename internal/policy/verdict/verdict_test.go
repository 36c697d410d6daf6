// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// The places of the tests' cluster.
var places = map[string]string{
	"a/x": "10.0.0.1", "a/y": "10.0.0.2", "b/z": "10.0.0.3", "lost/w": "10.0.0.4",
	"node": "192.0.2.10", "node2": "192.0.2.11", "out": "198.51.100.1", "out6": "2001:db8::1",
	"local": "169.254.20.10", "twice": "10.0.0.9",
}

func pod(namespace, name, app string, addresses ...string) verdict.Pod {
	p := verdict.Pod{Namespace: namespace, Name: name, Labels: map[string]string{"app": app, "pod-template-hash": "1"}}
	for _, a := range addresses {
		p.Addresses = append(p.Addresses, netip.MustParseAddr(a))
	}
	return p
}

func cluster(objects ...map[string]any) verdict.Cluster {
	proxy := pod("infra", "proxy", "proxy", places["node"])
	proxy.HostNetwork = true
	return verdict.Cluster{
		// Namespace lost is not known.
		Namespaces: map[string]map[string]string{"a": {"team": "ot"}, "b": {}, "infra": {}},
		Pods: []verdict.Pod{
			pod("a", "x", "x", places["a/x"], "fd00::1"), pod("a", "y", "y", places["a/y"]), pod("b", "z", "x", places["b/z"]),
			pod("lost", "w", "w", places["lost/w"]), proxy,
			pod("a", "old", "x", places["twice"]), pod("b", "new", "x", places["twice"]),
		},
		Nodes:   []netip.Addr{netip.MustParseAddr(places["node"]), netip.MustParseAddr(places["node2"])},
		Objects: objects,
	}
}

// flow reads "from to port/transport".
func flow(t *testing.T, s string) verdict.Flow {
	t.Helper()
	var from, to, at string
	if _, err := fmt.Sscan(s, &from, &to, &at); err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	port, transport, _ := strings.Cut(at, "/")
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	address := func(place string) netip.Addr {
		if a, ok := places[place]; ok {
			place = a
		}
		return netip.MustParseAddr(place)
	}
	return verdict.Flow{Source: address(from), Destination: address(to), Transport: protocol.Transport(transport), Port: uint16(number)}
}

func objects(t *testing.T, docs string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for doc := range strings.SplitSeq(docs, "\n---\n") {
		if strings.TrimSpace(doc) == "" {
			continue
		}
		var o map[string]any
		if err := yaml.UnmarshalStrict([]byte(doc), &o); err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
		out = append(out, o)
	}
	return out
}

const (
	ccnp  = "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: p}\n"
	cnp   = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: a}\n"
	np    = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np, namespace: a}\n"
	group = "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: g}\nspec: {externalCIDRs: [198.51.100.0/24]}\n"
	ofX   = "endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': a, 'k8s:app': x}}"
)

// tests are objects and what is to come of flows: Admitted (+), Refused (-),
// Unknown (?).
type tests map[string]struct {
	objects string
	flows   []string
}

func (tt tests) run(t *testing.T) {
	t.Helper()
	answers := map[byte]verdict.Answer{'+': verdict.Admitted, '-': verdict.Refused, '?': verdict.Unknown}
	for name, tc := range tt {
		t.Run(name, func(t *testing.T) {
			rules := verdict.New(cluster(objects(t, tc.objects)...))
			for _, f := range tc.flows {
				if got := rules.Judge(flow(t, f[1:])); got.Answer != answers[f[0]] {
					t.Errorf("%s: %v", f, got)
				}
			}
		})
	}
}

// allow is a policy that lets x out by these entries only.
func allow(entries string) string { return ccnp + "spec: {" + ofX + ", egress: [" + entries + "]}\n" }

// deny is a policy that takes from x what these entries match.
func deny(entries string) string {
	return ccnp + "spec: {" + ofX + ", enableDefaultDeny: {egress: false}, egressDeny: [" + entries + "]}\n"
}

func TestEnds(t *testing.T) {
	tests{
		"nothing denies": {"", []string{"+a/x b/z 1/TCP", "+out a/x 1/TCP", "+out node 1/TCP", "+out out6 1/UDP", "?a/x b/z 1/ICMP"}},
		"both ends must let it pass": {
			ccnp + "spec: {" + ofX + ", egress: [{toEntities: [all]}], ingress: [{}]}",
			[]string{"+a/x b/z 1/TCP", "-b/z a/x 1/TCP", "-out a/x 1/TCP", "+b/z a/y 1/TCP", "-out fd00::1 1/TCP"},
		},
		"the pod's own node may come in": {ccnp + "spec: {" + ofX + ", ingress: [{}]}", []string{"?node a/x 1/TCP", "?local a/x 1/TCP"}},
		"a node that a rule admits":      {ccnp + "spec: {" + ofX + ", ingress: [{fromEntities: [cluster]}]}", []string{"+node a/x 1/TCP", "?local a/x 1/TCP"}},
		"a pod reaches itself":           {ccnp + "spec: {" + ofX + ", egress: [{}]}", []string{"?a/x a/x 1/TCP", "?a/x fd00::1 1/TCP"}},
		"two pods claim an address":      {"", []string{"?twice b/z 1/TCP", "?out twice 1/TCP"}},
		"no such address":                {"", []string{"?0.0.0.0 a/x 1/TCP", "?a/x 224.0.0.1 1/TCP"}},
		"IPv4 as IPv6":                   {ccnp + "spec: {" + ofX + ", ingress: [{}]}", []string{"-b/z ::ffff:10.0.0.1 1/TCP"}},
	}.run(t)
}

func TestCiliumDefaultDeny(t *testing.T) {
	tests{
		"a section denies": {
			ccnp + "spec: {" + ofX + ", ingress: [{fromEntities: [none]}], egress: []}",
			[]string{"-b/z a/x 1/TCP", "+a/x b/z 1/TCP"},
		},
		"a deny section does": {ccnp + "spec: {" + ofX + ", egressDeny: [{toEntities: [none]}]}", []string{"-a/x b/z 1/TCP", "+b/z a/x 1/TCP"}},
		"switched off":        {ccnp + "spec: {" + ofX + ", enableDefaultDeny: {ingress: false}, ingress: [{}], egress: [{}]}", []string{"+b/z a/x 1/TCP", "-a/x b/z 1/TCP"}},
		"rules add up": {
			allow("{}") + "\n---\n" + ccnp + "specs: [{" + ofX + ", enableDefaultDeny: {egress: false}, egress: [{toEntities: [world]}]}]",
			[]string{"+a/x out 1/TCP", "-a/x b/z 1/TCP"},
		},
		"spec and specs both count": {
			ccnp + "spec: {" + ofX + ", egress: [{toEntities: [world]}]}\nspecs: [{" + ofX + ", ingress: [{fromEntities: [world]}]}]",
			[]string{"+a/x out 1/TCP", "-a/x b/z 1/TCP", "+out a/x 1/TCP", "-b/z a/x 1/TCP"},
		},
		"a deny beats": {
			deny("{toPorts: [{ports: [{port: '80', protocol: TCP}]}]}") + "\n---\n" + allow("{toEntities: [all]}"),
			[]string{"-a/x out 80/TCP", "+a/x out 81/TCP", "+a/x out 80/UDP"},
		},
		"a deny without peers and ports matches nothing": {deny("{}"), []string{"+a/x out 80/TCP"}},
		"a rule for nodes": {
			ccnp + "spec: {nodeSelector: {}, ingress: [{}]}",
			[]string{"+out a/x 1/TCP", "+a/x out 1/TCP", "?out node 1/TCP", "?node a/x 1/TCP", "+out out6 1/TCP"},
		},
	}.run(t)
}

func TestCiliumPeers(t *testing.T) {
	in := func(s string) string { return "{toEndpoints: [{" + s + "}]}" }
	tests{
		"the namespace in each spelling": {
			allow("{toEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': b}}]}, {toEndpoints: [{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: In, values: [lost]}]}]}"),
			[]string{"+a/x b/z 1/TCP", "+a/x lost/w 1/TCP", "-a/x a/y 1/TCP", "-a/x out 1/TCP", "-a/x node 1/TCP"},
		},
		"any source, and no source": {
			allow(in("matchLabels: {'any:app': 'y'}") + "," + in("matchLabels: {app: w}")),
			[]string{"+a/x a/y 1/TCP", "+a/x lost/w 1/TCP", "-a/x b/z 1/TCP", "-a/x out 1/TCP", "-a/x node 1/TCP"},
		},
		"labels of namespaces": {
			allow(in("matchLabels: {'k8s:io.cilium.k8s.namespace.labels.team': ot}")),
			[]string{"+a/x a/y 1/TCP", "-a/x b/z 1/TCP", "?a/x lost/w 1/TCP"},
		},
		"the name that each namespace has as a label": {
			ccnp + "spec: {endpointSelector: {matchLabels: {'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name': a}}, egress: [{}]}",
			[]string{"-a/x out 1/TCP", "+b/z out 1/TCP"},
		},
		"a namespace whose labels are not known": {
			ccnp + "spec: {endpointSelector: {matchLabels: {'k8s:io.cilium.k8s.namespace.labels.team': ot}}, egress: [{}]}",
			[]string{"?lost/w out 1/TCP", "-a/x out 1/TCP", "+b/z out 1/TCP"},
		},
		"every operator": {
			allow(in("matchExpressions: [{key: 'k8s:app', operator: NotIn, values: [x]}, {key: 'k8s:gone', operator: DoesNotExist}, {key: 'k8s:app', operator: Exists}]")),
			[]string{"+a/x a/y 1/TCP", "-a/x b/z 1/TCP", "-a/x out 1/TCP"},
		},
		"an empty selector is every pod": {allow(in("")), []string{"+a/x b/z 1/TCP", "-a/x out 1/TCP", "-a/x node 1/TCP"}},
		"no namespace may be what is no pod": {
			allow(in("matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', operator: NotIn, values: [b]}]")),
			[]string{"+a/x a/y 1/TCP", "-a/x b/z 1/TCP", "?a/x out 1/TCP", "?a/x node 1/TCP"},
		},
		"reserved labels": {allow(in("matchLabels: {'reserved:host': ''}")), []string{"-a/x a/y 1/TCP", "?a/x node 1/TCP", "?a/x out 1/TCP"}},
		"labels outside the identity": {
			allow(in("matchLabels: {'k8s:pod-template-hash': '1'}") + "," + in("matchLabels: {'k8s:io.cilium.k8s.policy.serviceaccount': s, app: w}")),
			[]string{"?a/x a/y 1/TCP", "?a/x lost/w 1/TCP", "-a/x out 1/TCP"},
		},
		"a namespaced policy and its namespace": {
			cnp + "spec: {endpointSelector: {}, egress: [{toEndpoints: [{}]}, {toEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': lost}}]}]}",
			[]string{"+a/x a/y 1/TCP", "-a/x b/z 1/TCP", "+a/x lost/w 1/TCP", "+b/z out 1/TCP", "-a/y out 1/TCP"},
		},
		"a namespaced policy that names another": {
			cnp + "spec: {endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': b}}, egress: [{}]}",
			[]string{"?a/x out 1/TCP", "+b/z out 1/TCP"},
		},
	}.run(t)
}

func TestCiliumPeersThatAreNoPods(t *testing.T) {
	tests{
		"entities": {
			allow("{toEntities: [world]}"),
			[]string{"+a/x out 1/TCP", "+a/x out6 1/TCP", "-a/x b/z 1/TCP", "-a/x node 1/TCP", "?a/x local 1/TCP"},
		},
		"the cluster": {allow("{toEntities: [cluster]}"), []string{"+a/x b/z 1/TCP", "+a/x node 1/TCP", "?a/x out 1/TCP"}},
		"the host":    {allow("{toEntities: [host]}"), []string{"?a/x node 1/TCP", "-a/x b/z 1/TCP", "-a/x out 1/TCP", "?a/x local 1/TCP"}},
		"the Kubernetes API": {
			allow("{toEntities: [kube-apiserver], toPorts: [{ports: [{port: '6443', protocol: TCP}]}]}"),
			[]string{"?a/x node 6443/TCP", "?a/x out 6443/TCP", "-a/x out 6444/TCP", "-a/x node 443/TCP"},
		},
		"networks": {
			group + "\n---\n" + allow("{toCIDR: [192.0.2.0/24, 10.0.0.0/24]}, {toCIDRSet: [{cidrGroupRef: g}, {cidr: '2001:db8::/32', except: ['2001:db8::/120']}]}"),
			[]string{"+a/x out 1/TCP", "-a/x out6 1/TCP", "+a/x 2001:db8::ffff:1 1/TCP", "+a/x 192.0.2.99 1/TCP", "?a/x node 1/TCP", "?a/x a/y 1/TCP", "-a/x 203.0.113.1 1/TCP", "-a/x local 1/TCP"},
		},
		"groups that are not there, or chosen by label": {
			allow("{toCIDRSet: [{cidrGroupRef: g}], toPorts: [{ports: [{port: '1', protocol: TCP}]}]}, {toCIDRSet: [{cidrGroupSelector: {}}], toPorts: [{ports: [{port: '2', protocol: TCP}]}]}"),
			[]string{"?a/x out 1/TCP", "?a/x out 2/TCP", "-a/x out 3/TCP"},
		},
		"an empty list is nobody": {allow("{toEndpoints: [], toPorts: [{ports: [{port: '1', protocol: TCP}]}]}"), []string{"-a/x b/z 1/TCP"}},
		"no list is everybody":    {allow("{toPorts: [{ports: [{port: '1', protocol: TCP}]}]}"), []string{"+a/x b/z 1/TCP", "+a/x node 1/TCP", "-a/x b/z 2/TCP"}},
	}.run(t)
}

func TestCiliumPorts(t *testing.T) {
	ports := func(s string) string { return allow("{toEntities: [world], toPorts: [{" + s + "}]}") }
	tests{
		"ranges":          {ports("ports: [{port: '80', endPort: 90, protocol: TCP}]"), []string{"+a/x out 90/TCP", "-a/x out 91/TCP", "-a/x out 80/UDP", "-a/x out 79/TCP"}},
		"any protocol":    {ports("ports: [{port: '80'}, {port: '81', protocol: ANY}, {port: '82', protocol: sctp}]"), []string{"+a/x out 80/SCTP", "+a/x out 81/UDP", "+a/x out 82/SCTP", "-a/x out 82/TCP"}},
		"port 0 is any":   {ports("ports: [{port: '0', protocol: UDP}]"), []string{"+a/x out 7/UDP", "-a/x out 7/TCP"}},
		"names":           {ports("ports: [{port: http, protocol: TCP}]"), []string{"?a/x out 7/TCP", "-a/x out 7/UDP", "-a/x b/z 7/TCP"}},
		"layer 7":         {ports("ports: [{port: '80', protocol: TCP}], rules: {http: [{}]}"), []string{"?a/x out 80/TCP", "-a/x out 81/TCP"}},
		"a proxy":         {ports("ports: [{port: '80', protocol: TCP}], listener: {name: l}"), []string{"?a/x out 80/TCP", "-a/x out 81/TCP"}},
		"a new protocol":  {ports("ports: [{port: '80', protocol: NEW}]"), []string{"?a/x out 80/TCP", "-a/x out 81/TCP"}},
		"without a list":  {ports("serverNames: [a.example]"), []string{"?a/x out 80/TCP", "-a/x b/z 81/TCP"}},
		"a port's field":  {ports("ports: [{port: '80', protocol: TCP, weekday: 1}]"), []string{"?a/x out 81/UDP"}},
		"no transport":    {ports("ports: [{port: '0', protocol: GRE}]"), []string{"-a/x out 7/TCP"}},
		"ICMP is no port": {allow("{toEntities: [all], icmps: [{fields: [{type: 8}]}]}"), []string{"-a/x out 7/TCP", "-a/x b/z 7/UDP"}},
	}.run(t)
}

func TestWhatIsNotUnderstood(t *testing.T) {
	const x = ", toPorts: [{ports: [{port: '80', protocol: TCP}]}]}"
	every := []string{"?a/x out 80/TCP", "?a/x b/z 80/TCP", "?out a/x 1/UDP", "+b/z out 80/TCP"}
	tests{
		"names by DNS":           {allow("{toFQDNs: [{matchName: a.example}]" + x), []string{"?a/x out 80/TCP", "-a/x out 81/TCP"}},
		"Services":               {allow("{toServices: [{}]" + x), []string{"?a/x out 80/TCP", "?a/x b/z 80/TCP", "-a/x out 81/TCP"}},
		"groups of a cloud":      {allow("{toGroups: [{}]" + x), []string{"?a/x out 80/TCP", "-a/x out 81/TCP"}},
		"nodes by label":         {allow("{toNodes: [{}]" + x), []string{"?a/x node 80/TCP", "-a/x b/z 80/TCP", "-a/x node 81/TCP"}},
		"other entities":         {allow("{toEntities: [init]" + x), []string{"?a/x b/z 80/TCP", "-a/x b/z 81/TCP"}},
		"authentication":         {allow("{toEntities: [world], authentication: {mode: required}" + x), []string{"?a/x out 80/TCP", "-a/x b/z 80/TCP"}},
		"authentication off":     {allow("{toEntities: [world], authentication: {mode: disabled}" + x), []string{"+a/x out 80/TCP"}},
		"requirements":           {allow("{toEndpoints: [{}], toRequires: [{}]" + x), []string{"?a/x b/z 80/TCP", "-a/x out 80/TCP"}},
		"an entry's field":       {allow("{toEntities: [none], toStars: [{}]" + x), []string{"?a/x b/z 80/TCP", "?a/x out 81/UDP", "+out a/x 1/TCP"}},
		"beside a sure allow":    {allow("{toStars: [{}]}, {toEntities: [world]}"), []string{"+a/x out 81/UDP", "?a/x b/z 80/TCP"}},
		"a deny":                 {deny("{toGroups: [{}]" + x), []string{"?a/x out 80/TCP", "+a/x out 81/TCP"}},
		"a deny that is no more": {deny("{toGroups: [{}]}") + "\n---\n" + allow("{toEntities: [none]}"), []string{"-a/x out 80/TCP"}},
		"a rule's field":         {ccnp + "spec: {" + ofX + ", tier: 1, egress: [{}]}", every},
		"a switch":               {ccnp + "spec: {" + ofX + ", enableDefaultDeny: {forward: true}, egress: [{toEntities: [all]}]}", every},
		"a requirement's field":  {allow("{toEndpoints: [{matchExpressions: [{key: app, operator: Exists, weekday: 1}]}]}"), []string{"?a/x b/z 80/TCP", "-a/x out 1/TCP"}},
		"a selector's field":     {ccnp + "spec: {endpointSelector: {matchLabels: {app: x}, matchWeekdays: [1]}, egress: [{}]}", []string{"?a/x out 1/TCP", "+a/y out 1/TCP"}},
	}.run(t)
}

// TestWhatTheAgentRefuses: an object that is not in force as written may leave an
// older one in force, which nobody sees.
func TestWhatTheAgentRefuses(t *testing.T) {
	all := []string{"?a/x out 1/TCP", "?out b/z 1/TCP", "?out node 1/TCP", "+out out6 1/TCP"}
	tests{
		"no selector":             {ccnp + "spec: {egress: [{}]}", all},
		"no section":              {ccnp + "spec: {" + ofX + "}", all},
		"nothing":                 {ccnp, all},
		"two kinds of peers":      {allow("{toEndpoints: [{}], toEntities: [all]}"), all},
		"ports and ICMP":          {allow("{toPorts: [{ports: [{port: '1'}]}], icmps: [{}]}"), all},
		"no network":              {allow("{toCIDR: [nowhere]}"), all},
		"a network and a group":   {allow("{toCIDRSet: [{cidr: 10.0.0.0/8, cidrGroupRef: g}]}"), all},
		"no exception":            {allow("{toCIDRSet: [{cidr: 10.0.0.0/8, except: [nowhere]}]}"), all},
		"not the form":            {allow("{toEndpoints: {}}"), all},
		"not a text":              {allow("{toEntities: [1]}"), all},
		"not a number":            {allow("{toPorts: [{ports: [{port: '1', endPort: many}]}]}"), all},
		"In without values":       {allow("{toEndpoints: [{matchExpressions: [{key: a, operator: In}]}]}"), all},
		"an operator":             {allow("{toEndpoints: [{matchExpressions: [{key: a, operator: Like}]}]}"), all},
		"two selectors":           {ccnp + "spec: {nodeSelector: {}, " + ofX + ", egress: [{}]}", all},
		"another kind":            {"apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: p}", all},
		"another's NetworkPolicy": {"apiVersion: crd.projectcalico.org/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}", all},
		"no kind":                 {"metadata: {name: p}", all},
		"a namespace too many":    {"apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: p, namespace: a}\nspec: {" + ofX + ", egress: [{}]}", all},
		"a field of the object":   {allow("{}") + "rules: []", all},
		"in one namespace": {
			cnp + "spec: {nodeSelector: {}, egress: [{}]}",
			[]string{"?a/x out 1/TCP", "?out a/y 1/TCP", "+b/z out 1/TCP", "+out node 1/TCP"},
		},
		"a group": {
			strings.Replace(group, "spec: {", "spec: {sources: [x], ", 1) + "\n---\n" + allow("{toCIDRSet: [{cidrGroupRef: g}]}"),
			[]string{"+a/x out 1/TCP", "?a/x 203.0.113.1 1/TCP", "?a/x b/z 1/TCP"},
		},
		"a network in a group": {
			strings.Replace(group, "externalCIDRs: [", "externalCIDRs: [nowhere, ", 1) + "\n---\n" + allow("{toCIDRSet: [{cidrGroupRef: g}]}"),
			[]string{"+a/x out 1/TCP", "?a/x 203.0.113.1 1/TCP", "?a/x b/z 1/TCP"},
		},
	}.run(t)
}

func TestBy(t *testing.T) {
	named := func(doc, name string) string { return strings.Replace(doc, "name: p", "name: "+name, 1) }
	const toWorld = "{toEntities: [world], toPorts: [{ports: [{port: '80', protocol: TCP}]}]}"
	rules := verdict.New(cluster(objects(t, strings.Join([]string{
		named(allow("{}"), "zone-x"), named(allow(toWorld), "web"),
		named(deny("{toCIDR: [203.0.113.0/24]}"), "never"), named(allow("{toEntities: [init]}"), "odd"),
		np + "spec: {podSelector: {matchLabels: {app: 'y'}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: q}}}]}]}",
	}, "\n---\n"))...))
	const kind = "CiliumClusterwideNetworkPolicy/"
	for f, want := range map[string]verdict.Verdict{
		"a/x out 80/TCP":         {Answer: verdict.Admitted, By: []string{kind + "web"}},
		"a/x 203.0.113.1 80/TCP": {Answer: verdict.Refused, By: []string{kind + "never", kind + "odd", kind + "web", kind + "zone-x"}},
		"a/x b/z 80/TCP":         {Answer: verdict.Unknown, By: []string{kind + "odd"}},
		"a/x a/y 80/TCP":         {Answer: verdict.Refused, By: []string{"NetworkPolicy/a/np"}},
		"b/z out 80/TCP":         {Answer: verdict.Admitted},
		"node a/y 80/TCP":        {Answer: verdict.Unknown},
	} {
		if diff := cmp.Diff(want, rules.Judge(flow(t, f))); diff != "" {
			t.Errorf("%s: %s", f, diff)
		}
	}
}
