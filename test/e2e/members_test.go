// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// trialZone is a zone of some of the namespaces trial-a to trial-d.
func trialZone(t *testing.T, name string, namespaces ...string) *unstructured.Unstructured {
	t.Helper()
	return stage.Parse(t, fmt.Sprintf(`
apiVersion: zonewarden.io/v1alpha1
kind: Zone
metadata:
  name: %s
  annotations: {zonewarden.io/allow-release: the trial is over}
spec:
  purdue: L2
  type: Control
  slTarget: {all: 1}
  owner: the test
  members: {workloads: [{namespaces: [%s]}]}
  enforcement: Enforce
`, name, strings.Join(namespaces, ", ")))[0]
}

func trialNamespace(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	return stage.Parse(t, fmt.Sprintf(`
apiVersion: v1
kind: Namespace
metadata: {name: %s, labels: {zonewarden.io/scope: ot}}
`, name))[0]
}

// trialConduit joins two zones on the port that is watched.
func trialConduit(t *testing.T, from, to string) *unstructured.Unstructured {
	t.Helper()
	return stage.Parse(t, fmt.Sprintf(`
apiVersion: zonewarden.io/v1alpha1
kind: Conduit
metadata: {name: %s-%s}
spec:
  initiator: {zone: %s}
  responders: [{zone: %s}]
  data: Both
  flows: [{port: 9201, transport: UDP}]
  why: {need: trial of an end-to-end test, riskOwner: the test, ifLost: nothing, ifAbused: nothing, approval: CR-1}
`, from, to, from, to))[0]
}

// A zone splits, a namespace moves from one zone to another, two zones merge, and
// conduits take over from each other: what passed before and after passes all the time,
// and what did neither never does. The declarations are applied one by one, as kubectl
// does; a zone that overlaps another waits, so that both change in one pass.
func TestMembersChangeWithoutLeakOrCut(t *testing.T) {
	w := plant(t)
	hosts := w.trialHosts("a", "b", "c", "d", "e")
	abe, c, d := trialZone(t, "trial-abe", "trial-a", "trial-b", "trial-e"), trialZone(t, "trial-c", "trial-c"), trialZone(t, "trial-d", "trial-d")
	be := trialZone(t, "trial-be", "trial-b", "trial-e")
	toC, toD, onward := trialConduit(t, "trial-abe", "trial-c"), trialConduit(t, "trial-abe", "trial-d"), trialConduit(t, "trial-c", "trial-d")
	beToC, beToD := trialConduit(t, "trial-be", "trial-c"), trialConduit(t, "trial-be", "trial-d")
	t.Cleanup(func() {
		w.Remove(t, toC, toD, onward, beToC, beToD)
		w.Remove(t, abe, be, c, d)
		w.gone("zone-trial-abe", "zone-trial-be", "zone-trial-c", "zone-trial-d")
	})
	w.Apply(t, abe, c, d, toC, toD, onward)
	w.accepted(abe, c, d, toC, toD, onward)

	for _, x := range []struct {
		what   string
		change func()
	}{
		{"split", func() {
			w.Apply(t, be, beToC, beToD, trialZone(t, "trial-abe", "trial-a"))
			w.accepted(abe, be, beToC, beToD)
		}},
		{"move", func() {
			w.Apply(t, trialZone(t, "trial-c", "trial-c", "trial-b"), trialZone(t, "trial-be", "trial-e"))
			w.accepted(c, be)
		}},
		{"merge", func() {
			w.Apply(t, trialZone(t, "trial-c", "trial-c", "trial-b", "trial-d"))
			w.Remove(t, d)
			w.accepted(c)
			w.gone("zone-trial-d")
			w.Remove(t, toD, onward, beToD)
		}},
	} {
		during := w.watchPairs(hosts, stage.UDP(9201))
		x.change()
		w.settled()
		during.carriesOn(t)
		during.judge(t, x.what, expect(t, w.Stage), 0)
	}
}

// trialHosts are two pods in each of some namespaces, and strangers to all of them.
func (w *waterWorks) trialHosts(names ...string) []*stage.Host {
	w.t.Helper()
	hosts := []*stage.Host{w.host("default/visitor"), w.host("stranger")}
	for _, n := range names {
		w.Apply(w.t, trialNamespace(w.t, "trial-"+n))
		for i := range 2 {
			h := w.Pod(w.t, fmt.Sprintf("trial-%s/%s%d", n, n, i), map[string]string{"app": n})
			w.t.Cleanup(func() { w.RemovePod(w.t, h) })
			hosts = append(hosts, h)
		}
	}
	for _, h := range hosts {
		must(w.t, h.Serve(stage.UDP(9201)))
	}
	return hosts
}

// accepted waits until declarations are in force as they are declared.
func (w *waterWorks) accepted(objects ...*unstructured.Unstructured) {
	w.t.Helper()
	for _, o := range objects {
		stage.Until(w.t, settles, fmt.Sprintf("%s %s is accepted and programmed", o.GetKind(), o.GetName()), func() bool {
			return w.condition(o, v1alpha1.ConditionAccepted) == metav1.ConditionTrue &&
				w.condition(o, v1alpha1.ConditionProgrammed) == metav1.ConditionTrue
		})
	}
}

// condition of an object for its newest generation, "" for none.
func (w *waterWorks) condition(o *unstructured.Unstructured, kind string) metav1.ConditionStatus {
	w.t.Helper()
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(o.GroupVersionKind())
	if err := w.Get(w.ctx(), client.ObjectKeyFromObject(o), live); err != nil {
		return ""
	}
	var conditions []metav1.Condition
	raw, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, r := range raw {
		var c metav1.Condition
		must(w.t, fromUnstructured(r, &c))
		conditions = append(conditions, c)
	}
	c := meta.FindStatusCondition(conditions, kind)
	if c == nil || c.ObservedGeneration != live.GetGeneration() {
		return ""
	}
	return c.Status
}

// gone waits until no policy has one of these names.
func (w *waterWorks) gone(names ...string) {
	w.t.Helper()
	for _, name := range names {
		stage.Until(w.t, settles, name+" is gone", func() bool { return !w.stands(name) })
	}
}
