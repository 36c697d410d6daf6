// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/declared"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// TestWhatIsDeclaredIsWhatPasses is promise P1: on sites drawn by chance the engines
// say of every flow what the declarations say. -rapid.checks draws more sites. What
// disagrees is written to testdata/regressions as small as it gets.
func TestWhatIsDeclaredIsWhatPasses(t *testing.T) {
	count, start := newTally(), time.Now()
	var last *plant.Plant
	var found *disagreement
	defer func() {
		if found != nil {
			writeRegression(t, *last, found)
		}
	}()
	rapid.Check(t, func(t *rapid.T) {
		p := plant.Draw(t)
		d, err := compare(p, drawQuestions(t, p), count)
		if err != nil {
			t.Fatal(err)
		}
		if d != nil {
			last, found = &p, d
			t.Fatal(d)
		}
	})
	fmt.Print(count.report(time.Since(start)))
	if count.total() < meantVerdicts {
		return // somebody asked for fewer
	}
	if where, n := count.thinnest(declared.NotHeld, declared.Internal, declared.DNS, declared.API, declared.Conduit,
		declared.BothWays, declared.NoConduit, declared.Unzoned); n < leastOfEachCause {
		t.Errorf("%s: %d verdicts only", where, n)
	}
	for _, kind := range []string{oracle.KindClusterwidePolicy, oracle.KindClusterNetworkPolicy} {
		if n := count.of(ciliumOnCilium).guards[kind]; n < leastGuards {
			t.Errorf("%d guards by %s only", n, kind)
		}
	}
}

// What a run of the default size does at least.
const (
	meantVerdicts    = 1_000_000
	leastOfEachCause = 3
	leastGuards      = 100
)

// drawQuestions keeps a site to some thousand flows: the node, all pods of namespaces
// that a zone has, some of the others, some of the addresses at its edges, some of the
// ports that are open and at the edges of those.
func drawQuestions(t *rapid.T, p plant.Plant) questions {
	all, m := everything(p), topology.Resolve(p.Snapshot)
	q := questions{ends: []oracle.Endpoint{oracle.Host}}
	var strangers, addresses []oracle.Endpoint
	for _, e := range all.ends {
		switch namespace, _, isPod := strings.Cut(string(e), "/"); {
		case e == oracle.Host:
		case !isPod:
			addresses = append(addresses, e)
		case holdsNamespace(m, namespace):
			q.ends = append(q.ends, e)
		default:
			strangers = append(strangers, e)
		}
	}
	q.ends = slices.Concat(q.ends, some(t, "strangers", strangers, 3), some(t, "addresses", addresses, 10))
	q.ports = append(some(t, "open ports", plant.OpenPorts(m), 6), some(t, "ports", all.ports, 6)...)
	return q
}

func holdsNamespace(m *topology.Model, namespace string) bool {
	return slices.ContainsFunc(m.Zones, func(z *topology.Zone) bool {
		return slices.ContainsFunc(z.Workloads, func(w topology.Workloads) bool { return slices.Contains(w.Matching, namespace) })
	})
}

func some[T comparable](t *rapid.T, label string, all []T, n int) []T {
	n = min(n, len(all))
	if n == 0 {
		return nil
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(all), n, n, rapid.ID).Draw(t, label)
}

// writeRegression keeps what was found, so that it is tried again.
func writeRegression(t *testing.T, p plant.Plant, d *disagreement) {
	t.Helper()
	p, d = minimise(p, d)
	name := fnv.New32a()
	fmt.Fprint(name, d)
	folder := filepath.Join("testdata", "regressions", fmt.Sprintf("found-%08x", name.Sum32()))
	var flows []plant.Expectation
	if d.wrong == "" {
		verdict := "Deny"
		if d.want.Must {
			verdict = "Allow"
		}
		flows = append(flows, plant.Expectation{
			From: d.flow.From, To: d.flow.To, Port: fmt.Sprintf("%d/%s", d.flow.Port, d.flow.Transport), Verdict: verdict, Why: d.String(),
		})
	}
	if err := plant.Write(folder, p, flows); err != nil {
		t.Error(err)
		return
	}
	t.Logf("the smallest site is in %s: %s", folder, d)
}

// TestDrawnSitesAreWorthIt keeps the property from holding of sites in which nothing
// is in force.
func TestDrawnSitesAreWorthIt(t *testing.T) {
	var zones, conduits, zonesIn, conduitsIn, kept int
	rapid.Check(t, func(t *rapid.T) {
		p := plant.Draw(t)
		m := topology.Resolve(p.Snapshot)
		zones, conduits = zones+len(p.Zones), conduits+len(p.Conduits)
		zonesIn, conduitsIn = zonesIn+len(m.Zones), conduitsIn+len(m.Conduits)
		for _, v := range m.Verdicts {
			if v.Kept {
				kept++
			}
		}
	})
	t.Logf("%d of %d zones and %d of %d conduits are in force, %d objects as they were", zonesIn, zones, conduitsIn, conduits, kept)
	if zonesIn*10 < zones*5 || zonesIn == zones || conduitsIn*10 < conduits*3 || conduitsIn == conduits || kept == 0 {
		t.Error("too few of them are in force, or all")
	}
}
