// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

func TestConduitEnds(t *testing.T) {
	const at = "spec.responders[0]"
	names := func(n ...string) conduitOption {
		return func(c *v1alpha1.ConduitSpec) {
			c.Responders[0].Assets = &v1alpha1.AssetSelection{Names: n}
		}
	}
	selects := func(s *metav1.LabelSelector) conduitOption {
		return func(c *v1alpha1.ConduitSpec) {
			c.Responders[0].Assets = &v1alpha1.AssetSelection{Selector: s}
		}
	}
	pods := func(s *metav1.LabelSelector) conduitOption {
		return func(c *v1alpha1.ConduitSpec) { c.Responders[0].Workloads = s }
	}
	devices := func() *v1alpha1.Zone { return plc(of(), assetsOf("in=plc")) }
	with := func(z *v1alpha1.Zone, opts ...conduitOption) []any {
		return []any{
			scada(), z, asset("p1", "in=plc,line=1", "10.1.0.1"), asset("stray", "", "10.1.0.2"), asset("bad", "in=plc", "10.1.0.3/24"),
			conduit("c", "scada", "plc", opts...),
		}
	}
	empty := "Warning " + at + " EmptyEnd"
	runFindings(t, map[string]findingCase{
		"an asset by name":                 {with(devices(), names("p1")), "Conduit/c", nil, ""},
		"no such asset":                    {with(devices(), names("p1", "nix")), "Conduit/c", []string{"Error " + at + ".assets.names AssetNotFound"}, `"nix"`},
		"an asset of no zone":              {with(devices(), names("p1", "stray")), "Conduit/c", []string{"Error " + at + ".assets.names AssetNotInZone"}, "in no zone"},
		"an asset that is not accepted":    {with(devices(), names("p1", "bad")), "Conduit/c", []string{"Error " + at + ".assets.names AssetNotInZone"}, ""},
		"assets by label":                  {with(devices(), selects(sel("line=1"))), "Conduit/c", nil, ""},
		"a label that no asset has":        {with(devices(), selects(sel("line=2"))), "Conduit/c", []string{empty}, ""},
		"a label that an outsider has":     {with(devices(), selects(&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "in", Operator: metav1.LabelSelectorOpDoesNotExist}}})), "Conduit/c", []string{empty}, ""},
		"a selector without labels":        {with(devices(), selects(sel(""))), "Conduit/c", []string{"Error " + at + ".assets.selector InvalidSelector", empty}, ""},
		"assets of a zone without":         {with(plc(), names("p1")), "Conduit/c", []string{"Error " + at + ".assets EmptyEnd", empty}, ""},
		"workloads of a zone without":      {with(devices(), pods(sel("app=a"))), "Conduit/c", []string{"Error " + at + ".workloads EmptyEnd", empty}, ""},
		"workloads":                        {with(plc(), pods(sel("app=a"))), "Conduit/c", nil, ""},
		"workloads by a label of anybody":  {with(plc(), pods(sel("job=a"))), "Conduit/c", []string{"Warning " + at + ".workloads ZoneLabelKey"}, `"job"`},
		"workloads by no label":            {with(plc(), pods(sel(""))), "Conduit/c", []string{"Error " + at + ".workloads InvalidSelector", empty}, ""},
		"a zone of devices that has none":  {with(plc(of(), assetsOf("in=nowhere"))), "Conduit/c", []string{empty}, ""},
		"no such zone":                     {[]any{scada(), conduit("c", "scada", "plc")}, "Conduit/c", []string{"Error " + at + ".zone ZoneNotFound"}, `"plc"`},
		"no such initiator":                {[]any{scada(), conduit("c", "plc", "scada")}, "Conduit/c", []string{"Error spec.initiator.zone ZoneNotFound"}, ""},
		"neither of the two":               {[]any{conduit("c", "plc", "scada")}, "Conduit/c", []string{"Error spec.initiator.zone ZoneNotFound", "Error " + at + ".zone ZoneNotFound"}, ""},
		"a zone that is not accepted":      {[]any{scada(), plc(cidrs("::/0")), conduit("c", "scada", "plc")}, "Conduit/c", []string{"Error " + at + ".zone ZoneNotAccepted"}, `"plc"`},
		"a zone without anything but pods": {with(plc(), func(*v1alpha1.ConduitSpec) {}), "Conduit/c", nil, ""},
	})
}

// What an end takes in, to the pod and the address.
func TestWhatAnEndMeans(t *testing.T) {
	z := plc(assetsOf("in=plc"), cidrs("10.5.0.0/24"))
	narrow := func(change func(*v1alpha1.ConduitEnd)) End {
		c := conduit("c", "scada", "plc", func(c *v1alpha1.ConduitSpec) { change(&c.Responders[0]) })
		m := Resolve(snapshot(scada(), z, c, asset("p1", "in=plc", "10.1.0.1"), asset("p2", "in=plc", "10.1.0.2", "10.5.0.9")))
		if len(m.Conduits) != 1 {
			t.Fatalf("the conduit is not in force: %v", verdictOf(t, m, KindConduit, "c").Findings)
		}
		return m.Conduits[0].Responders[0]
	}
	takes := func(e End, pod string) bool {
		return slices.ContainsFunc(e.Workloads, func(w Workloads) bool {
			return slices.Contains(w.Matching, "plc") && w.MatchesLabels(set(pod))
		})
	}
	whole := narrow(func(*v1alpha1.ConduitEnd) {})
	if !takes(whole, "app=x") || len(whole.Networks) != 3 || !whole.WholeZone || whole.Narrowed {
		t.Errorf("the whole zone: %+v", whole)
	}
	pods := narrow(func(e *v1alpha1.ConduitEnd) { e.Workloads = sel("app=a") })
	if !takes(pods, "app=a") || takes(pods, "app=x") || len(pods.Networks) != 0 || pods.WholeZone || !pods.Narrowed {
		t.Errorf("narrowed to workloads: %+v", pods)
	}
	shares := plc(of(podsIn(sel("cell=a"), "plc")))
	m := Resolve(snapshot(scada(), shares, conduit("c", "scada", "plc", func(c *v1alpha1.ConduitSpec) { c.Responders[0].Workloads = sel("app=a") })))
	if e := m.Conduits[0].Responders[0]; takes(e, "app=a") || takes(e, "cell=b,app=a") || takes(e, "cell=a") || !takes(e, "cell=a,app=a") {
		t.Errorf("an end reaches out of its zone: %+v", e.Workloads)
	}
	devices := narrow(func(e *v1alpha1.ConduitEnd) { e.Assets = &v1alpha1.AssetSelection{Names: []string{"p2"}} })
	if len(devices.Workloads) != 0 || len(devices.Networks) != 2 || devices.Networks[0].String() != "10.1.0.2/32" || devices.WholeZone {
		t.Errorf("narrowed to a device: %+v", devices)
	}
	both := narrow(func(e *v1alpha1.ConduitEnd) {
		e.Workloads, e.Assets = sel("app=a"), &v1alpha1.AssetSelection{Names: []string{"p1"}}
	})
	if !takes(both, "app=a") || takes(both, "app=x") || len(both.Networks) != 1 {
		t.Errorf("narrowed to both: %+v", both)
	}
}
