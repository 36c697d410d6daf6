// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium_test

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
)

// TestGoldenGuardsInCilium holds every golden guard to the agent's own check, and asks
// the agent's own selectors what a deny takes in: never what is no pod and no address
// outside, and of addresses those that the object says.
func TestGoldenGuardsInCilium(t *testing.T) {
	option.Config.EnableIPv4, option.Config.EnableIPv6 = true, true
	t.Cleanup(func() { option.Config.EnableIPv4, option.Config.EnableIPv6 = false, false })
	var files []string
	for _, pattern := range []string{"*", filepath.Join("guard", "*")} {
		found, err := filepath.Glob(filepath.Join("..", "testdata", pattern, "guard.datapath.golden.yaml"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no golden files: %v", err)
		}
		files = append(files, found...)
	}
	asked := 0
	for _, file := range files {
		for _, p := range policiesIn(t, file) {
			networks := networksIn(p)
			for _, e := range requireParses(t, p) {
				checkDeny(t, p.Name, e)
				asked += checkAddresses(t, p.Name, e, networks)
			}
		}
	}
	if asked < 1000 {
		t.Errorf("only %d addresses were looked at", asked)
	}
}

// notDenied are the labels of every identity that is neither a pod nor an address outside.
func notDenied() map[string]labels.LabelArray {
	out := map[string]labels.LabelArray{}
	for _, name := range []string{
		labels.IDNameHost, labels.IDNameRemoteNode, labels.IDNameHealth, labels.IDNameIngress, labels.IDNameInit, labels.IDNameUnmanaged,
	} {
		out[name] = labels.LabelArray{labels.NewLabel(name, "", labels.LabelSourceReserved)}
	}
	out["the API server on a node"] = labels.LabelArray{
		labels.NewLabel(labels.IDNameKubeAPIServer, "", labels.LabelSourceReserved),
		labels.NewLabel(labels.IDNameRemoteNode, "", labels.LabelSourceReserved),
	}
	return out
}

func checkDeny(t *testing.T, name string, e *policytypes.PolicyEntry) {
	t.Helper()
	if e.Verdict != policytypes.Deny || e.DefaultDeny || e.Subject.IsWildcard() || len(e.L3) == 0 || e.L3.SelectsAllEndpoints() {
		t.Errorf("%s: verdict %v, default deny %t, subject %v, %d peers", name, e.Verdict, e.DefaultDeny, e.Subject, len(e.L3))
	}
	for what, identity := range notDenied() {
		if e.L3.Matches(identity) {
			t.Errorf("%s denies %s: %v", name, what, e.L3)
		}
	}
}

// networksIn are all networks that an object names. The agent gives addresses in each of
// them an identity of their own.
func networksIn(p *ciliumv2.CiliumClusterwideNetworkPolicy) []netip.Prefix {
	var out []netip.Prefix
	add := func(cidrs api.CIDRRuleSlice) {
		for _, c := range cidrs {
			for _, s := range append(slices.Clone(c.ExceptCIDRs), c.Cidr) {
				out = append(out, netip.MustParsePrefix(string(s)))
			}
		}
	}
	for _, spec := range p.Specs {
		for _, r := range spec.IngressDeny {
			add(r.FromCIDRSet)
		}
		for _, r := range spec.EgressDeny {
			add(r.ToCIDRSet)
		}
	}
	return out
}

// checkAddresses asks an entry about the identity of each network.
func checkAddresses(t *testing.T, name string, e *policytypes.PolicyEntry, networks []netip.Prefix) int {
	t.Helper()
	asked := 0
	for _, peer := range e.L3 {
		c, ok := peer.(*policytypes.CIDRSelector)
		if !ok {
			continue
		}
		cidr, except, _ := strings.Cut(strings.TrimPrefix(c.Key(), "cidr:"), "-[")
		for _, n := range networks {
			want := netip.MustParsePrefix(cidr).Overlaps(n) && netip.MustParsePrefix(cidr).Bits() <= n.Bits()
			for _, out := range strings.FieldsFunc(strings.Trim(except, "]"), func(r rune) bool { return r == ',' }) {
				outside := netip.MustParsePrefix(out)
				want = want && (!outside.Overlaps(n) || outside.Bits() > n.Bits())
			}
			asked++
			if got := c.Matches(labels.GetCIDRLabelArray(n)); got != want {
				t.Errorf("%s: the agent takes %s for one of %s but %s: %t", name, n, cidr, except, got)
			}
		}
	}
	return asked
}
