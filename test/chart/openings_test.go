// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOpenings types every command of docs/openings.md, on the water works with the guard and
// the operator that the chart installs. What a command prints is what the page is about.
func TestOpenings(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(root("docs", "openings.md"))
	must(t, err)
	p := startWaterWorks(t)
	theirs := object("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "conduit-dosing-reports")
	says := map[string]string{
		"plan -f config/samples/openings || true\n": "APPROVE 1",
		"zonewarden waiting":                        "dosing-reports",
		"approve conduit/dosing-reports":            `["bert@example.com"]`,
		"get approvals":                             "bert@example.com",
	}
	for _, script := range blocks(t, string(raw), "sh") {
		// A busy machine may take longer than somebody waits at a screen.
		out, err := p.run(t, strings.ReplaceAll(script, "--yes", "--yes --wait=2m"))
		must(t, err)
		for command, want := range says {
			if strings.Contains(script, command) && !strings.Contains(out, want) {
				t.Errorf("%s\nprints no %q:\n%s", script, want, out)
			}
		}
		if !strings.Contains(script, "waiting") {
			continue
		}
		p.mustNot(t, "the author approves", "kubectl zonewarden approve conduit/dosing-reports --yes --as=ada@example.com")
		p.mustNot(t, "the hub writes in ada's name", `kubectl --as=system:serviceaccount:argocd:hub --as-group=system:masters \
			patch conduit dosing-reports --type=merge --patch '{"spec":{"flows":[{"protocol":"ssh"}]}}'`)
		p.mustNot(t, "the hub turns it off", `kubectl --as=system:serviceaccount:argocd:hub --as-group=system:masters \
			patch sites/site --type=json --patch '[{"op":"remove","path":"/spec/openings"}]'`)
		p.mustNot(t, "the hub lifts the cell", `kubectl --as=system:serviceaccount:argocd:hub --as-group=system:masters \
			patch zone cell-filtration --type=merge --patch '{"spec":{"enforcement":"Observe"}}'`)
		p.mustNot(t, "another hash is approved", "kubectl zonewarden approve conduit/dosing-reports --yes --as=bert@example.com --hash sha256:"+strings.Repeat("0", 64))
		if p.exists(t, theirs) {
			t.Error("it is open already")
		}
	}
	if !p.exists(t, theirs) {
		t.Error("it is not open")
	}
}

// TestWhatAHubWrites: the patch of the page puts the author on what is of our kinds, and on
// nothing else.
func TestWhatAHubWrites(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(root("docs", "openings.md"))
	must(t, err)
	folder := t.TempDir()
	conduit, err := os.ReadFile(root("config", "samples", "openings", "dosing-reports.yaml"))
	must(t, err)
	other := "apiVersion: zonewarden.io/v1alpha1\nkind: Vendor\nmetadata: {name: v}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n"
	must(t, os.WriteFile(filepath.Join(folder, "conduit.yaml"), conduit, 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "other.yaml"), []byte(other), 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte("resources: [conduit.yaml, other.yaml]\n"+blocks(t, string(raw), "yaml")[0]), 0o600))
	out, err := exec.CommandContext(t.Context(), filepath.Join(kubePrograms(), "kubectl"), "kustomize", folder).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, o := range objects(t, string(out)) {
		want := ""
		if o.GetKind() == "Conduit" {
			want = "system:serviceaccount:argocd:argocd-application-controller"
		}
		if got := o.GetAnnotations()["zonewarden.io/author"]; got != want {
			t.Errorf("%s %s has the author %q, want %q", o.GetKind(), o.GetName(), got, want)
		}
	}
}

// mustNot runs what has to be refused.
func (p *plant) mustNot(t *testing.T, what, script string) {
	t.Helper()
	if out, err := p.run(t, script); err == nil {
		t.Errorf("%s, and nothing refuses it:\n%s", what, out)
	}
}
