// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
)

// A small plant: supervision polls a cell over OPC UA, the cell has a PLC.

func site() *v1alpha1.Site {
	return &v1alpha1.Site{
		ObjectMeta: objectMeta("site"),
		Spec: v1alpha1.SiteSpec{
			ID:    "ww-1",
			Scope: v1alpha1.Scope{NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{"zonewarden.io/scope": "ot"}}},
		},
	}
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{"zonewarden.io/scope": "ot"},
	}}
}

// zone is at L2, enforced, with the namespace of its own name.
func zone(name string, edits ...func(*v1alpha1.ZoneSpec)) *v1alpha1.Zone {
	z := &v1alpha1.Zone{
		ObjectMeta: objectMeta(name),
		Spec: v1alpha1.ZoneSpec{
			Purdue: v1alpha1.LevelL2, Type: v1alpha1.ZoneTypeControl, Owner: "operations",
			SLTarget:    v1alpha1.SecurityLevels{All: new(v1alpha1.SecurityLevel(1))},
			Enforcement: v1alpha1.EnforcementEnforce,
			Members:     v1alpha1.ZoneMembers{Workloads: []v1alpha1.WorkloadMembers{{Namespaces: []string{name}}}},
		},
	}
	for _, e := range edits {
		e(&z.Spec)
	}
	return z
}

func observe(s *v1alpha1.ZoneSpec) { s.Enforcement = v1alpha1.EnforcementObserve }

// devices makes the zone's assets those labelled with its name.
func devices(name string) func(*v1alpha1.ZoneSpec) {
	return func(s *v1alpha1.ZoneSpec) {
		s.Members.Assets = &v1alpha1.AssetMembers{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"zone": name}}}
	}
}

func devicesOnly(s *v1alpha1.ZoneSpec) { s.Members.Workloads = nil }

func asset(name, zone, address string) *v1alpha1.Asset {
	return &v1alpha1.Asset{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"zone": zone}},
		Spec: v1alpha1.AssetSpec{
			Tag: "=" + name, Role: "PLC", Addresses: []v1alpha1.AssetAddress{v1alpha1.AssetAddress(address)},
		},
	}
}

func conduit(name, from, to, protocol string) *v1alpha1.Conduit {
	return &v1alpha1.Conduit{
		ObjectMeta: objectMeta(name),
		Spec: v1alpha1.ConduitSpec{
			Initiator:  v1alpha1.ConduitEnd{Zone: from},
			Responders: []v1alpha1.ConduitEnd{{Zone: to}},
			Flows:      []v1alpha1.Flow{{Protocol: protocol}},
			Why:        v1alpha1.Justification{Need: "process values", RiskOwner: "operations"},
		},
	}
}

// plant makes the small plant.
func (w *world) plant() {
	w.t.Helper()
	w.make(namespace("supervision"), namespace("cell"), site(),
		zone("supervision"), zone("cell", devices("cell")), asset("plc-1", "cell", "10.20.1.11"),
		conduit("scada-cell", "supervision", "cell", "opcua-tcp"))
}

// moreConduits makes n conduits beside the plant's own.
func (w *world) moreConduits(n int) {
	w.t.Helper()
	for i := range n {
		w.make(conduit(fmt.Sprintf("more-%02d", i), "supervision", "cell", "opcua-tcp"))
	}
}

// plantPolicies are the objects that the small plant becomes on Cilium.
var plantPolicies = []string{
	"CiliumCIDRGroup/zone-cell",
	"CiliumClusterwideNetworkPolicy/conduit-scada-cell",
	"CiliumClusterwideNetworkPolicy/zone-cell",
	"CiliumClusterwideNetworkPolicy/zone-supervision",
}

// condition waits until an object's condition has this status and reason, and
// returns its message.
func (w *world) condition(o client.Object, kind string, status metav1.ConditionStatus, reason string) string {
	w.t.Helper()
	var message string
	w.eventually(fmt.Sprintf("%s is %s=%s/%s", o.GetName(), kind, status, reason), func() error {
		if err := w.Get(w.ctx(), client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		c := meta.FindStatusCondition(statusOf(o).Conditions, kind)
		if c == nil || c.Status != status || c.Reason != reason || c.ObservedGeneration != o.GetGeneration() {
			return fmt.Errorf("it is %+v", c)
		}
		message = c.Message
		return nil
	})
	return message
}

func statusOf(o client.Object) *v1alpha1.Status {
	switch o := o.(type) {
	case *v1alpha1.Site:
		return &o.Status.Status
	case *v1alpha1.Zone:
		return &o.Status.Status
	case *v1alpha1.Conduit:
		return &o.Status.Status
	case *v1alpha1.Asset:
		return &o.Status.Status
	case *v1alpha1.Approval:
		return &o.Status
	}
	panic(fmt.Sprintf("%T has no status of ours", o))
}

// policy reads one Cilium policy.
func (w *world) policy(name string) *unstructured.Unstructured {
	w.t.Helper()
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(apply.GVKClusterwidePolicy)
	w.must(w.Get(w.ctx(), client.ObjectKey{Name: name}, u))
	return u
}
