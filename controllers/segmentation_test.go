// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
)

// wantGone is for reads that are to find nothing.
func wantGone(err error) error {
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("looking whether it is gone: %w", err)
	default:
		return errors.New("it is there")
	}
}

// havePolicies waits until exactly these policy objects exist.
func (w *world) havePolicies(want ...string) {
	w.t.Helper()
	slices.Sort(want)
	w.eventually("the policies are as wanted", func() error {
		have := slices.Sorted(maps.Keys(w.policies()))
		if diff := cmp.Diff(want, have); diff != "" {
			return fmt.Errorf("(-want +have)\n%s", diff)
		}
		return nil
	})
}

func TestEachDeclaredObjectBecomesOneObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.plant()
	w.make(zone("safety", devicesOnly, devices("safety"), func(s *v1alpha1.ZoneSpec) {
		s.Purdue, s.Type = v1alpha1.LevelL1, v1alpha1.ZoneTypeSafety
	}), asset("sis-1", "safety", "10.20.8.11"))
	w.havePolicies(append(slices.Clone(plantPolicies), "CiliumCIDRGroup/zone-safety")...)

	w.condition(zone("cell"), v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	w.condition(zone("safety"), v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonDevicesOnly)
	w.condition(conduit("scada-cell", "", "", ""), v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	w.condition(site(), v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	for name, p := range w.policies() {
		if len(p.GetOwnerReferences()) > 0 {
			t.Errorf("%s has an owner, so it goes with its declaration: %v", name, p.GetOwnerReferences())
		}
		raw, _ := json.Marshal(p.Object["specs"])
		if strings.Contains(string(raw), `"endpointSelector":{}`) {
			t.Errorf("%s selects every pod of the cluster: %s", name, raw)
		}
	}
}

func TestSteadyStateAndRestartWriteNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.startOperator()
	w.plant()
	w.havePolicies(plantPolicies...)
	w.settled()
	w.quiet(o)
	// Events that change nothing: a pod comes, a label of no meaning.
	w.make(pod("cell", "gateway"))
	w.change(namespace("cell"), func() {})
	w.workloads("cell", 1)
	w.quietAfter(o, map[string]int{"zones/status": 1})
	o.stop()

	again := w.startOperator()
	w.change(site(), func() {}) // no change
	w.make(namespace("elsewhere"))
	w.quietAfter(again, map[string]int{})
	// It has looked, and found nothing else to write.
	w.make(pod("cell", "server"))
	w.workloads("cell", 2)
	w.quietAfter(again, map[string]int{"zones/status": 1})
}

// workloads waits until a zone counts so many.
func (w *world) workloads(name string, want int32) {
	w.t.Helper()
	z := zone(name)
	w.eventually("the pods are counted", func() error {
		w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(z), z))
		if z.Status.Workloads != want {
			return fmt.Errorf("workloads: %d", z.Status.Workloads)
		}
		return nil
	})
}

func pod(namespace, name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "registry.example/c:1"}}},
	}
}

func TestOneChangedConduitIsOneWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.startOperator()
	w.plant()
	w.moreConduits(20)
	w.settled()
	w.quiet(o)
	c := conduit("scada-cell", "", "", "")
	w.change(c, func() { c.Spec.Flows = []v1alpha1.Flow{{Protocol: "modbus-tls"}} })
	w.settled()
	w.quietAfter(o, map[string]int{"ciliumclusterwidenetworkpolicies": 1, "conduits/status": 1})

	c = conduit("scada-cell", "", "", "")
	w.change(c, func() { c.Spec.Why.IfLost = "reports stop" })
	w.settled()
	w.quietAfter(o, map[string]int{"conduits/status": 1})
}

// quietAfter checks that just these writes were made and no more come.
func (w *world) quietAfter(o *operator, want map[string]int) {
	w.t.Helper()
	if got := w.quiet(o); !maps.Equal(got, want) {
		w.t.Errorf("wrote %v, want %v", got, want)
	}
}

func TestDriftIsRevertedAndReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.plant()
	w.havePolicies(plantPolicies...)
	w.condition(site(), v1alpha1.ConditionDrift, metav1.ConditionFalse, v1alpha1.ReasonNoDrift)
	before := w.policy("zone-cell")

	edited := before.DeepCopy()
	w.must(unstructured.SetNestedSlice(edited.Object, []any{map[string]any{
		"endpointSelector": map[string]any{}, "ingress": []any{map[string]any{"fromEntities": []any{"all"}}},
	}}, "specs"))
	w.must(w.Update(w.ctx(), edited, client.FieldOwner("somebody")))
	w.eventually("the edit is reverted", func() error {
		if diff := cmp.Diff(before.Object["specs"], w.policy("zone-cell").Object["specs"]); diff != "" {
			return fmt.Errorf("%s", diff)
		}
		return nil
	})
	message := w.condition(site(), v1alpha1.ConditionDrift, metav1.ConditionTrue, v1alpha1.ReasonForeignEdit)
	if !strings.Contains(message, "zone-cell") {
		t.Errorf("the condition does not name the object: %s", message)
	}

	w.must(w.Delete(w.ctx(), w.policy("conduit-scada-cell")))
	w.havePolicies(plantPolicies...)
	w.eventually("the removal is reported", func() error {
		s := site()
		w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(s), s))
		if m := conditionOf(s, v1alpha1.ConditionDrift).Message; !strings.Contains(m, "2 times") || !strings.Contains(m, "conduit-scada-cell") {
			return fmt.Errorf("%s", m)
		}
		return nil
	})
}

func conditionOf(o client.Object, kind string) metav1.Condition {
	for _, c := range statusOf(o).Conditions {
		if c.Type == kind {
			return c
		}
	}
	return metav1.Condition{}
}

func TestForeignObjectIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign := &unstructured.Unstructured{Object: map[string]any{
		"specs": []any{map[string]any{
			"endpointSelector": map[string]any{"matchLabels": map[string]any{"app": "theirs"}},
			"ingress":          []any{map[string]any{}},
		}},
	}}
	foreign.SetGroupVersionKind(apply.GVKClusterwidePolicy)
	foreign.SetName("conduit-scada-cell")
	w.make(foreign)
	w.startOperator()
	w.plant()
	message := w.condition(conduit("scada-cell", "", "", ""), v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonForeignObject)
	if !strings.Contains(message, "conduit-scada-cell") {
		t.Errorf("the condition does not name the object: %s", message)
	}
	after := w.policy("conduit-scada-cell")
	if after.GetResourceVersion() != foreign.GetResourceVersion() {
		t.Errorf("the foreign object was written: %v", after.Object)
	}
	// The zones of a conduit that cannot be written do not start to deny.
	w.condition(zone("cell"), v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonPending)
	w.must(w.Delete(w.ctx(), after))
	// Nothing tells us that a name has become free; any event does.
	w.make(namespace("elsewhere-too"))
	w.change(site(), func() {})
	s := site()
	w.change(s, func() { s.Spec.Title = "again" })
	w.havePolicies(plantPolicies...)
}

func TestObserveDeniesNothingAndEnforceDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.make(namespace("supervision"), site(), zone("supervision", observe))
	w.condition(zone("supervision"), v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonObserving)
	if d := defaultDeny(w.policy("zone-supervision")); d != "map[egress:false ingress:false]" {
		t.Errorf("Observe denies: %s", d)
	}
	z := zone("supervision")
	w.change(z, func() { z.Spec.Enforcement = v1alpha1.EnforcementEnforce })
	w.condition(zone("supervision"), v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	if d := defaultDeny(w.policy("zone-supervision")); d != "map[egress:true ingress:true]" {
		t.Errorf("Enforce does not deny: %s", d)
	}
}

func defaultDeny(p *unstructured.Unstructured) string {
	specs, _, _ := unstructured.NestedSlice(p.Object, "specs")
	first, _ := specs[0].(map[string]any)
	return fmt.Sprint(first["enableDefaultDeny"])
}

func TestInvalidEditKeepsTheLastGoodPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.startOperator()
	w.plant()
	w.make(conduit("never-valid", "supervision", "nowhere", "opcua-tcp"))
	w.havePolicies(plantPolicies...)
	w.condition(conduit("never-valid", "", "", ""), v1alpha1.ConditionResolvedRefs, metav1.ConditionFalse, v1alpha1.ReasonZoneNotFound)
	before := w.policy("conduit-scada-cell")

	c := conduit("scada-cell", "", "", "")
	w.change(c, func() { c.Spec.Flows = []v1alpha1.Flow{{Protocol: "modbuss-tcp"}} })
	message := w.condition(c, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonUnknownProtocol)
	if !strings.Contains(message, "last accepted version stays in force") || !strings.Contains(message, "spec.flows[0].protocol") {
		t.Errorf("the condition does not say what stays and what is wrong: %s", message)
	}
	if got := w.policy("conduit-scada-cell").GetResourceVersion(); got != before.GetResourceVersion() {
		t.Error("the policy was written")
	}
	// It survives a restart, and drift in it is still reverted.
	o.stop()
	w.startOperator()
	w.must(w.Delete(w.ctx(), before))
	w.havePolicies(plantPolicies...)
	if diff := cmp.Diff(before.Object["specs"], w.policy("conduit-scada-cell").Object["specs"]); diff != "" {
		t.Errorf("another policy came back: %s", diff)
	}
	w.eventually("a warning event tells people", func() error {
		var events eventsv1.EventList
		w.must(w.List(w.ctx(), &events))
		for _, e := range events.Items {
			if e.Regarding.Name == "scada-cell" && e.Reason == v1alpha1.ReasonUnknownProtocol && e.Type == corev1.EventTypeWarning {
				return nil
			}
		}
		return fmt.Errorf("none of %d events", len(events.Items))
	})
}

func TestSuspendedConduitClosesAndOpensAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.plant()
	w.havePolicies(plantPolicies...)
	c := conduit("scada-cell", "", "", "")
	w.change(c, func() { c.Spec.Suspended = true })
	w.condition(c, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
	w.eventually("the policy is gone", func() error {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(apply.GVKClusterwidePolicy)
		return wantGone(w.Get(w.ctx(), client.ObjectKey{Name: "conduit-scada-cell"}, u))
	})
	w.change(c, func() { c.Spec.Suspended = false })
	w.havePolicies(plantPolicies...)
}
