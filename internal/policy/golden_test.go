// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

var update = flag.Bool("update", false, "write the golden files anew; flows.yaml is never written")

var backends = map[string]policy.Backend{
	"cilium":        cilium.Backend{},
	"networkpolicy": networkpolicy.Backend{},
}

// flow is one line of flows.yaml: what must and must not pass, written by hand.
type flow struct {
	From    policytest.Endpoint `json:"from"`
	To      policytest.Endpoint `json:"to"`
	Port    string              `json:"port"`
	Verdict string              `json:"verdict"`
	Why     string              `json:"why"`
}

// TestGolden compiles each case with both backends, compares the objects with the
// golden files, and then sends the flows of flows.yaml through the objects, so
// that a refresh of the golden files cannot open a hole unnoticed.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join("testdata", "*", "in.yaml"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, in := range cases {
		dir := filepath.Dir(in)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			snapshot, err := policytest.LoadSnapshot(in)
			if err != nil {
				t.Fatal(err)
			}
			model := topology.Resolve(snapshot)
			requireAccepted(t, model)
			flows := loadFlows(t, filepath.Join(dir, "flows.yaml"))
			for name, backend := range backends {
				t.Run(name, func(t *testing.T) {
					objects, findings := compile(backend, model)
					compareGolden(t, filepath.Join(dir, name+".golden.yaml"), render(t, objects, findings))
					checkFlows(t, policytest.New(policytest.WorldOf(snapshot), manifests(objects)), flows)
				})
			}
		})
	}
}

// requireAccepted keeps a case from passing because nothing of it is in force.
func requireAccepted(t *testing.T, model *topology.Model) {
	t.Helper()
	if model.Site == nil {
		t.Fatal("no Site is in force")
	}
	for ref, v := range model.Verdicts {
		if !v.Accepted() {
			t.Errorf("%s is not accepted: %v", ref, v.Errors())
		}
	}
}

func compile(b policy.Backend, m *topology.Model) (objects []*policy.Object, findings []v1alpha1.Finding) {
	for _, z := range m.Zones {
		o, f := b.Zone(m.Site, z)
		objects, findings = append(objects, o...), append(findings, f...)
	}
	for _, c := range m.Conduits {
		o, f := b.Conduit(m.Site, c)
		objects, findings = append(objects, o...), append(findings, f...)
	}
	return objects, findings
}

func manifests(objects []*policy.Object) []policy.Manifest {
	out := make([]policy.Manifest, 0, len(objects))
	for _, o := range objects {
		out = append(out, o.Manifest)
	}
	return out
}

// render writes the objects in the order in which they were compiled, findings last.
func render(t *testing.T, objects []*policy.Object, findings []v1alpha1.Finding) []byte {
	t.Helper()
	var out bytes.Buffer
	write := func(title string, o any) {
		raw, err := yaml.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString("# " + title + "\n---\n")
		out.Write(raw)
	}
	for _, o := range objects {
		write(string(o.Part)+" of "+o.Source.String(), o.Manifest)
	}
	if len(findings) > 0 {
		write("Findings", findings)
	}
	return out.Bytes()
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs; look at the diff, then run with -update (-want +got):\n%s", path, diff)
	}
}

// minFlows is how many flows a case must judge to be worth its name.
const minFlows = 6

func loadFlows(t *testing.T, path string) []flow {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSONStrict(raw)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(asJSON))
	d.DisallowUnknownFields()
	var flows []flow
	if err := d.Decode(&flows); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	denies := 0
	for _, f := range flows {
		if f.Verdict == "Deny" {
			denies++
		}
		if f.Why == "" {
			t.Errorf("%s: flow %s to %s does not say why", path, f.From, f.To)
		}
	}
	if len(flows) < minFlows || denies == len(flows) {
		t.Errorf("%s: %d flows, %d of them denied: a case needs %d, and one that passes", path, len(flows), denies, minFlows)
	}
	return flows
}

func checkFlows(t *testing.T, e *policytest.Evaluator, flows []flow) {
	t.Helper()
	for _, f := range flows {
		number, transport, ok := strings.Cut(f.Port, "/")
		port, err := strconv.ParseUint(number, 10, 16)
		if !ok || err != nil {
			t.Fatalf("port %q", f.Port)
		}
		if f.Verdict != "Allow" && f.Verdict != "Deny" {
			t.Fatalf("verdict %q", f.Verdict)
		}
		if got := e.Allowed(f.From, f.To, transport, uint16(port)); got != (f.Verdict == "Allow") {
			t.Errorf("%s to %s at %s: allowed is %t, want %s: %s", f.From, f.To, f.Port, got, f.Verdict, f.Why)
		}
	}
}
