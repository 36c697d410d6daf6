// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/internal/cli/manifest"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
)

// declared is the site that documents declare, of which none is refused.
func declared(t *testing.T, documents ...string) *plant.Plant {
	t.Helper()
	set, err := manifest.Read(strings.NewReader(strings.Join(documents, "\n---\n")), "-")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range set.Problems {
		t.Fatalf("%s is refused: %+v", problem.Object, problem)
	}
	p, err := plant.FromFiles("files", set, today)
	if err != nil {
		t.Fatal(err)
	}
	for ref, v := range p.Model().Verdicts {
		if !v.Accepted() {
			t.Fatalf("%s is refused: %+v", ref, v.Findings)
		}
	}
	return p
}

// hall is a Site, with what else its spec has.
func hall(more string) string {
	return `{apiVersion: zonewarden.io/v1alpha1, kind: Site, metadata: {name: site}, spec: {id: hall-3, timeZone: Europe/Berlin,
  scope: {namespaceSelector: {matchLabels: {zonewarden.io/scope: ot}}}` + more + `}}`
}

// zone is a zone in Enforce of the namespace of its name, with what else its spec has.
func zone(name, more string) string {
	return fmt.Sprintf(`{apiVersion: zonewarden.io/v1alpha1, kind: Zone, metadata: {name: %s}, spec: {description: A zone, purdue: L2, type: Control,
  slTarget: {all: 1}, members: {workloads: [{namespaces: [%s]}]}, enforcement: Enforce, owner: Cells, physicalBoundary: Hall%s}}`, name, name, more)
}

// conduit lets one zone open connections to another.
func conduit(from, to string) string {
	return fmt.Sprintf(`{apiVersion: zonewarden.io/v1alpha1, kind: Conduit, metadata: {name: %s-%s}, spec: {initiator: {zone: %s}, responders: [{zone: %s}],
  flows: [{protocol: https}], why: {need: Needed, riskOwner: Owner, ifLost: Stops, ifAbused: Opens, approval: CR-1}}}`, from, to, from, to)
}

func pod(namespace, name string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s, namespace: %s, labels: {app: %s}}}`, name, namespace, name)
}

func deployment(namespace, name string, replicas int) string {
	return fmt.Sprintf(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: %s, namespace: %s}, spec: {replicas: %d, template: {metadata: {labels: {app: %s}}}}}`,
		name, namespace, replicas, name)
}
