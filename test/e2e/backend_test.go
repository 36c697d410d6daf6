// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// The same matrix with plain NetworkPolicies, enforced by the same agent.
func TestTheMatrixHoldsWithPlainNetworkPolicy(t *testing.T) {
	w := plant(t)
	site := w.object("Site", "site")
	t.Cleanup(func() {
		w.Apply(t, w.object("Site", "site"))
		w.settled()
		stage.Until(t, settles, "the Cilium policies stand again", func() bool { return w.stands("zone-dmz") })
	})
	must(t, unstructured.SetNestedField(site.Object, "KubernetesNetworkPolicy", "spec", "backend"))
	w.Apply(t, site)
	w.settled()
	w.gone("zone-dmz", "conduit-scada-opcua")
	w.probe().agree(t)
}
