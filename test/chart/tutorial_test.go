// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestTutorial types every command of docs/tutorial.md, with the operator that the first of
// them installs.
func TestTutorial(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(root("docs", "tutorial.md"))
	must(t, err)
	p := startPlant(t, cilium)
	p.use(t, theChart)
	began := time.Now()
	for i, script := range blocks(t, string(raw), "sh") {
		out, err := p.run(t, script)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			p.startOperator(t)
		}
		for command, want := range map[string]string{
			"refused/level-skip":  "(LevelSkip)",
			"explain outside":     "PASSES: neither end is denied anything",
			"plan -f":             "NEW DENY",
			"443 || true":         "PASSES: neither end is denied anything, and nothing declares it",
			"historian 443\n":     "by Conduit/hmi-trends",
			"matrix --zone":       "historian-opcua",
			"blast-radius ww-dmz": "SAFETY",
			"kubectl --as=tenant": "denied request",
			"graph -f":            "",
			"--type=merge --patch '{\"spec\":{\"enforcement\":\"Observe\"}}'": "patched",
		} {
			if strings.Contains(script, command) && !strings.Contains(out, want) {
				t.Errorf("%s\nprints no %q:\n%s", script, want, out)
			}
		}
	}
	t.Logf("the tutorial takes %s, without reading", time.Since(began).Round(time.Second))
}

// TestREADME types what the README says under Install, each way on a cluster of its own.
// The plugin is built by make.
func TestREADME(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(root("README.md"))
	must(t, err)
	_, install, _ := strings.Cut(string(raw), "\n## Install\n")
	install, _, _ = strings.Cut(install, "\n## ")
	ways := blocks(t, install, "sh")
	if len(ways) != 2 {
		t.Fatalf("the README has %d ways to install", len(ways))
	}
	for _, way := range ways {
		p := startPlant(t, cilium)
		p.use(t, theChart)
		var script []string
		for line := range strings.Lines(way) {
			if !strings.HasPrefix(line, "go build ") {
				script = append(script, line)
			}
		}
		_, err := p.run(t, strings.Join(script, ""))
		must(t, err)
		if !p.exists(t, object("apps/v1", "Deployment", namespace, "zonewarden")) {
			t.Errorf("after\n%s\nthere is no operator", way)
		}
	}
}
