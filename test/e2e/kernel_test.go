// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// The same on a node that tracks connections in the kernel, where what is established
// passes in both directions until its entry is gone.
func TestWhatIsOpenStopsOnKernelConntrack(t *testing.T) {
	w := plant(t)
	router := w.Router(t, "edge-3", "172.30.0.13")
	from := router.Pod(t, "ww-supervision/kernel-client", "10.42.3.11", map[string]string{"app": "hmi-client"})
	to := router.Pod(t, "ww-historian/kernel-server", "10.42.3.12", map[string]string{"app": "historian"})
	must(t, to.Serve(stage.TCP(9101), stage.UDP(9101), stage.TCP(9102), stage.UDP(9102)))
	conduit, other := stage.Parse(t, trial)[0], standing(t)
	t.Cleanup(func() { w.Remove(t, conduit, other) })
	w.Apply(t, other)
	w.accepted(other)
	w.StartNodeAgentOn(t, router.Name, "--flow-table=Kernel", "--host-netns="+router.Namespace)

	stays := []stage.Passage{{From: from, To: to, Port: stage.TCP(9102)}, {From: from, To: to, Port: stage.UDP(9102)}}
	goes := []stage.Passage{{From: from, To: to, Port: stage.TCP(9101)}, {From: from, To: to, Port: stage.UDP(9101)}}
	must(t, router.Allow(stays...))
	bystanders := []*stage.Stream{w.open(from, to, stage.TCP(9102)), w.open(from, to, stage.UDP(9102))}

	stops := map[string]*figures{}
	for range changes {
		w.Apply(t, conduit)
		w.accepted(conduit)
		must(t, router.Allow(append(goes, stays...)...))
		through := []*stage.Stream{w.open(from, to, stage.TCP(9101)), w.open(from, to, stage.UDP(9101))}
		start := time.Now()
		w.Remove(t, conduit)
		// The part of the network plugin: it shuts the way, and leaves what is open.
		w.gone("conduit-trial")
		must(t, router.Allow(stays...))
		w.stopped(through, start, stops)
	}
	judgeStops(t, stops)
	undisturbed(t, bystanders)
}
