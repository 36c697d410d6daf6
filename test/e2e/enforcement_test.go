// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// noticedWithin is the promise: policy that is switched off behind our back is noticed
// within a minute.
const noticedWithin = time.Minute

// afterOutages is how long the operator may take to see reports again when tests before
// this one stopped the API server: client-go waits up to a minute between two tries.
const afterOutages = 4 * time.Minute

// Every enforced zone with pods is verified by packets. What switches policy off behind
// our back turns that false within a minute, and it comes back by itself.
func TestEnforcementIsVerifiedByPackets(t *testing.T) {
	w := plant(t)
	w.everyZone(metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets, afterOutages)
	for _, behind := range []struct {
		what      string
		off, back func() error
		reason    string
	}{
		{"the agent's audit mode", func() error { return w.Audit(true) }, func() error { return w.Audit(false) }, v1alpha1.ReasonLeaking},
		{"the agent stopped", w.StopAgent, w.StartAgent, v1alpha1.ReasonPolicyAgentDown},
	} {
		start := time.Now()
		must(t, behind.off())
		w.everyZone(metav1.ConditionFalse, behind.reason, noticedWithin)
		noticed := time.Since(start)
		must(t, behind.back())
		w.everyZone(metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets, settles)
		record(t, behind.what, "every zone says %s after %s, and is verified again after %s", behind.reason,
			noticed.Round(10*time.Millisecond), (time.Since(start) - noticed).Round(10*time.Millisecond))
	}
}

// A node agent that goes silent makes the answer unknown, never true.
func TestASilentNodeAgentVerifiesNothing(t *testing.T) {
	w := plant(t)
	w.everyZone(metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets, afterOutages)
	must(t, w.StopNodeAgent())
	start := time.Now()
	w.everyZone(metav1.ConditionUnknown, v1alpha1.ReasonNoNodeAgent, 2*time.Minute)
	record(t, "agent stopped to unknown", "%s", time.Since(start).Round(10*time.Millisecond))
	must(t, w.StartNodeAgent())
	w.everyZone(metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets, settles)
}

// A probe comes on demand as well.
func TestAProbeOnDemand(t *testing.T) {
	w := plant(t)
	w.everyZone(metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets, afterOutages)
	// The interval is too long to be what answers.
	must(t, w.StopNodeAgent(), w.StartNodeAgent("--probe-interval=1h"))
	t.Cleanup(func() { must(t, w.StopNodeAgent(), w.StartNodeAgent()) })
	w.everyZone(metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets, settles)
	zone := w.object("Zone", "supervision")
	t.Cleanup(func() { w.Apply(t, w.object("Zone", "supervision")) })
	zone.SetAnnotations(map[string]string{v1alpha1.AnnotationVerify: "round-1"})
	start := time.Now()
	w.Apply(t, zone)
	stage.Until(t, noticedWithin, "the wish is answered", func() bool {
		c := w.verified("supervision")
		return c != nil && strings.Contains(c.Message, "round-1 is answered")
	})
	record(t, "asked to answered", "%s", time.Since(start).Round(time.Millisecond))
}

// everyZone waits until every enforced zone with pods says so.
func (w *waterWorks) everyZone(status metav1.ConditionStatus, reason string, patience time.Duration) {
	w.t.Helper()
	var zones v1alpha1.ZoneList
	must(w.t, w.List(w.ctx(), &zones))
	for _, z := range zones.Items {
		if z.Spec.Enforcement != v1alpha1.EnforcementEnforce || len(z.Spec.Members.Workloads) == 0 {
			continue
		}
		var last *metav1.Condition
		stage.Until(w.t, patience, fmt.Sprintf("zone %s is %s for %s", z.Name, status, reason), func() bool {
			last = w.verified(z.Name)
			return last != nil && last.Status == status && last.Reason == reason
		}, func() string { return fmt.Sprint(last) })
	}
}

// verified is the zone's condition EnforcementVerified, nil for none.
func (w *waterWorks) verified(zone string) *metav1.Condition {
	w.t.Helper()
	var z v1alpha1.Zone
	must(w.t, w.Get(w.ctx(), client.ObjectKey{Name: zone}, &z))
	return meta.FindStatusCondition(z.Status.Conditions, v1alpha1.ConditionEnforcementVerified)
}
