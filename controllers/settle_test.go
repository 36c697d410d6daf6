// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/apply"
)

// TestAgentsSeeAGroupBeforeWhatNamesIt: they get time to catch up between kinds. Times
// are of whole seconds, so a second between them is one at least.
func TestAgentsSeeAGroupBeforeWhatNamesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.plant()
	w.havePolicies(plantPolicies...)
	group := &unstructured.Unstructured{}
	group.SetGroupVersionKind(apply.GVKCIDRGroup)
	w.must(w.Get(w.ctx(), client.ObjectKey{Name: "zone-cell"}, group))
	for _, name := range []string{"zone-cell", "conduit-scada-cell"} {
		if d := w.policy(name).GetCreationTimestamp().Sub(group.GetCreationTimestamp().Time); d < time.Second {
			t.Errorf("%s came %s after the group that it names", name, d)
		}
	}
}
