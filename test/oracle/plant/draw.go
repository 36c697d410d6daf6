// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
)

// dice draws. Its pools are so small that everything collides: names, labels, networks
// that touch, nest and overlap, what is right and what is wrong.
type dice struct {
	t *rapid.T
	// strange is the label key of pods that a backend finds hard, "" for none.
	strange string
	// byNamespace is the key of the namespaces' labels that tells zones apart.
	byNamespace string
}

func pick[T any](d dice, label string, pool ...T) T { return rapid.SampledFrom(pool).Draw(d.t, label) }

func (d dice) upTo(label string, most int) int { return rapid.IntRange(0, most).Draw(d.t, label) }

// rarely is true once in n times.
func (d dice) rarely(label string, n int) bool { return d.upTo(label, n-1) == n-1 }

// Draw draws a plant: a site with zones, devices and conduits, most of them right, in a
// cluster whose pods try to look like what they are not.
func Draw(t *rapid.T) Plant {
	p, _ := draw(t)
	return p
}

func draw(t *rapid.T) (Plant, dice) {
	d := dice{t: t, byNamespace: "team"}
	if d.rarely("strange namespaces", 3) {
		d.byNamespace = pick(d, "strange namespace key", strangeNamespaceKeys...)
	}
	if d.rarely("strange label", 3) {
		d.strange = pick(d, "strange key", append([]string{"app.kubernetes.io/name", "kubernetes.io/metadata.name"}, hiddenKeys...)...)
	}
	p := Plant{Ports: map[oracle.Endpoint][]oracle.NamedPort{}}
	p.Now = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	p.Site = d.site()
	d.cluster(&p)
	if d.rarely("no Site", 60) {
		p.Site = nil
	}
	by := d.upTo("zones by", 8)
	for i := range 5 - d.upTo("fewer zones", 3) {
		z := &v1alpha1.Zone{ObjectMeta: d.meta("Zone", fmt.Sprintf("z%d", i)), Spec: d.zone(i, by)}
		if d.rarely("zone was good", 8) {
			z.Status.LastGood = &v1alpha1.ZoneLastGood{Generation: z.Generation - int64(d.upTo("older", 1)), Spec: d.zone(i, by)}
		}
		p.Zones = append(p.Zones, z)
	}
	for i := range d.upTo("assets", 5) {
		a := &v1alpha1.Asset{ObjectMeta: d.meta("Asset", fmt.Sprintf("a%d", i)), Spec: d.asset(i)}
		a.Labels = map[string]string{"in": pick(d, "asset in", "z0", "z0", "z1", "z2"), "kind": pick(d, "kind", "plc", "drive", "")}
		if d.rarely("asset was good", 8) {
			a.Status.LastGood = &v1alpha1.AssetLastGood{Generation: 1, Spec: d.asset(i)}
			a.Status.Zone = pick(d, "was in", "", "z0", "z1")
		}
		p.Assets = append(p.Assets, a)
	}
	for i := range 1 + d.upTo("conduits", 6) {
		c := &v1alpha1.Conduit{ObjectMeta: d.meta("Conduit", fmt.Sprintf("c%d", i)), Spec: d.conduit(p)}
		if d.rarely("conduit was good", 8) {
			c.Status.LastGood = &v1alpha1.ConduitLastGood{Generation: 1, Spec: d.conduit(p)}
		}
		p.Conduits = append(p.Conduits, c)
	}
	return p, d
}

func (d dice) meta(kind, name string) metav1.ObjectMeta {
	age := d.upTo("age", 2)
	return metav1.ObjectMeta{
		Name: name, UID: types.UID("uid-of-" + kind + "-" + name), Generation: 2, ResourceVersion: "1",
		CreationTimestamp: metav1.NewTime(time.Date(2026, 6, 1, age, 0, 0, 0, time.UTC)),
	}
}

func (d dice) site() *v1alpha1.Site {
	s := v1alpha1.SiteSpec{
		ID: "ww-17", TimeZone: "Europe/Berlin",
		Scope:            v1alpha1.Scope{NamespaceSelector: *d.scope()},
		ZoneLabelKeys:    []string{"cell", "line"},
		UnzonedWorkloads: pick(d, "unzoned", v1alpha1.UnzonedReport, v1alpha1.UnzonedDeny),
		FailMode:         pick(d, "fail mode", v1alpha1.FailModeLastKnown, v1alpha1.FailModeClosed),
		ClusterNetworks:  []v1alpha1.CIDR{"10.42.0.0/16", "10.43.0.0/16", "fd00:42::/48"},
		Rules: v1alpha1.SegmentationRules{
			LargestLevelStep: 6, CleartextWarnFrom: 5, CleartextRefuseFrom: 5,
			DirectITToOT: v1alpha1.RuleWarn, AdminProtocols: v1alpha1.RuleWarn, PersonToPerson: v1alpha1.RuleWarn,
			ObsoleteAssets: v1alpha1.RuleWarn,
		},
	}
	if d.strange != "" && d.upTo("guards the strange label", 1) == 0 {
		s.ZoneLabelKeys = append(s.ZoneLabelKeys, d.strange)
	}
	s.Guard.Layers = pick(d, "guard", guards...)
	s.Platform.DNS = v1alpha1.DNSService{
		Namespace: "kube-system", PodLabels: map[string]string{"k8s-app": "kube-dns"}, Port: pick[int32](d, "DNS port", 53, 53, 5353),
		Addresses: pick(d, "DNS addresses", nil, nil, []string{"169.254.20.10"}, []string{"192.0.2.53", "2001:db8::53"}, []string{"not one"}),
	}
	s.Platform.APIServer = v1alpha1.APIServerService{
		Port:      pick[int32](d, "API port", 6443, 443),
		Addresses: pick(d, "API addresses", nil, []string{"192.0.2.10"}, []string{"10.4.0.1"}, []string{"10.4.0.2", "fd00:4::2"}),
	}
	return &v1alpha1.Site{ObjectMeta: d.meta("Site", topology.SiteName), Spec: s}
}

// guards are the layers that are objects of zones, most often none.
var guards = [][]v1alpha1.GuardLayer{
	nil, nil, {v1alpha1.GuardDatapath}, {v1alpha1.GuardAdminTier}, {v1alpha1.GuardDatapath, v1alpha1.GuardAdminTier},
}

func (d dice) scope() *metav1.LabelSelector {
	if d.rarely("scope by expression", 4) {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "scope", Operator: metav1.LabelSelectorOpIn, Values: []string{"ot", "lab"}},
		}}
	}
	return &metav1.LabelSelector{MatchLabels: map[string]string{"scope": "ot"}}
}

// hiddenKeys are pod labels that Cilium does not let policy see, or sees something
// else under.
var hiddenKeys = []string{
	"pod-template-hash", "statefulset.kubernetes.io/pod-name", "io.kubernetes.pod.namespace",
	"io.cilium.k8s.namespace.labels.team", "io.cilium.k8s.policy.cluster",
}

// OperatorNamespace is where we are, out of scope.
const OperatorNamespace = "zonewarden-system"

// Names of namespaces in scope.
var plantNamespaces = []string{"plant-a", "plant-b", "plant-c", "plant-d", "plant-e"}

// Keys of namespace labels that are hard on a backend: too long for Cilium's own prefix
// with and without a domain, in a family that it hides, and like one of its own.
var strangeNamespaceKeys = []string{
	"a-label-key-that-is-so-long-that-no-prefix-fits-before-it-12345", "node.beta.kubernetes.io/pool",
	"io.cilium.k8s.namespace.labels.team", "example.com/area", "kubernetes.io/metadata.name",
}

func (d dice) cluster(p *Plant) {
	for i, name := range plantNamespaces {
		set := map[string]string{"scope": "ot"}
		if d.rarely("another scope", 60) {
			set["scope"] = pick(d, "scope", "lab", "lab", "it")
		}
		if !d.rarely("no team", 8) {
			set["team"] = cells[(i+d.upTo("team", 1))%len(cells)]
			set[d.byNamespace] = set["team"]
		}
		if d.rarely("strange namespace label", 3) {
			set[pick(d, "namespace key", strangeNamespaceKeys...)] = pick(d, "namespace value", "a", "b", "")
		}
		set["kubernetes.io/metadata.name"] = name
		p.Namespaces = append(p.Namespaces, topology.Namespace{Name: name, Labels: set})
		d.pods(p, name, 2+d.upTo("pods", 1))
	}
	for _, name := range []string{"kube-system", "office"} {
		set := map[string]string{"kubernetes.io/metadata.name": name}
		if d.upTo("stranger has team", 2) > 0 {
			set["team"] = pick(d, "stranger's team", "a", "b")
		}
		p.Namespaces = append(p.Namespaces, topology.Namespace{Name: name, Labels: set})
		d.pods(p, name, d.upTo("strangers", 1))
	}
	operator := map[string]string{"kubernetes.io/metadata.name": OperatorNamespace}
	if d.rarely("imitating operator", 3) {
		operator["team"] = pick(d, "operator's team", "a", "b")
	}
	p.Namespaces = append(p.Namespaces, topology.Namespace{Name: OperatorNamespace, Labels: operator})
	p.Pods = append(p.Pods, topology.Pod{Namespace: OperatorNamespace, Name: "manager", Labels: map[string]string{"cell": "a", "app": "zonewarden"}})
	p.Pods = append(p.Pods, topology.Pod{Namespace: "kube-system", Name: "dns", Labels: map[string]string{"k8s-app": "kube-dns"}})
	p.Nodes = []topology.Node{
		{Name: ThisNode, Networks: []string{"10.4.0.1", "fd00:4::1", "10.42.0.0/24"}},
		{Name: "other-node", Networks: []string{"10.4.0.2", "fd00:4::2", "10.42.1.0/24"}},
	}
}

func (d dice) pods(p *Plant, namespace string, n int) {
	for i := range n {
		pod := topology.Pod{Namespace: namespace, Name: fmt.Sprintf("p%d", i), Labels: map[string]string{}}
		if !d.rarely("no cell", 8) {
			pod.Labels["cell"] = cells[(i+len(p.Pods)+d.upTo("cell", 1))%len(cells)]
		}
		if !d.rarely("no app", 4) {
			pod.Labels["app"] = pick(d, "app", "hmi", "gateway", "")
		}
		if d.rarely("has line", 3) {
			pod.Labels["line"] = pick(d, "line", "a", "b")
		}
		if d.strange != "" && d.upTo("has strange", 2) > 0 {
			pod.Labels[d.strange] = valueOf(d, d.strange)
		}
		if d.rarely("imitates", 4) {
			key := pick(d, "imitated", append([]string{
				"kubernetes.io/metadata.name", "k8s.cell", "any.cell", "reserved.host", "app.kubernetes.io/name", "namespace", "scope", "k8s-app",
			}, hiddenKeys...)...)
			pod.Labels[key] = valueOf(d, key)
		}
		p.Pods = append(p.Pods, pod)
		if d.rarely("names ports", 3) {
			at := oracle.Endpoint(pod.Namespace + "/" + pod.Name)
			p.Ports[at] = []oracle.NamedPort{{
				Name: pick(d, "port name", "http", "modbus", "p9000"), Transport: protocol.TCP, Port: pick[uint16](d, "named port", 502, 9000, 80),
			}}
		}
	}
}

// valueOf is a value that goes with a label key.
func valueOf(d dice, key string) string {
	switch key {
	case "io.kubernetes.pod.namespace", "kubernetes.io/metadata.name", "namespace":
		return pick(d, "namespace imitated", plantNamespaces...)
	case "io.cilium.k8s.policy.cluster":
		return "default"
	case "scope":
		return "ot"
	case "k8s-app":
		return "kube-dns"
	default:
		return pick(d, "value", "a", "b", "")
	}
}

// selector draws one of every form over a key.
func (d dice) selector(label, key string, values ...string) *metav1.LabelSelector {
	v := pick(d, label, values...)
	expression := func(op metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}}
	}
	switch d.upTo(label+" form", 9) {
	case 6:
		return expression(metav1.LabelSelectorOpIn, slices.Compact([]string{v, values[0]})...)
	case 7:
		return expression(metav1.LabelSelectorOpNotIn, v)
	case 8:
		return expression(metav1.LabelSelectorOpExists)
	case 9:
		return expression(metav1.LabelSelectorOpDoesNotExist)
	default:
		return &metav1.LabelSelector{MatchLabels: map[string]string{key: v}}
	}
}
