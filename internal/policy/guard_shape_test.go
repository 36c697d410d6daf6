// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/cilium/cilium/pkg/labels"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/admintier"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// neverIn are fields by which a guard would allow something, deny by something else than
// pods and networks, or depend on an object that changes by itself.
var neverIn = []string{
	"ingress", "egress", "fromEntities", "toEntities", "fromNodes", "toNodes", "fromCIDR", "toCIDR", "cidrGroupRef", "cidrGroupSelector",
	"toServices", "toFQDNs", "fromGroups", "toGroups", "icmps", "nodeSelector", "ownerReferences",
}

// TestGuardNamesPodsAndNetworksOnly: on any site, no object of the layer Datapath holds
// more than denies of pods and networks, the agent takes all of them, and by its own
// selectors none takes in what is neither a pod nor an address outside: the node above
// all, which probes come from.
func TestGuardNamesPodsAndNetworksOnly(t *testing.T) {
	var others []labels.LabelArray
	for _, name := range []string{
		labels.IDNameHost, labels.IDNameRemoteNode, labels.IDNameHealth, labels.IDNameIngress, labels.IDNameInit, labels.IDNameUnmanaged,
	} {
		others = append(others, labels.LabelArray{labels.NewLabel(name, "", labels.LabelSourceReserved)})
	}
	entries := 0
	rapid.Check(t, func(t *rapid.T) {
		for _, o := range guardsOf(cilium.Backend{}, topology.Resolve(draw{t}.snapshot())) {
			requireOnlyDenies(t, o)
			for _, e := range ciliumEntries(t, o.JSON()) {
				entries++
				if e.Verdict != policytypes.Deny || e.DefaultDeny || len(e.L3) == 0 || e.L3.SelectsAllEndpoints() || e.Subject.IsWildcard() {
					t.Fatalf("%s: verdict %v, default deny %t, peers %v of %v", o.Name, e.Verdict, e.DefaultDeny, e.L3, e.Subject)
				}
				for _, identity := range others {
					if e.L3.Matches(identity) || e.Subject.Matches(identity) {
						t.Fatalf("%s takes in %v", o.Name, identity)
					}
				}
			}
		}
	})
	if entries < 500 {
		t.Errorf("only %d rules were looked at", entries)
	}
}

func requireOnlyDenies(t *rapid.T, o *policy.Object) {
	var content map[string]any
	if err := json.Unmarshal(o.JSON(), &content); err != nil {
		t.Fatal(err)
	}
	for _, spec := range content["specs"].([]any) {
		rule := spec.(map[string]any)
		switches, _ := rule["enableDefaultDeny"].(map[string]any)
		if len(switches) != 2 || switches["ingress"] != false || switches["egress"] != false {
			t.Fatalf("%s asks for default deny: %v", o.Name, switches)
		}
		delete(rule, "enableDefaultDeny")
		walk(rule, func(key string, _ any) {
			if slices.Contains(neverIn, key) {
				t.Fatalf("%s has a field %s:\n%s", o.Name, key, o.JSON())
			}
		})
	}
	if len(o.Manifest.GetOwnerReferences()) > 0 {
		t.Fatalf("%s has an owner", o.Name)
	}
}

// TestAdminTierPassesAndDenies: it accepts nothing, which would overrule floors and
// conduits, and of pods it denies only after everything that it passes.
func TestAdminTierPassesAndDenies(t *testing.T) {
	rules := 0
	rapid.Check(t, func(t *rapid.T) {
		for _, o := range guardsOf(admintier.Guard{}, topology.Resolve(draw{t}.snapshot())) {
			var p struct {
				Spec struct {
					Ingress, Egress []struct{ Action string }
				}
			}
			if err := json.Unmarshal(o.JSON(), &p); err != nil {
				t.Fatal(err)
			}
			for _, direction := range [][]struct{ Action string }{p.Spec.Ingress, p.Spec.Egress} {
				for i, r := range direction {
					rules++
					want := "Pass"
					if i == len(direction)-1 {
						want = "Deny"
					}
					if r.Action != want {
						t.Fatalf("%s: rule %d of %d is %s", o.Name, i, len(direction), r.Action)
					}
				}
			}
		}
	})
	if rules < 200 {
		t.Errorf("only %d rules were looked at", rules)
	}
}
