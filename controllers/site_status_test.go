// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// TestAssetsStayCountedUnderTheirDefinition: the cache may show assets whose definition it
// shows no more. Without the definition that they were counted under, another one by the
// same name would pass for theirs, and their going for a wish.
func TestAssetsStayCountedUnderTheirDefinition(t *testing.T) {
	t.Parallel()
	s := &Segmentation{clock: clocktesting.NewFakePassiveClock(time.Date(2027, time.June, 30, 12, 0, 0, 0, time.UTC))}
	for _, test := range []struct{ before, seen, want types.UID }{
		{"", "a", "a"}, {"a", "a", "a"}, {"a", "", "a"}, {"a", "b", "b"},
	} {
		site := &v1alpha1.Site{
			ObjectMeta: metav1.ObjectMeta{Name: topology.SiteName},
			Spec: v1alpha1.SiteSpec{TimeZone: "UTC", Scope: v1alpha1.Scope{
				NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{"ot": "yes"}},
			}},
		}
		site.Status.AssetsCountedUnder = test.before
		snapshot := &topology.Snapshot{Site: site}
		o := newOutcome(snapshot, topology.Resolve(*snapshot), choice{chosen: v1alpha1.BackendCilium})
		o.verify(nil)
		o.assetDefinition = test.seen
		if got := s.siteStatus(o, site).AssetsCountedUnder; got != test.want {
			t.Errorf("%q, then %q: %q, want %q", test.before, test.seen, got, test.want)
		}
	}
}
