// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/exposure"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/topology"
)

func judgements(in exposure.Input) map[string]string {
	var w exposure.Watcher
	r := w.Look(in)
	out := map[string]string{}
	for _, z := range in.Model.Zones {
		j := r.Judgement(z)
		out[z.Name] = fmt.Sprintf("%s %s: %s", j.Status, j.Reason, j.Message)
	}
	j := r.SiteJudgement()
	out["the site"] = fmt.Sprintf("%s %s: %s", j.Status, j.Reason, j.Message)
	return out
}

const (
	clean     = "False NothingFound: no policy of others opens the zone, and nothing leads around its policies"
	observing = "Unknown Observing: Observe denies nothing that others could undo"
	devices   = "Unknown DevicesOnly: devices only: what leads to them passes outside this cluster"
)

func TestJudgements(t *testing.T) {
	t.Parallel()
	s := plant(t)
	want := map[string]string{
		"cell": clean, "supervision": clean, "lab": observing, "drives": devices,
		"the site": "False NothingFound: nothing of others undoes an enforced zone or leads around its policies",
	}
	if diff := cmp.Diff(want, judgements(input(t, &s, cilium.Backend{}))); diff != "" {
		t.Errorf("of nothing (-want +got)\n%s", diff)
	}
	for i := range s.Pods {
		s.Pods[i].HostNetwork = strings.HasPrefix(s.Pods[i].Name, "gateway")
		s.Pods[i].FurtherInterfaces = s.Pods[i].Name == "bench-0" || s.Pods[i].Name == "spare-0"
		s.Pods[i].HostPorts = map[string][]string{"opcua-0": {"4840/TCP"}}[s.Pods[i].Name]
	}
	want["cell"] = "True HostNetwork: 2 pods use their node's network: cell/gateway-0; cell/gateway-1 (besides: HostPort 1)"
	want["lab"] = "True SecondInterface: 1 pod has further interfaces: lab/bench-0"
	want["the site"] = "True HostNetwork: HostNetwork in cell, SecondInterface in lab; pods in no zone, HostPort in cell; see the conditions and findings of each zone"
	if diff := cmp.Diff(want, judgements(input(t, &s, cilium.Backend{}))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	s := plant(t)
	for i := range 25 {
		s.Pods = append(s.Pods, topology.Pod{Namespace: "cell", Name: fmt.Sprintf("driver-%02d", i), HostNetwork: true})
	}
	in := input(t, &s, cilium.Backend{}, np("cell", everyPod+", ingress: [{}]"))
	var w exposure.Watcher
	got := w.Look(in).Findings("cell")
	want := []v1alpha1.Finding{
		{
			Severity: v1alpha1.SeverityWarning, Path: "spec.enforcement", Reason: "ForeignPolicy",
			Message: "1 policy of others opens the zone: NetworkPolicy/cell/p lets 192.0.2.1 -> cell/gateway-0 22/TCP pass; narrow or delete it, or declare a conduit for what is needed",
		},
		{
			Severity: v1alpha1.SeverityWarning, Path: "spec.members.workloads", Reason: "HostNetwork",
			Message: "25 pods use their node's network: cell/driver-00; cell/driver-01; cell/driver-02; cell/driver-03; cell/driver-04; cell/driver-05; cell/driver-06; cell/driver-07; cell/driver-08; cell/driver-09; and 15 more; no policy holds such a pod; run it on the pod network",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestEveryKindHasWords: a kind without them would be said as nothing.
func TestEveryKindHasWords(t *testing.T) {
	t.Parallel()
	for _, kind := range exposure.Kinds {
		if w := exposure.Wordings[kind]; w == (exposure.Wording{}) {
			t.Errorf("%s has none", kind)
		}
	}
}

// TestNothingIsTakenForClean: what is too much to look at is said to be.
func TestNothingIsTakenForClean(t *testing.T) {
	t.Parallel()
	s := plant(t)
	for i := range 1500 {
		s.Pods = append(s.Pods, topology.Pod{Namespace: "cell", Name: fmt.Sprintf("p-%04d", i), Labels: map[string]string{"app": "x", "id": fmt.Sprint(i)}})
	}
	// It allows what the zone allows itself, between every two pods.
	in := input(t, &s, cilium.Backend{}, np("cell", everyPod+", ingress: [{from: [{podSelector: {}}]}]"))
	got := judgements(in)
	if want := "Unknown NotLookedAt: 1 thing was too much to look at as a whole: NetworkPolicy/cell/p"; got["cell"] != want {
		t.Errorf("the zone: %s", got["cell"])
	}
	if want := "Unknown NotLookedAt: NotLookedAt in cell"; got["the site"] != want {
		t.Errorf("the site: %s", got["the site"])
	}
}
