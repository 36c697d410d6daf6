// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// witnesses are hosts of every kind: pods of several zones, a pod of none, devices.
func (w *waterWorks) witnesses() []*stage.Host {
	w.t.Helper()
	var out []*stage.Host
	for _, name := range []string{
		"ww-supervision/scada-0", "ww-filtration/opcua-server-0", "ww-filtration/modbus-gateway-0",
		"ww-historian/historian-0", "ww-historian/site-services-0", "ww-dmz/jump-host-0",
		"default/visitor", "plc-filter-01", "office-pc", "stranger",
	} {
		out = append(out, w.host(name))
	}
	return out
}

// The agent restarts: nothing opens, and what passes pauses no longer than what no
// policy selects.
func TestAnAgentRestartOpensAndCutsNothing(t *testing.T) {
	w := plant(t)
	visitor, second := w.host("default/visitor"), w.Pod(t, "default/visitor-2", map[string]string{"app": "visitor"})
	t.Cleanup(func() { w.RemovePod(t, second) })
	must(t, second.Serve(stage.UDP(123)))
	// A pod is new to the agent for as long as the agent is busy.
	w.opened(visitor, second, stage.UDP(123))
	w.opened(w.host("office-pc"), second, stage.UDP(123))
	without := []*stage.Stream{
		w.open(visitor, second, stage.UDP(123)), w.open(visitor, w.host("office-pc"), stage.UDP(123)),
		w.open(w.host("office-pc"), second, stage.UDP(123)),
	}
	x := w.watchPairs(slices.DeleteFunc(w.witnesses(), func(h *stage.Host) bool { return h == visitor }), stage.UDP(123))
	must(t, w.StopAgent())
	x.carriesOn(t)
	must(t, w.StartAgent())
	w.agentWorks(second)

	lost := 0
	for _, s := range without {
		missing, _ := s.Up.Loss()
		lost = max(lost, missing)
	}
	own := time.Duration(lost) * stage.Beat
	record(t, "the same without any policy", "%d packets lost, %s worth of them", lost, inMS(own))
	// Two streams are not in step, so one may lose a few more to the same pause.
	most := x.judge(t, "agent restart", expect(t, w.Stage), int((own+50*time.Millisecond)/beat))
	record(t, "with policies", "%d packets lost, %s worth of them", most, inMS(time.Duration(most)*beat))
}

// agentWorks waits until the agent carries out changes again.
func (w *waterWorks) agentWorks(h *stage.Host) {
	w.t.Helper()
	deny := stage.Parse(w.t, `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: agent-works, namespace: default}
spec: {podSelector: {matchLabels: {app: visitor}}, policyTypes: [Ingress]}
`)[0]
	_ = h.Serve(stage.TCP(9301))
	w.Apply(w.t, deny)
	stage.Until(w.t, settles, "the agent carries out changes", func() bool {
		return !stage.Dial(w.host("default/visitor"), h, stage.TCP(9301), quick).Passed
	})
	w.Remove(w.t, deny)
	w.opened(w.host("default/visitor"), h, stage.TCP(9301))
}

// holdsMost is how long an agent may hold an address to the zone that it was in before the
// agent's start: half a minute after the endpoints are back, which takes a busy machine
// some time as well.
const holdsMost = 90 * time.Second

// An address that leaves its zone while the agent is away goes on being let in by what
// let it in, until the agent gives up what it kept over its start. That it ends is what
// is shown, and when.
func TestAnAddressThatMovesWhileTheAgentIsAwayIsHeldForAWhile(t *testing.T) {
	w := plant(t)
	moved := w.object("Asset", "remote-io-filter")
	from, to, port := w.host("remote-io-filter"), w.host("ww-filtration/opcua-server-0"), stage.TCP(22)
	w.opened(from, to, port)
	must(t, w.StopAgent())
	t.Cleanup(func() {
		must(t, w.StartAgent())
		w.Apply(t, w.object("Asset", "remote-io-filter"))
		w.opened(from, to, port)
	})
	moved.SetLabels(map[string]string{"plant.example/zone": "cell-dosing"})
	w.Apply(t, moved)
	stage.Until(t, settles, "the address is in the group of its new zone, and in no other", func() bool {
		return w.groups("10.20.1.21") == "zone-cell-dosing"
	}, func() string { return w.groups("10.20.1.21") })
	start := time.Now()
	must(t, w.StartAgent())
	stage.Until(t, holdsMost, "the address is out of its zone", func() bool {
		return !stage.Dial(from, to, port, quick).Passed
	})
	record(t, "an address that moved while the agent was away, agent started to shut", "%s", time.Since(start).Round(time.Millisecond))
}

// groups are those of Cilium's groups of addresses that hold an address.
func (w *waterWorks) groups(address string) string {
	w.t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(schema.GroupVersionKind{Group: "cilium.io", Version: "v2", Kind: "CiliumCIDRGroupList"})
	must(w.t, w.List(w.ctx(), list))
	var out []string
	for _, group := range list.Items {
		held, _, _ := unstructured.NestedStringSlice(group.Object, "spec", "externalCIDRs")
		if slices.ContainsFunc(held, func(cidr string) bool { return strings.HasPrefix(cidr, address+"/") }) {
			out = append(out, group.GetName())
		}
	}
	return strings.Join(out, ", ")
}

// The API server goes and comes back: no packet notices.
func TestAnOutageOfTheAPIServerIsNotNoticed(t *testing.T) {
	w := plant(t)
	endOurs(t, w.Stage)
	x := w.watchPairs(w.witnesses(), stage.UDP(123))
	must(t, w.StopAPIServer())
	x.carriesOn(t)
	must(t, w.StartAPIServer())
	x.carriesOn(t)
	x.judge(t, "outage of the API server", expect(t, w.Stage), 0)

	// The operator works again, without anybody's help.
	trial := stage.Parse(t, trial)[0]
	t.Cleanup(func() { w.Remove(t, trial) })
	from, to := w.host("ww-supervision/hmi-client-0"), w.host("ww-historian/historian-0")
	must(t, to.Serve(stage.UDP(9101)))
	w.Apply(t, trial)
	stage.Until(t, 3*time.Minute, "a new conduit opens after the outage", func() bool {
		return stage.Dial(from, to, stage.UDP(9101), quick).Passed
	})
}

// The power fails and comes back, with no network but the plant's: what should pass
// passes again by itself, and nothing else does on the way.
func TestAfterAPowerCutTheMatrixHolds(t *testing.T) {
	w := plant(t)
	must(t, w.PowerCut())
	w.powerOn()
	// Without the operator: the policies stand by themselves.
	w.probe().agree(t)
	must(t, w.StartOperator())
	w.settled()
	w.probe().agree(t)
}

// powerOn brings back what a node starts by itself, and the servers in its pods.
func (w *waterWorks) powerOn() {
	w.t.Helper()
	start := time.Now()
	must(w.t, w.PowerOn())
	ports := expect(w.t, w.Stage).ports()
	for _, h := range w.hosts {
		must(w.t, h.Serve(ports...))
	}
	record(w.t, "power back to control plane, agent and every host", "%s", time.Since(start).Round(time.Millisecond))
}

// The operator stops: the segmentation stands. What is deleted meanwhile closes when it
// returns.
func TestSegmentationStandsWithoutTheOperator(t *testing.T) {
	w := plant(t)
	conduit := stage.Parse(t, trial)[0]
	t.Cleanup(func() { w.Remove(t, conduit) })
	from, to := w.host("ww-supervision/hmi-client-0"), w.host("ww-historian/historian-0")
	must(t, to.Serve(stage.UDP(9101)))
	w.Apply(t, conduit)
	w.opened(from, to, stage.UDP(9101))

	must(t, w.KillOperator())
	t.Cleanup(func() { must(t, w.StartOperator()) })
	x := w.watchPairs(w.witnesses(), stage.UDP(123))
	w.Remove(t, conduit)
	x.carriesOn(t)
	if !stage.Dial(from, to, stage.UDP(9101), patient).Passed {
		t.Error("a conduit that fails to LastKnown closed without the operator")
	}
	x.judge(t, "operator stopped", expect(t, w.Stage), 0)
	start := time.Now()
	must(t, w.StartOperator())
	w.shut(from, to)
	record(t, "operator started to the deleted conduit shut", "%s", time.Since(start).Round(time.Millisecond))
}

// failMode sets the Site's, until the test ends.
func (w *waterWorks) failMode(mode string) {
	w.t.Helper()
	site := w.object("Site", "site")
	must(w.t, unstructured.SetNestedField(site.Object, mode, "spec", "failMode"))
	w.t.Cleanup(func() { w.Apply(w.t, w.object("Site", "site")) })
	w.Apply(w.t, site)
	w.settled()
}

// A conduit of a site that fails closed closes without the operator, by garbage
// collection.
func TestAConduitThatFailsClosedClosesWithoutTheOperator(t *testing.T) {
	w := plant(t)
	w.failMode("Closed")
	conduit := stage.Parse(t, trial)[0]
	from, to := w.host("ww-supervision/hmi-client-0"), w.host("ww-historian/historian-0")
	must(t, to.Serve(stage.UDP(9101)))
	w.Apply(t, conduit)
	t.Cleanup(func() { w.Remove(t, conduit) })
	w.opened(from, to, stage.UDP(9101))
	must(t, w.KillOperator())
	t.Cleanup(func() { must(t, w.StartOperator()); w.settled() })
	start := time.Now()
	w.Remove(t, conduit)
	w.shut(from, to)
	record(t, "conduit deleted to closed by garbage collection", "%s", time.Since(start).Round(time.Millisecond))
	if !stage.Dial(w.host("ww-supervision/scada-0"), w.host("ww-filtration/opcua-server-0"), stage.TCP(4840), patient).Passed {
		t.Error("another conduit closed as well")
	}
}
