// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package logbook_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
)

var (
	vendorLock = logbook.Lock{Name: "acme", UID: "1", Generation: 1, Created: noon, Vendor: "acme", Reason: "incident 7", By: "shift-1", SpecHash: "cc"}
	siteLock   = logbook.Lock{Name: "all", UID: "2", Generation: 1, Created: noon, Everything: true, Reason: "drill", By: "shift-2"}
)

// TestLocks: each is told once when it is there and once when it is gone, whatever happens
// in between, and a second look owes nothing.
func TestLocks(t *testing.T) {
	t.Parallel()
	var records []audit.Record
	look := func(exist ...logbook.Lock) []string {
		t.Helper()
		owed := logbook.Locks(written(t, records...), exist, noon.Add(time.Hour), stamp)
		records = append(records, owed...)
		if again := logbook.Locks(written(t, records...), exist, noon, stamp); len(again) > 0 {
			t.Errorf("asked again it owes %+v", again)
		}
		var out []string
		for _, r := range owed {
			out = append(out, r.What+" "+r.Object.Name+" by "+r.Who)
		}
		return out
	}
	again := vendorLock
	again.UID = "3"
	for i, step := range []struct {
		exist []logbook.Lock
		want  []string
	}{
		{nil, nil},
		{[]logbook.Lock{vendorLock, siteLock}, []string{"LockMade acme by shift-1", "LockMade all by shift-2"}},
		{[]logbook.Lock{vendorLock, siteLock}, nil},
		{[]logbook.Lock{siteLock}, []string{"LockLifted acme by " + operator}},
		{[]logbook.Lock{again, siteLock}, []string{"LockMade acme by shift-1"}},
		{nil, []string{"LockLifted all by " + operator, "LockLifted acme by " + operator}},
		{nil, nil},
	} {
		if diff := cmp.Diff(step.want, look(step.exist...)); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
	want := audit.Record{
		Schema: audit.Schema, Who: "shift-1", What: "LockMade", At: noon, Clock: stamp.Clock, SpecHash: "cc", PolicyHash: "bb",
		Object:   audit.Object{Kind: "AccessLock", Name: "acme", UID: "1", Generation: 1},
		Decision: map[string]string{"vendor": "acme", "reason": "incident 7", "by": "shift-1"},
	}
	if diff := cmp.Diff(want, written(t, records...)[0].Record); diff != "" {
		t.Errorf("the first record (-want +got):\n%s", diff)
	}
	if all := records[1].Decision["everything"]; all != "true" {
		t.Errorf("a lock of everything says %q", all)
	}
	if got := logbook.Trails(written(t, records...)); len(got) > 0 {
		t.Errorf("locks tell of windows: %+v", got)
	}
}

func TestSeverities(t *testing.T) {
	t.Parallel()
	opened := access.Record{Kind: access.RecordOpened, Phase: access.Active, Reason: access.ReasonOpen}
	glass := stamp
	glass.BreakGlass = true
	window := func(r access.Record) audit.Record { return logbook.Write(r, stamp) }
	decided := func(v access.Verdict, because access.Reason) audit.Record {
		return window(access.Record{Kind: access.RecordDecided, Verdict: v, Reason: because, By: "p"})
	}
	checkpoint := func(lost uint64) audit.Record {
		return audit.Checkpoint{Through: 9, Lost: lost}.Record(audit.Record{})
	}
	for name, test := range map[string]struct {
		record audit.Record
		want   audit.Severity
	}{
		"opened":                     {window(opened), audit.Warning},
		"opened by break-glass":      {logbook.Write(opened, glass), audit.Alert},
		"asked for by break-glass":   {logbook.Write(access.Record{Kind: access.RecordRequested}, glass), audit.Notice},
		"asked for":                  {window(access.Record{Kind: access.RecordRequested}), audit.Notice},
		"approved":                   {decided(access.Approve, ""), audit.Notice},
		"armed":                      {decided(access.Arm, ""), audit.Notice},
		"approved by who may not":    {decided(access.Approve, access.ReasonSelfApproval), audit.Warning},
		"denied":                     {decided(access.Deny, ""), audit.Warning},
		"revoked":                    {decided(access.Revoke, ""), audit.Warning},
		"ended by time":              {window(access.Record{Kind: access.RecordEnded, Phase: access.Expired, Reason: access.ReasonEndReached}), audit.Notice},
		"ended by a person":          {window(access.Record{Kind: access.RecordEnded, Phase: access.Revoked, Reason: access.ReasonRevoked}), audit.Warning},
		"access without a record":    {window(access.Record{Kind: access.RecordEnded, Phase: access.Revoked, Reason: access.ReasonNoAuditRecord}), audit.Alert},
		"reviewed":                   {window(access.Record{Kind: access.RecordReviewed}), audit.Notice},
		"locked":                     {of("LockMade", "AccessLock", "l", nil), audit.Warning},
		"unlocked":                   {of("LockLifted", "AccessLock", "l", nil), audit.Warning},
		"a new key":                  {of(audit.KeyChanged, "", "", nil), audit.Warning},
		"removed, exported before":   {checkpoint(0), audit.Informational},
		"removed, never exported":    {checkpoint(1), audit.Warning},
		"a checkpoint that says not": {of(audit.CheckpointMade, "", "", nil), audit.Warning},
		"what nobody knows yet":      {of("Isolated", "IsolationOrder", "", nil), audit.Notice},
	} {
		if got := logbook.Severity(test.record); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
