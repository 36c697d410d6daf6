// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Files are the generated files of the chart with their content, by their path in it.
func Files(config string) (map[string]string, error) {
	out := map[string]string{}
	for _, f := range folders {
		names, err := resources(filepath.Join(config, f.from))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if slices.Contains(f.byHand, name) {
				continue
			}
			from := filepath.Join(f.from, name)
			raw, err := os.ReadFile(filepath.Join(config, from)) //nolint:gosec // a manifest of this repository
			if err != nil {
				return nil, fmt.Errorf("reading a manifest: %w", err)
			}
			made, err := f.template(name).render(from, string(raw))
			if err != nil {
				return nil, fmt.Errorf("making a template of %s: %w", from, err)
			}
			out[filepath.Join("templates", f.to, strings.ReplaceAll(name, "_", "-"))] = made
		}
	}
	raw, err := os.ReadFile(filepath.Join(config, "grafana", "zonewarden.json")) //nolint:gosec // a file of this repository
	if err != nil {
		return nil, fmt.Errorf("reading the dashboard: %w", err)
	}
	out["files/zonewarden.json"] = string(raw)
	return out, nil
}

// resources are what kubectl sends of a folder, so that nothing is in the chart that is
// not in config/, and nothing is forgotten.
func resources(folder string) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(folder, "kustomization.yaml")) //nolint:gosec // as above
	if err != nil {
		return nil, fmt.Errorf("reading what a folder holds: %w", err)
	}
	var k struct {
		Resources []string `json:"resources"`
	}
	if err := yaml.Unmarshal(raw, &k); err != nil {
		return nil, fmt.Errorf("decoding the kustomization of %s: %w", folder, err)
	}
	if len(k.Resources) == 0 {
		return nil, fmt.Errorf("%s holds nothing", folder)
	}
	return k.Resources, nil
}

// folder is one of config/ and where its copies go.
type folder struct {
	from, to string
	// byHand are the files for which the chart has templates of its own.
	byHand []string
	// template says what becomes of a file.
	template func(name string) template
}

// folders are all that the chart takes over. config/manager is the chart's own.
var folders = []folder{
	{from: "crd", to: "crds", template: func(string) template {
		return template{when: ".Values.crds.enabled", keep: ".Values.crds.keep"}
	}},
	{from: "admission", to: "guard", template: func(string) template {
		return template{keep: ".Values.guard.keep"}
	}},
	{from: "rbac", to: "rbac", template: role},
	{from: "access", to: "access", template: func(name string) template {
		// The namespace takes the rest along when it goes: the deny last, after the pods.
		if name == "namespace.yaml" {
			return template{}
		}
		return template{keep: always}
	}},
	{from: "certificates", to: "certificates", template: func(string) template {
		return template{when: ".Values.certificates.enabled"}
	}},
	{from: "node", to: "node", byHand: []string{"daemonset.yaml"}, template: func(string) template {
		return template{when: ".Values.node.enabled"}
	}},
	{from: "prometheus", to: "monitoring", template: monitoring},
}

// operators are the files of config/rbac with the operator's own rights, which go with it.
// The others are people's, whom the guard that stays goes on asking for their verbs.
var operators = []string{"service_account.yaml", "role.yaml", "role_binding.yaml", "enforcer_role.yaml", "window_granter_role.yaml"}

func role(name string) template {
	switch {
	case slices.Contains(operators, name):
		return template{}
	case name == "network_plugin_role.yaml":
		return template{when: ".Values.networkPlugin.enabled", keep: ".Values.guard.keep", values: map[string]string{
			"name: cilium-operator":  "name: {{ .Values.networkPlugin.serviceAccount }}",
			"namespace: kube-system": "namespace: {{ .Values.networkPlugin.namespace }}",
		}}
	default:
		return template{keep: ".Values.guard.keep"}
	}
}

func monitoring(name string) template {
	if name == "service_monitor.yaml" {
		return template{when: ".Values.serviceMonitor.enabled", labels: ".Values.serviceMonitor.labels", values: map[string]string{
			"interval: 30s": "interval: {{ .Values.serviceMonitor.interval }}",
		}}
	}
	return template{when: ".Values.prometheusRule.enabled", labels: ".Values.prometheusRule.labels", all: map[string]string{
		"https://github.com/zonewarden/zonewarden/blob/main/docs/runbook.md": "{{ .Values.prometheusRule.runbook }}",
	}}
}
