// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// mostOfARelease is how large a release may become: a Secret holds 1 MiB, and values come on top.
const mostOfARelease = 512 << 10

// releaseFits the Secret that Helm keeps it in.
func (p *plant) releaseFits(t *testing.T) {
	t.Helper()
	var releases corev1.SecretList
	must(t, p.List(t.Context(), &releases, client.InNamespace(namespace), client.MatchingLabels{"owner": "helm"}))
	if len(releases.Items) == 0 {
		t.Error("there is no release")
	}
	for i := range releases.Items {
		n := len(releases.Items[i].Data["release"])
		t.Logf("%s has %d bytes, %d%% of what a Secret holds", releases.Items[i].Name, n, n*100/(1<<20))
		if n > mostOfARelease {
			t.Errorf("%s has %d bytes", releases.Items[i].Name, n)
		}
	}
}

var metricName = regexp.MustCompile(`\b(zonewarden|leader_election)_[a-z_]+`)

// alertsAskForWhatIsServed: each metric of each alert is one that the operator serves, as
// Prometheus would find it.
func (l *lifecycle) alertsAskForWhatIsServed(t *testing.T) {
	t.Helper()
	served := l.operator.serves(t)
	// Of these there is a series only while there is something to say.
	onlyThen := []string{"zonewarden_exposures", "zonewarden_drift_reverted_total", "zonewarden_certificate_end_timestamp_seconds", "zonewarden_authority_end_timestamp_seconds"}
	for _, o := range rendered(t, "--set", "prometheusRule.enabled=true", "--show-only", "templates/monitoring/alerts.yaml") {
		raw, err := o.MarshalJSON()
		must(t, err)
		for _, name := range slices.Compact(slices.Sorted(slices.Values(metricName.FindAllString(string(raw), -1)))) {
			if !strings.Contains(served, "\n"+name+"{") && !strings.Contains(served, "\n"+name+" ") && !slices.Contains(onlyThen, name) {
				t.Errorf("an alert asks for %s, which the operator does not serve", name)
			}
		}
	}
}
