// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/flows"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// live is a table with just these flows.
type live []flows.Flow

func (l live) Name() string { return flows.NameKernel }

func (l live) Flows(_ context.Context, yield func(flows.Flow) bool) error {
	for _, f := range l {
		if !yield(f) {
			break
		}
	}
	return nil
}

func (l live) End(context.Context, []flows.Flow) (int, error) { return 0, nil }

func liveFlow(from, to string, port uint16) flows.Flow {
	return flows.Flow{Source: netip.MustParseAddr(from), Destination: netip.MustParseAddr(to), SourcePort: 40000, Port: port, Transport: protocol.TCP}
}

// plantRules have a zone that enforces (10.0.0.2), one that observes (10.0.0.3), a pod in
// no zone (10.0.0.4), a conduit to 10.20.1.0/24, and somebody else's policy.
func plantRules(t *testing.T) *verdict.Rules {
	t.Helper()
	ours := func(kind, name string) string {
		return "labels: {app.kubernetes.io/managed-by: zonewarden, zonewarden.io/kind: " + kind + ", zonewarden.io/name: " + name + "}}\n"
	}
	c := verdict.Cluster{
		Namespaces: map[string]map[string]string{"cell": {}, "lab": {}, "other": {}},
		Nodes:      []netip.Addr{netip.MustParseAddr("192.168.7.1")},
	}
	for i, name := range []string{"cell/gateway", "lab/bench", "other/pod"} {
		namespace, pod, _ := strings.Cut(name, "/")
		c.Pods = append(c.Pods, verdict.Pod{Namespace: namespace, Name: pod, Labels: map[string]string{"in": namespace}, Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 2)})}})
	}
	for _, doc := range []string{
		"kind: CiliumClusterwideNetworkPolicy\nmetadata: {name: zone-cell, " + ours("Zone", "cell") + "spec: {endpointSelector: {matchLabels: {in: cell}}, ingress: [{}], egress: [{}]}",
		"kind: CiliumClusterwideNetworkPolicy\nmetadata: {name: zone-lab, " + ours("Zone", "lab") + "spec: {endpointSelector: {matchLabels: {in: lab}}, enableDefaultDeny: {ingress: false, egress: false}, ingress: [{}], egress: [{}]}",
		"kind: CiliumClusterwideNetworkPolicy\nmetadata: {name: conduit-a, " + ours("Conduit", "a") + "spec: {endpointSelector: {matchLabels: {in: cell}}, egress: [{toCIDRSet: [{cidr: 10.20.1.0/24}]}]}",
		"kind: CiliumCIDRGroup\nmetadata: {name: zone-drives, " + ours("Zone", "drives") + "spec: {externalCIDRs: [10.20.9.0/24]}",
		"kind: CiliumClusterwideNetworkPolicy\nmetadata: {name: theirs}\nspec: {endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 0.0.0.0/0}]}]}",
	} {
		var o map[string]any
		if err := yaml.UnmarshalStrict([]byte("apiVersion: cilium.io/v2\n"+doc), &o); err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
		c.Objects = append(c.Objects, o)
	}
	return verdict.New(c)
}

func TestWhichFlowsAreOutside(t *testing.T) {
	rules := plantRules(t)
	ranges := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}
	for name, tc := range map[string]struct {
		flow flows.Flow
		want string
	}{
		"to nobody's address":    {liveFlow("10.0.0.2", "10.9.9.9", 443), "cell/gateway Out 10.9.9.9 443/TCP"},
		"from nobody's address":  {liveFlow("10.9.9.9", "10.0.0.2", 502), "cell/gateway In 10.9.9.9 502/TCP"},
		"of a zone in Observe":   {liveFlow("10.0.0.3", "10.9.9.9", 443), "lab/bench Out 10.9.9.9 443/TCP"},
		"of a pod in no zone":    {liveFlow("10.0.0.4", "10.9.9.9", 443), ""},
		"that a conduit names":   {liveFlow("10.0.0.2", "10.20.1.7", 443), ""},
		"that a group names":     {liveFlow("10.20.9.7", "10.0.0.2", 443), ""},
		"between pods":           {liveFlow("10.0.0.2", "10.0.0.3", 443), ""},
		"to a node":              {liveFlow("10.0.0.2", "192.168.7.1", 443), ""},
		"of nobody here":         {liveFlow("10.9.9.9", "10.9.9.8", 443), ""},
		"with the plugin itself": {liveFlow("10.0.0.2", "10.0.0.200", 4240), ""},
		"to a link-local one":    {liveFlow("10.0.0.2", "169.254.20.10", 53), ""},
	} {
		got := ""
		if o, is := outsideFlow(tc.flow, rules, ranges); is {
			got = fmt.Sprintf("%s %s %s %s", o.Pod, o.Direction, o.Address, o.Port)
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestOutsideFlowsAreStable: what is reported changes when there is something new, and not
// with ports, order or a pause between two packets.
func TestOutsideFlowsAreStable(t *testing.T) {
	rules, start := plantRules(t), time.Date(2027, time.June, 30, 12, 0, 0, 0, time.UTC)
	var r report
	known := outsiders{}
	one, two := liveFlow("10.0.0.2", "10.9.9.9", 443), liveFlow("10.0.0.2", "10.9.9.1", 443)
	again := one
	again.SourcePort++
	for i, step := range []struct {
		name  string
		after time.Duration
		table live
		news  bool
		want  int
	}{
		{"nothing", 0, nil, false, 0},
		{"the first", time.Minute, live{one}, true, 1},
		{"the same by another port", time.Minute, live{again, one}, false, 1},
		{"a pause", 14 * time.Minute, nil, false, 1},
		{"again", 0, live{one}, false, 1},
		{"another", time.Minute, live{two, one}, true, 2},
		{"in another order", time.Minute, live{one, two}, false, 2},
		{"one is over", 14 * time.Minute, live{one}, false, 2},
		{"and forgotten", time.Minute, live{one}, true, 1},
	} {
		start = start.Add(step.after)
		if err := known.look(t.Context(), step.table, rules, nil, start); err != nil {
			t.Fatal(err)
		}
		news := r.setOutside(known.list())
		if list := r.now(start).OutsideFlows; news != step.news || len(list) != step.want || step.want > 0 && list[0].Address != "10.9.9.9" {
			t.Errorf("%d, %s: news %t, %v", i, step.name, news, list)
		}
	}
}

// TestOutsideFlowsAreBounded: those known longest stay, and it is said that there are more.
func TestOutsideFlowsAreBounded(t *testing.T) {
	rules, start := plantRules(t), time.Date(2027, time.June, 30, 12, 0, 0, 0, time.UTC)
	known := outsiders{}
	if err := known.look(t.Context(), live{liveFlow("10.0.0.2", "10.99.0.1", 443)}, rules, nil, start); err != nil {
		t.Fatal(err)
	}
	var many live
	for i := range 3000 {
		many = append(many, liveFlow("10.0.0.2", fmt.Sprintf("10.9.%d.%d", i/250, i%250), 443))
	}
	if err := known.look(t.Context(), many, rules, nil, start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	list, more := known.list()
	if len(list) != mostOutside || !more || list[0].Address != "10.99.0.1" || len(known) != mostOutsideRemembered {
		t.Errorf("%d listed, more %t, %d remembered, first %v", len(list), more, len(known), list[0])
	}
	var r report
	if !r.setOutside(list, more) || r.setOutside(list, more) || !r.setOutside(list, false) {
		t.Error("news is not what is new")
	}
}

// TestDeclaredSince: what a policy of ours names by now is no longer reported.
func TestDeclaredSince(t *testing.T) {
	known := outsiders{
		{Pod: "cell/gateway", Direction: v1alpha1.FlowOut, Address: "10.20.1.7", Port: "443/TCP"}: {time.Now(), time.Now()},
		{Pod: "cell/gateway", Direction: v1alpha1.FlowOut, Address: "10.9.9.9", Port: "443/TCP"}:  {time.Now(), time.Now()},
	}
	if err := known.look(t.Context(), live{}, plantRules(t), nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	list, _ := known.list()
	want := []v1alpha1.OutsideFlow{{Pod: "cell/gateway", Direction: v1alpha1.FlowOut, Address: "10.9.9.9", Port: "443/TCP"}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
