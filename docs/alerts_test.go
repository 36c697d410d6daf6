// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// runbookURL is where the alerts look for their sections.
const runbookURL = "https://github.com/zonewarden/zonewarden/blob/main/docs/runbook.md#"

// alert is a rule of config/prometheus.
type alert struct {
	Alert       string
	Annotations map[string]string
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var rules struct {
		Spec struct {
			Groups []struct{ Rules []alert }
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "../config/prometheus/alerts.yaml")), &rules); err != nil {
		t.Fatal(err)
	}
	var out []alert
	for _, g := range rules.Spec.Groups {
		out = append(out, g.Rules...)
	}
	if len(out) == 0 {
		t.Fatal("there are no alerts")
	}
	return out
}

func alertNames(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, a := range alerts(t) {
		out = append(out, a.Alert)
	}
	return out
}

// TestAlertsLeadToTheirSections of the runbook, which stand under its heading Alerts.
func TestAlertsLeadToTheirSections(t *testing.T) {
	t.Parallel()
	_, own, found := strings.Cut(read(t, "runbook.md"), "\n## Alerts\n")
	if !found {
		t.Fatal("the runbook has no alerts")
	}
	for _, a := range alerts(t) {
		if want := runbookURL + strings.ToLower(a.Alert); a.Annotations["runbook_url"] != want {
			t.Errorf("%s leads to %s, want %s", a.Alert, a.Annotations["runbook_url"], want)
		}
		if !strings.Contains(own, "\n### "+a.Alert+"\n") {
			t.Errorf("%s has no section under Alerts", a.Alert)
		}
		if a.Annotations["summary"] == "" || a.Annotations["description"] == "" {
			t.Errorf("%s does not say what is wrong", a.Alert)
		}
	}
}
