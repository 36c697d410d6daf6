// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package logbook_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
)

const operator = "system:serviceaccount:zonewarden-system:zonewarden"

var (
	noon  = time.Date(2026, time.August, 1, 12, 0, 0, 123456789, time.UTC)
	stamp = logbook.Stamp{
		Operator: operator, SpecHash: "aa", PolicyHash: "bb",
		Clock: audit.Clock{Trusted: true, Reason: "Synchronised", BootID: "b", SinceBoot: time.Hour},
	}
)

// written is a chain of these records, as it is read back from its text.
func written(tb rapid.TB, records ...audit.Record) []audit.Entry {
	tb.Helper()
	head := audit.Head{Site: "site"}
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	var entries []audit.Entry
	for _, r := range records {
		e, next, err := audit.Append(head, r, key)
		if err != nil {
			tb.Fatalf("appending %+v: %v", r, err)
		}
		entries, head = append(entries, e), next
	}
	again, faults := audit.DecodeLines(audit.EncodeLines(entries))
	if len(faults) > 0 {
		tb.Fatalf("reading back: %v", faults)
	}
	return again
}

// word is any text that can be written.
func word() *rapid.Generator[string] {
	return rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[a-z0-9:.@-]{1,40}`), rapid.StringN(0, 20, 60))
}

func instant() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "none") {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(0, 1<<35).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
	})
}

func record() *rapid.Generator[access.Record] {
	return rapid.Custom(func(t *rapid.T) access.Record {
		return access.Record{
			Kind: rapid.SampledFrom([]access.RecordKind{
				access.RecordRequested, access.RecordDecided, access.RecordOpened,
				access.RecordClosed, access.RecordEnded, access.RecordReviewed,
			}).Draw(t, "kind"),
			Window: word().Draw(t, "window"), UID: word().Draw(t, "uid"),
			Generation: rapid.Int64Range(0, 1<<53-1).Draw(t, "generation"), Occurrence: word().Draw(t, "occurrence"),
			At: instant().Draw(t, "at"), Phase: access.Phase(word().Draw(t, "phase")), Reason: access.Reason(word().Draw(t, "reason")),
			Approval: word().Draw(t, "approval"), By: word().Draw(t, "by"), Verdict: access.Verdict(word().Draw(t, "verdict")),
			Until: instant().Draw(t, "until"), Due: access.Due(rapid.Bool().Draw(t, "due")),
		}
	})
}

// TestNothingIsLost: what is written to a chain, signed, stored as text and read again is
// what it was, and who did it is right.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := record().Draw(t, "record")
		s := stamp
		s.BreakGlass = rapid.Bool().Draw(t, "break-glass")
		told := logbook.Write(want, s)
		entry := written(t, told)[0]
		if diff := cmp.Diff(told.Decision, entry.Record.Decision, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("the decision (-written +read):\n%s", diff)
		}
		got, err := logbook.Read(entry.Record)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("the record (-want +got):\n%s", diff)
		}
		again := logbook.Write(got, s)
		again.Schema = audit.Schema
		if diff := cmp.Diff(entry.Record, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("written again (-want +got):\n%s", diff)
		}
		who := operator
		if want.By != "" {
			who = want.By
		}
		if entry.Record.Who != who || entry.Record.SpecHash != "aa" || entry.Record.PolicyHash != "bb" || entry.Record.Clock != stamp.Clock {
			t.Fatalf("it says %+v", entry.Record)
		}
	})
}

// TestTrailsAreThoseOfEachWindow in their order, copies where their originals stood.
func TestTrailsAreThoseOfEachWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := map[types.UID]access.Trail{}
		var records, carried []audit.Record
		for i, r := range rapid.SliceOfN(record(), 0, 12).Draw(t, "records") {
			r.UID = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "of")
			want[types.UID(r.UID)] = access.Trail{Known: true, Records: append(want[types.UID(r.UID)].Records, r)}
			told := logbook.Write(r, stamp)
			records = append(records, told)
			if rapid.Bool().Draw(t, "carried") {
				told.Carried = uint64(i + 1)
				carried = append(carried, told)
			}
		}
		entries := written(t, append(records, carried...)...)
		if diff := cmp.Diff(want, logbook.Trails(entries)); diff != "" {
			t.Fatalf("trails (-want +got):\n%s", diff)
		}
	})
}

func of(what, kind, uid string, decision map[string]string) audit.Record {
	return audit.Record{What: what, Object: audit.Object{Kind: kind, UID: uid}, Decision: decision}
}

func TestWhatIsNotAboutAWindowTellsNothing(t *testing.T) {
	t.Parallel()
	entries := written(t,
		of("LockMade", "AccessLock", "u", nil), of("Opened", "ZoneBypass", "u", nil),
		of(audit.CheckpointMade, "", "", map[string]string{}), of("Ended", "vendoraccesswindow", "u", nil),
	)
	if got := logbook.Trails(entries); len(got) != 0 || got == nil {
		t.Errorf("it tells %+v", got)
	}
}

// TestAWindowWithARecordThatIsNotUnderstoodIsNotKnown, and others are.
func TestAWindowWithARecordThatIsNotUnderstoodIsNotKnown(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]audit.Record{
		"a kind": of("Suspended", access.KindWindow, "u", nil),
		"until":  of("Opened", access.KindWindow, "u", map[string]string{"until": "soon"}),
		"due":    of("Opened", access.KindWindow, "u", map[string]string{"due": "Later"}),
	} {
		good := of("Requested", access.KindWindow, "u", nil)
		got := logbook.Trails(written(t, good, bad, good, of("Requested", access.KindWindow, "v", nil)))
		if logbook.Of(got, "u").Known || !logbook.Of(got, "v").Known {
			t.Errorf("%s: %+v", name, got)
		}
		if _, err := logbook.Read(bad); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
	if _, err := logbook.Read(of("Opened", "AccessLock", "u", nil)); err == nil {
		t.Error("a lock is read as a window")
	}
}

func TestAWindowWithoutRecordsIsKnownToHaveNone(t *testing.T) {
	t.Parallel()
	if got := logbook.Of(logbook.Trails(nil), "u"); !got.Known || len(got.Records) != 0 {
		t.Errorf("of a trail that was read: %+v", got)
	}
	if got := logbook.Of(nil, "u"); got.Known {
		t.Error("a trail that was not read is known")
	}
}

func TestWhatIsNeeded(t *testing.T) {
	t.Parallel()
	window, lock := of("Ended", access.KindWindow, "u", nil), of("LockMade", "AccessLock", "l", nil)
	key, checkpoint := of(audit.KeyChanged, "Secret", "u", nil), of(audit.CheckpointMade, "", "", nil)
	for _, test := range []struct {
		name  string
		exist map[types.UID]bool
		want  []bool
	}{
		{"while nobody knows what exists", nil, []bool{true, true, false, false}},
		{"nothing", map[types.UID]bool{}, []bool{false, false, false, false}},
		{"a window", map[types.UID]bool{"u": true}, []bool{true, false, false, false}},
		{"a lock", map[types.UID]bool{"l": true, "": true}, []bool{false, true, false, false}},
	} {
		for i, r := range []audit.Record{window, lock, key, checkpoint} {
			if got := logbook.Needed(r, test.exist); got != test.want[i] {
				t.Errorf("%s: %s is needed: %t", test.name, r.What, got)
			}
		}
	}
}
