// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"path/filepath"
	"testing"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// guardCases are the cases of TestGolden, those that are hard for a guard only, and the
// sample plant, each with the folder of its golden files.
func guardCases(tb testing.TB) map[string]topology.Snapshot {
	tb.Helper()
	out := map[string]topology.Snapshot{filepath.Join("testdata", "guard", "water-works"): waterWorks(tb)}
	for _, pattern := range []string{filepath.Join("testdata", "*", "in.yaml"), filepath.Join("testdata", "guard", "*", "in.yaml")} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			tb.Fatalf("no cases at %s: %v", pattern, err)
		}
		for _, path := range paths {
			s, err := policytest.LoadSnapshot(path)
			if err != nil {
				tb.Fatal(err)
			}
			out[filepath.Dir(path)] = s
		}
	}
	return out
}

// waterWorks is the sample that a user applies first, with a pod for each of its
// workloads.
func waterWorks(tb testing.TB) topology.Snapshot {
	tb.Helper()
	var s topology.Snapshot
	for _, file := range []string{"00-namespaces", "10-site", "20-zones", "30-assets", "40-conduits"} {
		part, err := policytest.LoadSnapshot(filepath.Join("..", "..", "config", "samples", "water-works", file+".yaml"))
		if err != nil {
			tb.Fatal(err)
		}
		s.Namespaces = append(s.Namespaces, part.Namespaces...)
		s.Zones, s.Conduits = append(s.Zones, part.Zones...), append(s.Conduits, part.Conduits...)
		s.Assets = append(s.Assets, part.Assets...)
		if part.Site != nil {
			s.Site = part.Site
		}
	}
	for ns, apps := range map[string][]string{
		"ww-enterprise": {"reports-client"}, "ww-dmz": {"reports-portal", "jump-host", "patch-import"},
		"ww-historian": {"historian"}, "ww-supervision": {"scada", "alarms"},
		"ww-filtration": {"opcua-server", "modbus-gateway"}, "ww-dosing": {"opcua-server"}, "ww-pumping": {"opcua-server", "modbus-gateway"},
		"kube-system": {"kube-dns"}, "office": {"erp"},
	} {
		for _, app := range apps {
			s.Pods = append(s.Pods, topology.Pod{Namespace: ns, Name: app + "-0", Labels: map[string]string{"app": app, "k8s-app": app}})
		}
	}
	for _, name := range []string{"kube-system", "office"} {
		s.Namespaces = append(s.Namespaces, topology.Namespace{Name: name, Labels: map[string]string{"kubernetes.io/metadata.name": name}})
	}
	return s
}

// mostAsked is about how many questions each layer is asked in a case.
const mostAsked = 1500

// TestGuardGolden compiles both layers of each case and compares them with the golden
// files. The flows of flows.yaml, written by hand, pass as they do without; and of all
// that could be asked about every pod, nothing is wrong.
func TestGuardGolden(t *testing.T) {
	files := map[string]string{"Datapath": "guard.datapath.golden.yaml", "AdminTier, Cilium": "guard.admintier.golden.yaml"}
	for dir, snapshot := range guardCases(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			model, world := topology.Resolve(snapshot), worldOf(snapshot)
			requireAccepted(t, model)
			for name, file := range files {
				objects, findings := withFindings(layers[name].guarder, model)
				compareGolden(t, filepath.Join(dir, file), render(t, objects, findings))
			}
			flows, d := loadFlows(t, filepath.Join(dir, "flows.yaml")), declared{model, world}
			for name, l := range layers {
				v := judge(l, model, world)
				checkFlows(t, v.guarded, flows)
				questions := d.asked(d.pods(), d.portsNearby())
				step := 1 + len(questions)/mostAsked
				for i := 0; i < len(questions); i += step {
					q := questions[i]
					if problem := guardProblem(l, d, v, q); problem != "" {
						t.Errorf("%s: %+v: %s", name, q, problem)
					}
				}
			}
		})
	}
}

// withFindings is guardsOf with what the layer has to say.
func withFindings(g policy.Guarder, m *topology.Model) (objects []*policy.Object, findings []v1alpha1.Finding) {
	neighbours := m.Neighbours()
	for _, z := range m.Zones {
		if z.Enforce && len(z.Workloads) > 0 {
			o, f := g.Guard(m.Site, z, neighbours[z.Name])
			objects, findings = append(objects, o...), append(findings, f...)
		}
	}
	return objects, findings
}
