// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure_test

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/exposure"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/topology"
)

const (
	conduitsPerZone = 10
	podsPerZone     = 20
)

// large is a ring of zones, each with a namespace of its own, conduits to the next ten
// and pods of four applications.
func large(zones int) *topology.Snapshot {
	s := &topology.Snapshot{Site: &v1alpha1.Site{
		ObjectMeta: metav1.ObjectMeta{Name: topology.SiteName, UID: "site"},
		Spec: v1alpha1.SiteSpec{ID: "large", Scope: v1alpha1.Scope{
			NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{"ot": "yes"}},
		}, TimeZone: "UTC", ClusterNetworks: []v1alpha1.CIDR{"10.0.0.0/8"}, Rules: v1alpha1.SegmentationRules{LargestLevelStep: 1, CleartextWarnFrom: 5, CleartextRefuseFrom: 5}},
	}}
	for i := range zones {
		name := fmt.Sprintf("zone-%04d", i)
		s.Namespaces = append(s.Namespaces, topology.Namespace{Name: name, Labels: map[string]string{"ot": "yes", "kubernetes.io/metadata.name": name}})
		s.Zones = append(s.Zones, &v1alpha1.Zone{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ZoneSpec{
			Purdue: v1alpha1.LevelL2, Type: v1alpha1.ZoneTypeControl, Owner: "operations",
			SLTarget:    v1alpha1.SecurityLevels{All: new(v1alpha1.SecurityLevel(1))},
			Enforcement: v1alpha1.EnforcementEnforce,
			Members:     v1alpha1.ZoneMembers{Workloads: []v1alpha1.WorkloadMembers{{Namespaces: []string{name}}}},
		}})
		for k := range conduitsPerZone {
			s.Conduits = append(s.Conduits, &v1alpha1.Conduit{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("c-%04d-%02d", i, k)}, Spec: v1alpha1.ConduitSpec{
				Initiator:  v1alpha1.ConduitEnd{Zone: name, Workloads: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "a0"}}},
				Responders: []v1alpha1.ConduitEnd{{Zone: fmt.Sprintf("zone-%04d", (i+k+1)%zones)}},
				Flows:      []v1alpha1.Flow{{Protocol: "opcua-tcp", DeclaredMode: v1alpha1.ModeSignAndEncrypt}},
				Why:        v1alpha1.Justification{Need: "process values", RiskOwner: "operations"},
			}})
		}
		for p := range podsPerZone {
			s.Pods = append(s.Pods, topology.Pod{
				Namespace: name, Name: fmt.Sprintf("pod-%02d", p),
				Labels:    map[string]string{"app": fmt.Sprint("a", p%4), "pod-template-hash": fmt.Sprint(p % 4)},
				Addresses: []corev1.PodIP{{IP: fmt.Sprintf("10.%d.%d.%d", i/250, i%250, p+1)}},
			})
		}
	}
	return s
}

// charts are policies as charts of software bring them, in every second zone: most are
// what the zone allows anyway, one in ten opens it, one in ten denies.
func charts(tb testing.TB, n int) []map[string]any {
	tb.Helper()
	var out []map[string]any
	for i := range n {
		namespace := fmt.Sprintf("zone-%04d", 2*i)
		doc := np(namespace, everyPod+", policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}]}], egress: [{to: [{podSelector: {}}]}]")
		switch i % 10 {
		case 0:
			doc = np(namespace, everyPod+", ingress: [{}]")
		case 1:
			doc = cnp(namespace, "endpointSelector: {matchLabels: {app: a1}}, ingressDeny: [{toPorts: [{ports: [{port: '4840', protocol: TCP}]}]}]")
		case 2:
			doc = np(namespace, everyPod+", ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 4840}]}]")
		}
		out = append(out, object(tb, doc, i))
	}
	return out
}

// BenchmarkLook is one look around a site: all of it anew; again when one pod, one
// policy of others or nothing changed; and where others have no policies at all.
func BenchmarkLook(b *testing.B) {
	for _, zones := range []int{100, 1000} {
		s := large(zones)
		m := topology.Resolve(*s)
		in := exposure.Input{Snapshot: s, Model: m, Objects: policy.NewCompiler(cilium.Backend{}).Compile(m).Objects, Foreign: charts(b, 50)}
		if len(m.Conduits) != zones*conduitsPerZone || len(in.Objects) < len(m.Conduits) {
			b.Fatalf("%d conduits, %d objects", len(m.Conduits), len(in.Objects))
		}
		run := func(name string, look func(*exposure.Watcher, int)) {
			b.Run(fmt.Sprintf("zones=%d/%s", zones, name), func(b *testing.B) {
				b.ReportAllocs()
				w := &exposure.Watcher{}
				w.Look(in)
				for i := 0; b.Loop(); i++ {
					look(w, i)
				}
			})
		}
		run("anew", func(_ *exposure.Watcher, _ int) { new(exposure.Watcher).Look(in) })
		run("one pod changed", func(w *exposure.Watcher, i int) {
			s.Pods[0].Name = strconv.Itoa(i)
			w.Look(in)
		})
		run("one policy changed", func(w *exposure.Watcher, i int) {
			in.Foreign[0]["metadata"].(map[string]any)["resourceVersion"] = strconv.Itoa(i)
			w.Look(in)
		})
		run("nothing changed", func(w *exposure.Watcher, _ int) { w.Look(in) })
		none := in
		none.Foreign = nil
		run("no policies of others", func(w *exposure.Watcher, _ int) { w.Look(none) })
	}
}

// BenchmarkMemory is what a Watcher keeps while others have policies.
func BenchmarkMemory(b *testing.B) {
	s := large(100)
	m := topology.Resolve(*s)
	in := exposure.Input{Snapshot: s, Model: m, Objects: policy.NewCompiler(cilium.Backend{}).Compile(m).Objects, Foreign: charts(b, 50)}
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		w := &exposure.Watcher{}
		w.Look(in)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB-kept")
		runtime.KeepAlive(w)
	}
}
