// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package logbook_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
)

// TestOpenings: each decision is told once, also when what it is about is gone and somebody
// makes another by its name, and a second look owes nothing.
func TestOpenings(t *testing.T) {
	t.Parallel()
	approved := logbook.Opening{
		UID: "1", Created: noon, Of: audit.Object{Kind: "Conduit", Name: "poll", UID: "c", Generation: 2},
		SpecHash: "cc", By: "bert", Author: "ada", Reason: "CR-7",
	}
	denied := approved
	denied.UID, denied.Denied, denied.By, denied.Reason = "2", true, "cora", ""
	var records []audit.Record
	look := func(exist ...logbook.Opening) []audit.Record {
		t.Helper()
		owed := logbook.Openings(written(t, records...), exist, stamp)
		records = append(records, owed...)
		if again := logbook.Openings(written(t, records...), exist, stamp); len(again) > 0 {
			t.Errorf("asked again it owes %+v", again)
		}
		return owed
	}
	want := []audit.Record{
		{
			Who: "bert", What: "OpeningApproved", At: noon, Clock: stamp.Clock, SpecHash: "cc", PolicyHash: "bb", Object: approved.Of,
			Decision: map[string]string{"approval": "1", "author": "ada", "reason": "CR-7"},
		},
		{
			Who: "cora", What: "OpeningDenied", At: noon, Clock: stamp.Clock, SpecHash: "cc", PolicyHash: "bb", Object: approved.Of,
			Decision: map[string]string{"approval": "2", "author": "ada"},
		},
	}
	if diff := cmp.Diff(want, look(approved, denied)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if more := look(denied); len(more) > 0 {
		t.Errorf("what is gone is told of again: %+v", more)
	}
	again := approved
	again.UID = "3"
	if more := look(again, denied); len(more) != 1 || more[0].Decision["approval"] != "3" {
		t.Errorf("of a new one it tells %+v", more)
	}
	for _, r := range want {
		if got := logbook.Severity(r); got != audit.Warning {
			t.Errorf("%s is %v", r.What, got)
		}
	}
}
