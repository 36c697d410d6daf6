// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/policy/cilium"
)

// TestSettings: what the agents' options do to policies, by the option that is named.
func TestSettings(t *testing.T) {
	named := func(key, value string) string { return key + " of kube-system/cilium-config is \"" + value + "\"" }
	const tier = "enable-k8s-cluster-network-policy"
	noTier := named(tier, "") + ", without which nothing carries it out"
	deniesMore := ", with which a policy that only allows also denies"
	cutsPods := ", with which a deny of addresses outside also cuts pods"
	tests := map[string]struct {
		options map[string]string
		want    cilium.Settings
	}{
		"none are known":         {nil, cilium.Settings{}},
		"the defaults":           {map[string]string{}, cilium.Settings{NoAdminTier: noTier}},
		"the Admin tier":         {map[string]string{tier: "true"}, cilium.Settings{}},
		"said to be the default": {map[string]string{tier: "true", "enable-non-default-deny-policies": "true", "policy-cidr-match-mode": "", "policy-audit-mode": "false", "enable-policy": "default"}, cilium.Settings{}},
		"allows deny":            {map[string]string{tier: "true", "enable-non-default-deny-policies": "false"}, cilium.Settings{Refused: named("enable-non-default-deny-policies", "false") + deniesMore}},
		"addresses match nodes":  {map[string]string{tier: "true", "policy-cidr-match-mode": "nodes"}, cilium.Settings{}},
		"addresses match pods":   {map[string]string{tier: "true", "policy-cidr-match-mode": "nodes, pods"}, cilium.Settings{NoDatapath: named("policy-cidr-match-mode", "nodes, pods") + cutsPods}},
		"audit":                  {map[string]string{tier: "true", "policy-audit-mode": "1"}, cilium.Settings{NotEnforced: named("policy-audit-mode", "1")}},
		"never":                  {map[string]string{tier: "true", "enable-policy": "never"}, cilium.Settings{NotEnforced: named("enable-policy", "never")}},
		"labels of its own":      {map[string]string{tier: "true", "labels": "k8s:app"}, cilium.Settings{Labels: named("labels", "k8s:app")}},
		"a map of its own":       {map[string]string{tier: "true", "bpf-policy-map-max": "8192"}, cilium.Settings{MapEntries: 8192}},
		"a map of no size":       {map[string]string{tier: "true", "bpf-policy-map-max": "large"}, cilium.Settings{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, cilium.SettingsOf(tt.options)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
