// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
)

// dashboard is what is looked at of config/grafana/zonewarden.json.
type dashboard struct {
	Panels []struct {
		ID      int
		Type    string
		Title   string
		GridPos struct{ H, W, X, Y int }
		Targets []struct{ Expr, LegendFormat string }
	}
}

var (
	metricName = regexp.MustCompile(`zonewarden_[a-z_]+`)
	ofTheTable = regexp.MustCompile("(?m)^\\| `(zonewarden_[a-z_]+)` \\| ([a-z]+) \\|")
)

// TestTheDashboardShowsEveryMetric: each of docs/metrics.md is on it, and nothing that is
// not there.
func TestTheDashboardShowsEveryMetric(t *testing.T) {
	want := sets.New[string]()
	raw, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ofTheTable.FindAllStringSubmatch(string(raw), -1) {
		name := m[1]
		if m[2] == "histogram" {
			name += "_bucket"
		}
		want.Insert(name)
	}
	got := sets.New[string]()
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			got.Insert(metricName.FindAllString(target.Expr, -1)...)
		}
	}
	if diff := cmp.Diff(sets.List(want), sets.List(got)); diff != "" {
		t.Errorf("the dashboard (-docs/metrics.md +config/grafana):\n%s", diff)
	}
}

// TestTheDashboardIsDrawn: nothing lies over something else or out of the page, each panel
// has a title and something to show, and its legend says of which site.
func TestTheDashboardIsDrawn(t *testing.T) {
	taken, ids := map[[2]int]string{}, sets.New[int]()
	for _, p := range readDashboard(t).Panels {
		if p.Title == "" || p.GridPos.W < 1 || p.GridPos.X+p.GridPos.W > 24 || ids.Has(p.ID) {
			t.Errorf("panel %d %q at %+v", p.ID, p.Title, p.GridPos)
		}
		ids.Insert(p.ID)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, is := taken[[2]int{x, y}]; is {
					t.Fatalf("%q lies over %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			if !strings.Contains(target.Expr, `{site=~"$site"`) || !strings.Contains(target.LegendFormat, "{{site}}") ||
				strings.Count(target.Expr, "(") != strings.Count(target.Expr, ")") {
				t.Errorf("%q: %s", p.Title, target.Expr)
			}
		}
	}
}

// TestGrafanaFindsTheDashboard by the label that its sidecar looks for.
func TestGrafanaFindsTheDashboard(t *testing.T) {
	objects := render(t, "grafana")
	m := as[corev1.ConfigMap](t, objects, "ConfigMap/zonewarden-dashboard")
	if m.Namespace != namespace || m.Labels["grafana_dashboard"] != "1" || len(objects) != 1 {
		t.Errorf("%s/%s %v, of %d objects", m.Namespace, m.Name, m.Labels, len(objects))
	}
	raw, err := os.ReadFile("grafana/zonewarden.json")
	if err != nil || !slices.Equal(raw, []byte(m.Data["zonewarden.json"])) {
		t.Errorf("the ConfigMap does not hold the dashboard: %v", err)
	}
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	raw, err := os.ReadFile("grafana/zonewarden.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return d
}
