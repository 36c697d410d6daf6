// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/flows"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

func zoneReport(result v1alpha1.ProbeResult, tried string) v1alpha1.NodeZoneReport {
	return v1alpha1.NodeZoneReport{Name: "plant", Result: result, MustPass: tried, ProbedAt: metav1.Now()}
}

// A report is written at once when it says something new, and else with the next
// renewal: a probe that finds the same by another pair of pods is no news.
func TestWhatIsNews(t *testing.T) {
	var r report
	up, down := v1alpha1.PolicyAgentUp, v1alpha1.PolicyAgentDown
	for _, tt := range []struct {
		what    string
		zones   []v1alpha1.NodeZoneReport
		agent   v1alpha1.PolicyAgentState
		message string
		news    bool
	}{
		{"the first probe", []v1alpha1.NodeZoneReport{zoneReport(v1alpha1.ProbeVerified, "a to b")}, up, "", true},
		{"the same by another pair", []v1alpha1.NodeZoneReport{zoneReport(v1alpha1.ProbeVerified, "b to c")}, up, "", false},
		{"another result", []v1alpha1.NodeZoneReport{zoneReport(v1alpha1.ProbeLeaking, "b to c")}, up, "", true},
		{"a leak elsewhere", []v1alpha1.NodeZoneReport{zoneReport(v1alpha1.ProbeLeaking, "c to d")}, up, "", true},
		{"the agent went", []v1alpha1.NodeZoneReport{zoneReport(v1alpha1.ProbeLeaking, "c to d")}, down, "no answer", true},
		{"nothing", []v1alpha1.NodeZoneReport{zoneReport(v1alpha1.ProbeLeaking, "c to d")}, down, "no answer", false},
		{"no member left", nil, down, "no answer", true},
	} {
		if got := r.setProbes(tt.zones, tt.agent, tt.message); got != tt.news {
			t.Errorf("%s: news %t, want %t", tt.what, got, tt.news)
		}
	}
}

func TestProbesAreCounted(t *testing.T) {
	var r report
	zones := []v1alpha1.NodeZoneReport{
		zoneReport(v1alpha1.ProbeVerified, ""), zoneReport(v1alpha1.ProbeVerified, ""),
		zoneReport(v1alpha1.ProbeLeaking, ""), zoneReport(v1alpha1.ProbeCut, ""), zoneReport(v1alpha1.ProbeUnknown, ""),
	}
	r.setProbes(zones, v1alpha1.PolicyAgentUp, "")
	if got := r.now(time.Now()); got.Verified != 2 || got.Failed != 2 {
		t.Errorf("%d verified and %d failed, want 2 and 2", got.Verified, got.Failed)
	}
}

func TestTheFlowTableIsReported(t *testing.T) {
	var r report
	if !r.setTable(nil, flows.ErrNoTable) || r.table() != "None" {
		t.Errorf("without a table the report says %q", r.table())
	}
	if r.setTable(nil, flows.ErrNoTable) {
		t.Error("the same again is news")
	}
	r.setTable(nil, errors.New(strings.Repeat("x", 2000)))
	if n := len(r.now(time.Now()).FlowTableMessage); n != 512 {
		t.Errorf("a long message has %d bytes, the field takes 512", n)
	}
}

// The newest flows are listed first, and no more than the field takes.
func TestEndedFlowsAreListed(t *testing.T) {
	rules := verdict.New(verdict.Cluster{Pods: []verdict.Pod{{Namespace: "plant", Name: "server", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.2")}}}})
	var r report
	for port := range uint16(20) {
		f := flows.Flow{Source: netip.MustParseAddr("192.0.2.1"), Destination: netip.MustParseAddr("10.0.0.2"), Port: 1000 + port, Transport: protocol.UDP}
		r.ended([]flows.Flow{f}, map[flows.Flow]string{f: "conduit-x"}, rules, time.Unix(int64(port), 0))
	}
	got := r.now(time.Now())
	if got.EndedFlows != 20 || len(got.LastEnded) != mostEnded {
		t.Fatalf("%d ended, %d listed", got.EndedFlows, len(got.LastEnded))
	}
	want := v1alpha1.EndedFlow{Time: metav1.NewTime(time.Unix(19, 0)), Source: "192.0.2.1", Destination: "plant/server", Port: "1019/UDP", Closed: "conduit-x"}
	if diff := cmp.Diff(want, got.LastEnded[0]); diff != "" {
		t.Errorf("the newest (-want +got):\n%s", diff)
	}
}

// What makes no other rules wakes nobody: policies get their status written all the time.
func TestWhatMatters(t *testing.T) {
	pod := func(change func(*corev1.Pod)) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "1", Labels: map[string]string{"app": "hmi"}}, Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIPs: []corev1.PodIP{{IP: "10.0.0.1"}}}}
		change(p)
		return p
	}
	policy := func(generation int64, resourceVersion string) *unstructured.Unstructured {
		u := &unstructured.Unstructured{Object: map[string]any{}}
		u.SetUID("2")
		u.SetGeneration(generation)
		u.SetResourceVersion(resourceVersion)
		return u
	}
	for name, tt := range map[string]struct {
		before, after client.Object
		want          bool
	}{
		"a pod's version":      {pod(func(*corev1.Pod) {}), pod(func(p *corev1.Pod) { p.ResourceVersion = "9" }), false},
		"a pod's label":        {pod(func(*corev1.Pod) {}), pod(func(p *corev1.Pod) { p.Labels["app"] = "plc" }), true},
		"a pod's address":      {pod(func(*corev1.Pod) {}), pod(func(p *corev1.Pod) { p.Status.PodIPs[0].IP = "10.0.0.9" }), true},
		"a pod that is over":   {pod(func(*corev1.Pod) {}), pod(func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }), true},
		"another pod by name":  {pod(func(*corev1.Pod) {}), pod(func(p *corev1.Pod) { p.UID = "8" }), true},
		"a policy's status":    {policy(1, "1"), policy(1, "2"), false},
		"a policy's spec":      {policy(1, "1"), policy(2, "2"), true},
		"a node's address":     {&corev1.Node{}, &corev1.Node{Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{{Address: "172.30.0.9"}}}}, true},
		"a node's other field": {&corev1.Node{}, &corev1.Node{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "5"}}, false},
	} {
		if got := matters(tt.before, tt.after); got != tt.want {
			t.Errorf("%s: matters %t, want %t", name, got, tt.want)
		}
	}
}

// Policies that went are kept for the next rules; what is cached of pods is not.
func TestReplacedPolicies(t *testing.T) {
	var r replaced
	one := &unstructured.Unstructured{Object: map[string]any{"kind": "NetworkPolicy"}}
	r.add(&corev1.Pod{})
	r.add(one)
	r.add(toolscache.DeletedFinalStateUnknown{Obj: one})
	if got := r.take(); len(got) != 2 {
		t.Errorf("%d objects are kept, want 2", len(got))
	}
	if got := r.take(); len(got) != 0 {
		t.Errorf("%d objects are kept twice", len(got))
	}
	for i := range mostReplaced + 10 {
		r.add(&unstructured.Unstructured{Object: map[string]any{"kind": fmt.Sprint(i)}})
	}
	if got := r.take(); len(got) != mostReplaced {
		t.Errorf("%d objects are kept of a burst, want %d", len(got), mostReplaced)
	}
}

// What is cached of an object is what rules are made of, and nothing else.
func TestCachesAreLean(t *testing.T) {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "plant", Name: "server", Annotations: map[string]string{"a": "b"}},
		Spec:       corev1.PodSpec{NodeName: "edge-1", HostNetwork: true, Containers: []corev1.Container{{Name: "c"}}},
	}
	got, err := stripPod(p)
	want := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "plant", Name: "server"}, Spec: corev1.PodSpec{NodeName: "edge-1", HostNetwork: true}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("a pod: %v (-want +got):\n%s", err, diff)
	}
	u := &unstructured.Unstructured{Object: map[string]any{"kind": "NetworkPolicy", "spec": map[string]any{"a": "b"}, "status": map[string]any{"c": "d"}}}
	u.SetAnnotations(map[string]string{"e": "f"})
	stripped, err := stripPolicy(u)
	if diff := cmp.Diff(map[string]any{"kind": "NetworkPolicy", "spec": map[string]any{"a": "b"}}, withoutEmpty(stripped)); err != nil || diff != "" {
		t.Errorf("a policy: %v (-want +got):\n%s", err, diff)
	}
}

func withoutEmpty(in any) map[string]any {
	o := in.(*unstructured.Unstructured).Object
	if m, ok := o["metadata"].(map[string]any); ok && len(m) == 0 {
		delete(o, "metadata")
	}
	return o
}
