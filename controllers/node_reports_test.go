// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// nodes makes nodes, which run nothing here.
func (w *world) nodes(names ...string) {
	w.t.Helper()
	for _, name := range names {
		w.make(&corev1.Node{ObjectMeta: objectMeta(name)})
	}
}

// saw is what a node reports of a zone.
func saw(zone string, result v1alpha1.ProbeResult) v1alpha1.NodeZoneReport {
	return v1alpha1.NodeZoneReport{
		Name: zone, Result: result, ProbedAt: metav1.Now(),
		MustPass: "cell/a -> cell/b 502/TCP: passed", MustNotPass: "cell/a -> supervision/c 502/TCP: passed",
	}
}

// report writes what a node reports, as its agent does: all at once.
func (w *world) report(node string, zones ...v1alpha1.NodeZoneReport) {
	w.t.Helper()
	status := v1alpha1.NodeReportStatus{
		RenewTime: metav1.NowMicro(), PolicyAgent: v1alpha1.PolicyAgentUp, FlowTable: v1alpha1.FlowTableKernel, Zones: zones,
	}
	r := &v1alpha1.NodeReport{ObjectMeta: objectMeta(node)}
	if err := w.Get(w.ctx(), client.ObjectKeyFromObject(r), r); err != nil {
		w.must(client.IgnoreNotFound(err))
		r.Status = status
		w.make(r)
		return
	}
	w.change(r, func() { r.Status = status })
}

// renew writes the report of a node again, with nothing new in it but the times,
// and waits until the operator has seen it.
func (w *world) renew(o *operator, node string) {
	w.t.Helper()
	r := &v1alpha1.NodeReport{ObjectMeta: objectMeta(node)}
	w.change(r, func() {
		r.Status.RenewTime = metav1.NowMicro()
		for i := range r.Status.Zones {
			r.Status.Zones[i].ProbedAt = metav1.Now()
		}
	})
	w.eventually("the operator has seen the report", func() error {
		var seen v1alpha1.NodeReport
		w.must(o.cache.Get(w.ctx(), client.ObjectKeyFromObject(r), &seen))
		if seen.ResourceVersion != r.ResourceVersion {
			return fmt.Errorf("it is at %s of %s", seen.ResourceVersion, r.ResourceVersion)
		}
		return nil
	})
}

const verifiedIs = v1alpha1.ConditionEnforcementVerified

func TestAZoneIsVerifiedByWhatNodesReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.nodes("edge-1", "edge-2")
	w.plant()
	w.make(zone("devices", devicesOnly, devices("nothing")), namespace("watched"), zone("watched", observe))
	cell := zone("cell")
	w.condition(cell, verifiedIs, metav1.ConditionUnknown, v1alpha1.ReasonNoNodeAgent)
	w.condition(zone("devices"), verifiedIs, metav1.ConditionUnknown, v1alpha1.ReasonDevicesOnly)
	w.condition(zone("watched"), verifiedIs, metav1.ConditionUnknown, v1alpha1.ReasonObserving)

	w.report("edge-1", saw("cell", v1alpha1.ProbeVerified))
	message := w.condition(cell, verifiedIs, metav1.ConditionUnknown, v1alpha1.ReasonNodeAgentSilent)
	if !strings.Contains(message, "edge-2") || strings.Contains(message, "edge-1") {
		t.Errorf("the silent node is not named: %s", message)
	}
	w.report("edge-2")
	w.condition(cell, verifiedIs, metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets)
	w.condition(zone("supervision"), verifiedIs, metav1.ConditionUnknown, v1alpha1.ReasonNothingToProbe)

	w.report("edge-2", saw("cell", v1alpha1.ProbeLeaking))
	message = w.condition(cell, verifiedIs, metav1.ConditionFalse, v1alpha1.ReasonLeaking)
	if !strings.Contains(message, "edge-2: cell/a -> supervision/c 502/TCP") {
		t.Errorf("node and connection are not named: %s", message)
	}
	w.haveEvent("cell", v1alpha1.ReasonLeaking, corev1.EventTypeWarning)
	w.report("edge-2", saw("cell", v1alpha1.ProbeVerified))
	w.condition(cell, verifiedIs, metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets)
	w.haveEvent("cell", v1alpha1.ReasonSeenByPackets, corev1.EventTypeNormal)

	// The report of a node that is gone does not count, nor is one awaited of it.
	w.report("edge-2", saw("cell", v1alpha1.ProbeCut))
	w.condition(cell, verifiedIs, metav1.ConditionFalse, v1alpha1.ReasonCut)
	w.must(w.Delete(w.ctx(), &corev1.Node{ObjectMeta: objectMeta("edge-2")}))
	w.condition(cell, verifiedIs, metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets)
	w.must(w.Delete(w.ctx(), &v1alpha1.NodeReport{ObjectMeta: objectMeta("edge-1")}))
	w.condition(cell, verifiedIs, metav1.ConditionUnknown, v1alpha1.ReasonNoNodeAgent)
}

func (w *world) haveEvent(name, reason, kind string) {
	w.t.Helper()
	w.eventually("an event tells people", func() error {
		var events eventsv1.EventList
		w.must(w.List(w.ctx(), &events))
		for _, e := range events.Items {
			if e.Regarding.Name == name && e.Reason == reason && e.Type == kind && e.Action == verifiedIs {
				return nil
			}
		}
		return fmt.Errorf("none of %d events", len(events.Items))
	})
}

// TestRenewalsCostNothing: agents write every 15 seconds.
func TestRenewalsCostNothing(t *testing.T) {
	w := newWorld(t)
	o := w.startOperator()
	w.nodes("edge-1", "edge-2")
	w.plant()
	w.report("edge-1", saw("cell", v1alpha1.ProbeVerified), saw("supervision", v1alpha1.ProbeVerified))
	w.report("edge-2", saw("cell", v1alpha1.ProbeVerified))
	cell := zone("cell")
	w.condition(cell, verifiedIs, metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets)
	w.quiet(o)
	before, passes := w.versions(), passesMade(t)
	for range 5 {
		w.renew(o, "edge-1")
		w.renew(o, "edge-2")
	}
	// Longer than changes of reports gather.
	w.never(2*time.Second, "the operator writes", func() bool { return len(o.writes.take()) > 0 })
	if after := w.versions(); !slices.Equal(before, after) {
		t.Errorf("statuses were written: %v, before %v", after, before)
	}
	if after := passesMade(t); after != passes {
		t.Errorf("%d passes were made", after-passes)
	}
}

// never looks for a while whether something happens.
func (w *world) never(d time.Duration, what string, happens func() bool) {
	w.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if happens() {
			w.t.Fatal(what)
		}
	}
}

// versions are those of every object with a status of ours.
func (w *world) versions() []string {
	w.t.Helper()
	var out []string
	for _, list := range []client.ObjectList{&v1alpha1.SiteList{}, &v1alpha1.ZoneList{}, &v1alpha1.ConduitList{}, &v1alpha1.AssetList{}} {
		w.must(w.List(w.ctx(), list))
		objects, err := meta.ExtractList(list)
		w.must(err)
		for _, o := range objects {
			m, err := meta.Accessor(o)
			w.must(err)
			out = append(out, fmt.Sprintf("%T %s %s", o, m.GetName(), m.GetResourceVersion()))
		}
	}
	return out
}

// passesMade counts passes since the tests started.
func passesMade(t *testing.T) uint64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "zonewarden_pass_seconds" {
			return f.GetMetric()[0].GetHistogram().GetSampleCount()
		}
	}
	t.Fatal("passes are not counted")
	return 0
}

func TestSilenceIsNoticedAndEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := clocktesting.NewFakePassiveClock(time.Now())
	at := func(d time.Duration) func() {
		start := c.Now()
		return func() { c.SetTime(start.Add(d)) }
	}
	after50, almost, after61 := at(50*time.Second), at(59*time.Second+900*time.Millisecond), at(61*time.Second)
	o := w.startOperatorAt(c)
	w.nodes("edge-1", "edge-2")
	w.plant()
	w.report("edge-1", saw("cell", v1alpha1.ProbeVerified))
	w.report("edge-2", saw("cell", v1alpha1.ProbeVerified))
	cell := zone("cell")
	w.condition(cell, verifiedIs, metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets)
	w.condition(site(), v1alpha1.ConditionSessionsMayLinger, metav1.ConditionFalse, v1alpha1.ReasonNodeAgents)
	w.quiet(o)

	// Only one of them renews; no pass looks at that.
	after50()
	w.renew(o, "edge-2")
	w.quiet(o)
	// A pass while both still count, then none but the one that it orders.
	almost()
	w.change(cell, func() { cell.Annotations = map[string]string{v1alpha1.AnnotationVerify: "1"} })
	w.says(cell, verifiedIs, "zonewarden.io/verify=1 is not answered yet on edge-1, edge-2")
	w.condition(cell, verifiedIs, metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets)
	after61()
	message := w.condition(cell, verifiedIs, metav1.ConditionUnknown, v1alpha1.ReasonNodeAgentSilent)
	if !strings.Contains(message, "not edge-1;") {
		t.Errorf("just the silent node should be named: %s", message)
	}
	message = w.condition(site(), v1alpha1.ConditionSessionsMayLinger, metav1.ConditionTrue, v1alpha1.ReasonNoNodeAgent)
	if !strings.Contains(message, "on edge-1:") {
		t.Errorf("just the silent node should be named: %s", message)
	}
	// It comes back with nothing new to say.
	w.renew(o, "edge-1")
	w.condition(cell, verifiedIs, metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets)
	w.condition(site(), v1alpha1.ConditionSessionsMayLinger, metav1.ConditionFalse, v1alpha1.ReasonNodeAgents)
}

// says waits until the message of a condition holds some words.
func (w *world) says(o client.Object, kind, words string) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%s of %s says %q", kind, o.GetName(), words), func() error {
		w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(o), o))
		if m := conditionOf(o, kind).Message; !strings.Contains(m, words) {
			return fmt.Errorf("it says %q", m)
		}
		return nil
	})
}

func TestARequestForAProbeIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.nodes("edge-1")
	w.plant()
	answer := saw("cell", v1alpha1.ProbeVerified)
	w.report("edge-1", answer)
	cell := zone("cell")
	w.condition(cell, verifiedIs, metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets)
	w.change(cell, func() { cell.Annotations = map[string]string{v1alpha1.AnnotationVerify: "after the storm"} })
	w.says(cell, verifiedIs, "zonewarden.io/verify=after the storm is not answered yet on edge-1")
	answer.Answers = "after the storm"
	w.report("edge-1", answer)
	w.says(cell, verifiedIs, "zonewarden.io/verify=after the storm is answered")
	w.condition(cell, verifiedIs, metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets)
}

func TestAPolicyAgentThatIsDownIsAFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.nodes("edge-1")
	w.plant()
	w.report("edge-1", saw("cell", v1alpha1.ProbeVerified))
	cell := zone("cell")
	w.condition(cell, verifiedIs, metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets)
	r := &v1alpha1.NodeReport{ObjectMeta: objectMeta("edge-1")}
	w.change(r, func() { r.Status.PolicyAgent = v1alpha1.PolicyAgentDown })
	message := w.condition(cell, verifiedIs, metav1.ConditionFalse, v1alpha1.ReasonPolicyAgentDown)
	if !strings.Contains(message, "on edge-1:") {
		t.Errorf("the node is not named: %s", message)
	}
}

// TestOnlyAClosedConduitSaysThatSessionsMayLinger: a silent node must not cost a
// write for each conduit of the plant.
func TestOnlyAClosedConduitSaysThatSessionsMayLinger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.startOperator()
	w.nodes("edge-1")
	w.plant()
	w.moreConduits(5)
	open, closed := conduit("more-01", "", "", ""), conduit("scada-cell", "", "", "")
	w.condition(site(), v1alpha1.ConditionSessionsMayLinger, metav1.ConditionTrue, v1alpha1.ReasonNoNodeAgent)
	w.change(closed, func() { closed.Spec.Suspended = true })
	w.condition(closed, v1alpha1.ConditionSessionsMayLinger, metav1.ConditionTrue, v1alpha1.ReasonNoNodeAgent)
	w.settled()
	w.quiet(o)

	w.report("edge-1")
	w.condition(closed, v1alpha1.ConditionSessionsMayLinger, metav1.ConditionFalse, v1alpha1.ReasonNodeAgents)
	w.condition(site(), v1alpha1.ConditionSessionsMayLinger, metav1.ConditionFalse, v1alpha1.ReasonNodeAgents)
	w.quietAfter(o, map[string]int{"conduits/status": 1, "sites/status": 1, "zones/status": 2})
	w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(open), open))
	if got := conditionOf(open, v1alpha1.ConditionSessionsMayLinger); got.Type != "" {
		t.Errorf("an open conduit says %+v", got)
	}

	w.change(closed, func() { closed.Spec.Suspended = false })
	w.condition(closed, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	if got := conditionOf(closed, v1alpha1.ConditionSessionsMayLinger); got.Type != "" {
		t.Errorf("opened again it says %+v", got)
	}
}

// TestAddressesThatNothingDeclares are those that nodes report and nobody declared.
func TestAddressesThatNothingDeclares(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.nodes("edge-1")
	w.livePlant()
	w.report("edge-1", saw("cell", v1alpha1.ProbeVerified))
	r := &v1alpha1.NodeReport{ObjectMeta: objectMeta("edge-1")}
	w.change(r, func() {
		r.Status.OutsideFlows = []v1alpha1.OutsideFlow{
			{Pod: "cell/gateway", Direction: v1alpha1.FlowOut, Address: "10.20.1.11", Port: "502/TCP"},
			{Pod: "cell/gateway", Direction: v1alpha1.FlowOut, Address: "10.9.9.9", Port: "443/TCP"},
		}
	})
	w.exposed("cell", v1alpha1.ReasonUnknownAddress, "1 flow with an address that nothing declares: cell/gateway -> 10.9.9.9 443/TCP")
	w.make(asset("cloud", "cell", "10.9.9.9"))
	w.clean("cell")
}
