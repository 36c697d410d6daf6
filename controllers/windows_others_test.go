// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
	"github.com/zonewarden/zonewarden/internal/openings"
)

// An approval of a conduit that has the name of a window is none of the window's: it opens
// nothing, and what becomes of it is not said by whoever decides on windows.
func TestApprovalsOfOtherKindsAreNotOfWindows(t *testing.T) {
	t.Parallel()
	a := newAccessWorld(t)
	o := a.startAll()
	w := a.request("drives", time.Hour)
	a.becomes(w, v1alpha1.WindowRequested)
	other := &v1alpha1.Approval{ObjectMeta: objectMeta("of-a-conduit"), Spec: v1alpha1.ApprovalSpec{
		Of: v1alpha1.ApprovedObject{
			Kind: v1alpha1.ApprovedConduit, Name: w.Name, UID: "0d4a1f6e-93c5-4b7e-a1f2-5c8d7e6f9a0b", Generation: 1,
			SpecHash: "sha256:" + strings.Repeat("9f3c", 16),
		},
		Requester: planner, Approver: owner, Decision: v1alpha1.DecisionApprove,
	}}
	a.make(other)
	// Decided after it: whoever has counted this one has seen the other.
	a.counts(a.decide(w, owner, v1alpha1.DecisionDeny), true)
	a.becomes(w, v1alpha1.WindowDenied)
	a.quiet(o)
	a.openingIsTold(other)
	a.must(a.Get(a.ctx(), client.ObjectKeyFromObject(other), other))
	if c := meta.FindStatusCondition(other.Status.Conditions, v1alpha1.ConditionAccepted); c != nil && c.Reason != v1alpha1.ReasonApprovedObjectNotFound {
		t.Errorf("it is judged as one of the window: %+v", c)
	}
}

// openingIsTold waits until a decision on what something opens is in the trail, once.
func (a *accessWorld) openingIsTold(of *v1alpha1.Approval) {
	a.t.Helper()
	want := []string{string(of.Spec.Approver) + " OpeningApproved " + of.Spec.Of.Name + " " + strings.TrimPrefix(of.Spec.Of.SpecHash, openings.HashPrefix)}
	a.eventually("the trail tells of the approval", func() error {
		entries, faults := audit.DecodeLines([]byte(get(a.world, auditHead()).Data["entries"]))
		var told []string
		for _, e := range entries {
			if logbook.IsOpening(e.Record) {
				told = append(told, strings.Join([]string{e.Record.Who, e.Record.What, e.Record.Object.Name, e.Record.SpecHash}, " "))
			}
		}
		if diff := cmp.Diff(want, told); diff != "" || len(faults) > 0 {
			return fmt.Errorf("faults %v, records (-want +got):\n%s", faults, diff)
		}
		return nil
	})
}
