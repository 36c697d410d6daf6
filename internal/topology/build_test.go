// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// The tests live in the middle of 2026; dates around that are past or to come.
var now = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

// site has the defaults that the CRD would fill in.
func site(opts ...func(*v1alpha1.SiteSpec)) *v1alpha1.Site {
	s := &v1alpha1.Site{
		ObjectMeta: metav1.ObjectMeta{Name: SiteName, UID: "site-uid", Generation: 1},
		Spec: v1alpha1.SiteSpec{
			ID: "ww-17", TimeZone: "UTC",
			Scope:            v1alpha1.Scope{NamespaceSelector: *sel("scope=ot")},
			ZoneLabelKeys:    []string{"cell", "app"},
			FailMode:         v1alpha1.FailModeLastKnown,
			UnzonedWorkloads: v1alpha1.UnzonedReport,
			ClusterNetworks:  []v1alpha1.CIDR{"10.42.0.0/16"},
			Platform: v1alpha1.Platform{
				DNS:       v1alpha1.DNSService{Namespace: "kube-system", PodLabels: map[string]string{"k8s-app": "kube-dns"}, Port: 53},
				APIServer: v1alpha1.APIServerService{Port: 6443},
			},
			Rules: v1alpha1.SegmentationRules{
				LargestLevelStep: 1,
				DirectITToOT:     v1alpha1.RuleRefuse, AdminProtocols: v1alpha1.RuleRefuse,
				PersonToPerson: v1alpha1.RuleRefuse, ObsoleteAssets: v1alpha1.RuleRefuse,
				CleartextWarnFrom: 2, CleartextRefuseFrom: 3,
			},
		},
	}
	for _, o := range opts {
		o(&s.Spec)
	}
	return s
}

// sel reads "a=b,c=d"; "" is the empty selector.
func sel(s string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: set(s)}
}

func set(s string) map[string]string {
	if s == "" {
		return nil
	}
	out := map[string]string{}
	for pair := range strings.SplitSeq(s, ",") {
		k, v, _ := strings.Cut(pair, "=")
		out[k] = v
	}
	return out
}

// badSelector is one that the API server's schema lets pass and nothing can read.
func badSelector() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "cell", Operator: "Like", Values: []string{"a"}}}}
}

func meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, UID: types.UID(name + "-uid"), Generation: 1,
		CreationTimestamp: metav1.NewTime(now.AddDate(0, -1, 0)),
	}
}

// all is the SL-T vector {all: l}.
func all(l int32) v1alpha1.SecurityLevels {
	level := v1alpha1.SecurityLevel(l)
	return v1alpha1.SecurityLevels{All: &level}
}

type zoneOption func(*v1alpha1.Zone)

// zone is a control zone at L2, SL-T 1, in Enforce, with the namespace of its name.
func zone(name string, opts ...zoneOption) *v1alpha1.Zone {
	z := &v1alpha1.Zone{ObjectMeta: meta(name), Spec: v1alpha1.ZoneSpec{
		Purdue: v1alpha1.LevelL2, Type: v1alpha1.ZoneTypeControl, SLTarget: all(1), Owner: "plant",
		Members:     v1alpha1.ZoneMembers{Workloads: []v1alpha1.WorkloadMembers{{Namespaces: []string{name}}}},
		Enforcement: v1alpha1.EnforcementEnforce,
	}}
	for _, o := range opts {
		o(z)
	}
	return z
}

func level(l v1alpha1.Level, t v1alpha1.ZoneType) zoneOption {
	return func(z *v1alpha1.Zone) { z.Spec.Purdue, z.Spec.Type = l, t }
}

func sl(l int32) zoneOption { return func(z *v1alpha1.Zone) { z.Spec.SLTarget = all(l) } }

func observe() zoneOption {
	return func(z *v1alpha1.Zone) { z.Spec.Enforcement = v1alpha1.EnforcementObserve }
}

// of replaces the workloads of a zone.
func of(w ...v1alpha1.WorkloadMembers) zoneOption {
	return func(z *v1alpha1.Zone) { z.Spec.Members.Workloads = w }
}

func inNamespaces(names ...string) v1alpha1.WorkloadMembers {
	return v1alpha1.WorkloadMembers{Namespaces: names}
}

func inSelected(namespaces *metav1.LabelSelector) v1alpha1.WorkloadMembers {
	return v1alpha1.WorkloadMembers{NamespaceSelector: namespaces}
}

func podsIn(pods *metav1.LabelSelector, names ...string) v1alpha1.WorkloadMembers {
	return v1alpha1.WorkloadMembers{Namespaces: names, PodSelector: pods}
}

// assetsOf adds the assets with these labels to the zone.
func assetsOf(selector string) zoneOption {
	return func(z *v1alpha1.Zone) { assetMembers(z).Selector = sel(selector) }
}

func cidrs(list ...v1alpha1.CIDR) zoneOption {
	return func(z *v1alpha1.Zone) { assetMembers(z).CIDRs = list }
}

func assetMembers(z *v1alpha1.Zone) *v1alpha1.AssetMembers {
	if z.Spec.Members.Assets == nil {
		z.Spec.Members.Assets = &v1alpha1.AssetMembers{}
	}
	return z.Spec.Members.Assets
}

func parent(name string) zoneOption { return func(z *v1alpha1.Zone) { z.Spec.Parent = name } }

// born sets the age: days after the usual one.
func born(days int) zoneOption {
	return func(z *v1alpha1.Zone) { z.CreationTimestamp = metav1.NewTime(now.AddDate(0, -1, days)) }
}

func asset(name, labels string, addresses ...v1alpha1.AssetAddress) *v1alpha1.Asset {
	a := &v1alpha1.Asset{ObjectMeta: meta(name), Spec: v1alpha1.AssetSpec{Tag: "=" + name, Addresses: addresses, Role: "PLC"}}
	a.Labels = set(labels)
	return a
}

type conduitOption func(*v1alpha1.ConduitSpec)

// conduit carries modbus-tcp and says why it exists.
func conduit(name, from, to string, opts ...conduitOption) *v1alpha1.Conduit {
	c := &v1alpha1.Conduit{ObjectMeta: meta(name), Spec: v1alpha1.ConduitSpec{
		Initiator:  v1alpha1.ConduitEnd{Zone: from},
		Responders: []v1alpha1.ConduitEnd{{Zone: to}},
		Flows:      []v1alpha1.Flow{{Protocol: "modbus-tcp"}},
		Data:       v1alpha1.DataBoth,
		Why:        v1alpha1.Justification{Need: "values", RiskOwner: "plant", IfLost: "blind", IfAbused: "bad", Approval: "CR-1"},
	}}
	for _, o := range opts {
		o(&c.Spec)
	}
	return c
}

func flows(f ...v1alpha1.Flow) conduitOption {
	return func(c *v1alpha1.ConduitSpec) { c.Flows = f }
}

func proto(key string) v1alpha1.Flow { return v1alpha1.Flow{Protocol: key} }

func withMode(key string, m v1alpha1.DeclaredMode) v1alpha1.Flow {
	return v1alpha1.Flow{Protocol: key, DeclaredMode: m}
}

// port is a port or a range of one transport.
func port(t v1alpha1.Transport, ports ...int32) v1alpha1.Flow {
	f := v1alpha1.Flow{Port: &ports[0], Transport: t}
	if len(ports) > 1 {
		f.EndPort = &ports[1]
	}
	return f
}

func onPort(key string, f v1alpha1.Flow) v1alpha1.Flow {
	f.Protocol = key
	return f
}

func except(rules ...string) conduitOption {
	return func(c *v1alpha1.ConduitSpec) {
		for _, r := range rules {
			c.Exceptions = append(c.Exceptions, v1alpha1.RuleException{Rule: v1alpha1.RuleName(r), Reason: "old", Compensating: "watched"})
		}
	}
}

func external() conduitOption {
	return func(c *v1alpha1.ConduitSpec) { c.ExternalEnforcement = &v1alpha1.ExternalEnforcement{Device: "FW-1"} }
}

func day(d string) *v1alpha1.Date {
	out := v1alpha1.Date(d)
	return &out
}

// objects of any kind make a snapshot. Every namespace that a zone names exists
// and is in scope; more can be given.
func snapshot(objects ...any) Snapshot {
	s := Snapshot{Now: now, Site: site()}
	for _, o := range objects {
		switch o := o.(type) {
		case *v1alpha1.Site:
			s.Site = o
		case *v1alpha1.Zone:
			s.Zones = append(s.Zones, o)
		case *v1alpha1.Conduit:
			s.Conduits = append(s.Conduits, o)
		case *v1alpha1.Asset:
			s.Assets = append(s.Assets, o)
		case Namespace:
			s.Namespaces = append(s.Namespaces, o)
		case Pod:
			s.Pods = append(s.Pods, o)
		case Node:
			s.Nodes = append(s.Nodes, o)
		case Service:
			s.Services = append(s.Services, o)
		case time.Time:
			s.Now = o
		default:
			panic("not an object of a snapshot")
		}
	}
	for _, z := range s.Zones {
		for _, w := range z.Spec.Members.Workloads {
			for _, name := range w.Namespaces {
				s.addNamespace(name)
			}
		}
	}
	return s
}

// addNamespace adds a namespace in scope; one called "missing" never exists.
func (s *Snapshot) addNamespace(name string) {
	known := slices.ContainsFunc(s.Namespaces, func(n Namespace) bool { return n.Name == name })
	if !known && name != "missing" {
		s.Namespaces = append(s.Namespaces, namespace(name, "scope=ot"))
	}
}

func namespace(name, labels string) Namespace {
	ns := Namespace{Name: name, Labels: set(labels)}
	if ns.Labels == nil {
		ns.Labels = map[string]string{}
	}
	ns.Labels[namespaceNameLabel] = name
	return ns
}

// persist does what the controller does with a model: it remembers what was
// accepted, and where each asset is.
func persist(s Snapshot, m *Model) {
	for _, z := range s.Zones {
		if m.Verdicts[ObjectRef{KindZone, z.Name}].Accepted() {
			z.Status.LastGood = &v1alpha1.ZoneLastGood{Generation: z.Generation, Spec: *z.Spec.DeepCopy()}
		}
	}
	for _, a := range s.Assets {
		if m.Verdicts[ObjectRef{KindAsset, a.Name}].Accepted() {
			a.Status.LastGood = &v1alpha1.AssetLastGood{Generation: a.Generation, Spec: *a.Spec.DeepCopy()}
		}
		a.Status.Zone = m.AssetZones[a.Name]
	}
	for _, c := range s.Conduits {
		if m.Verdicts[ObjectRef{KindConduit, c.Name}].Accepted() {
			c.Status.LastGood = &v1alpha1.ConduitLastGood{Generation: c.Generation, Spec: *c.Spec.DeepCopy()}
		}
	}
}

// settled resolves and persists, so that what is accepted is in force.
func settled(t *testing.T, s Snapshot) Snapshot {
	t.Helper()
	m := Resolve(s)
	for ref, v := range m.Verdicts {
		if !v.Accepted() {
			t.Fatalf("the site to start from is not good: %v has %v", ref, v.Findings)
		}
	}
	persist(s, m)
	return s
}

// edit changes a declared object as a user does.
func edit(m metav1.Object, change func()) {
	change()
	m.SetGeneration(m.GetGeneration() + 1)
}

func verdictOf(t *testing.T, m *Model, kind, name string) *Verdict {
	t.Helper()
	v := m.Verdicts[ObjectRef{kind, name}]
	if v == nil {
		t.Fatalf("no verdict on %s %q", kind, name)
	}
	return v
}
