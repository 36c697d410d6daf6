// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// TestStepsEndWhereAFreshEngineStarts: after any sequence of objects that come, change
// and go, an engine says what one says that gets what stands, and has as many entries.
// Beside policies of a tier how many there are is chance, in one and the same engine.
func TestStepsEndWhereAFreshEngineStarts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, other := plant.Draw(t), plant.Draw(t)
		objects := append(objectsOf(p), objectsOf(other)...)
		if len(objects) == 0 {
			t.Skip("a site without objects")
		}
		engine, err := oracle.NewCilium(p.World())
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Close()
		standing := map[oracle.Key][]byte{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			o := rapid.SampledFrom(objects).Draw(t, "object")
			k, err := oracle.KeyOf(o)
			if err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 2).Draw(t, "goes") == 0 {
				delete(standing, k)
				err = engine.Delete(k)
			} else {
				standing[k] = o
				err = engine.Apply(o)
			}
			if err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 3).Draw(t, "look") == 0 {
				requireFresh(t, engine, p, standing)
			}
		}
		requireFresh(t, engine, p, standing)
	})
}

// objectsOf are the objects of both backends: an engine takes them all at once.
func objectsOf(p plant.Plant) [][]byte {
	var out [][]byte
	m := topology.Resolve(p.Snapshot)
	for _, b := range backends {
		for _, o := range b.compile(m).Objects {
			out = append(out, o.JSON())
		}
	}
	return out
}

func requireFresh(t *rapid.T, engine *oracle.Cilium, p plant.Plant, standing map[oracle.Key][]byte) {
	fresh, err := oracle.NewCilium(p.World())
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	for o := range maps.Values(standing) {
		if err := fresh.Apply(o); err != nil {
			t.Fatal(err)
		}
	}
	q, counts := drawQuestions(t, p), true
	for k := range standing {
		counts = counts && k.Kind != oracle.KindClusterNetworkPolicy
	}
	if want, got := answers(t, fresh, q, counts), answers(t, engine, q, counts); !maps.Equal(want, got) {
		t.Fatalf("after the steps (-fresh +stepped):\n%s", cmp.Diff(want, got))
	}
}

// answer is what an engine says of a flow at one pod, and of the pod.
type answer struct{ Passes, Entries int }

func answers(t *rapid.T, c *oracle.Cilium, q questions, counts bool) map[oracle.Flow]answer {
	out := map[oracle.Flow]answer{}
	for _, at := range q.ends {
		if !isPod(at) {
			continue
		}
		entries, err := c.Entries(at)
		if err != nil {
			t.Fatal(err)
		}
		if !counts {
			entries = 0
		}
		for i, with := range q.ends {
			port := q.ports[i%len(q.ports)]
			for _, f := range []oracle.Flow{
				{From: at, To: with, Transport: port.Transport, Port: port.Number},
				{From: with, To: at, Transport: port.Transport, Port: port.Number},
			} {
				leaves, enters, err := oracle.Directions(c, f)
				if err != nil {
					t.Fatal(err)
				}
				a := answer{Entries: entries}
				if leaves {
					a.Passes++
				}
				if enters {
					a.Passes += 2
				}
				out[f] = a
			}
		}
	}
	return out
}

// BenchmarkDirections is a verdict on both ends of a flow, once policies are computed.
func BenchmarkDirections(b *testing.B) {
	c, pods := largePlant(b)
	defer c.Close()
	for b.Loop() {
		for i, from := range pods {
			to := pods[(i*7+1)%len(pods)]
			if _, _, err := c.Directions(from, to, protocol.TCP, 502); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N*len(pods))/b.Elapsed().Seconds(), "verdicts/s")
}

// BenchmarkChange is the deletion and the return of one object of 501, each with a
// verdict at a pod that it concerns.
func BenchmarkChange(b *testing.B) {
	c, pods := largePlant(b)
	defer c.Close()
	for b.Loop() {
		if err := c.Delete(oracle.Key{Kind: oracle.KindClusterwidePolicy, Name: "conduit-0"}); err != nil {
			b.Fatal(err)
		}
		if _, in, err := c.Directions(pods[1], pods[0], protocol.TCP, 502); in || err != nil {
			b.Fatal(in, err)
		}
		if err := c.Apply(asJSON(b, conduitBetween(0))); err != nil {
			b.Fatal(err)
		}
		if _, in, err := c.Directions(pods[1], pods[0], protocol.TCP, 502); !in || err != nil {
			b.Fatal(in, err)
		}
	}
}

// conduitBetween lets pod i+1 in at pod i.
func conduitBetween(i int) string {
	return clusterwide(fmt.Sprintf("conduit-%d", i), fmt.Sprintf("{endpointSelector: {matchLabels: {'k8s:app': a%d}}, enableDefaultDeny: {ingress: false}, "+
		"ingress: [{fromEndpoints: [{matchLabels: {'k8s:app': a%d}}], toPorts: [{ports: [{port: '502', protocol: TCP}]}]}]}", i, i+1))
}

func largePlant(b *testing.B) (*oracle.Cilium, []oracle.Endpoint) {
	b.Helper()
	w := oracle.World{Namespaces: map[string]map[string]string{"a": nil}}
	var pods []oracle.Endpoint
	for i := range 500 {
		p := oracle.Pod{Namespace: "a", Name: fmt.Sprintf("p%d", i), Labels: map[string]string{"app": fmt.Sprintf("a%d", i)}}
		w.Pods, pods = append(w.Pods, p), append(pods, p.Endpoint())
	}
	c, err := oracle.NewCilium(w)
	if err != nil {
		b.Fatal(err)
	}
	objects := []string{clusterwide("floor", "{endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': a}}, ingress: [{}], egress: [{toEntities: [all]}]}")}
	for i := range 500 {
		objects = append(objects, conduitBetween(i))
	}
	for _, o := range objects {
		if err := c.Apply(asJSON(b, o)); err != nil {
			b.Fatal(err)
		}
	}
	for i := range pods {
		if _, _, err := c.Directions(pods[i], pods[(i+1)%len(pods)], protocol.TCP, 502); err != nil {
			b.Fatal(err)
		}
	}
	return c, pods
}
