// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"strings"
	"testing"
)

// TestOpenings types every command of docs/openings.md, on the water works with the guard and
// the operator that the chart installs. What a command prints is what the page is about.
func TestOpenings(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(root("docs", "openings.md"))
	must(t, err)
	p := startPlant(t, cilium)
	p.use(t, theChart)
	p.follow(t, "Install it", 0, 1)
	p.startOperator(t)
	p.follow(t, "Install it", 2, 3)
	theirs := object("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "conduit-dosing-reports")
	says := map[string]string{
		"plan -f config/samples/openings || true\n": "APPROVE 1",
		"zonewarden waiting":                        "dosing-reports",
		"approve conduit/dosing-reports":            `["bert@example.com"]`,
		"get approvals":                             "bert@example.com",
	}
	for _, script := range blocks(t, string(raw), "sh") {
		out, err := p.run(t, script)
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

// mustNot runs what has to be refused.
func (p *plant) mustNot(t *testing.T, what, script string) {
	t.Helper()
	if out, err := p.run(t, script); err == nil {
		t.Errorf("%s, and nothing refuses it:\n%s", what, out)
	}
}
