// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// ConfigNamespace and ConfigName are where Cilium's agents on every distribution that we
// know read their options from.
const (
	ConfigNamespace = "kube-system"
	ConfigName      = "cilium-config"
)

// Settings are what the agents' options do to policies. The zero value is that of options
// that are not known, which are taken for the defaults.
type Settings struct {
	// Refused says why no policy of ours may be written: it would deny what it is not to.
	Refused string
	// NoDatapath and NoAdminTier say why these layers of the guard cannot be had.
	NoDatapath, NoAdminTier string
	// NotEnforced says why policies drop nothing.
	NotEnforced string
	// Labels says why labels that zones select pods by may be hidden from policy.
	Labels string
	// MapEntries is the size of a pod's policy map, 0 when it is not known.
	MapEntries int
}

// Lacks says why a layer of the guard cannot be had, "" where nothing is against it.
func (s Settings) Lacks(layer v1alpha1.GuardLayer) string {
	switch layer {
	case v1alpha1.GuardDatapath:
		return s.NoDatapath
	case v1alpha1.GuardAdminTier:
		return s.NoAdminTier
	default:
		return ""
	}
}

// SettingsOf reads the agents' options, which are those of the agent's command line.
func SettingsOf(options map[string]string) Settings {
	var s Settings
	if options == nil {
		return s
	}
	says := func(key string) string {
		return fmt.Sprintf("%s of %s/%s is %q", key, ConfigNamespace, ConfigName, options[key])
	}
	if off(options["enable-non-default-deny-policies"]) {
		s.Refused = says("enable-non-default-deny-policies") + ", with which a policy that only allows also denies"
	}
	modes := strings.FieldsFunc(options["policy-cidr-match-mode"], func(r rune) bool { return r == ',' || r == ' ' })
	if slices.Contains(modes, "pods") {
		s.NoDatapath = says("policy-cidr-match-mode") + ", with which a deny of addresses outside also cuts pods"
	}
	if !on(options["enable-k8s-cluster-network-policy"]) {
		s.NoAdminTier = says("enable-k8s-cluster-network-policy") + ", without which nothing carries it out"
	}
	switch {
	case on(options["policy-audit-mode"]):
		s.NotEnforced = says("policy-audit-mode")
	case options["enable-policy"] == "never":
		s.NotEnforced = says("enable-policy")
	}
	if options["labels"] != "" {
		s.Labels = says("labels")
	}
	if n, err := strconv.Atoi(options["bpf-policy-map-max"]); err == nil && n > 0 {
		s.MapEntries = n
	}
	return s
}

// on and off read a switch as the agent does; what is not said is neither.
func on(value string) bool {
	b, err := strconv.ParseBool(value)
	return err == nil && b
}

func off(value string) bool {
	b, err := strconv.ParseBool(value)
	return err == nil && !b
}

// Restrain takes from a Site, if there is one, what the agents' options make impossible
// or harmful.
func (s Settings) Restrain(site *topology.Site) {
	if site == nil {
		return
	}
	site.Guard.Datapath = site.Guard.Datapath && s.NoDatapath == ""
	site.Guard.AdminTier = site.Guard.AdminTier && s.NoAdminTier == ""
	if s.MapEntries > 0 {
		site.PolicyMapEntries = min(site.PolicyMapEntries, s.MapEntries)
	}
}
