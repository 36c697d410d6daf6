// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	k8sutils "github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/policy/verdict"
)

// What random policies are put together from.
var (
	someSelectors = []string{
		"{}", "{matchLabels: {app: x}}", "{matchLabels: {'k8s:app': w}}", "{matchLabels: {'any:app': x, 'k8s:io.kubernetes.pod.namespace': b}}",
		"{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: In, values: [a, b]}, {key: app, operator: NotIn, values: [x]}]}",
		"{matchLabels: {'k8s:io.cilium.k8s.namespace.labels.team': ot}}", "{matchExpressions: [{key: 'any:gone', operator: DoesNotExist}]}",
		"{matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', operator: DoesNotExist}]}", "{matchLabels: {'reserved:host': ''}}",
		"{matchLabels: {pod-template-hash: '1'}}", "{matchExpressions: [{key: 'reserved:init', operator: DoesNotExist}]}",
		"{matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', operator: In, values: [b]}]}", "{matchLabels: {'$health': ''}}",
		"{matchExpressions: [{key: io.cilium.k8s.namespace.labels.team, operator: NotIn, values: [it]}]}",
	}
	someNetworks = []string{
		"{cidr: 0.0.0.0/0}", "{cidr: 198.51.100.0/24, except: [198.51.100.1/32]}", "{cidrGroupRef: g}", "{cidr: 10.0.0.0/8}", "{cidr: '::/0'}", "{cidr: 192.0.2.0/24}",
	}
	someEntities = []string{"all", "world", "cluster", "host", "remote-node", "none", "kube-apiserver", "init", "world-ipv4"}
	somePorts    = []string{
		"{ports: [{port: '80', protocol: TCP}]}", "{ports: [{port: '80', endPort: 82}]}", "{ports: [{port: '0', protocol: UDP}]}",
		"{ports: [{port: '81', protocol: ANY}, {port: '80', protocol: SCTP}]}", "{}", "{ports: []}", "{ports: [{port: http, protocol: TCP}]}",
	}
)

func drawList(t *rapid.T, from []string, least int) string {
	return "[" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(from), least, 2).Draw(t, "list"), ", ") + "]"
}

func drawEntry(t *rapid.T, to string) string {
	var parts []string
	least := rapid.SampledFrom([]int{0, 1, 1, 1}).Draw(t, "least")
	switch rapid.IntRange(0, 5).Draw(t, "peers") {
	case 0, 1:
		parts = append(parts, to+"Endpoints: "+drawList(t, someSelectors, least))
	case 2:
		parts = append(parts, to+"Entities: "+drawList(t, someEntities, least))
	case 3:
		parts = append(parts, to+"CIDRSet: "+drawList(t, someNetworks, least))
	case 4:
		parts = append(parts, to+"CIDR: "+drawList(t, []string{"198.51.100.1", "10.0.0.0/30"}, least))
	}
	switch rapid.IntRange(0, 4).Draw(t, "ports") {
	case 0, 1:
		parts = append(parts, "toPorts: "+drawList(t, somePorts, 0))
	case 2:
		parts = append(parts, "icmps: [{fields: [{type: 8, family: IPv4}]}]")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func drawRule(t *rapid.T) string {
	parts := []string{"endpointSelector: " + rapid.SampledFrom(someSelectors).Draw(t, "subject")}
	for i, name := range []string{"ingress", "egress", "ingressDeny", "egressDeny"} {
		if to := []string{"from", "to"}[i%2]; rapid.IntRange(0, 3).Draw(t, name) > 1 {
			parts = append(parts, name+": ["+drawEntry(t, to)+", "+drawEntry(t, to)+"]")
		}
	}
	if rapid.Bool().Draw(t, "switched") {
		parts = append(parts, fmt.Sprintf("enableDefaultDeny: {ingress: %t, egress: %t}", rapid.Bool().Draw(t, "in"), rapid.Bool().Draw(t, "out")))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func drawPolicy(t *rapid.T) string {
	return rapid.SampledFrom([]string{ccnp, cnp}).Draw(t, "kind") + "specs: [" + drawRule(t) + ", " + drawRule(t) + "]"
}

var someFlows = func() (out []string) {
	ends := []string{"a/x", "a/y", "b/z", "node", "out", "198.51.100.77", "out6"}
	for _, from := range ends {
		for _, to := range ends {
			for _, port := range []string{"80/TCP", "82/UDP", "7/TCP", "80/SCTP"} {
				if from != to {
					out = append(out, from+" "+to+" "+port)
				}
			}
		}
	}
	return out
}()

// TestAsCiliumReadsIt has Cilium's own code parse random policies and match labels,
// and holds every certain answer to what comes of it.
func TestAsCiliumReadsIt(t *testing.T) {
	if err := labelsfilter.ParseLabelPrefixCfg(slog.New(slog.DiscardHandler), nil, nil, ""); err != nil {
		t.Fatal(err)
	}
	api.InitEntities("default")
	answers, ends := map[verdict.Answer]int{}, map[string][]identities{}
	for _, s := range someFlows {
		ends[s] = variants(s)
	}
	rapid.Check(t, func(rt *rapid.T) {
		var entries policytypes.PolicyEntries
		docs := []string{group}
		for range rapid.IntRange(1, 3).Draw(rt, "policies") {
			doc := drawPolicy(rt)
			more, err := parseAsCilium(t, doc)
			if err != nil {
				continue // TestWhatTheAgentRefuses
			}
			docs, entries = append(docs, doc), append(entries, more...)
		}
		rules := verdict.New(cluster(objects(t, strings.Join(docs, "\n---\n"))...))
		for _, s := range someFlows {
			got := rules.Judge(flow(t, s))
			answers[got.Answer]++
			for _, variant := range ends[s] {
				want := verdict.Refused
				if passesCilium(entries, variant, s) {
					want = verdict.Admitted
				}
				if got.Answer != verdict.Unknown && got.Answer != want {
					rt.Fatalf("%s: %v, by %v; Cilium says %v\n%s", s, got.Answer, got.By, want, strings.Join(docs, "\n---\n"))
				}
			}
		}
	})
	t.Logf("%v", answers)
}

// TestHiddenLabels holds the list of labels that policy cannot select by to the
// agent's own default filter.
func TestHiddenLabels(t *testing.T) {
	if err := labelsfilter.ParseLabelPrefixCfg(slog.New(slog.DiscardHandler), nil, nil, ""); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"app", "zonewarden.io/cell", "app.kubernetes.io/name", "example.com/app", "my-k8s.io/x", "batch.kubernetes.io/job-name",
		"pod-template-hash", "controller-revision-hash", "controller-uid", "pod-template-generation", "etcd_node",
		"kubernetes.io/arch", "io.kubernetes.x", "k8s.io/x", "topology.kubernetes.io/zone", "beta.kubernetes.io/arch",
		"node.beta.kubernetes.io/x", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index",
		"batch.kubernetes.io/job-completion-index", "batch.kubernetes.io/controller-uid", "annotation.x",
		"io.cilium.k8s.namespace.labels.team", "io.cilium.k8s.namespace.labels.x.beta.kubernetes.io/y",
	} {
		in, _ := labelsfilter.Filter(labels.Map2Labels(map[string]string{key: "v"}, labels.LabelSourceK8s))
		doc := allow("{toEndpoints: [{matchLabels: {'k8s:" + key + "': other}}]}")
		got := verdict.New(cluster(objects(t, doc)...)).Judge(flow(t, "a/x b/z 1/TCP")).Answer
		if visible := len(in) == 1; visible != (got == verdict.Refused) {
			t.Errorf("%s: Cilium can select by it: %t, and the answer is %v", key, visible, got)
		}
	}
}

func parseAsCilium(t *testing.T, doc string) (policytypes.PolicyEntries, error) {
	t.Helper()
	raw, err := json.Marshal(objects(t, doc)[0])
	if err != nil {
		t.Fatal(err)
	}
	p := &ciliumv2.CiliumNetworkPolicy{}
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, err
	}
	rules, err := p.Parse(slog.New(slog.DiscardHandler), "default")
	return policyutils.RulesToPolicyEntries(rules), err
}

// identities are the labels of both ends of a flow.
type identities struct{ from, to labels.LabelArray }

// variants are what the ends may be: a node is the pod's own or another, and may be
// the Kubernetes API besides.
func variants(s string) []identities {
	var from, to string
	_, _ = fmt.Sscan(s, &from, &to)
	var out []identities
	for _, a := range identitiesOf(from) {
		for _, b := range identitiesOf(to) {
			out = append(out, identities{a, b})
		}
	}
	return out
}

func identitiesOf(place string) []labels.LabelArray {
	c := cluster()
	for _, p := range c.Pods {
		if p.Namespace+"/"+p.Name == place {
			all := k8sutils.SanitizePodLabels(p.Labels, &metav1.ObjectMeta{Name: p.Namespace, Labels: c.Namespaces[p.Namespace]}, "", "default")
			in, _ := labelsfilter.Filter(labels.Map2Labels(all, labels.LabelSourceK8s))
			return []labels.LabelArray{in.LabelArray()}
		}
	}
	server := labels.NewLabel(labels.IDNameKubeAPIServer, "", labels.LabelSourceReserved)
	if place == "node" {
		host := labels.NewLabel(labels.IDNameHost, "", labels.LabelSourceReserved)
		remote := labels.NewLabel(labels.IDNameRemoteNode, "", labels.LabelSourceReserved)
		return []labels.LabelArray{{host}, {remote}, labels.LabelArray{host, server}.Sort()}
	}
	if a, ok := places[place]; ok {
		place = a
	}
	a := netip.MustParseAddr(place)
	out := labels.GetCIDRLabels(netip.PrefixFrom(a, a.BitLen()))
	if netip.MustParsePrefix("198.51.100.0/24").Contains(a) {
		g := api.LabelForCIDRGroupRef("g")
		out[g.Key] = g
	}
	return []labels.LabelArray{out.LabelArray(), append(out.LabelArray(), server).Sort()}
}

// passesCilium says what Cilium's repository would: default deny if a rule has it,
// then denies, then allows. Ports and what stands for nothing it is told by us.
func passesCilium(entries policytypes.PolicyEntries, who identities, s string) bool {
	var from, to, at string
	_, _ = fmt.Sscan(s, &from, &to, &at)
	one := func(subject, peer labels.LabelArray, place string, in bool) bool {
		if !strings.Contains(place, "/") {
			return true
		}
		closed, allowed := false, false
		for _, e := range entries {
			if e.Ingress != in || !e.Subject.Matches(subject) {
				continue
			}
			closed = closed || e.DefaultDeny
			if !entryMatches(e, peer, at) {
				continue
			}
			if e.IsDeny() {
				return false
			}
			allowed = true
		}
		return !closed || allowed
	}
	return one(who.from, who.to, from, false) && one(who.to, who.from, to, true)
}

func entryMatches(e *policytypes.PolicyEntry, peer labels.LabelArray, at string) bool {
	switch {
	case e.L3 == nil || len(e.L3) == 0 && len(e.L4) == 0:
		return false
	case len(e.L3) > 0 && !e.L3.Matches(peer):
		return false
	case len(e.L4) == 0:
		return true
	}
	number, transport, _ := strings.Cut(at, "/")
	port, _ := strconv.Atoi(number)
	return slices.ContainsFunc(e.L4, func(r api.PortRule) bool {
		return slices.ContainsFunc(r.Ports, func(p api.PortProtocol) bool {
			first, err := strconv.Atoi(p.Port)
			if err != nil || !p.Protocol.IsAny() && string(p.Protocol) != transport {
				return false // a name counts as another port
			}
			return first == 0 || first <= port && port <= max(first, int(p.EndPort))
		})
	})
}

// TestDoubtIsNeverCertain: whatever stands for a part that is not understood, the
// most that it may be or nothing, a certain answer would have been the same.
func TestDoubtIsNeverCertain(t *testing.T) {
	const all, pods = "{toEntities: [all]}", "{toEndpoints: [{}]}"
	strange := [][2]string{
		{"{toEntities: [all], toPorts: [{ports: [{port: http}]}]}", all},
		{"{toServices: [{}]}", all},
		{"{toStars: [1], toEntities: [none]}", all},
		{"{toEntities: [all], authentication: {mode: required}}", all},
		{"{toCIDRSet: [{cidrGroupSelector: {}}]}", all},
		{"{toCIDRSet: [{cidr: 10.0.0.0/8, region: x}]}", all},
		{"{toFQDNs: [{matchName: a}]}", all},
		{"{toEntities: [all], toPorts: [{ports: [{port: '0'}], rules: {http: [{}]}}]}", all},
		{"{toEndpoints: [{matchLabels: {'k8s:pod-template-hash': '9'}}]}", pods},
		{"{toEndpoints: [{matchStars: {}}]}", pods},
	}
	rapid.Check(t, func(rt *rapid.T) {
		around := ccnp + "spec: " + drawRule(rt)
		section := rapid.SampledFrom([]string{"egress", "egressDeny"}).Draw(rt, "section")
		deny := rapid.Bool().Draw(rt, "default deny")
		entry := rapid.SampledFrom(strange).Draw(rt, "entry")
		judge := func(entry string) *verdict.Rules {
			doc := ccnp + fmt.Sprintf("spec: {endpointSelector: {}, enableDefaultDeny: {egress: %t}, %s: [%s]}", deny, section, entry)
			return verdict.New(cluster(objects(t, around+"\n---\n"+doc)...))
		}
		doubtful, most, none := judge(entry[0]), judge(entry[1]), judge("{toEntities: [none]}")
		for _, s := range someFlows {
			got, a, b := doubtful.Judge(flow(t, s)).Answer, most.Judge(flow(t, s)).Answer, none.Judge(flow(t, s)).Answer
			if got != verdict.Unknown && (got != a || got != b) {
				rt.Fatalf("%s: %v, where it may be %v or %v", s, got, a, b)
			}
		}
	})
}
