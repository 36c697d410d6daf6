// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium_test

import (
	"bytes"
	"encoding/json"
	"log/slog" //nolint:depguard // Cilium's functions ask for one
	"os"
	"path/filepath"
	"strings"
	"testing"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/option"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// requireParses sends a policy through JSON and through the agent's own check: a
// policy that the agent refuses enforces nothing.
func requireParses(t *testing.T, p *ciliumv2.CiliumClusterwideNetworkPolicy) policytypes.PolicyEntries {
	t.Helper()
	if !option.Config.EnableNonDefaultDenyPolicies {
		t.Fatal("Cilium's default is no longer to heed enableDefaultDeny")
	}
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	got := &ciliumv2.CiliumClusterwideNetworkPolicy{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(got); err != nil {
		t.Fatal(err)
	}
	rules, err := got.Parse(slog.New(slog.DiscardHandler), "default")
	if err != nil {
		t.Fatalf("Cilium refuses %s: %v\n%s", p.Name, err, raw)
	}
	return policyutils.RulesToPolicyEntries(rules)
}

// TestGoldenObjectsParse holds every golden object to the agent's own check.
func TestGoldenObjectsParse(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "*", "cilium.golden.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			for _, p := range policiesIn(t, file) {
				for _, e := range requireParses(t, p) {
					checkEntry(t, p.Name, e)
				}
			}
		})
	}
}

// checkEntry looks at what the agent's engine is handed. There an entry without
// peers but with ports admits everybody, and one with peers but without ports
// admits every port; without either it admits nobody.
func checkEntry(t *testing.T, name string, e *policytypes.PolicyEntry) {
	t.Helper()
	if strings.HasPrefix(name, "conduit-") && (len(e.L3) == 0 || len(e.L4) == 0 || e.DefaultDeny) {
		t.Errorf("%s, a conduit, has a rule without peers or ports, or denies by default", name)
	}
	switch {
	case e.Subject.IsWildcard():
		t.Errorf("%s selects every endpoint", name)
	case len(e.L3) == 0 && len(e.L4) > 0:
		t.Errorf("%s admits everybody on some ports", name)
	case len(e.L3) > 0 && e.L3.SelectsAllEndpoints():
		t.Errorf("%s has a peer that is everybody", name)
	case e.Verdict != policytypes.Allow:
		t.Errorf("%s has verdict %v", name, e.Verdict)
	}
}

func policiesIn(t *testing.T, file string) []*ciliumv2.CiliumClusterwideNetworkPolicy {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []*ciliumv2.CiliumClusterwideNetworkPolicy
	for _, doc := range strings.Split(string(raw), "---\n")[1:] {
		var head metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(doc), &head); err != nil {
			continue // the list of findings
		}
		if head.Kind != ciliumv2.CCNPKindDefinition {
			continue
		}
		p := &ciliumv2.CiliumClusterwideNetworkPolicy{}
		if err := yaml.UnmarshalStrict([]byte(doc), p); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		t.Errorf("no policy in %s", file)
	}
	return out
}
