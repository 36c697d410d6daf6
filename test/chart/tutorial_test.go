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
