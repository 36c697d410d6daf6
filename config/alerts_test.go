// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
)

// prometheusRule is what is looked at of config/prometheus/alerts.yaml.
type prometheusRule struct {
	Spec struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
}

var (
	// ofOthers are served by controller-runtime and not in our table.
	ofOthers  = []string{"leader_election_master_status"}
	anyMetric = regexp.MustCompile(`\b(?:zonewarden|leader_election)_[a-z_]+`)
	labelled  = regexp.MustCompile(`(zonewarden_[a-z_]+)\{([^}]*)\}`)
	rowOf     = regexp.MustCompile("(?m)^\\| `(zonewarden_[a-z_]+)` \\| ([a-z]+) \\| ([^|]*)\\|")
)

// TestAlertsAskForMetricsThatExist, by labels that they have.
func TestAlertsAskForMetricsThatExist(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../docs/metrics.md")
	must(t, err)
	labels := map[string]string{}
	for _, m := range rowOf.FindAllStringSubmatch(string(raw), -1) {
		name := m[1]
		if m[2] == "histogram" {
			name += "_bucket"
		}
		labels[name] = m[3]
	}
	names := sets.New[string]()
	for _, g := range readAlerts(t).Spec.Groups {
		for _, r := range g.Rules {
			if names.Has(r.Alert) || !strings.HasPrefix(r.Alert, "Zonewarden") {
				t.Errorf("two alerts, or none of ours: %q", r.Alert)
			}
			names.Insert(r.Alert)
			found := anyMetric.FindAllString(r.Expr, -1)
			if len(found) == 0 || strings.Count(r.Expr, "(") != strings.Count(r.Expr, ")") {
				t.Errorf("%s asks for nothing: %s", r.Alert, r.Expr)
			}
			for _, name := range found {
				if _, is := labels[name]; !is && !slices.Contains(ofOthers, name) {
					t.Errorf("%s asks for %s, which docs/metrics.md does not have", r.Alert, name)
				}
			}
			for _, m := range labelled.FindAllStringSubmatch(r.Expr, -1) {
				label, _, _ := strings.Cut(m[2], "=")
				if !strings.Contains(labels[m[1]], "`"+strings.TrimSuffix(label, "!")+"`") {
					t.Errorf("%s asks for %s by %s", r.Alert, m[1], label)
				}
			}
			if s := r.Labels["severity"]; s != "critical" && s != "warning" {
				t.Errorf("%s has severity %q", r.Alert, s)
			}
		}
	}
	if names.Len() < 20 {
		t.Errorf("%d alerts", names.Len())
	}
}

// TestTheMonitorFindsTheService, by labels that no other has, and the port of the metrics.
func TestTheMonitorFindsTheService(t *testing.T) {
	t.Parallel()
	monitor := as[struct {
		APIVersion, Kind string
		Metadata         struct {
			Name, Namespace string
			Labels          map[string]string
		}
		Spec struct {
			Selector  struct{ MatchLabels map[string]string }
			Endpoints []struct{ Port, Interval string }
		}
	}](t, render(t, "prometheus"), "ServiceMonitor/zonewarden")
	service := as[corev1.Service](t, rendered(t), "Service/zonewarden-metrics")
	for k, v := range monitor.Spec.Selector.MatchLabels {
		if service.Labels[k] != v {
			t.Errorf("the monitor selects %s=%s, which the Service does not have", k, v)
		}
	}
	if e := monitor.Spec.Endpoints; len(e) != 1 || e[0].Port != service.Spec.Ports[0].Name || monitor.Metadata.Namespace != service.Namespace {
		t.Errorf("it scrapes %v in %s", e, monitor.Metadata.Namespace)
	}
}

func readAlerts(t *testing.T) prometheusRule {
	t.Helper()
	return as[prometheusRule](t, map[string][]byte{"r": alertSpec(t)}, "r")
}

// alertSpec is the rule without what every object has.
func alertSpec(t *testing.T) []byte {
	t.Helper()
	raw, err := os.ReadFile("prometheus/alerts.yaml")
	must(t, err)
	_, spec, found := strings.Cut(string(raw), "\nspec:\n")
	if !found {
		t.Fatal("the alerts have no spec")
	}
	return []byte("spec:\n" + spec)
}
