// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// The power comes back to a machine whose clock has no battery, and nobody tells it the
// time: for operator and node agent it is the year 2000, before everything that they find
// written. What should pass passes and nothing else does, then and when the time is
// right again.
func TestAfterAPowerCutWithAClockOf2000TheMatrixHolds(t *testing.T) {
	w := plant(t)
	must(t, w.PowerCut())
	t.Cleanup(w.inTime)
	must(t, w.Lie(time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)))
	w.powerOn()
	must(t, w.StartOperator(), w.StartNodeAgent())
	w.settled()
	w.probe().agree(t)

	conduit := stage.Parse(t, trial)[0]
	t.Cleanup(func() { w.Remove(t, conduit) })
	from, to := w.host("ww-supervision/hmi-client-0"), w.host("ww-historian/historian-0")
	must(t, to.Serve(stage.TCP(9101), stage.UDP(9101)))
	w.Apply(t, conduit)
	w.opened(from, to, stage.UDP(9101))
	w.writesIn(2000)
	through := []*stage.Stream{w.open(from, to, stage.TCP(9101)), w.open(from, to, stage.UDP(9101))}
	start := time.Now()
	w.Remove(t, conduit)
	w.stopped(through, start, map[string]*figures{})
	w.shut(from, to)

	// What was written in 2000 is not taken for older or newer than it is.
	w.Apply(t, conduit)
	w.opened(from, to, stage.UDP(9101))
	w.inTime()
	w.opened(from, to, stage.UDP(9101))
	w.Remove(t, conduit)
	w.shut(from, to)
	w.probe().agree(t)
}

// inTime starts operator and node agent again, with clocks that are right.
func (w *waterWorks) inTime() {
	w.t.Helper()
	w.TellTheTime()
	must(w.t, w.StopOperator(), w.StopNodeAgent(), w.StartOperator(), w.StartNodeAgent())
	w.settled()
}

// writesIn waits until the year is in what operator and node agent write: a condition of
// the trial, and a report.
func (w *waterWorks) writesIn(year int) {
	w.t.Helper()
	stage.Until(w.t, settles, "operator and node agent write in another year", func() bool {
		var conduit v1alpha1.Conduit
		var report v1alpha1.NodeReport
		must(w.t, w.Get(w.ctx(), client.ObjectKey{Name: "trial"}, &conduit), w.Get(w.ctx(), client.ObjectKey{Name: stage.NodeName}, &report))
		c := meta.FindStatusCondition(conduit.Status.Conditions, v1alpha1.ConditionAccepted)
		return c != nil && c.LastTransitionTime.UTC().Year() == year && report.Status.RenewTime.UTC().Year() == year
	})
}
