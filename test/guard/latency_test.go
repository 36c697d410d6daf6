// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"slices"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/test/controlplane"
)

// samples of each request, with and without the guard.
const samples = 50

// timed are requests that the guard looks at, and one that it does not, as dry runs: they
// go all the way through admission, and nothing that piles up counts in.
var timed = []routine{
	{name: "pod", as: developer, do: create("apiVersion: v1\nkind: Pod\nmetadata: {name: timed, namespace: cell-1}\nspec: {containers: [{name: c, image: i}]}")},
	{name: "pod-with-zone-label", as: siteAdmin, do: create(podWithLabel)},
	{name: "pod-out-of-scope", as: neighbour, do: create("apiVersion: v1\nkind: Pod\nmetadata: {name: timed, namespace: office}\nspec: {containers: [{name: c, image: i}]}")},
	{name: "deployment", as: developer, do: create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: {metadata: {labels: {app: spoof}}, spec: {containers: [{name: c, image: i}]}}}"))},
	{name: "conduit", as: siteAdmin, do: create(conduitOf("timed", "historian", "cell-1"))},
	{name: "conduit-of-24-zones", as: wideAuthor, do: create(conduitOf("timed", "z-24", zonesUpTo(23)...))},
	{name: "floor", as: operator, do: ownFloor},
	{name: "namespace-label", as: landlord, do: merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"team":"a"}}}`)},
	{name: "configmap-not-looked-at", as: developer, do: create("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: timed, namespace: cell-1}")},
}

// BenchmarkLatency measures what the guard adds to a request: the medians of two control
// planes, one with it and one without, that are asked in turn.
func BenchmarkLatency(b *testing.B) {
	for b.Loop() {
		guarded, open := startTimed(b), startTimed(b)
		if err := guarded.raiseGuard(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := guarded.awaitGuard(b.Context()); err != nil {
			b.Fatal(err)
		}
		measure(b, guarded, open) // to warm up
		with, without := measure(b, guarded, open)
		for _, r := range timed {
			b.ReportMetric(float64(without[r.name].Microseconds()), r.name+"-us")
			b.ReportMetric(float64((with[r.name] - without[r.name]).Microseconds()), r.name+"-added-us")
			b.ReportMetric(float64(with[r.name])/float64(without[r.name]), r.name+"-ratio")
		}
		guarded.stop()
		open.stop()
	}
}

// startTimed starts a plant without a guard. The controller manager fills the role edit, and
// is then idle.
func startTimed(b *testing.B) *cluster {
	b.Helper()
	c, err := startCluster(b.Context(), controlplane.Options{ControllerManager: true}, "../../config/crd")
	if err != nil {
		b.Fatal(err)
	}
	if err := c.buildPlant(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := c.becomes(b.Context(), accepted, "the developer has the rights of the role edit", developer, timed[0].do); err != nil {
		b.Fatal(err)
	}
	return c
}

// measure returns the medians of both.
func measure(b *testing.B, first, second *cluster) (medians, others map[string]time.Duration) {
	b.Helper()
	medians, others = map[string]time.Duration{}, map[string]time.Duration{}
	for _, r := range timed {
		var of, ofOther []time.Duration
		for range samples {
			of = append(of, first.clock(b, r))
			ofOther = append(ofOther, second.clock(b, r))
		}
		slices.Sort(of)
		slices.Sort(ofOther)
		medians[r.name], others[r.name] = of[samples/2], ofOther[samples/2]
	}
	return medians, others
}

func (c *cluster) clock(b *testing.B, r routine) time.Duration {
	b.Helper()
	as := c.callers[r.as].dryRun()
	began := time.Now()
	if err := r.do(b.Context(), as); err != nil {
		b.Fatalf("%s: %v", r.name, err)
	}
	return time.Since(began)
}
