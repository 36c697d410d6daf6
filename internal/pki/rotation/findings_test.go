// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// TestFindings: what is wrong with the rules is found at once, with its field.
func TestFindings(t *testing.T) {
	windows := func(schedule, duration string) edit {
		return func(f *rotation.Facts) {
			f.Site.Windows = []rotation.Window{{Name: "w", Schedule: schedule, Duration: duration}}
		}
	}
	freeze := func(from, until string) edit {
		return func(f *rotation.Facts) {
			f.Site.Freezes = []rotation.Freeze{{Name: "f", From: from, Until: until}}
		}
	}
	for _, c := range []struct {
		name string
		edit edit
		want string
	}{
		{"nothing", edits(), ""},
		{"no time zone", func(f *rotation.Facts) { f.Site.Location = nil }, "spec.timeZone NoTimeZone"},
		{"a delay that is none", func(f *rotation.Facts) { f.Site.TrustDelay = "soon" }, "spec.certificates.trustDelay InvalidSpan"},
		{"a warning that is none", func(f *rotation.Facts) { f.Site.WarnBefore = "0d" }, "spec.certificates.warnBefore InvalidSpan"},
		{"no action", func(f *rotation.Facts) { f.Site.NearExpiry.Action = "" }, "spec.certificates.nearExpiry.action UnknownAction"},
		{"six fields", windows("0 0 12 * * *", "1h"), "spec.certificates.maintenanceWindows[0].schedule InvalidSchedule; plant/x spec.renewBefore NoWindowInTime; plant/y spec.renewBefore NoWindowInTime"},
		{"never", windows("0 12 30 2 *", "1h"), "spec.certificates.maintenanceWindows[0].schedule NeverFires; plant/x spec.renewBefore NoWindowInTime; plant/y spec.renewBefore NoWindowInTime"},
		{"once a year", windows("0 12 1 1 *", "1h"), "plant/x spec.renewBefore NoWindowInTime; plant/y spec.renewBefore NoWindowInTime"},
		{"each month", windows("0 12 1 * *", "1h"), ""},
		{"too long", windows("0 12 * * *", "400d"), "spec.certificates.maintenanceWindows[0].duration InvalidSpan; plant/x spec.renewBefore NoWindowInTime; plant/y spec.renewBefore NoWindowInTime"},
		{"twice", func(f *rotation.Facts) { f.Site.Windows = append(f.Site.Windows, f.Site.Windows[0]) }, "spec.certificates.maintenanceWindows[1].name GivenTwice; plant/x spec.renewBefore NoWindowInTime; plant/y spec.renewBefore NoWindowInTime"},
		{"frozen over the renewal in years", freeze("2028-01-01T00:00", "2029-06-01T00:00"), "plant/x spec.renewBefore NoWindowInTime; plant/y spec.renewBefore NoWindowInTime"},
		{"a freeze that is none", freeze("tomorrow", ""), "spec.certificates.freezes[0].from InvalidMoment; plant/x spec.renewBefore NoWindowInTime; plant/y spec.renewBefore NoWindowInTime"},
		{"a freeze that ends first", freeze("2027-01-02T00:00", "2027-01-01T00:00"), "spec.certificates.freezes[0].until FreezeNeverHolds; plant/x spec.renewBefore NoWindowInTime; plant/y spec.renewBefore NoWindowInTime"},
		{"another window", func(f *rotation.Facts) { x(f).Windows = []string{"noon", "night"} }, "plant/x spec.restart.windows[1] UnknownWindow"},
		{"another policy", func(f *rotation.Facts) { x(f).Policy = "Kill" }, "plant/x spec.restart.policy UnknownPolicy"},
		{"no workload", func(f *rotation.Facts) { x(f).Workload = nil }, "plant/x spec.workloadRef Unwatched"},
		{"a lifetime that is none", func(f *rotation.Facts) { x(f).Lifetime = "long" }, "plant/x spec.lifetime InvalidSpan"},
		{"no such zone", func(f *rotation.Facts) { x(f).Zone = "z" }, "plant/x status.zone UnknownZone"},
		{"an authority too short", func(f *rotation.Facts) { f.Site.AuthorityLifetime = "500d" }, "a Site.spec.certificates.authority.lifetime AuthorityTooShort; b Site.spec.certificates.authority.lifetime AuthorityTooShort"},
		{"two zones of a name", func(f *rotation.Facts) { f.Zones[1].Name = "a" }, "a metadata.name GivenTwice; plant/y status.zone UnknownZone; a authorities GivenTwice"},
	} {
		f := quiet()
		c.edit(&f)
		var got []string
		for _, is := range rotation.Decide(f).Findings {
			got = append(got, strings.TrimSpace(is.Object+" "+is.Field+" "+string(is.Reason)))
			if is.Reason.Sentence() == "" {
				t.Errorf("%s has no sentence", is.Reason)
			}
		}
		if is := strings.Join(got, "; "); is != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, is, c.want)
		}
	}
}

// TestDeferredSaysUntil: what waits says when it may go on, and what runs out is said.
func TestDeferredSaysUntil(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  edit
		until time.Time
	}{
		{"a window", edits(rotating, night), start},
		{"a freeze", edits(rotating, func(f *rotation.Facts) {
			f.Site.Freezes = []rotation.Freeze{{Name: "f", From: "2026-11-20T00:00", Until: "2026-11-25T18:00"}}
		}), start.Add(3 * days)},
		{"a freeze that nobody ends", edits(rotating, storm), time.Time{}},
		{"the Site's answer", edits(rotating, storm, func(f *rotation.Facts) { f.Site.NearExpiry.Action = rotation.IgnoreFreezes }), start.Add(297 * days)},
		{"files", edits(swapped, func(f *rotation.Facts) { x(f).Secret.Leaf.Since = start.Add(-time.Minute) }), start.Add(9 * time.Minute)},
	} {
		f := quiet()
		c.edit(&f)
		if d := rotation.Decide(f); !d.Certificates[0].Until.Equal(c.until) {
			t.Errorf("%s: until %s, want %s", c.name, d.Certificates[0].Until, c.until)
		}
	}
	f := quiet()
	x(&f).Secret.Leaf.NotAfter = start.Add(14 * days)
	status := func(kind string) string {
		for _, c := range rotation.Decide(f).Certificates[0].Conditions {
			if c.Type == kind {
				return string(c.Status) + " " + string(c.Reason)
			}
		}
		return ""
	}
	if got := status(rotation.ConditionExpiring); got != "True RunsOutSoon" {
		t.Errorf("14 days before: %s", got)
	}
	f.Clock.Now = start.Add(-1)
	if got := status(rotation.ConditionExpiring); got != "False LongEnough" {
		t.Errorf("14 days and a moment before: %s", got)
	}
}

// TestTotal: it answers for any facts, the same for the same, and changes none.
func TestTotal(t *testing.T) {
	if d := rotation.Decide(rotation.Facts{}); len(d.Zones)+len(d.Certificates) > 0 {
		t.Errorf("nothing decides %+v", d)
	}
	words := rapid.SampledFrom([]string{"", "a", "b", "a1", "x", "10m", "5d", "400d", "0 12 * * *", "TZ=UTC\t8", "2027-01-01T00:00", "Restart", "Signal", "Wait", "\x00"})
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.MakeCustom[rotation.Facts](rapid.MakeConfig{}).Draw(t, "facts")
		for i := range f.Certificates {
			c := &f.Certificates[i]
			c.Zone, c.Lifetime, c.RenewBefore = words.Draw(t, "zone"), words.Draw(t, "lifetime"), words.Draw(t, "renewBefore")
			c.Policy = rotation.Policy(words.Draw(t, "policy"))
		}
		for i := range f.Zones {
			f.Zones[i].Name = words.Draw(t, "zone")
		}
		if f.Site != nil {
			f.Site.Location = time.UTC
			f.Site.TrustDelay, f.Site.AuthorityLifetime = words.Draw(t, "delay"), words.Draw(t, "lifetime")
			f.Site.Windows = append(f.Site.Windows, rotation.Window{Name: "w", Schedule: words.Draw(t, "schedule"), Duration: words.Draw(t, "duration")})
		}
		f.Clock.Now = start
		was := fmt.Sprintf("%+v", f)
		d := rotation.Decide(f)
		if is := fmt.Sprintf("%+v", f); is != was {
			t.Fatal("the facts changed")
		}
		if sum(d) != sum(rotation.Decide(f)) {
			t.Fatal("equal facts decide otherwise")
		}
		for _, c := range d.Certificates {
			if acts := c.Issue != nil || c.Swap != nil || c.Restart != nil; acts && (!f.Clock.Trusted || f.Site == nil || c.Reason.Sentence() == "") {
				t.Fatalf("it acts on %+v", c)
			}
			if !slices.Contains([]rotation.Step{rotation.Idle, rotation.Requested, rotation.Issued, rotation.AwaitingPeers, rotation.AwaitingWindow, rotation.Restarting, rotation.Verifying}, c.Step) {
				t.Fatalf("step %q", c.Step)
			}
		}
	})
}
