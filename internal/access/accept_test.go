// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/access"
)

type badRequest struct {
	name   string
	bad    edit
	field  string
	reason access.Reason
	// accepts says that what is wrong is the window itself, and not what it names.
	accepts bool
}

// reach has a second part that is changed.
func reach(change func(*access.Reach)) edit {
	return func(f *access.Facts) {
		r := f.Window.Reach[0]
		change(&r)
		f.Window.Reach = []access.Reach{f.Window.Reach[0], r}
	}
}

func glass(f *access.Facts) { f.Window.BreakGlass, f.Window.LatestEnd = true, "" }

// everyDay has a schedule that is changed.
func everyDay(change func(*access.Recurring)) edit {
	return func(f *access.Facts) {
		f.Window.Start, f.Window.End, f.Window.LatestEnd = "", "", ""
		f.Window.Recurring = &access.Recurring{Schedule: "0 8 * * *", Duration: 4 * time.Hour, LastDay: "2026-12-31"}
		change(f.Window.Recurring)
	}
}

var badTimes = []badRequest{
	{"no Site", func(f *access.Facts) { f.Site = nil }, "Site", access.ReasonNoSite, true},
	{"no time zone", func(f *access.Facts) { f.Site.Location = nil }, "Site.spec.timeZone", access.ReasonNoTimeZone, true},
	{"no UID", window(func(w *access.Window) { w.UID = "" }), "metadata.uid", access.ReasonNotIdentified, true},
	{"no requester", window(func(w *access.Window) { w.Requester = "" }), "spec.requester", access.ReasonNotIdentified, true},
	{"no reason", window(func(w *access.Window) { w.WorkReason = " " }), "spec.work.reason", access.ReasonNoWorkReason, true},
	{"no end", window(func(w *access.Window) { w.End = "" }), "spec.end", access.ReasonNoEnd, true},
	{"no start", window(func(w *access.Window) { w.Start = "" }), "spec.start", access.ReasonInvalidTime, true},
	{"a start that is no time", window(func(w *access.Window) { w.Start = "tomorrow" }), "spec.start", access.ReasonInvalidTime, true},
	{"an end that is no time", window(func(w *access.Window) { w.End = "2026-02-30T08:00" }), "spec.end", access.ReasonInvalidTime, true},
	{"a latest end that is no time", window(func(w *access.Window) { w.LatestEnd = "late" }), "spec.latestEnd", access.ReasonInvalidTime, true},
	{"end before start", window(func(w *access.Window) { w.End = "2026-11-23T07:00" }), "spec.end", access.ReasonEndNotAfterStart, true},
	{"end at start", window(func(w *access.Window) { w.End = w.Start }), "spec.end", access.ReasonEndNotAfterStart, true},
	{"latest end before end", window(func(w *access.Window) { w.LatestEnd = "2026-11-23T11:00" }), "spec.latestEnd", access.ReasonLatestEndBeforeEnd, true},
	{"longer than usual", window(func(w *access.Window) { w.End, w.LatestEnd = "2026-11-23T20:00:01", "" }), "spec.end", access.ReasonTooLong, true},
	{"longer than the Site allows", func(f *access.Facts) { f.Site.Longest = 3 * time.Hour }, "spec.end", access.ReasonTooLong, true},
}

var badSchedules = []badRequest{
	{"a schedule and an end", func(f *access.Facts) { f.Window.Recurring = &access.Recurring{} }, "spec.recurring", access.ReasonTwoKindsOfTime, true},
	{"no schedule", everyDay(func(r *access.Recurring) { r.Schedule = "" }), "spec.recurring.schedule", access.ReasonInvalidSchedule, true},
	{"six fields", everyDay(func(r *access.Recurring) { r.Schedule = "0 0 8 * * *" }), "spec.recurring.schedule", access.ReasonInvalidSchedule, true},
	{"words", everyDay(func(r *access.Recurring) { r.Schedule = "@daily" }), "spec.recurring.schedule", access.ReasonInvalidSchedule, true},
	{"a zone of its own", everyDay(func(r *access.Recurring) { r.Schedule = "TZ=UTC 0 8 * * *" }), "spec.recurring.schedule", access.ReasonInvalidSchedule, true},
	{"a zone that the library panics on", everyDay(func(r *access.Recurring) { r.Schedule = "TZ=UTC\t8\t*\t*\t*" }), "spec.recurring.schedule", access.ReasonInvalidSchedule, true},
	{"an hour that is none", everyDay(func(r *access.Recurring) { r.Schedule = "0 25 * * *" }), "spec.recurring.schedule", access.ReasonInvalidSchedule, true},
	{"never fires", everyDay(func(r *access.Recurring) { r.Schedule = "0 8 30 2 *" }), "spec.recurring.schedule", access.ReasonNeverFires, true},
	{"fires after its last day", everyDay(func(r *access.Recurring) { r.Schedule = "0 8 1 1 *" }), "spec.recurring.schedule", access.ReasonNeverFires, true},
	{"was over when it was created", everyDay(func(r *access.Recurring) { r.LastDay = "2026-11-22" }), "spec.recurring.schedule", access.ReasonNeverFires, true},
	{"no last day", everyDay(func(r *access.Recurring) { r.LastDay = "" }), "spec.recurring.lastDay", access.ReasonInvalidTime, true},
	{"no duration", everyDay(func(r *access.Recurring) { r.Duration = 0 }), "spec.recurring.duration", access.ReasonInvalidDuration, true},
	{"more than a year", everyDay(func(r *access.Recurring) { r.Duration = 1 << 62 }), "spec.recurring.duration", access.ReasonInvalidDuration, true},
	{"occurrences longer than allowed", everyDay(func(r *access.Recurring) { r.Duration = 13 * time.Hour }), "spec.recurring.duration", access.ReasonTooLong, true},
	{"one after the other without an end", everyDay(func(r *access.Recurring) { r.Schedule, r.Duration = "0 */4 * * *", 4*time.Hour }), "spec.recurring.duration", access.ReasonNeverCloses, true},
	{"created at no time", func(f *access.Facts) {
		everyDay(func(*access.Recurring) {})(f)
		f.Window.Created = time.Time{}
	}, "metadata.creationTimestamp", access.ReasonNotIdentified, true},
}

var badValues = []badRequest{
	{"an unknown grant", window(func(w *access.Window) { w.Grant = "Tunnel" }), "spec.grant", access.ReasonUnknownValue, true},
	{"an unknown activation", window(func(w *access.Window) { w.Activation = "" }), "spec.activation", access.ReasonUnknownValue, true},
	{"no sessions", window(func(w *access.Window) { w.MaxSessions = 0 }), "spec.maxSessions", access.ReasonMaxSessions, true},
	{"too many sessions", window(func(w *access.Window) { w.MaxSessions = 65 }), "spec.maxSessions", access.ReasonMaxSessions, true},
	{"idle for less than nothing", window(func(w *access.Window) { w.IdleTimeout = -1 }), "spec.idleTimeout", access.ReasonInvalidDuration, true},
	{"an unknown jump host", window(func(w *access.Window) { w.Through = "jumphost-2" }), "spec.through", access.ReasonUnknownJumpHost, false},
	{"no jump host", window(func(w *access.Window) { w.Through = "" }), "spec.through", access.ReasonUnknownJumpHost, false},
	{"a session pod through an unknown one", window(func(w *access.Window) { w.Grant, w.Through = access.SessionPod, "jumphost-2" }), "spec.through", access.ReasonUnknownJumpHost, false},
	{"nobody", window(func(w *access.Window) { w.People = nil }), "spec.people", access.ReasonNobodyNamed, true},
	{"too many people", window(func(w *access.Window) { w.People = strings.Split(strings.Repeat("tech-1 ", 17)[:7*17-1], " ") }), "spec.people", access.ReasonUnknownValue, true},
	{"a person without a name", window(func(w *access.Window) { w.People = []string{"tech-1", ""} }), "spec.people[1]", access.ReasonNobodyNamed, true},
	{"a person of nobody", window(func(w *access.Window) { w.People = []string{"tech-1", "tech-9"} }), "spec.people[1]", access.ReasonUnknownPerson, false},
	{"a shared identity", window(func(w *access.Window) { w.People = []string{"pool"} }), "spec.people[0]", access.ReasonSharedIdentity, true},
	{"a group", func(f *access.Facts) {
		f.Window.People = []string{"System:authenticated"}
		f.Vendor.People = []access.Person{{User: "System:authenticated"}}
	}, "spec.people[0]", access.ReasonSharedIdentity, true},
}

var badNames = []badRequest{
	{"an unknown vendor", func(f *access.Facts) { f.Vendor = nil }, "spec.vendor", access.ReasonUnknownVendor, false},
	{"a contract without an end", func(f *access.Facts) { f.Vendor.ContractEnd = "" }, "spec.vendor", access.ReasonUnknownVendor, false},
	{"a contract that is over", func(f *access.Facts) { f.Vendor.ContractEnd = "2026-11-22" }, "spec.vendor", access.ReasonContractEnded, true},
	{"no reach", window(func(w *access.Window) { w.Reach = nil }), "spec.reach", access.ReasonReachesNothing, true},
	{"too much reach", window(func(w *access.Window) {
		for range 16 {
			w.Reach = append(w.Reach, w.Reach[0])
		}
	}), "spec.reach", access.ReasonUnknownValue, true},
	{"no target", reach(func(r *access.Reach) { r.Assets = nil }), "spec.reach[1]", access.ReasonNotOneTarget, true},
	{"two targets", reach(func(r *access.Reach) { r.Workloads = true }), "spec.reach[1]", access.ReasonNotOneTarget, true},
	{"no flows", reach(func(r *access.Reach) { r.Flows = 0 }), "spec.reach[1].flows", access.ReasonReachesNothing, true},
	{"a whole zone", reach(func(r *access.Reach) { r.Assets, r.WholeZone = nil, true }), "spec.reach[1].wholeZone", access.ReasonWholeZone, true},
	{"an unknown zone", reach(func(r *access.Reach) { r.Zone = "cell-x" }), "spec.reach[1].zone", access.ReasonUnknownZone, false},
	{"a zone that the vendor may not ask for", reach(func(r *access.Reach) { r.Zone, r.Assets = "cell-dosing", []string{"PLC-D01"} }), "spec.reach[1].zone", access.ReasonZoneNotAllowed, false},
	{"an asset outside the zone", reach(func(r *access.Reach) { r.Assets = []string{"PU-101B", "PLC-D01"} }), "spec.reach[1].assets[1]", access.ReasonAssetNotInZone, false},
	{"break-glass for a safety zone", func(f *access.Facts) {
		reach(func(r *access.Reach) { r.Zone, r.Assets = "safety", []string{"SIS-1"} })(f)
		glass(f)
	}, "spec.reach[1].zone", access.ReasonBreakGlassSafety, true},
	{"break-glass that recurs", func(f *access.Facts) {
		everyDay(func(*access.Recurring) {})(f)
		glass(f)
	}, "spec.breakGlass", access.ReasonBreakGlassRecurs, true},
	{"a problem that others found", func(f *access.Facts) {
		f.Problems = []access.Problem{{Field: "spec.reach[0].flows[0].protocol", Message: "no such protocol"}}
	}, "spec.reach[0].flows[0].protocol", access.ReasonNotResolved, false},
}

// TestBadRequests: each opens nothing and names its field.
func TestBadRequests(t *testing.T) {
	for _, c := range slices.Concat(badTimes, badSchedules, badValues, badNames) {
		t.Run(c.name, func(t *testing.T) {
			f := approved("09:00", with(approval("m", "shift-2", access.Arm, "08:30"), nil), c.bad)
			d := access.Decide(f)
			want(t, d, access.Requested, c.reason)
			wrong := d.Unresolved
			if c.accepts {
				wrong = d.Refused
			}
			named := false
			for _, r := range wrong {
				named = named || r.Field == c.field && r.Reason == c.reason && strings.HasPrefix(r.Message, c.field+": ")
			}
			if !named || d.Field == "" || !strings.HasPrefix(d.Message, d.Field+": ") {
				t.Errorf("%s, refused %+v, unresolved %+v: want %s, %s", d.Message, d.Refused, d.Unresolved, c.field, c.reason)
			}
			for _, cond := range d.Conditions {
				if cond.Type == access.ConditionAccepted && cond.True != (len(d.Refused) == 0) ||
					cond.Type == access.ConditionResolvedRefs && cond.True != (len(d.Unresolved) == 0) ||
					cond.Type == access.ConditionActive && cond.True {
					t.Errorf("%+v", cond)
				}
			}
			// One that is open is closed, and opens again when it is put right.
			if len(d.Records) > 0 && f.Window.UID != "" {
				opened("08:00")(&f)
				f, _ = carryOut(t, f)
				good := approved("09:00")
				good.Trail = f.Trail
				want(t, access.Decide(good), access.Active, access.ReasonOpen)
			}
		})
	}
}

// TestLeave: what the Site gives leave to.
func TestLeave(t *testing.T) {
	for name, f := range map[string]access.Facts{
		"a shared identity": approved("09:00", func(f *access.Facts) { f.Site.SharedIdentities, f.Window.People = true, []string{"pool"} }),
		"a whole zone": approved("09:00", func(f *access.Facts) {
			f.Site.WholeZone, f.Window.Reach[0].Assets, f.Window.Reach[0].WholeZone = true, nil, true
		}),
		"workloads":      approved("09:00", func(f *access.Facts) { f.Window.Reach[0].Assets, f.Window.Reach[0].Workloads = nil, true }),
		"as long as can": approved("09:00", func(f *access.Facts) { f.Window.End, f.Window.LatestEnd = "2026-11-23T20:00", "" }),
		"the contract's last day": approved("09:00", func(f *access.Facts) {
			f.Vendor.ContractEnd = "2026-11-23"
		}),
		"64 sessions": approved("09:00", func(f *access.Facts) { f.Window.MaxSessions = 64 }),
	} {
		if d := access.Decide(f); d.Phase != access.Active {
			t.Errorf("%s: %s, %s", name, d.Phase, d.Message)
		}
	}
}

// TestASiteThatIsPutRight: what a mistake in the Site or the Vendor refuses is not over
// for good.
func TestASiteThatIsPutRight(t *testing.T) {
	for name, mistake := range map[string]edit{
		"longest":    func(f *access.Facts) { f.Site.Longest = time.Minute },
		"contract":   func(f *access.Facts) { f.Vendor.ContractEnd = "2025-06-30" },
		"vendor":     func(f *access.Facts) { f.Vendor = nil },
		"the Site":   func(f *access.Facts) { f.Site = nil },
		"approvals":  func(f *access.Facts) { f.Site.Approvals = 3 },
		"jump hosts": func(f *access.Facts) { f.Site.JumpHosts = nil },
	} {
		f := approved("09:00", opened("08:00"))
		mistake(&f)
		f, d := carryOut(t, f)
		if d.Grant != nil || d.Phase.Terminal() {
			t.Errorf("%s: %s, %s", name, d.Phase, d.Message)
		}
		good := approved("09:00")
		good.Trail = f.Trail
		want(t, access.Decide(good), access.Active, access.ReasonOpen)
	}
}

// TestReasonsHaveSentences: each constant has its own.
func TestReasonsHaveSentences(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "reasons.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen, n := map[string]string{}, 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		value, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return false
		}
		reason, err := strconv.Unquote(value.Value)
		if err != nil {
			t.Fatal(err)
		}
		n++
		sentence := access.Reason(reason).Sentence()
		if sentence == "" || seen[sentence] != "" || seen[reason] != "" {
			t.Errorf("%s: %q, which %q has as well", reason, sentence, seen[sentence])
		}
		seen[sentence], seen[reason] = reason, reason
		return false
	})
	if n < 60 {
		t.Errorf("%d reasons were found", n)
	}
}
