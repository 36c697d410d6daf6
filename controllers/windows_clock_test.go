// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/controllers"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
	"github.com/zonewarden/zonewarden/internal/clock"
)

// thisBoot is a machine that is five minutes ahead of the API server, so that what the API
// server has just dated is not in its future. Its clocks stand still between the looks.
func thisBoot() *machine {
	m := newMachine()
	m.is(func(r *clock.Reading) { r.Wall = time.Now().UTC().Add(5 * time.Minute) })
	return m
}

// startAccessOn starts the operator with all that it does, on a machine.
func (a *accessWorld) startAccessOn(m *machine) *operator {
	a.t.Helper()
	return a.run(a.plane.Config(), func(mgr ctrl.Manager) error {
		return controllers.SetupOn(mgr, here, controllers.Options{Pods: controllers.PodSource{
			Image: "zonewarden", Labels: map[string]string{"app.kubernetes.io/name": "zonewarden"},
		}}, m.read, m.ticks)
	})
}

// wall is what the machine's clock reads.
func (m *machine) wall() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reading.Wall
}

// becomesSo edits the machine and makes the operator look.
func (m *machine) becomesSo(t *testing.T, edits ...func(*clock.Reading)) {
	t.Helper()
	for _, e := range edits {
		m.is(e)
	}
	m.look(t)
}

// stir brings a pass: the machine's time passes without anybody noticing.
func (a *accessWorld) stir() {
	a.t.Helper()
	a.make(&v1alpha1.Vendor{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "stir-"},
		Spec:       v1alpha1.VendorSpec{Company: "Other", People: []v1alpha1.VendorPerson{{User: "x@other.example", Name: "X"}}, ContractEnd: "2099-12-31", Zones: []string{"cell-1"}},
	})
}

func setTo(wall time.Time) func(*clock.Reading) {
	return func(r *clock.Reading) { r.Wall, r.Synchronised = wall, false }
}

func ends(at time.Time) func(*v1alpha1.VendorAccessWindowSpec) {
	return func(s *v1alpha1.VendorAccessWindowSpec) { s.End = new(instant(at.UTC())) }
}

func starts(at time.Time) func(*v1alpha1.VendorAccessWindowSpec) {
	return func(s *v1alpha1.VendorAccessWindowSpec) { s.Start = new(instant(at.UTC())) }
}

// told are the kinds of the records of a window in the trail.
func (a *accessWorld) told(w *v1alpha1.VendorAccessWindow) (kinds []access.RecordKind) {
	a.t.Helper()
	head := auditHead()
	a.must(client.IgnoreNotFound(a.Get(a.ctx(), client.ObjectKeyFromObject(head), head)))
	entries, faults := audit.DecodeLines([]byte(head.Data["entries"]))
	if len(faults) > 0 {
		a.t.Fatalf("reading the trail: %v", faults)
	}
	for _, r := range logbook.Of(logbook.Trails(entries), w.UID).Records {
		kinds = append(kinds, r.Kind)
	}
	return kinds
}

// suspended waits until nothing of a window stands because of the clock, and checks that
// it is not over for good.
func (a *accessWorld) suspended(w *v1alpha1.VendorAccessWindow, why clock.Reason) {
	a.t.Helper()
	live := &v1alpha1.VendorAccessWindow{}
	a.eventually(fmt.Sprintf("window %s is suspended by %s", w.Name, why), func() error {
		a.must(a.Get(a.ctx(), client.ObjectKeyFromObject(w), live))
		c := meta.FindStatusCondition(live.Status.Conditions, v1alpha1.ConditionClockTrusted)
		if c == nil || c.Status != metav1.ConditionFalse || !strings.Contains(c.Message, string(why)) {
			return fmt.Errorf("phase %s (%s), clock %+v", live.Status.Phase, live.Status.Reason, c)
		}
		return nil
	})
	// By a clock that is behind, nobody has approved of it yet.
	if phase := access.Phase(live.Status.Phase); phase != access.Approved && phase != access.Requested {
		a.t.Errorf("suspended, it is %s (%s)", phase, live.Status.Reason)
	}
	a.stands(w.Name, nil)
	if slices.Contains(a.told(w), access.RecordEnded) {
		a.t.Error("the trail tells of its end")
	}
}

// TestAClockThatIsSetSuspends: whatever time it is set to, nothing is open and nothing is
// over for good; when it is right again, what is not over opens by itself.
func TestAClockThatIsSetSuspends(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		to  func(now time.Time) time.Time
		why clock.Reason
	}{
		"an hour back": {func(now time.Time) time.Time { return now.Add(-time.Hour) }, clock.JumpedBack},
		"to 2046":      {func(time.Time) time.Time { return time.Date(2046, 1, 1, 0, 0, 0, 0, time.UTC) }, clock.JumpedForward},
		"to 2000":      {func(time.Time) time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }, clock.NotSet},
	} {
		t.Run(name, func(t *testing.T) {
			a, m := newAccessWorld(t), thisBoot()
			o := a.startAccessOn(m)
			now := m.wall()
			w := a.request("drives", time.Hour, ends(now.Add(time.Hour)))
			a.decide(w, owner, v1alpha1.DecisionApprove)
			a.opened(w)
			pod := a.pod(w.Name)

			a.node.silent.Store(true)
			m.becomesSo(t, setTo(c.to(now)))
			a.eventually("the session ends because it is told so", func() error {
				if a.node.lives(string(pod.UID)) {
					return fmt.Errorf("it runs on")
				}
				return nil
			})
			a.node.silent.Store(false)
			a.suspended(w, c.why)
			if late := a.late(w); late > time.Minute {
				t.Errorf("it says that it ended %s late", late)
			}
			a.quiet(o)
			a.stands(w.Name, nil)

			m.becomesSo(t, setTo(now), pass(10*time.Minute), synchronised)
			live := a.opened(w)
			a.stands(w.Name, ofRelay(w.Name))
			if live.Status.Phase != v1alpha1.WindowActive || !live.Status.End.Time.Equal(now.Add(time.Hour).Truncate(time.Second)) {
				t.Errorf("right again, it is %s until %s", live.Status.Phase, live.Status.End)
			}
			m.is(pass(50 * time.Minute))
			a.stir()
			a.becomes(w, v1alpha1.WindowExpired)
			a.stands(w.Name, nil)
		})
	}
}

// TestAClockThatStoppedIsNoticed by boot time. The pod ends by boot time as well, although
// the operator does not know yet that time passes.
func TestAClockThatStoppedIsNoticed(t *testing.T) {
	t.Parallel()
	a, m := newAccessWorld(t), thisBoot()
	a.startAccessOn(m)
	now := m.wall()
	w := a.request("drives", time.Hour, ends(now.Add(8*time.Second)))
	long := a.request("long", time.Hour, ends(now.Add(9*time.Hour)))
	// The longer one first: the other's pod is there for eight seconds.
	for _, each := range []*v1alpha1.VendorAccessWindow{long, w} {
		a.decide(each, owner, v1alpha1.DecisionApprove)
		a.opened(each)
	}
	pod := a.pod(w.Name)
	a.eventually("the pod ends by itself", func() error {
		if a.node.lives(string(pod.UID)) {
			return fmt.Errorf("it runs on")
		}
		return nil
	})
	if !a.node.lives(string(a.pod(long.Name).UID)) {
		t.Error("the pod of the longer window ended as well")
	}
	if live := a.becomes(w, v1alpha1.WindowActive); live.DeletionTimestamp != nil {
		t.Error("the window is gone")
	}

	m.becomesSo(t, func(r *clock.Reading) { r.SinceBoot += 6 * time.Hour })
	a.suspended(w, clock.JumpedBack)
	a.suspended(long, clock.JumpedBack)
	m.becomesSo(t, setTo(now.Add(6*time.Hour)), synchronised)
	a.becomes(w, v1alpha1.WindowExpired)
	a.stands(w.Name, nil)
	a.opened(long)
	a.stands(long.Name, ofRelay(long.Name))
}

// TestAfterAPowerCutNothingOpensUntilTheClockIsKnown.
func TestAfterAPowerCutNothingOpensUntilTheClockIsKnown(t *testing.T) {
	t.Parallel()
	unset := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		hardware v1alpha1.HardwareClock
		// comesUp is the time by the clock after the cut, later than what it was before.
		comesUp func(right time.Time) time.Time
		// why nothing opens at first; "" where it does.
		why clock.Reason
	}{
		"a clock without a battery":                       {v1alpha1.HardwareClockUnknown, func(time.Time) time.Time { return unset }, clock.NotSet},
		"one that is said to be good, without a battery":  {v1alpha1.HardwareClockGood, func(time.Time) time.Time { return unset }, clock.NotSet},
		"a right one of which nobody said that it is":     {v1alpha1.HardwareClockUnknown, func(right time.Time) time.Time { return right }, clock.NotSynchronised},
		"a right one of which somebody said that it is":   {v1alpha1.HardwareClockGood, func(right time.Time) time.Time { return right }, ""},
		"one that is said to be good, and lost two hours": {v1alpha1.HardwareClockGood, func(right time.Time) time.Time { return right.Add(-2 * time.Hour) }, clock.BehindMark},
	} {
		t.Run(name, func(t *testing.T) {
			a, m := newAccessWorld(t), thisBoot()
			s := site()
			a.change(s, func() { s.Spec.Access.Clock.HardwareClock = c.hardware })
			o := a.startAccessOn(m)
			now := m.wall()
			w := a.request("drives", time.Hour, ends(now.Add(4*time.Hour)))
			a.decide(w, owner, v1alpha1.DecisionApprove)
			a.opened(w)

			o.stop()
			right := now.Add(20 * time.Minute)
			m.is(reboot(c.comesUp(right)))
			m.is(unsynchronised)
			again := a.startAccessOn(m)
			if c.why != "" {
				a.suspended(w, c.why)
				a.quiet(again)
				a.stands(w.Name, nil)
				m.becomesSo(t, setTo(right), pass(time.Minute), synchronised)
			}
			a.opened(w)
			a.stands(w.Name, ofRelay(w.Name))
		})
	}
}

// TestWhatNobodyWasThereFor was never granted.
func TestWhatNobodyWasThereFor(t *testing.T) {
	t.Parallel()
	a, m := newAccessWorld(t), thisBoot()
	o := a.startAccessOn(m)
	now := m.wall()
	w := a.request("missed", time.Hour, starts(now.Add(time.Hour)), ends(now.Add(2*time.Hour)))
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.becomes(w, v1alpha1.WindowApproved)
	o.stop()
	m.is(pass(3 * time.Hour))
	again := a.startAccessOn(m)
	if live := a.becomes(w, v1alpha1.WindowExpired); live.Status.Reason != string(access.ReasonMissed) {
		t.Errorf("it says %s", live.Status.Reason)
	}
	a.quiet(again)
	a.stands(w.Name, nil)
	if slices.Contains(a.told(w), access.RecordOpened) {
		t.Error("the trail tells that it was opened")
	}
}

// late is how late a window's last ending was proved.
func (a *accessWorld) late(w *v1alpha1.VendorAccessWindow) time.Duration {
	a.t.Helper()
	live := a.says(w, v1alpha1.ConditionTerminated, metav1.ConditionTrue)
	if live.Status.Ending == nil || live.Status.Ending.Proved == nil {
		a.t.Fatalf("the ending is %+v", live.Status.Ending)
	}
	d, err := time.ParseDuration(live.Status.Ending.Lateness)
	a.must(err)
	return d
}

// TestLatenessIsByTrustedTime, from which the wall clock of the test is five minutes away.
func TestLatenessIsByTrustedTime(t *testing.T) {
	t.Parallel()
	a, m := newAccessWorld(t), thisBoot()
	o := a.startAccessOn(m)
	w := a.request("drives", time.Hour, ends(m.wall().Add(time.Hour)))
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.opened(w)
	o.stop()
	m.is(pass(time.Hour + 3*time.Minute))
	a.startAccessOn(m)
	a.becomes(w, v1alpha1.WindowExpired)
	if late := a.late(w); late < 3*time.Minute || late > 4*time.Minute {
		t.Errorf("three minutes after its end it says that it ended %s late", late)
	}
}

// TestAClockThatWasSetWhileNobodyLooked suspends as well, and what is asked for meanwhile
// is judged.
func TestAClockThatWasSetWhileNobodyLooked(t *testing.T) {
	t.Parallel()
	a, m := newAccessWorld(t), thisBoot()
	o := a.startAccessOn(m)
	now := m.wall()
	w := a.request("drives", time.Hour, ends(now.Add(4*time.Hour)))
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.opened(w)
	o.stop()
	m.is(setTo(now.Add(3 * time.Minute)))
	m.is(synchronised) // not for long enough to be believed
	a.startAccessOn(m)
	asked := a.request("asked", time.Hour, ends(now.Add(4*time.Hour)))
	a.becomes(asked, v1alpha1.WindowRequested)
	a.suspended(w, clock.JumpedForward)
	m.becomesSo(t, pass(10*time.Minute))
	a.opened(w)
}
