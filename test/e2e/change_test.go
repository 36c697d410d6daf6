// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// trial is a conduit that the water works has not: from the operators' desks to the
// historian, on ports that nobody else uses.
const trial = `
apiVersion: zonewarden.io/v1alpha1
kind: Conduit
metadata: {name: trial}
spec:
  initiator: {zone: supervision, workloads: {matchLabels: {app: hmi-client}}}
  responders:
    - {zone: site-historian, workloads: {matchLabels: {app: historian}}}
  data: Both
  flows:
    - {port: 9101, transport: TCP}
    - {port: 9101, transport: UDP}
  why: {need: trial of an end-to-end test, riskOwner: the test, ifLost: nothing, ifAbused: nothing, approval: CR-1}
`

const (
	changes = 50
	// worstRatio is what a conduit may take beside the same policy from kubectl.
	worstRatio = 1.3
	// stopsWithin is what the last packet of a closed conduit may take.
	stopsWithin = time.Second
	// silence is how long nothing must come before a direction counts as stopped. It is
	// longer than a sender's first retransmission.
	silence = 400 * time.Millisecond
)

// A conduit applied by kubectl lets the first packet through about as soon as the same
// policy, ready made, applied by kubectl.
func TestAConduitIsAsQuickAsAPolicy(t *testing.T) {
	w := plant(t)
	from, to := w.host("ww-supervision/hmi-client-0"), w.host("ww-historian/historian-0")
	must(t, to.Serve(stage.UDP(9101)))
	conduit := stage.Parse(t, trial)[0]
	t.Cleanup(func() { w.Remove(t, conduit) })
	policy := w.compiled(conduit)
	t.Cleanup(func() { w.Remove(t, policy) })
	conduitFile, policyFile := w.File(t, conduit), w.File(t, policy)

	var byConduit, byPolicy figures
	for range changes {
		byPolicy = append(byPolicy, w.firstPacket(from, to, policyFile))
		w.Remove(t, policy)
		w.shut(from, to)
		byConduit = append(byConduit, w.firstPacket(from, to, conduitFile))
		w.Remove(t, conduit)
		w.shut(from, to)
	}
	ratio := float64(byConduit.at(0.5)) / float64(byPolicy.at(0.5))
	record(t, "kubectl apply of a conduit to the first packet", "%s", byConduit)
	record(t, "kubectl apply of the same policy, ready made", "%s", byPolicy)
	record(t, "ratio of p50", "%.2f", ratio)
	if ratio > worstRatio {
		t.Errorf("a conduit takes %.2f times what its policy takes, want at most %.2f", ratio, worstRatio)
	}
}

// compiled is the policy that the operator makes of a conduit, as a user's own object.
func (w *waterWorks) compiled(conduit *unstructured.Unstructured) *unstructured.Unstructured {
	w.t.Helper()
	w.Apply(w.t, conduit)
	made := &unstructured.Unstructured{}
	made.SetGroupVersionKind(clusterwidePolicy)
	stage.Until(w.t, settles, "the conduit has its policy", func() bool {
		return w.Get(w.ctx(), client.ObjectKey{Name: "conduit-" + conduit.GetName()}, made) == nil
	})
	w.Remove(w.t, conduit)
	w.shut(w.host("ww-supervision/hmi-client-0"), w.host("ww-historian/historian-0"))
	out := &unstructured.Unstructured{Object: map[string]any{"specs": made.Object["specs"]}}
	out.SetGroupVersionKind(clusterwidePolicy)
	out.SetName("ready-made")
	return out
}

// firstPacket is the time from the start of kubectl to the first answer.
func (w *waterWorks) firstPacket(from, to *stage.Host, file string) time.Duration {
	w.t.Helper()
	knock, err := stage.Knock(from, to, stage.UDP(9101), stage.Beat)
	must(w.t, err)
	defer knock.Close()
	start := time.Now()
	w.Kubectl(w.t, "apply", "--server-side", "-f", file)
	stage.Until(w.t, settles, "the first packet passes", func() bool { return !knock.Down.First().IsZero() })
	return knock.Down.First().Sub(start)
}

// shut waits until new connections of the trial do not pass.
func (w *waterWorks) shut(from, to *stage.Host) {
	w.t.Helper()
	must(w.t, to.Serve(stage.UDP(9101)))
	stage.Until(w.t, settles, "the conduit is shut", func() bool {
		return !stage.Dial(from, to, stage.UDP(9101), quick).Passed
	})
}
