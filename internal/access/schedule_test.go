// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/access"
)

// recurring is a window on a schedule, approved until its last day.
func recurring(schedule string, duration time.Duration, lastDay string, edits ...edit) access.Facts {
	return approved("07:00", append([]edit{func(f *access.Facts) {
		w := &f.Window
		w.Start, w.End, w.LatestEnd = "", "", ""
		w.Recurring = &access.Recurring{Schedule: schedule, Duration: duration, LastDay: lastDay}
	}}, edits...)...)
}

func created(at time.Time) edit {
	return func(f *access.Facts) {
		f.Window.Created = at
		for i := range f.Approvals {
			f.Approvals[i].Created = at
		}
	}
}

// walk carries every decision out from one instant to the next and gives what was
// granted when, and every end that was recorded.
func walk(t *testing.T, f access.Facts, to time.Time) (granted, ends []string, final access.Facts) {
	t.Helper()
	for range 1000 {
		if f.Clock.Now.After(to) {
			return granted, ends, f
		}
		d := access.Decide(f)
		for _, r := range kinds(d, access.RecordEnded) {
			ends = append(ends, fmt.Sprintf("%s %s %s", r.Occurrence, r.Phase, r.Reason))
		}
		for _, r := range kinds(d, access.RecordOpened) {
			granted = append(granted, fmt.Sprintf("%s to %s", r.At.In(f.Site.Location).Format("01-02T15:04"), r.Until.In(f.Site.Location).Format("01-02T15:04 MST")))
		}
		f, _ = carryOut(t, f)
		if d.Next.IsZero() {
			return granted, ends, f
		}
		f.Clock.Now = d.Next
	}
	t.Fatal("it has no end")
	return nil, nil, f
}

// TestOccurrences: each has its record, and the last one ends the window.
func TestOccurrences(t *testing.T) {
	f := recurring("0 8 * * 1-5", 4*time.Hour, "2026-11-26")
	granted, ends, f := walk(t, f, on("2026-12-31T00:00"))
	if want := []string{
		"11-23T08:00 to 11-23T12:00 CET", "11-24T08:00 to 11-24T12:00 CET",
		"11-25T08:00 to 11-25T12:00 CET", "11-26T08:00 to 11-26T12:00 CET",
	}; !slices.Equal(granted, want) {
		t.Errorf("granted %q, want %q", granted, want)
	}
	if want := []string{
		"2026-11-23T08:00 Expired EndReached", "2026-11-24T08:00 Expired EndReached", "2026-11-25T08:00 Expired EndReached",
		"2026-11-26T08:00 Expired EndReached", " Expired EndReached",
	}; !slices.Equal(ends, want) {
		t.Errorf("ends %q, want %q", ends, want)
	}
	want(t, access.Decide(f), access.Expired, access.ReasonEndReached)
}

// TestMissedOccurrences: a site that was off grants none of them, and tells of each, a
// bounded number at a time.
func TestMissedOccurrences(t *testing.T) {
	f := recurring("0 8 * * *", 4*time.Hour, "2027-06-30")
	f.Clock.Now = on("2027-01-01T13:00")
	d := access.Decide(f)
	want(t, d, access.Approved, access.ReasonNotYet)
	if n := len(kinds(d, access.RecordEnded)); n != 16 || !d.Next.Equal(f.Clock.Now) {
		t.Errorf("%d records at once, next %s", n, d.Next)
	}
	_, ends, _ := walk(t, f, f.Clock.Now)
	if len(ends) != 40 || ends[0] != "2026-11-23T08:00 Expired Missed" || ends[39] != "2027-01-01T08:00 Expired Missed" {
		t.Errorf("%d: %q", len(ends), ends)
	}
	// In the middle of one it opens, and tells of the ones before.
	f.Clock.Now = on("2026-11-25T09:00")
	granted, ends, _ := walk(t, f, f.Clock.Now)
	if len(ends) != 2 || len(granted) != 1 || granted[0] != "11-25T09:00 to 11-25T12:00 CET" {
		t.Errorf("ends %q, granted %q", ends, granted)
	}
	// Off past its last day: every occurrence is told of before the window ends.
	f.Clock.Now = on("2027-08-01T00:00")
	_, ends, _ = walk(t, f, f.Clock.Now)
	if n := len(ends); n != 221 || ends[n-1] != " Expired Missed" || ends[n-2] != "2027-06-30T08:00 Expired Missed" {
		t.Errorf("%d: %q", n, ends[max(0, n-2):])
	}
	untrusted(&f)
	if d := access.Decide(f); len(kinds(d, access.RecordEnded)) > 0 || d.Phase.Terminal() || d.Grant != nil {
		t.Errorf("a clock that jumped expires: %s, %v", d.Phase, d.Records)
	}
}

// TestScheduleOverTheTurnOfAClock: what falls in the hour that spring takes starts when
// the clock goes on, and what autumn has twice happens once.
func TestScheduleOverTheTurnOfAClock(t *testing.T) {
	day := func(zoneName, schedule string, duration time.Duration, from, last string) []string {
		loc := zone(zoneName)
		start, err := access.ParseMoment(from, loc, access.AsStart)
		if err != nil {
			t.Fatal(err)
		}
		f := recurring(schedule, duration, last, created(start), func(f *access.Facts) { f.Site.Location, f.Clock.Now = loc, start })
		granted, _, _ := walk(t, f, start.AddDate(0, 0, 5))
		return granted
	}
	for _, c := range []struct {
		zone, schedule string
		duration       time.Duration
		from, last     string
		want           []string
	}{
		{
			"Europe/Berlin", "30 2 * * *", time.Hour, "2026-03-28T00:00", "2026-03-30",
			[]string{"03-28T02:30 to 03-28T03:30 CET", "03-29T03:00 to 03-29T04:00 CEST", "03-30T02:30 to 03-30T03:30 CEST"},
		},
		{
			"Europe/Berlin", "30 2 * * *", time.Hour, "2026-10-24T00:00", "2026-10-26",
			[]string{"10-24T02:30 to 10-24T03:30 CEST", "10-25T02:30 to 10-25T03:30 CET", "10-26T02:30 to 10-26T03:30 CET"},
		},
		{ // Several in the hour that is taken are one.
			"Europe/Berlin", "0,20,40 2 * * *", 10 * time.Minute, "2026-03-29T00:00", "2026-03-29",
			[]string{"03-29T03:00 to 03-29T03:10 CEST"},
		},
		{ // One that would run into the next ends with it.
			"Europe/Berlin", "45 1,2 * * *", 50 * time.Minute, "2026-03-29T00:00", "2026-03-29",
			[]string{"03-29T01:45 to 03-29T03:00 CEST", "03-29T03:00 to 03-29T03:50 CEST"},
		},
		{ // The duration is elapsed time.
			"Europe/Berlin", "0 22 * * *", 8 * time.Hour, "2026-10-24T12:00", "2026-10-25",
			[]string{"10-24T22:00 to 10-25T05:00 CET", "10-25T22:00 to 10-26T00:00 CET"},
		},
		{
			"America/Santiago", "15 0 * * *", time.Hour, "2026-09-05T00:00", "2026-09-06",
			[]string{"09-05T00:15 to 09-05T01:15 -04", "09-06T01:00 to 09-06T02:00 -03"},
		},
		{
			"Australia/Lord_Howe", "10 2 * * *", time.Hour, "2026-10-03T00:00", "2026-10-04",
			[]string{"10-03T02:10 to 10-03T03:10 +1030", "10-04T02:30 to 10-04T03:30 +11"},
		},
	} {
		if got := day(c.zone, c.schedule, c.duration, c.from, c.last); !slices.Equal(got, c.want) {
			t.Errorf("%s in %s: %q, want %q", c.schedule, c.zone, got, c.want)
		}
	}
}

// TestOneOfSeveralInTheHourThatIsTaken: the others did not happen, and are not missed.
func TestOneOfSeveralInTheHourThatIsTaken(t *testing.T) {
	f := recurring("0,20,40 2 * * *", 10*time.Minute, "2026-03-29", created(on("2026-03-29T00:00")))
	f.Clock.Now = on("2026-03-29T00:00")
	_, ends, _ := walk(t, f, on("2026-03-30T12:00"))
	if want := []string{"2026-03-29T02:40 Expired EndReached", " Expired EndReached"}; !slices.Equal(ends, want) {
		t.Errorf("ends %q, want %q", ends, want)
	}
}

// TestLastDay: an occurrence that would last into the next day ends with it, and so does
// the window. One that was over when the window was created was not missed.
func TestLastDay(t *testing.T) {
	f := recurring("0 8,22 * * *", 4*time.Hour, "2026-11-24", created(monday("12:00")))
	f.Clock.Now = monday("12:00")
	granted, ends, f := walk(t, f, on("2026-12-24T00:00"))
	if want := []string{"11-23T22:00 to 11-24T02:00 CET", "11-24T08:00 to 11-24T12:00 CET", "11-24T22:00 to 11-25T00:00 CET"}; !slices.Equal(granted, want) {
		t.Errorf("granted %q, want %q", granted, want)
	}
	if want := []string{
		"2026-11-23T22:00 Expired EndReached", "2026-11-24T08:00 Expired EndReached", "2026-11-24T22:00 Expired EndReached", " Expired EndReached",
	}; !slices.Equal(ends, want) {
		t.Errorf("ends %q, want %q", ends, want)
	}
	if !f.Clock.Now.Equal(on("2026-11-25T00:00")) {
		t.Errorf("it ended at %s", f.Clock.Now)
	}
	// One that is on when it is created is one of its own.
	f = recurring("0 8,22 * * *", 4*time.Hour, "2026-11-24", created(monday("11:00")))
	f.Clock.Now = monday("11:00")
	wantEnd(t, access.Decide(f), monday("12:00"))
}

// TestOccurrencesEndByThemselves: a lock, idleness and an arming are of one occurrence,
// a Revoke of all.
func TestOccurrencesEndByThemselves(t *testing.T) {
	f := recurring("0 8 * * *", 4*time.Hour, "2026-12-31")
	f.Clock.Now = monday("08:00")
	f, d := carryOut(t, f)
	want(t, d, access.Active, access.ReasonOpen)
	if d.Occurrence != "2026-11-23T08:00" {
		t.Errorf("occurrence %q", d.Occurrence)
	}
	f.Locks = []access.Lock{{Name: "red", Everything: true}}
	d = access.Decide(f)
	want(t, d, access.Locked, access.ReasonLocked)
	if r := kinds(d, access.RecordEnded); len(r) != 1 || r[0].Occurrence != "2026-11-23T08:00" || r[0].Phase != access.Revoked {
		t.Errorf("recorded %+v", r)
	}
	f, _ = carryOut(t, f)
	f.Standing = []string{"2026-11-23T08:00"} // still going away
	if d = access.Decide(f); len(d.Records) > 0 {
		t.Errorf("recorded twice: %+v", d.Records)
	}
	f.Locks, f.Standing = nil, nil
	want(t, access.Decide(f), access.Approved, access.ReasonOccurrenceOver)
	if next := access.Decide(f).Next; next.After(on("2026-11-24T08:00")) {
		t.Errorf("next %s", next)
	}
	f.Clock.Now = on("2026-11-24T08:00")
	f, d = carryOut(t, f)
	want(t, d, access.Active, access.ReasonOpen)

	f.Window.IdleTimeout, f.Sessions.Counted, f.Clock.Now = time.Hour, true, on("2026-11-24T09:00")
	want(t, access.Decide(f), access.Approved, access.ReasonIdle)
	f, d = carryOut(t, f)
	want(t, d, access.Approved, access.ReasonOccurrenceOver)
	f.Clock.Now = on("2026-11-25T08:00")
	f, d = carryOut(t, f)
	want(t, d, access.Active, access.ReasonOpen)

	// The lock comes while the clock cannot be trusted and has jumped.
	jumped := f
	untrusted(&jumped)
	jumped.Clock.Now, jumped.Locks = on("2026-11-25T20:00"), []access.Lock{{Everything: true}}
	if r := kinds(access.Decide(jumped), access.RecordEnded); len(r) != 1 || r[0].Occurrence != "2026-11-25T08:00" {
		t.Errorf("locked while open, recorded %+v", r)
	}

	with(approval("stop", "owner-b", access.Revoke, "09:00"), nil)(&f)
	f, d = carryOut(t, f)
	want(t, d, access.Revoked, access.ReasonRevoked)
	f.Approvals, f.Clock.Now = f.Approvals[:1], on("2026-11-26T08:00")
	want(t, access.Decide(f), access.Revoked, access.ReasonRevoked)
}

// TestOneOccurrenceAtATime: the one before is closed when the next one opens, also while
// nothing may be said to be over.
func TestOneOccurrenceAtATime(t *testing.T) {
	f := recurring("0 8 * * *", 4*time.Hour, "2026-12-31")
	f.Clock.Now = monday("08:00")
	f, _ = carryOut(t, f)
	f.Clock.Now, f.Clock.MayExpire = on("2026-11-24T08:00"), false
	d := access.Decide(f)
	want(t, d, access.Active, access.ReasonOpen)
	if r := kinds(d, access.RecordClosed); len(r) != 1 || r[0].Occurrence != "2026-11-23T08:00" || d.Grant.Occurrence != "2026-11-24T08:00" {
		t.Errorf("granted %+v, closed %+v", d.Grant, r)
	}
}

// TestEachOccurrenceIsArmed for itself.
func TestEachOccurrenceIsArmed(t *testing.T) {
	f := recurring("0 8 * * *", 4*time.Hour, "2026-12-31", window(func(w *access.Window) { w.Activation = access.WhenArmed }),
		with(approval("m", "shift-2", access.Arm, "08:30"), until("2026-12-31T00:00")))
	f.Clock.Now = monday("09:00")
	wantEnd(t, access.Decide(f), monday("12:00"))
	f, _ = carryOut(t, f)
	f.Clock.Now = on("2026-11-24T09:00")
	want(t, access.Decide(f), access.Approved, access.ReasonNotArmed)
}

// TestRecurringApproval: approvers let a schedule go on to a day, and may do so again.
func TestRecurringApproval(t *testing.T) {
	f := recurring("0 8 * * *", 4*time.Hour, "2026-12-31")
	f.Approvals[0].Until = "2026-11-24T10:00"
	granted, _, f := walk(t, f, on("2026-11-24T12:00"))
	if want := []string{"11-23T08:00 to 11-23T12:00 CET", "11-24T08:00 to 11-24T10:00 CET"}; !slices.Equal(granted, want) {
		t.Errorf("granted %q, want %q", granted, want)
	}
	want(t, access.Decide(f), access.Requested, access.ReasonApprovalLapsed)
	again := approval("a2", "owner-b", access.Approve, "07:00")
	again.Created, again.Until = on("2026-11-25T09:00"), "2027-12-31T00:00"
	f.Approvals, f.Clock.Now = append(f.Approvals, again), on("2026-11-25T09:00")
	wantEnd(t, access.Decide(f), on("2026-11-25T12:00"))
	f.Clock.Now = on("2026-12-31T09:00")
	wantEnd(t, access.Decide(f), on("2026-12-31T12:00"))
}

// TestRecurringContract: it opens nothing past the contract, and goes on when that is
// made longer.
func TestRecurringContract(t *testing.T) {
	f := recurring("0 22 * * *", 4*time.Hour, "2026-12-31")
	f.Vendor.ContractEnd = "2026-11-23"
	granted, _, f := walk(t, f, on("2026-11-25T23:00"))
	if want := []string{"11-23T22:00 to 11-24T00:00 CET"}; !slices.Equal(granted, want) {
		t.Errorf("granted %q, want %q", granted, want)
	}
	want(t, access.Decide(f), access.Requested, access.ReasonContractEnded)
	f.Vendor.ContractEnd, f.Clock.Now = "2027-11-23", on("2026-11-26T23:00")
	want(t, access.Decide(f), access.Active, access.ReasonOpen)
}

// TestATimeZoneThatChanges: an occurrence that was ended does not come back an hour later
// by the clock on the wall.
func TestATimeZoneThatChanges(t *testing.T) {
	f := recurring("0 8 * * *", 4*time.Hour, "2026-12-31")
	f.Clock.Now = monday("08:00")
	f, _ = carryOut(t, f)
	f.Locks = []access.Lock{{Everything: true}}
	f, _ = carryOut(t, f)
	f.Locks, f.Clock.Now = nil, monday("09:30")
	f.Site.Location = zone("Europe/London")
	want(t, access.Decide(f), access.Approved, access.ReasonOccurrenceOver)
}

// TestOccurrencesAreTheSchedules: whatever the schedule, an occurrence is open at exactly
// those instants that lie in one, found by trying every minute of the clock on the wall.
func TestOccurrencesAreTheSchedules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(rapid.SampledFrom(clockZones).Draw(t, "zone"))
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 364*24*60).Draw(t, "from")) * time.Minute)
		if _, turn := from.In(loc).ZoneBounds(); !turn.IsZero() && rapid.Bool().Draw(t, "at a turn") {
			from = turn.Truncate(time.Minute).Add(-time.Duration(rapid.IntRange(0, 30*60).Draw(t, "before")) * time.Minute)
		}
		minute, hours := rapid.IntRange(0, 59).Draw(t, "minute"), rapid.SliceOfNDistinct(rapid.IntRange(0, 23), 1, 3, rapid.ID).Draw(t, "hours")
		duration := time.Duration(rapid.IntRange(1, 180).Draw(t, "duration")) * time.Minute
		listed := strings.ReplaceAll(strings.Trim(fmt.Sprint(hours), "[]"), " ", ",")
		f := recurring(fmt.Sprintf("%d %s * * *", minute, listed), duration, "2040-01-01", created(from), func(f *access.Facts) {
			f.Site.Location, f.Vendor.ContractEnd = loc, "2041-01-01"
		})
		now := from.Add(time.Duration(rapid.IntRange(0, 72*60).Draw(t, "after")) * time.Minute)
		f.Clock.Now, f.Clock.MayExpire = now, false
		d := access.Decide(f)
		if d.Reason == access.ReasonNeverCloses {
			return
		}
		open := false
		for wall := now.Add(-20 * time.Hour).UTC().Truncate(time.Minute); wall.Before(now.Add(20 * time.Hour)); wall = wall.Add(time.Minute) {
			if wall.Minute() != minute || !slices.Contains(hours, wall.Hour()) {
				continue
			}
			start, err := access.ParseMoment(wall.Format("2006-01-02T15:04"), loc, access.AsStart)
			if err != nil {
				t.Fatal(err)
			}
			open = open || !now.Before(start) && now.Before(start.Add(duration))
		}
		if (d.Grant != nil) != open {
			t.Fatalf("at %s in %s: %s, %s, want open %v", now.In(loc), loc, d.Phase, d.Message, open)
		}
	})
}

func TestSchedulesNeverPanic(t *testing.T) {
	part := rapid.SampledFrom([]string{"*", "0", "1-5", "*/7", "*/0", "99", "1-0", "?", "L", "MON", "TZ=UTC", "TZ=", "\t", " ", ",", "-", "/", "@every 1s", "=", "1/1000000", ""})
	rapid.Check(t, func(t *rapid.T) {
		f := recurring(strings.Join(rapid.SliceOfN(part, 0, 7).Draw(t, "parts"), rapid.SampledFrom([]string{" ", "\t", ""}).Draw(t, "between")),
			time.Duration(rapid.Int64().Draw(t, "duration")), "2026-12-31")
		f.Window.Activation = access.WhenArmed
		if d := access.Decide(f); d.Grant != nil {
			t.Fatalf("granted %+v", d.Grant)
		}
	})
}
