// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"path/filepath"
	"testing"

	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle/declared"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// leastRegressions are the cases that were made by hand.
const leastRegressions = 8

// TestRegressions tries again what once went wrong, and what is hard: the declarations
// are read as the flows that are written down say, and the engines say the same.
func TestRegressions(t *testing.T) {
	cases := folders(t, filepath.Join("testdata", "regressions"))
	if len(cases) < leastRegressions {
		t.Errorf("%d cases, there were %d", len(cases), leastRegressions)
	}
	for _, folder := range cases {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			p, flows, err := plant.Load(folder)
			if err != nil {
				t.Fatal(err)
			}
			requireDeclared(t, p, flows)
			requireAgreement(t, p, flows)
		})
	}
}

// requireDeclared holds the reading of the declarations to what is written down. Where
// Cilium cannot carry a declaration out, only that it opens nothing.
func requireDeclared(t *testing.T, p plant.Plant, flows []plant.Expectation) {
	t.Helper()
	m := topology.Resolve(p.Snapshot)
	for _, b := range backends {
		judge, err := declared.New(p, m, b.compile(m), b.onCilium)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range flows {
			f, want := expected(t, e)
			out, errOut := judge.Egress(f)
			in, errIn := judge.Ingress(f)
			if errOut != nil || errIn != nil {
				t.Fatal(errOut, errIn)
			}
			must, may := out.Must && in.Must, out.May && in.May
			if must && !want || may && !want || !may && want || !must && want && !b.onCilium {
				t.Errorf("%s: %s is read as must %t, may %t (%s, %s), want %s: %s", b.name, f, must, may, out.Cause, in.Cause, e.Verdict, e.Why)
			}
		}
	}
}
