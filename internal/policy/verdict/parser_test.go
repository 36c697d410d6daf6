// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict_test

import (
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/policy/verdict"
)

func TestFloorsAndPodAt(t *testing.T) {
	floor := func(name, managedBy, rest string) string {
		return "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: zone-" + name +
			", labels: {app.kubernetes.io/managed-by: " + managedBy + ", zonewarden.io/kind: Zone, zonewarden.io/name: " + name + "}}\n" +
			"spec: {endpointSelector: {matchLabels: {'k8s:app': x}}, ingress: [{}], egress: [{}]" + rest + "}"
	}
	rules := verdict.New(cluster(objects(t, strings.Join([]string{
		floor("one", "zonewarden", ""), floor("another", "zonewarden", ""), floor("foreign", "somebody", ""),
		floor("observe", "zonewarden", ", enableDefaultDeny: {ingress: false, egress: false}"),
		floor("in", "zonewarden", ", enableDefaultDeny: {egress: false}"), floor("out", "zonewarden", ", enableDefaultDeny: {ingress: false}"),
		strings.Replace(floor("hidden", "zonewarden", ""), "'k8s:app': x", "pod-template-hash: '1'", 1),
		floor("strange", "zonewarden", ", tier: 1"),
	}, "\n---\n"))...))
	for place, want := range map[string][]string{"a/x": {"another", "one"}, "a/y": nil, "node": nil, "out": nil, "twice": nil} {
		if diff := cmp.Diff(want, rules.Floors(netip.MustParseAddr(places[place]))); diff != "" {
			t.Errorf("%s: %s", place, diff)
		}
	}
	for place, want := range map[string]string{"a/x": "x", "b/z": "z", "node": "", "out": "", "twice": ""} {
		if got, ok := rules.PodAt(netip.MustParseAddr(places[place])); got.Name != want || ok != (want != "") {
			t.Errorf("at %s: %q, %t", place, got.Name, ok)
		}
	}
}

// TestParserRemembers: what has the same UID and version is not read again, and
// another version is.
func TestParserRemembers(t *testing.T) {
	at := func(version, doc string) map[string]any {
		o := objects(t, doc)[0]
		o["metadata"] = map[string]any{"name": "p", "uid": "u", "resourceVersion": version}
		return o
	}
	closed, open := allow("{}"), allow("{toEntities: [all]}")
	var p verdict.Parser
	for i, step := range []struct {
		objects []map[string]any
		want    verdict.Answer
	}{
		{[]map[string]any{at("1", closed)}, verdict.Refused},
		{[]map[string]any{at("1", open)}, verdict.Refused}, // cannot be, and shows that it is not read
		{[]map[string]any{at("2", open)}, verdict.Admitted},
		{nil, verdict.Admitted},
		{[]map[string]any{at("2", closed)}, verdict.Refused}, // forgotten in between
		{[]map[string]any{objects(t, closed)[0], objects(t, open)[0]}, verdict.Admitted},
	} {
		if got := p.Rules(cluster(step.objects...)).Judge(flow(t, "a/x out 1/TCP")); got.Answer != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
}

// TestJudgeAtOnce is for the race detector: what is looked up late is looked up once.
func TestJudgeAtOnce(t *testing.T) {
	rules, f := verdict.New(cluster(objects(t, allow("{toEntities: [world]}"))...)), flow(t, "a/x out 1/TCP")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := rules.Judge(f); got.Answer != verdict.Admitted {
				t.Errorf("%v", got)
			}
		})
	}
	all.Wait()
}
