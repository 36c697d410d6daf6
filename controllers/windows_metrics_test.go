// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// windowMetrics are windows by phase.
func windowMetrics(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "zonewarden_windows" {
			continue
		}
		for _, m := range f.GetMetric() {
			out[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
		}
	}
	return out
}

// phases waits until so many windows are in these phases, and none in others.
func (a *accessWorld) phases(want map[string]float64) {
	a.t.Helper()
	whole := map[string]float64{
		"Requested": 0, "Approved": 0, "Armed": 0, "Active": 0, "Locked": 0, "Denied": 0, "Expired": 0, "Revoked": 0,
	}
	maps.Copy(whole, want)
	a.eventually("the windows are counted", func() error {
		if diff := cmp.Diff(whole, windowMetrics(a.t)); diff != "" {
			return fmt.Errorf("zonewarden_windows (-want +got):\n%s", diff)
		}
		return nil
	})
}

// TestWindowsAreCounted by what people watch.
func TestWindowsAreCounted(t *testing.T) {
	a, m := newAccessWorld(t), thisBoot()
	a.startAccessOn(m)
	end := ends(m.wall().Add(time.Hour))
	before := metricNamed(t, "zonewarden_access_ending_lateness_seconds").GetHistogram()
	first, second := a.request("first", time.Hour, end), a.request("second", time.Hour, end)
	waits := a.request("waits", time.Hour, end)
	for _, w := range []*v1alpha1.VendorAccessWindow{first, second} {
		a.decide(w, owner, v1alpha1.DecisionApprove)
		a.opened(w)
	}
	a.becomes(waits, v1alpha1.WindowRequested)
	a.phases(map[string]float64{"Active": 2, "Requested": 1})
	a.metric("zonewarden_access_open", 1) // the same person twice
	a.metric("zonewarden_access_sessions", 2)
	a.metric("zonewarden_access_unproved", 0)
	a.metric("zonewarden_access_reviews_owed", 0)

	a.node.silent.Store(true)
	a.node.deaf.Store(true)
	a.decide(first, shift, v1alpha1.DecisionRevoke)
	a.metric("zonewarden_access_unproved", 1)
	a.phases(map[string]float64{"Active": 1, "Revoked": 1, "Requested": 1})
	a.metric("zonewarden_access_sessions", 1)
	a.node.silent.Store(false)
	a.node.deaf.Store(false)
	a.metric("zonewarden_access_unproved", 0)
	after := metricNamed(t, "zonewarden_access_ending_lateness_seconds").GetHistogram()
	if after.GetSampleCount() != before.GetSampleCount()+1 || after.GetSampleSum() <= before.GetSampleSum() {
		t.Errorf("lateness: %d endings in %vs, before %d in %vs", after.GetSampleCount(), after.GetSampleSum(), before.GetSampleCount(), before.GetSampleSum())
	}

	glass := a.request("glass", time.Hour, end, func(s *v1alpha1.VendorAccessWindowSpec) { s.BreakGlass = true })
	a.opened(glass)
	a.metric("zonewarden_access_reviews_owed", 1)
	a.decide(glass, owner, v1alpha1.DecisionApprove)
	a.metric("zonewarden_access_reviews_owed", 0)
	a.decide(second, shift, v1alpha1.DecisionRevoke)
	a.decide(glass, shift, v1alpha1.DecisionRevoke)
	a.metric("zonewarden_access_open", 0)
	a.metric("zonewarden_access_sessions", 0)
	a.phases(map[string]float64{"Revoked": 3, "Requested": 1})
}
