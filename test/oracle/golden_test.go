// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// folders are those below a pattern that hold a plant.
func folders(tb testing.TB, pattern string) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(pattern, "*", "in.yaml"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no plants in %s: %v", pattern, err)
	}
	for i := range files {
		files[i] = filepath.Dir(files[i])
	}
	return files
}

// What the golden cases have at least: a case that goes unread must not go unnoticed.
const (
	leastPlants = 14
	leastFlows  = 126
)

// TestGoldenPlants sends the flows that were written by hand for the golden cases of
// the compilers through engines that are not ours, and then everything else.
func TestGoldenPlants(t *testing.T) {
	plants := folders(t, filepath.Join("..", "..", "internal", "policy", "testdata"))
	judged := map[string]int{}
	for _, folder := range plants {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			p, flows, err := plant.Load(folder)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range backends {
				set := b.compile(topology.Resolve(p.Snapshot))
				for _, name := range b.engines {
					judged[name] += requireExpected(t, name, p, set, flows)
				}
			}
			requireAgreement(t, p, flows)
		})
	}
	for name, n := range judged {
		t.Logf("%s: %d flows", name, n)
	}
	if len(plants) < leastPlants || judged[ciliumOnCilium] < leastFlows || judged[ciliumOnOther] < leastFlows || judged[cyclonusOn] < leastFlows*9/10 {
		t.Errorf("%d plants, flows judged: %v", len(plants), judged)
	}
}

// requireExpected asks one engine about flows whose verdict is written down, and
// returns how many it judged.
func requireExpected(t *testing.T, name string, p plant.Plant, set policy.Set, flows []plant.Expectation) (judged int) {
	t.Helper()
	engine, closeEngine, err := newEngine(name, p)
	if err != nil {
		t.Fatal(err)
	}
	defer closeEngine()
	for _, o := range set.Objects {
		if err := engine.Apply(o.JSON()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, e := range flows {
		f, want := expected(t, e)
		out, in, err := oracle.Directions(engine, f)
		switch {
		case errors.Is(err, oracle.ErrNotJudged):
			continue
		case err != nil:
			t.Fatal(err)
		case (out && in) != want:
			t.Errorf("%s: %s leaves %t, enters %t, want %s: %s", name, f, out, in, e.Verdict, e.Why)
		}
		judged++
	}
	return judged
}

func expected(t *testing.T, e plant.Expectation) (oracle.Flow, bool) {
	t.Helper()
	f, err := e.Flow()
	if err != nil {
		t.Fatal(err)
	}
	want, err := e.Allowed()
	if err != nil {
		t.Fatal(err)
	}
	return f, want
}

// requireAgreement compares everything, and the flows that are written down.
func requireAgreement(t *testing.T, p plant.Plant, flows []plant.Expectation) {
	t.Helper()
	q := everything(p)
	for _, e := range flows {
		f, _ := expected(t, e)
		for _, end := range []oracle.Endpoint{f.From, f.To} {
			if !slices.Contains(q.ends, end) {
				q.ends = append(q.ends, end)
			}
		}
		if port := (plant.Port{Transport: f.Transport, Number: f.Port}); !slices.Contains(q.ports, port) {
			q.ports = append(q.ports, port)
		}
	}
	d, err := compare(p, q, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d != nil {
		t.Error(d)
	}
}
