// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"net/netip"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// equateNetworks compares addresses and prefixes by value.
var equateNetworks = cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{})

// reporter is what testing.T and rapid.T have in common.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// sameInForce compares two models but for their findings.
func sameInForce(t reporter, want, got *Model) {
	t.Helper()
	bare := func(m *Model) *Model {
		out := *m
		out.Verdicts = map[ObjectRef]*Verdict{}
		for ref, v := range m.Verdicts {
			w := *v
			w.Findings = nil
			out.Verdicts[ref] = &w
		}
		return &out
	}
	if diff := cmp.Diff(bare(want), bare(got), equateNetworks); diff != "" {
		t.Errorf("what is in force changed (-want +got):\n%s", diff)
	}
}
