// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/probe"
)

// network answers by port: the outcomes in turn, the last one for ever.
type network struct {
	outcomes map[uint16][]probe.Outcome
	taken    map[uint16]bool
	gone     bool
	silent   bool // nothing answers: every dial takes its time
	dials    int
}

func (n *network) Connect(ctx context.Context, a probe.Attempt) (probe.Outcome, error) {
	if n.taken[a.Port] {
		return "", errors.New("address already in use")
	}
	n.dials++
	if n.silent {
		<-ctx.Done()
		return probe.Dropped, nil
	}
	next := n.outcomes[a.Port]
	if len(next) > 1 {
		n.outcomes[a.Port] = next[1:]
	}
	return next[0], nil
}

func (n *network) Check(probe.Attempt) error {
	if n.gone {
		return errors.New("the namespace is gone")
	}
	return nil
}

const passPort, notPort = 4840, 40123

// plan is one attempt of each, and a second port for each if there is one.
func plan(more ...uint16) probe.Plan {
	from, to := probe.End{Pod: "ww-filtration/plc-0"}, probe.End{Pod: "ww-supervision/hmi"}
	p := probe.Plan{
		MustPass: []probe.Attempt{{From: from, To: to, Port: passPort}},
		MustNot:  []probe.Attempt{{From: to, To: from, Port: notPort}},
	}
	for _, port := range more {
		p.MustPass = append(p.MustPass, probe.Attempt{From: from, To: to, Port: port})
		p.MustNot = append(p.MustNot, probe.Attempt{From: to, To: from, Port: port + 40000})
	}
	return p
}

func outcomes(pass, not probe.Outcome) map[uint16][]probe.Outcome {
	return map[uint16][]probe.Outcome{passPort: {pass}, notPort: {not}}
}

// What the attempts of plan are called.
const (
	passLine = "ww-filtration/plc-0 -> ww-supervision/hmi 4840/TCP: "
	notLine  = "ww-supervision/hmi -> ww-filtration/plc-0 40123/TCP: "
)

var conclusions = []struct {
	name    string
	network network
	plan    probe.Plan
	want    probe.Result
	dials   int
}{
	{
		"as it must be",
		network{outcomes: outcomes(probe.Passed, probe.Dropped)},
		plan(),
		probe.Result{State: probe.Verified, MustPass: passLine + "passed", MustNot: notLine + "dropped"},
		2,
	},
	{
		"a policy that rejects",
		network{outcomes: outcomes(probe.Passed, probe.Rejected)},
		plan(),
		probe.Result{State: probe.Verified, MustPass: passLine + "passed", MustNot: notLine + "refused"},
		2,
	},
	{
		"leaking",
		network{outcomes: outcomes(probe.Passed, probe.Passed)},
		plan(),
		probe.Result{State: probe.Leaking, MustPass: passLine + "passed", MustNot: notLine + "passed", Why: "a connection passed that must not pass"},
		2,
	},
	{
		"leaking and cut",
		network{outcomes: outcomes(probe.Dropped, probe.Passed)},
		plan(),
		probe.Result{State: probe.Leaking, MustPass: passLine + "dropped", MustNot: notLine + "passed", Why: "a connection passed that must not pass"},
		4,
	},
	{
		"cut",
		network{outcomes: outcomes(probe.Rejected, probe.Dropped)},
		plan(),
		probe.Result{State: probe.Cut, MustPass: passLine + "refused", MustNot: notLine + "dropped", Why: "a connection that must pass did not, tried 3 times"},
		4,
	},
	{
		"two packets lost",
		network{outcomes: map[uint16][]probe.Outcome{passPort: {probe.Dropped, probe.Dropped, probe.Passed}, notPort: {probe.Dropped}}},
		plan(),
		probe.Result{State: probe.Verified, MustPass: passLine + "passed", MustNot: notLine + "dropped"},
		4,
	},
	{
		"the first port is taken",
		network{outcomes: map[uint16][]probe.Outcome{502: {probe.Passed}, 40502: {probe.Dropped}}, taken: map[uint16]bool{passPort: true, notPort: true}},
		plan(502),
		probe.Result{State: probe.Verified, MustPass: "ww-filtration/plc-0 -> ww-supervision/hmi 502/TCP: passed", MustNot: "ww-supervision/hmi -> ww-filtration/plc-0 40502/TCP: dropped"},
		2,
	},
	{
		"held, and nothing must pass",
		network{outcomes: outcomes("", probe.Dropped)},
		probe.Plan{MustNot: plan().MustNot},
		probe.Result{State: probe.Unproven, MustPass: "no pair of pods on this node to try it with", MustNot: notLine + "dropped", Why: "held, but nothing that must pass could be tried"},
		1,
	},
	{
		"held, and the ports that must pass are taken",
		network{outcomes: outcomes("", probe.Dropped), taken: map[uint16]bool{passPort: true, 502: true}},
		plan(502),
		probe.Result{State: probe.Unproven, MustPass: passLine + "not tried: address already in use (and 1 more)", MustNot: notLine + "dropped", Why: "held, but nothing that must pass could be tried"},
		1,
	},
	{
		"leaking, and nothing must pass",
		network{outcomes: outcomes("", probe.Passed)},
		probe.Plan{MustNot: plan().MustNot},
		probe.Result{State: probe.Leaking, MustPass: "no pair of pods on this node to try it with", MustNot: notLine + "passed", Why: "a connection passed that must not pass"},
		1,
	},
	{
		"passed, and everything may",
		network{outcomes: outcomes(probe.Passed, "")},
		probe.Plan{MustPass: plan().MustPass},
		probe.Result{State: probe.Unproven, MustPass: passLine + "passed", MustNot: "no pair of pods on this node to try it with", Why: "passed, but nothing that must not pass could be tried"},
		1,
	},
	{
		"nothing",
		network{},
		probe.Plan{},
		probe.Result{State: probe.Unproven, MustPass: "no pair of pods on this node to try it with", MustNot: "no pair of pods on this node to try it with", Why: "nothing could be tried"},
		0,
	},
	{
		"nothing to choose",
		network{},
		probe.Plan{Why: "there is no second pod on this node"},
		probe.Result{State: probe.Unproven, MustPass: "nothing to try", MustNot: "nothing to try", Why: "there is no second pod on this node"},
		0,
	},
	{
		"a proxy beside the pod",
		network{outcomes: outcomes(probe.Passed, probe.Misdirected)},
		plan(502),
		probe.Result{State: probe.Unproven, MustPass: passLine + "passed", MustNot: notLine + "answered by something other than our listener", Why: "what was tried proves nothing this time"},
		2,
	},
	{
		"a pod was deleted",
		network{outcomes: outcomes(probe.Dropped, probe.Dropped), gone: true},
		plan(),
		probe.Result{
			State: probe.Unproven, MustPass: passLine + "dropped, but an end went away: the namespace is gone",
			MustNot: notLine + "dropped, but an end went away: the namespace is gone", Why: "what was tried proves nothing this time",
		},
		4,
	},
}

func TestRunConcludes(t *testing.T) {
	for _, tt := range conclusions {
		t.Run(tt.name, func(t *testing.T) {
			p := probe.Prober{Network: &tt.network, Judge: conduits}
			if diff := cmp.Diff(tt.want, p.Run(t.Context(), tt.plan)); diff != "" {
				t.Errorf("(-want +have)\n%s", diff)
			}
			if tt.network.dials != tt.dials {
				t.Errorf("%d dials, want %d", tt.network.dials, tt.dials)
			}
		})
	}
}

// The plan was made before; what counts is what the policies say after the dial.
func TestFindingsHoldAgainstThePoliciesOfThatMoment(t *testing.T) {
	for _, outcome := range []probe.Outcome{probe.Passed, probe.Dropped} {
		for _, now := range []probe.Judge{
			always(probe.Unknown),
			func(src, dst netip.Addr, port uint16) probe.Answer { // all the other way round
				return map[probe.Answer]probe.Answer{probe.Admitted: probe.Refused, probe.Refused: probe.Admitted}[conduits(src, dst, port)]
			},
		} {
			p := probe.Prober{Network: &network{outcomes: outcomes(outcome, outcome)}, Judge: now}
			r := p.Run(t.Context(), plan())
			if r.State != probe.Unproven {
				t.Errorf("%+v", r)
			}
		}
	}
}

// A dial that was not given its time looks like one that was dropped.
func TestInterruptedIsNoFinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{silent: true}
		p := probe.Prober{Network: n, Judge: conduits, Timeout: time.Second}
		start := time.Now()
		if r := p.Run(t.Context(), plan()); r.State != probe.Cut || time.Since(start) != 4*time.Second {
			t.Errorf("after %s: %+v", time.Since(start), r)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		want := probe.Result{
			State:    probe.Unproven,
			MustPass: "ww-filtration/plc-0 -> ww-supervision/hmi 4840/TCP: interrupted",
			MustNot:  "ww-supervision/hmi -> ww-filtration/plc-0 40123/TCP: interrupted",
			Why:      "what was tried proves nothing this time",
		}
		n.dials = 0
		if diff := cmp.Diff(want, p.Run(ctx, plan())); diff != "" {
			t.Errorf("(-want +have)\n%s", diff)
		}
		if n.dials != 3 {
			t.Errorf("%d dials", n.dials)
		}
	})
}
