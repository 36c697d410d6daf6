// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestRefusedValues: what cannot be meant is refused before anything is sent, and what is said
// names the value.
func TestRefusedValues(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ values, want string }{
		"a value that there is not":         {"replica: 2", "replica"},
		"one below another":                 {"image: {sha: x}", "sha"},
		"no replica":                        {"replicas: 0", "replicas"},
		"replicas as a text":                {`replicas: "2"`, "replicas"},
		"a digest cut short":                {`image: {digest: "sha256:9f86"}`, "digest"},
		"a digest within the name":          {`image: {repository: "r.example/z@sha256:9f86"}`, "repository"},
		"a tag with a space":                {`image: {tag: "1 2"}`, "tag"},
		"pulled now and then":               {"image: {pullPolicy: Sometimes}", "pullPolicy"},
		"a secret by its name alone":        {"imagePullSecrets: [registry]", "imagePullSecrets"},
		"a role that there is not":          {"rbac: {bindings: {isolators: [x]}}", "isolators"},
		"a group that is not a list":        {"rbac: {bindings: {shift: night}}", "shift"},
		"syslog without certificates":       {`syslog: {address: "siem:6514"}`, "syslog.secretName"},
		"certificates without a receiver":   {"syslog: {secretName: s}", "syslog.address"},
		"a receiver without a port":         {"syslog: {address: siem, secretName: s}", "address"},
		"no port of the API server":         {"networkPolicy: {egress: {apiServerPorts: []}}", "apiServerPorts"},
		"a port beyond all":                 {"networkPolicy: {egress: {apiServerPorts: [70000]}}", "apiServerPorts"},
		"a runbook with a fragment":         {`prometheusRule: {runbook: "https://x/y#z"}`, "runbook"},
		"memory in Kubernetes' words":       {"goMemLimit: 224Mi", "goMemLimit"},
		"a Site that says nothing":          {"site: {create: true}", "site.spec"},
		"definitions by nobody":             {"crds: {enabled: false}", "crds.enabled"},
		"a level of logs that there is not": {"logLevel: loud", "logLevel"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := filepath.Join(t.TempDir(), "values.yaml")
			must(t, os.WriteFile(f, []byte(tt.values), 0o600))
			_, err := helm(t, "template", "zonewarden", theChart, "--namespace", namespace, "--values", f)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one about %s", err, tt.want)
			}
		})
	}
}

// TestOtherNamespacesAreRefused, because the guard knows the operator's by its name.
func TestOtherNamespacesAreRefused(t *testing.T) {
	t.Parallel()
	_, err := helm(t, "template", "zonewarden", theChart, "--namespace", "ot")
	if err == nil || !strings.Contains(err.Error(), "--namespace zonewarden-system") {
		t.Errorf("error %v, want one that says which namespace", err)
	}
}

// TestOldKubernetesIsRefused: there are no admission policies.
func TestOldKubernetesIsRefused(t *testing.T) {
	t.Parallel()
	for version, refused := range map[string]bool{"1.29.14": true, "1.30.0": false, "1.33.1+k3s1": false, "1.34.0-rke2r1": false} {
		_, err := helm(t, "template", "zonewarden", theChart, "--namespace", namespace, "--kube-version", version)
		if (err != nil) != refused || err != nil && !strings.Contains(err.Error(), "kubeVersion") {
			t.Errorf("Kubernetes %s: %v, want it refused: %t", version, err, refused)
		}
	}
}

// TestTheSchemaKnowsEveryValue: one that only values.yaml has could not be set.
func TestTheSchemaKnowsEveryValue(t *testing.T) {
	t.Parallel()
	var values map[string]any
	raw, err := os.ReadFile(filepath.Join(theChart, "values.yaml"))
	must(t, err)
	must(t, yaml.Unmarshal(raw, &values))
	var schema map[string]any
	raw, err = os.ReadFile(filepath.Join(theChart, "values.schema.json"))
	must(t, err)
	must(t, yaml.Unmarshal(raw, &schema))
	compareFields(t, "", values, schema)
}

// compareFields of values with those of their schema, which refuses all others.
func compareFields(t *testing.T, path string, values, schema map[string]any) {
	t.Helper()
	properties, closed := schema["properties"].(map[string]any)
	if !closed {
		return // any content: labels, quantities, the Site
	}
	if schema["additionalProperties"] != false {
		t.Errorf("%s: the schema takes what there is not", path)
	}
	for name, value := range values {
		property, known := properties[name].(map[string]any)
		if !known {
			t.Errorf("the schema does not know %s.%s", path, name)
			continue
		}
		if inner, ok := value.(map[string]any); ok {
			compareFields(t, path+"."+name, inner, property)
		}
	}
	for name := range properties {
		if _, is := values[name]; !is && name != "global" {
			t.Errorf("values.yaml does not say what %s.%s is", path, name)
		}
	}
}

// TestOneImage: whatever is turned on, everything runs the one image, by its digest.
func TestOneImage(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0f", 32)
	out, err := helm(t, append([]string{"template", "zonewarden", theChart, "--namespace", namespace, "--set", "image.repository=r.example/z,image.tag=v7,image.digest=" + digest}, everything...)...)
	must(t, err)
	n := 0
	for line := range strings.Lines(out) {
		if name, is := strings.CutPrefix(strings.TrimSpace(line), "image: "); is {
			n++
			if name != `"r.example/z:v7@`+digest+`"` {
				t.Errorf("image %s", name)
			}
		}
	}
	if n != 2 || strings.Contains(out, "helm.sh/hook") {
		t.Errorf("%d images, and hooks: %t", n, strings.Contains(out, "helm.sh/hook"))
	}
}
