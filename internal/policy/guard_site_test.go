// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"fmt"
	"net/netip"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// draw draws declared sites from pools so small that everything touches: zones that
// share namespaces, that hold the name service, that are told apart by what a label is
// not; conduits between parts of them, in both directions and to themselves. What
// overlaps is not in force: the model sees to that.
type draw struct{ t *rapid.T }

func oneOf[T any](d draw, label string, pool ...T) T { return rapid.SampledFrom(pool).Draw(d.t, label) }

func (d draw) yes(label string, in int) bool { return rapid.IntRange(1, in).Draw(d.t, label) == 1 }

func (d draw) many(label string, least, most int) int {
	return rapid.IntRange(least, most).Draw(d.t, label)
}

func (d draw) selector(label, key string, values ...string) *metav1.LabelSelector {
	v := oneOf(d, label, values...)
	requires := func(op metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}}
	}
	switch d.many(label+" form", 0, 7) {
	case 0:
		return requires(metav1.LabelSelectorOpNotIn, v)
	case 1:
		return requires(metav1.LabelSelectorOpExists)
	case 2:
		return requires(metav1.LabelSelectorOpDoesNotExist)
	case 3:
		return requires(metav1.LabelSelectorOpIn, v, oneOf(d, label+" or", values...))
	default:
		return &metav1.LabelSelector{MatchLabels: map[string]string{key: v}}
	}
}

func (d draw) site() *v1alpha1.Site {
	s := &v1alpha1.Site{ObjectMeta: metav1.ObjectMeta{Name: topology.SiteName, UID: "site", Generation: 1}}
	s.Spec = v1alpha1.SiteSpec{
		ID: "ww-17", TimeZone: "UTC", FailMode: v1alpha1.FailModeLastKnown,
		Scope:            v1alpha1.Scope{NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{"scope": "ot"}}},
		ZoneLabelKeys:    []string{"cell", "app"},
		UnzonedWorkloads: oneOf(d, "unzoned", v1alpha1.UnzonedReport, v1alpha1.UnzonedDeny),
		ClusterNetworks:  []v1alpha1.CIDR{"10.42.0.0/16"},
		Rules: v1alpha1.SegmentationRules{
			LargestLevelStep: 6, DirectITToOT: v1alpha1.RuleWarn, AdminProtocols: v1alpha1.RuleWarn,
			PersonToPerson: v1alpha1.RuleWarn, CleartextWarnFrom: 4, CleartextRefuseFrom: 4,
		},
		Platform: v1alpha1.Platform{
			DNS: v1alpha1.DNSService{
				Namespace: "dns", PodLabels: map[string]string{"app": "b"}, Port: 3,
				Addresses: oneOf(d, "dns addresses", nil, []string{"10.1.1.3"}, []string{"169.254.20.10", "10.8.0.3"}, []string{"fd00:1::3"}),
			},
			APIServer: v1alpha1.APIServerService{
				Port: 4, Addresses: oneOf(d, "api addresses", nil, []string{"192.0.2.10"}, []string{"10.1.2.4", "192.0.2.10"}),
			},
		},
	}
	if oneOf(d, "jump hosts", false, true) {
		s.Spec.Access.JumpHosts = []v1alpha1.JumpHost{{Name: "jumphost-1", Addresses: []v1alpha1.JumpHostAddress{"10.30.5.10"}}}
	}
	return s
}

func (d draw) permission(label string) v1alpha1.Permission {
	return oneOf(d, label, v1alpha1.PermissionAllow, v1alpha1.PermissionDeny)
}

func (d draw) zone(i int) *v1alpha1.Zone {
	z := &v1alpha1.Zone{ObjectMeta: d.meta(fmt.Sprintf("z%d", i))}
	z.Spec = v1alpha1.ZoneSpec{
		Purdue: v1alpha1.LevelL2, Type: v1alpha1.ZoneTypeControl, Owner: "plant",
		Enforcement:      oneOf(d, "enforcement", v1alpha1.EnforcementEnforce, v1alpha1.EnforcementEnforce, v1alpha1.EnforcementEnforce, v1alpha1.EnforcementObserve),
		InternalTraffic:  d.permission("internal"),
		PlatformServices: v1alpha1.PlatformServices{DNS: d.permission("dns"), APIServer: d.permission("api")},
	}
	z.Spec.Members.Workloads = append(z.Spec.Members.Workloads, d.ownWorkloads(i))
	if d.yes("more workloads", 8) {
		z.Spec.Members.Workloads = append(z.Spec.Members.Workloads, d.anyWorkloads())
	}
	if d.yes("no workloads", 6) {
		z.Spec.Members.Workloads = nil
	}
	if d.yes("devices", 2) {
		z.Spec.Members.Assets = &v1alpha1.AssetMembers{
			CIDRs: rapid.SliceOfNDistinct(rapid.SampledFrom([]v1alpha1.CIDR{
				"10.1.0.0/16", "10.1.1.0/24", "10.1.2.4/32", "10.2.0.0/24", "10.2.1.0/24", "10.8.0.0/24", "fd00:1::/64", "fd00:2::7/128",
			}), 0, 3, rapid.ID).Draw(d.t, "networks"),
		}
	}
	return z
}

// ownWorkloads are such that most zones can stand beside each other: two share a
// namespace, told apart by what one label is or is not.
func (d draw) ownWorkloads(i int) v1alpha1.WorkloadMembers {
	w := v1alpha1.WorkloadMembers{Namespaces: []string{[]string{"n0", "n0", "n1", "n2", "dns"}[i]}}
	cell := func(op metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "cell", Operator: op, Values: values}}}
	}
	switch i {
	case 0:
		w.PodSelector = oneOf(d, "first", cell("In", "a"), cell("In", "a", "c"), cell("Exists"))
	case 1:
		w.PodSelector = oneOf(d, "second", cell("In", "b"), cell("NotIn", "a", "c"), cell("DoesNotExist"))
	default:
		w.PodSelector = oneOf(d, "other", nil, d.selector("other pods", "cell", "a", "b"))
	}
	return w
}

func (d draw) anyWorkloads() v1alpha1.WorkloadMembers {
	var w v1alpha1.WorkloadMembers
	if d.yes("namespaces by label", 2) {
		w.NamespaceSelector = d.selector("team", "team", "a", "b")
	} else {
		w.Namespaces = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"n0", "n1", "n2", "dns"}), 1, 2, rapid.ID).Draw(d.t, "namespaces")
	}
	if !d.yes("all pods", 4) {
		w.PodSelector = d.selector("pods", oneOf(d, "key", "cell", "cell", "app"), "a", "b", "c")
	}
	return w
}

func (d draw) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, UID: types.UID("uid-" + name), Generation: 1}
}

func (d draw) end() v1alpha1.ConduitEnd {
	e := v1alpha1.ConduitEnd{Zone: fmt.Sprintf("z%d", d.many("zone", 0, 4))}
	if d.yes("narrowed", 3) {
		e.Workloads = d.selector("end", "app", "a", "b")
	}
	return e
}

func (d draw) conduit(i int) *v1alpha1.Conduit {
	c := &v1alpha1.Conduit{ObjectMeta: d.meta(fmt.Sprintf("c%d", i))}
	c.Spec = v1alpha1.ConduitSpec{
		Initiator: d.end(), Responders: []v1alpha1.ConduitEnd{d.end()}, Data: v1alpha1.DataBoth,
		Why:       v1alpha1.Justification{Need: "values", RiskOwner: "plant", IfLost: "blind", IfAbused: "bad"},
		Suspended: d.yes("suspended", 6),
	}
	if d.yes("two responders", 3) {
		c.Spec.Responders = append(c.Spec.Responders, d.end())
	}
	for range d.many("flows", 1, 2) {
		c.Spec.Flows = append(c.Spec.Flows, d.flow())
	}
	return c
}

func (d draw) flow() v1alpha1.Flow {
	if d.yes("both ways", 4) {
		return v1alpha1.Flow{Protocol: "ethernet-ip-io"}
	}
	f := v1alpha1.Flow{Transport: oneOf(d, "transport", v1alpha1.TransportTCP, v1alpha1.TransportUDP, v1alpha1.TransportSCTP)}
	first := oneOf[int32](d, "first", 1, 2, 5, 9, 65535)
	f.Port = &first
	if last := oneOf[int32](d, "last", 0, 0, 6, 7); last > first {
		f.EndPort = &last
	}
	return f
}

// snapshot draws a site with pods of every sort, those that no zone has as well.
func (d draw) snapshot() topology.Snapshot {
	s := topology.Snapshot{Site: d.site()}
	for _, name := range []string{"n0", "n1", "n2", "dns", "office"} {
		labels := map[string]string{"kubernetes.io/metadata.name": name, "scope": "ot"}
		if team := oneOf(d, "team of "+name, "", "a", "b"); team != "" {
			labels["team"] = team
		}
		if name == "office" {
			labels["scope"] = "it"
		}
		s.Namespaces = append(s.Namespaces, topology.Namespace{Name: name, Labels: labels})
		for _, cell := range []string{"", "a", "b"} {
			app := oneOf(d, "app", "a", "b")
			pod := topology.Pod{Namespace: name, Name: "p" + cell + "-" + app, Labels: map[string]string{"app": app}}
			if cell != "" {
				pod.Labels["cell"] = cell
			}
			s.Pods = append(s.Pods, pod)
		}
	}
	s.Namespaces = append(s.Namespaces, topology.Namespace{Name: "zonewarden-access", Labels: map[string]string{"kubernetes.io/metadata.name": "zonewarden-access"}})
	s.Pods = append(s.Pods, topology.Pod{Namespace: "zonewarden-access", Name: "window-w", Labels: map[string]string{"app": "a", "cell": "a"}})
	for i := range 5 {
		s.Zones = append(s.Zones, d.zone(i))
	}
	for i := range d.many("conduits", 2, 8) {
		s.Conduits = append(s.Conduits, d.conduit(i))
	}
	return s
}

// worldOf is the cluster of a snapshot. An address of the Kubernetes API in 10.0.0.0/8
// is outside the cluster, another one is a node's.
func worldOf(s topology.Snapshot) policytest.World {
	w := policytest.WorldOf(s)
	w.Outside = map[netip.Addr]bool{}
	for a := range w.Entities {
		w.Outside[a] = strings.HasPrefix(a.String(), "10.")
	}
	return w
}
