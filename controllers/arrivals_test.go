// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

func version(v string) *v1alpha1.NodeReport {
	return &v1alpha1.NodeReport{ObjectMeta: metav1.ObjectMeta{Name: "edge-1", ResourceVersion: v}}
}

// clockAndArrivals start at a time of no meaning.
func clockAndArrivals() (*clocktesting.FakePassiveClock, *arrivals) {
	c := clocktesting.NewFakePassiveClock(time.Date(2027, time.June, 30, 12, 0, 0, 0, time.UTC))
	return c, &arrivals{clock: c}
}

func TestAReportCountsForAMinuteAfterItChanged(t *testing.T) {
	t.Parallel()
	steps := []struct {
		name    string
		after   time.Duration
		version string // "": nothing is seen
		revived bool
		left    time.Duration
	}{
		{"never seen", 0, "", false, 0},
		{"first sight is arrival", 0, "1", true, time.Minute},
		{"the same again", 20 * time.Second, "1", false, 40 * time.Second},
		{"renewed", 30 * time.Second, "2", false, time.Minute},
		{"to the last moment", time.Minute - time.Nanosecond, "2", false, time.Nanosecond},
		{"silent", time.Nanosecond, "", false, 0},
		{"seen again is not said again", time.Hour, "2", false, -time.Hour},
		{"it speaks again", 0, "3", true, time.Minute},
	}
	c, a := clockAndArrivals()
	for _, s := range steps {
		c.SetTime(c.Now().Add(s.after))
		if s.version != "" {
			if got := a.note(version(s.version)); got != s.revived {
				t.Errorf("%s: revived %t", s.name, got)
			}
		}
		if got := a.left("edge-1"); got != s.left {
			t.Errorf("%s: counts for %s more, want %s", s.name, got, s.left)
		}
	}
	a.forget(version("3"))
	if got := a.left("edge-1"); got != 0 {
		t.Errorf("a report that is gone counts for %s more", got)
	}
}

func TestTheNextPassComesBeforeSilence(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ next, otherwise, want time.Duration }{
		{0, time.Hour, time.Hour}, // nobody reports
		{time.Minute, time.Hour, time.Minute},
		{time.Minute, time.Second, time.Second},
	} {
		if got := (reported{next: test.next}).orSooner(test.otherwise); got != test.want {
			t.Errorf("%s or %s: %s", test.next, test.otherwise, got)
		}
	}
}

// full is a report with every field set, as it arrives.
func full(edit func(*v1alpha1.NodeReportStatus)) *v1alpha1.NodeReport {
	at := metav1.NewTime(time.Date(2027, time.June, 30, 12, 0, 0, 0, time.UTC))
	r := version("1")
	r.Status = v1alpha1.NodeReportStatus{
		RenewTime: metav1.NewMicroTime(at.Time), PolicyAgent: v1alpha1.PolicyAgentUp, PolicyAgentMessage: "m",
		FlowTable: v1alpha1.FlowTableKernel, FlowTableMessage: "m", Verified: 1, Failed: 1, EndedFlows: 7,
		Zones: []v1alpha1.NodeZoneReport{
			{Name: "a", Result: v1alpha1.ProbeVerified, Message: "m", MustPass: "p", MustNotPass: "n", ProbedAt: at, Answers: "1"},
			{Name: "b", Result: v1alpha1.ProbeLeaking, Message: "m", MustPass: "p", MustNotPass: "n", ProbedAt: at, Answers: "1"},
		},
		LastEnded: []v1alpha1.EndedFlow{{Time: at, Source: "s", Destination: "d", Port: "502/TCP", Closed: "conduit-a"}},
	}
	edit(&r.Status)
	return r
}

func TestOnlyNewsBringsAPass(t *testing.T) {
	t.Parallel()
	later := metav1.NewTime(time.Date(2027, time.June, 30, 12, 0, 15, 0, time.UTC))
	tests := []struct {
		name string
		edit func(*v1alpha1.NodeReportStatus)
		want bool
	}{
		{"nothing", func(*v1alpha1.NodeReportStatus) {}, false},
		{"renewed", func(s *v1alpha1.NodeReportStatus) { s.RenewTime = metav1.NewMicroTime(later.Time) }, false},
		{"probed again", func(s *v1alpha1.NodeReportStatus) { s.Zones[0].ProbedAt, s.Zones[1].ProbedAt = later, later }, false},
		{"a flow was ended", func(s *v1alpha1.NodeReportStatus) { s.EndedFlows, s.LastEnded[0].Time = 8, later }, false},
		{"another pod was tried, with the same result", func(s *v1alpha1.NodeReportStatus) { s.Zones[0].MustPass = "q" }, false},
		{"another result", func(s *v1alpha1.NodeReportStatus) { s.Zones[0].Result = v1alpha1.ProbeCut }, true},
		{"something else leaks", func(s *v1alpha1.NodeReportStatus) { s.Zones[1].MustNotPass = "q" }, true},
		{"a request is answered", func(s *v1alpha1.NodeReportStatus) { s.Zones[0].Answers = "2" }, true},
		{"a zone more", func(s *v1alpha1.NodeReportStatus) { s.Zones = append(s.Zones, v1alpha1.NodeZoneReport{Name: "c"}) }, true},
		{"the policy agent went", func(s *v1alpha1.NodeReportStatus) { s.PolicyAgent = v1alpha1.PolicyAgentDown }, true},
		{"flows cannot be read", func(s *v1alpha1.NodeReportStatus) { s.FlowTable = v1alpha1.FlowTableNone }, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, a := clockAndArrivals()
			s := &Segmentation{arrivals: arrivals{clock: a.clock}}
			before, after := cached(t, full(func(*v1alpha1.NodeReportStatus) {})), cached(t, full(test.edit))
			after.ResourceVersion = "2"
			s.reportChanged().Create(event.CreateEvent{Object: before})
			c.SetTime(c.Now().Add(50 * time.Second))
			if got := s.reportChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != test.want {
				t.Errorf("brings a pass: %t", got)
			}
			if got := s.arrivals.left("edge-1"); got != time.Minute {
				t.Errorf("the report counts for %s more", got)
			}
			// After a silence every word is news.
			c.SetTime(c.Now().Add(time.Minute))
			after = after.DeepCopy()
			after.ResourceVersion = "3"
			if !s.reportChanged().Update(event.UpdateEvent{ObjectOld: after, ObjectNew: after}) {
				t.Error("a silent node speaks again, and no pass comes of it")
			}
		})
	}
}

// cached is a report as the cache holds it.
func cached(t *testing.T, r *v1alpha1.NodeReport) *v1alpha1.NodeReport {
	t.Helper()
	out, err := stripReport(r)
	if err != nil {
		t.Fatal(err)
	}
	return out.(*v1alpha1.NodeReport)
}

func TestTheCacheKeepsWhatIsJudged(t *testing.T) {
	t.Parallel()
	want := v1alpha1.NodeReportStatus{
		PolicyAgent: v1alpha1.PolicyAgentUp, FlowTable: v1alpha1.FlowTableKernel, Verified: 1, Failed: 1,
		Zones: []v1alpha1.NodeZoneReport{
			{Name: "a", Result: v1alpha1.ProbeVerified, Answers: "1"},
			{Name: "b", Result: v1alpha1.ProbeLeaking, Message: "m", MustPass: "p", MustNotPass: "n", Answers: "1"},
		},
	}
	if diff := cmp.Diff(want, cached(t, full(func(*v1alpha1.NodeReportStatus) {})).Status); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
