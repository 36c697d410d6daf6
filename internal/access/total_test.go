// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/access"
)

// anything is a choice of what a field should never hold, beside what it may.
type anything struct{ *rapid.T }

func (a anything) word(of ...string) string {
	return one(a.T, append(of, "", "?", "2026-11-23T08:00", "9999-12-31", "0 8 * * *")...)
}

func (a anything) instant() time.Time {
	return one(a.T, time.Time{}, monday("07:00"), monday("09:00"), monday("12:00"), on("2046-01-01T00:00"),
		time.Unix(1<<40, 0), time.Unix(-1<<50, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))
}

func (a anything) duration() time.Duration {
	return one(a.T, 0, -1, 1, time.Hour, 4*time.Hour, 1<<62, -1<<63, 1<<63-1)
}

func (a anything) flag() bool { return rapid.Bool().Draw(a.T, "") }

// facts that are right but for some things, each of which may be anything.
func (a anything) facts() access.Facts {
	f := approved("09:00")
	w := &f.Window
	for range one(a.T, 1, 3, 8) {
		switch oneOf(a.T, 15) {
		case 0:
			w.Start, w.End, w.LatestEnd = a.word("2026-11-23T08:00"), a.word("2026-11-23T12:00"), a.word()
		case 1:
			w.Start, w.End, w.LatestEnd = "", "", ""
			w.Recurring = &access.Recurring{Schedule: a.word("* * * * *"), Duration: a.duration(), LastDay: a.word("2026-12-31")}
		case 2:
			f.Clock = access.Clock{MayGrant: a.flag(), MayExpire: a.flag(), Now: a.instant()}
		case 3:
			w.Created = a.instant()
		case 4:
			w.Name, w.UID, w.Requester = a.word("acme-drives"), a.word("w1"), a.word("shift-1")
		case 5:
			w.Activation, w.Grant = access.Activation(a.word("WhenArmed")), access.GrantKind(a.word("SessionPod"))
		case 6:
			w.People, w.Reach = []string{a.word("tech-1"), a.word("tech-2")}, append(w.Reach, access.Reach{Zone: a.word("safety")})
		case 7:
			w.BreakGlass, w.Attended, w.Deleted, w.IdleTimeout = a.flag(), a.flag(), a.flag(), a.duration()
		case 8:
			f.Site = one(a.T, nil, &access.Site{}, &access.Site{Location: time.UTC, Longest: a.duration(), BreakGlassLongest: a.duration(), Approvals: oneOf(a.T, 5) - 2})
		case 9:
			f.Vendor = one(a.T, nil, &access.Vendor{}, &access.Vendor{ContractEnd: a.word("2026-11-23")})
		case 10:
			f.Trail.Records = append(f.Trail.Records, access.Record{
				Kind: access.RecordKind(a.word("Opened", "Ended", "Closed")), UID: a.word("w1"), Occurrence: a.word("", "2026-11-23T08:00"),
				At: a.instant(), Phase: access.Phase(a.word("Revoked")), Reason: access.Reason(a.word("Locked")),
			})
		case 11:
			f.Standing, f.Trail.Known = append(f.Standing, a.word("", "2026-11-23T08:00")), a.flag()
		case 12:
			f.Locks = append(f.Locks, access.Lock{Vendor: a.word("acme"), Zone: a.word("plant")})
		case 13:
			f.Sessions = access.Sessions{LastPacket: a.instant(), Counted: a.flag()}
		case 14:
			f.Approvals = append(f.Approvals, access.Approval{
				Name: a.word("a1"), UID: a.word(), Created: a.instant(), Requester: "shift-1", Approver: a.word("owner-a", "owner-b"),
				Of: f.Approvals[0].Of, Decision: access.Verdict(a.word("Approve", "Arm", "Arm", "Revoke")), Until: a.word("2026-11-23T13:00"),
			})
		}
	}
	return f
}

// TestDecideAnswersAnything: no facts stop it, it gives the same twice, and what it
// grants is for something, somebody and a time to come.
func TestDecideAnswersAnything(t *testing.T) {
	want(t, access.Decide(access.Facts{}), access.Requested, access.ReasonNoSite)
	rapid.Check(t, func(t *rapid.T) {
		f := anything{t}.facts()
		d := access.Decide(f)
		if diff := cmp.Diff(d, access.Decide(f)); diff != "" {
			t.Fatalf("decided twice: %s", diff)
		}
		if d.Phase == "" || d.Reason.Sentence() == "" || d.Message == "" || len(d.Conditions) < 5 {
			t.Fatalf("decided %+v", d)
		}
		if g := d.Grant; g != nil && (!g.Until.After(f.Clock.Now) || len(g.People) == 0 || len(g.Reach) == 0 || !f.Clock.MayGrant || d.Phase != access.Active) {
			t.Fatalf("granted %+v in %s", g, d.Phase)
		}
		if !d.Next.IsZero() && d.Next.Before(f.Clock.Now) {
			t.Fatalf("next %s is before now %s", d.Next, f.Clock.Now)
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	once, often := approved("09:00"), recurring("0 8 * * 1-5", 4*time.Hour, "2027-12-31")
	often.Clock.Now = monday("09:00")
	for name, f := range map[string]access.Facts{"once": once, "recurring": often} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				access.Decide(f)
			}
		})
	}
}
