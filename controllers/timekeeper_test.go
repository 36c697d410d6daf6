// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/controllers"
	"github.com/zonewarden/zonewarden/internal/clock"
)

const (
	firstBoot  = "5b0ac8a4-4d1a-4c2a-9f0b-0f2d3c4b5a69"
	secondBoot = "77777777-4d1a-4c2a-9f0b-0f2d3c4b5a69"
)

// noon is true time when a story begins. Its fraction is not written anywhere.
var noon = time.Date(2026, time.August, 1, 12, 0, 0, 700_000_000, time.UTC)

// machine is a node whose clocks the test sets.
type machine struct {
	mu      sync.Mutex
	reading clock.Reading
	err     error
	ticks   chan time.Time
}

// newMachine has been up for three years, and its clock is synchronised.
func newMachine() *machine {
	return &machine{ticks: make(chan time.Time), reading: clock.Reading{
		Wall: noon, SinceBoot: 26280*time.Hour + 300*time.Millisecond, BootID: firstBoot, Synchronised: true, Node: here.Node,
	}}
}

func (m *machine) read() (clock.Reading, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reading, m.err
}

// is changes the machine between two looks.
func (m *machine) is(edit func(*clock.Reading)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	edit(&m.reading)
}

func (m *machine) fails(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func pass(d time.Duration) func(*clock.Reading) {
	return func(r *clock.Reading) { r.Wall, r.SinceBoot = r.Wall.Add(d), r.SinceBoot+d }
}

// step sets the clock, on which the kernel takes back that it is synchronised.
func step(d time.Duration) func(*clock.Reading) {
	return func(r *clock.Reading) { r.Wall, r.Synchronised = r.Wall.Add(d), false }
}

func unsynchronised(r *clock.Reading) { r.Synchronised = false }
func synchronised(r *clock.Reading)   { r.Synchronised = true }

// reboot comes up with a synchronised clock that stands at a time.
func reboot(wall time.Time) func(*clock.Reading) {
	return func(r *clock.Reading) {
		*r = clock.Reading{Wall: wall, SinceBoot: 20 * time.Second, BootID: secondBoot, Synchronised: true, Node: r.Node}
	}
}

// look makes the operator look once more; looks before it are done.
func (m *machine) look(t *testing.T) {
	t.Helper()
	select {
	case m.ticks <- time.Time{}:
	case <-time.After(patience):
		t.Fatal("the operator looks no more")
	}
}

func (w *world) startOperatorOn(m *machine, at controllers.Place) *operator {
	w.t.Helper()
	return w.run(w.plane.Config(), func(mgr ctrl.Manager) error {
		return controllers.SetupSegmentationOn(mgr, at, m.read, m.ticks)
	})
}

func clockRecord() *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: here.Namespace, Name: "zonewarden-clock"}}
}

// recorded is what is kept of the clock.
func (w *world) recorded() (object *corev1.ConfigMap, state clock.State) {
	w.t.Helper()
	object = clockRecord()
	w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(object), object))
	w.must(json.Unmarshal([]byte(object.Data["state"]), &state))
	return object, state
}

func (w *world) trusts(reason string) string {
	w.t.Helper()
	return w.condition(site(), v1alpha1.ConditionClockTrusted, metav1.ConditionTrue, reason)
}

func (w *world) mistrusts(reason string) string {
	w.t.Helper()
	return w.condition(site(), v1alpha1.ConditionClockTrusted, metav1.ConditionFalse, reason)
}

// shown is what the Site shows of the clock.
func (w *world) shown() *v1alpha1.SiteClock {
	w.t.Helper()
	s := site()
	w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(s), s))
	return s.Status.Clock
}

// gauge reads one of the operator's gauges.
func gauge(t *testing.T, name string) float64 {
	t.Helper()
	return metricNamed(t, name).GetGauge().GetValue()
}

func metricNamed(t *testing.T, name string) *dto.Metric {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0]
		}
	}
	t.Fatalf("there is no metric %s", name)
	return nil
}

func TestTheClockIsTrustedOnceItIsSynchronised(t *testing.T) {
	w, m := newWorld(t), newMachine()
	m.is(unsynchronised)
	w.startOperatorOn(m, here)
	w.make(site())
	if message := w.mistrusts(v1alpha1.ReasonClockNotSynchronised); !strings.Contains(message, firstBoot) {
		t.Errorf("the boot to acknowledge is not named: %s", message)
	}
	if got, in := gauge(t, "zonewarden_clock_trusted"), gauge(t, "zonewarden_clock_uncertainty_seconds"); got != 0 || !math.IsInf(in, 1) {
		t.Errorf("metrics: trusted %v within %v", got, in)
	}
	m.is(synchronised)
	m.look(t)
	w.trusts(v1alpha1.ReasonClockSynchronised)
	want := &v1alpha1.SiteClock{BootID: firstBoot, Node: here.Node, Run: v1alpha1.ClockReading{
		Wall: metav1.NewTime(noon.Truncate(time.Second)), SinceBoot: "26280h0m0s",
	}}
	if diff := cmp.Diff(want, w.shown()); diff != "" {
		t.Errorf("status.clock (-want +got):\n%s", diff)
	}
	// 16 s that the kernel may err by, and the tolerance of two minutes.
	if got, in := gauge(t, "zonewarden_clock_trusted"), gauge(t, "zonewarden_clock_uncertainty_seconds"); got != 1 || in != 136 {
		t.Errorf("metrics: trusted %v within %v", got, in)
	}
}

func TestWhoAcknowledgesTheClockCopiesWhatTheSiteShows(t *testing.T) {
	t.Parallel()
	w, m := newWorld(t), newMachine()
	w.startOperatorOn(m, here)
	w.make(site())
	w.trusts(v1alpha1.ReasonClockSynchronised)
	before := w.shown()

	acknowledge := func(saw v1alpha1.ClockReading) {
		s := site()
		w.change(s, func() {
			s.Spec.Access.Clock.Acknowledged = &v1alpha1.ClockAcknowledgement{BootID: firstBoot, By: "shift-1", Saw: saw}
		})
	}
	m.is(pass(time.Hour))
	m.is(step(-30 * time.Minute))
	m.look(t)
	w.mistrusts(v1alpha1.ReasonClockJumpedBack)
	jumped := w.shown()
	if jumped == nil || cmp.Equal(before.Run, jumped.Run) {
		t.Fatalf("after the jump the Site shows what it showed before: %+v", jumped)
	}
	acknowledge(before.Run) // what was shown before the jump is of no use
	m.is(pass(time.Second))
	w.sees(m, "does not count")
	w.mistrusts(v1alpha1.ReasonClockJumpedBack)
	acknowledge(jumped.Run)
	w.sees(m, "shift-1 acknowledged")
	w.trusts(v1alpha1.ReasonClockAcknowledged)
	if _, state := w.recorded(); !state.Mark.Before(noon.Add(time.Hour)) {
		t.Errorf("the person's word did not set the mark back: %s", state.Mark)
	}
}

// sees looks until the Site's message says something: the operator's cache may be behind
// an edit that was made.
func (w *world) sees(m *machine, part string) {
	w.t.Helper()
	w.eventually("the Site says "+part, func() error {
		m.look(w.t)
		s := site()
		w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(s), s))
		for _, c := range s.Status.Conditions {
			if c.Type == v1alpha1.ConditionClockTrusted && strings.Contains(c.Message, part) {
				return nil
			}
		}
		return fmt.Errorf("it says %v", s.Status.Conditions)
	})
}

func TestTheSitesRulesCount(t *testing.T) {
	t.Parallel()
	w, m := newWorld(t), newMachine()
	m.is(unsynchronised)
	w.startOperatorOn(m, here)
	s := site()
	s.Spec.Access.Clock = v1alpha1.ClockRules{HardwareClock: v1alpha1.HardwareClockGood, Tolerance: "10s"}
	w.make(s)
	w.sees(m, "declares hardware clocks good")
	m.is(step(-20 * time.Second))
	m.look(t)
	w.mistrusts(v1alpha1.ReasonClockJumpedBack)
	w.change(s, func() { s.Spec.Access.Clock.Tolerance = "30s" })
	w.sees(m, "declares hardware clocks good")
	w.trusts(v1alpha1.ReasonClockHardware)
}

// TestTheMarkOutlives a restart, and the Site: nobody gets time back by making either anew.
func TestTheMarkOutlives(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		meet func(w *world, o *operator, m *machine)
	}{
		{"a restart", func(w *world, o *operator, m *machine) {
			o.stop()
			m.is(reboot(noon.Add(-time.Hour)))
			w.startOperatorOn(m, here)
		}},
		{"the Site", func(w *world, _ *operator, m *machine) {
			w.must(w.Delete(w.ctx(), site()))
			m.look(w.t)
			m.is(reboot(noon.Add(-time.Hour)))
			w.make(site())
			m.look(w.t)
		}},
		{"the Site, while nobody looks", func(w *world, o *operator, m *machine) {
			o.stop()
			w.must(w.Delete(w.ctx(), site()))
			w.make(site())
			m.is(reboot(noon.Add(-time.Hour)))
			w.startOperatorOn(m, here)
		}},
		{"its own ConfigMap, while somebody looks", func(w *world, o *operator, m *machine) {
			w.must(w.Delete(w.ctx(), clockRecord()))
			m.is(pass(5 * time.Minute))
			m.look(w.t) // finds it gone
			m.look(w.t) // makes it again
			w.eventually("it is made again", func() error {
				return w.Get(w.ctx(), client.ObjectKeyFromObject(clockRecord()), &corev1.ConfigMap{})
			})
			o.stop()
			m.is(reboot(noon.Add(-time.Hour)))
			w.startOperatorOn(m, here)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, m := newWorld(t), newMachine()
			o := w.startOperatorOn(m, here)
			w.make(site())
			w.trusts(v1alpha1.ReasonClockSynchronised)
			test.meet(w, o, m)
			w.mistrusts(v1alpha1.ReasonClockBehindMark)
			if _, state := w.recorded(); state.Mark.Before(noon) {
				t.Errorf("the mark went back to %s", state.Mark)
			}
		})
	}
}

func TestAClockThatRunsWritesNothing(t *testing.T) {
	t.Parallel()
	w, m := newWorld(t), newMachine()
	o := w.startOperatorOn(m, here)
	w.make(site())
	w.trusts(v1alpha1.ReasonClockSynchronised)
	w.quiet(o)
	for range 50 {
		m.is(pass(5 * time.Second))
		m.look(t)
	}
	w.quietAfter(o, map[string]int{})
	before, _ := w.recorded()
	for range 10 { // 5 minutes since it was written
		m.is(pass(5 * time.Second))
		m.look(t)
	}
	m.look(t)
	w.quietAfter(o, map[string]int{"configmaps": 1})
	after, state := w.recorded()
	if after.ResourceVersion == before.ResourceVersion || !state.Mark.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("after 5 minutes the mark is at %s", state.Mark)
	}
	o.stop()
	again := w.startOperatorOn(m, here)
	m.look(t)
	m.look(t)
	w.quietAfter(again, map[string]int{})
}

func TestWhatALaterVersionKnowsIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]map[string]string{
		"a later version": {"state": `{"version": 2, "mark": "2026-08-01T00:00:00Z"}`},
		"another shape":   {"state": `{"version": 3, "boots": {"by": "name"}}`},
		"no version":      {"state": `{}`},
		"no JSON":         {"state": "now"},
		"nothing":         nil,
	} {
		t.Run(name, func(t *testing.T) {
			w, m := newWorld(t), newMachine()
			record := clockRecord()
			record.Data = data
			w.make(record, site())
			o := w.startOperatorOn(m, here)
			w.mistrusts(v1alpha1.ReasonClockUnknownState)
			if shown := w.shown(); shown != nil {
				t.Errorf("it offers to acknowledge %+v", shown)
			}
			m.is(pass(10 * time.Minute))
			m.look(t)
			m.look(t)
			w.quiet(o)
			got := clockRecord()
			w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(got), got))
			if got.ResourceVersion != record.ResourceVersion {
				t.Errorf("it was overwritten: %v", got.Data)
			}
			w.must(w.Delete(w.ctx(), record))
			m.look(t)
			w.trusts(v1alpha1.ReasonClockSynchronised)
		})
	}
}

// TestWhatAnotherWroteMeanwhileCounts: two who take themselves for the leader do not
// overwrite each other, and the higher mark is not lost.
func TestWhatAnotherWroteMeanwhileCounts(t *testing.T) {
	t.Parallel()
	w, m := newWorld(t), newMachine()
	w.startOperatorOn(m, here)
	w.make(site())
	w.trusts(v1alpha1.ReasonClockSynchronised)
	object, state := w.recorded()
	state.Mark = noon.Add(48 * time.Hour)
	raw, err := json.Marshal(state)
	w.must(err)
	object.Data["state"] = string(raw)
	w.must(w.Update(w.ctx(), object))
	m.is(pass(10 * time.Minute))
	m.look(t)
	m.look(t)
	w.mistrusts(v1alpha1.ReasonClockBehindMark)
	if _, kept := w.recorded(); !kept.Mark.Equal(state.Mark) {
		t.Errorf("the mark is at %s, the other wrote %s", kept.Mark, state.Mark)
	}
}

func TestAClockThatCannotBeReadIsNotTrusted(t *testing.T) {
	t.Parallel()
	w, m := newWorld(t), newMachine()
	w.startOperatorOn(m, here)
	w.make(site())
	w.trusts(v1alpha1.ReasonClockSynchronised)
	before, _ := w.recorded()
	m.fails(errors.New("adjtimex: operation not permitted"))
	m.look(t)
	w.mistrusts(v1alpha1.ReasonClockUnreadable)
	if shown := w.shown(); shown != nil {
		t.Errorf("it offers to acknowledge %+v", shown)
	}
	m.fails(nil)
	m.look(t)
	w.trusts(v1alpha1.ReasonClockSynchronised)
	if after, _ := w.recorded(); !maps.Equal(after.Data, before.Data) {
		t.Errorf("it was written without a reading:\n%s", cmp.Diff(before.Data, after.Data))
	}
}

func TestWithoutANamespaceTheClockIsKeptInMemory(t *testing.T) {
	t.Parallel()
	w, m := newWorld(t), newMachine()
	o := w.startOperatorOn(m, controllers.Place{Node: here.Node})
	w.make(site())
	if message := w.trusts(v1alpha1.ReasonClockSynchronised); !strings.Contains(message, "in memory only") {
		t.Errorf("it does not say so: %s", message)
	}
	w.quiet(o)
	m.is(pass(10 * time.Minute))
	m.look(t)
	m.look(t)
	w.quietAfter(o, map[string]int{})
	w.must(wantGone(w.Get(w.ctx(), client.ObjectKeyFromObject(clockRecord()), clockRecord())))
}

// TestWhatIsNotKeptIsSaid: time is trusted nevertheless, but a restart would forget.
func TestWhatIsNotKeptIsSaid(t *testing.T) {
	t.Parallel()
	w, m := newWorld(t), newMachine()
	w.startOperatorOn(m, controllers.Place{Node: here.Node, Namespace: "not-there"})
	w.make(site())
	if message := w.trusts(v1alpha1.ReasonClockSynchronised); !strings.Contains(message, "not kept in ConfigMap not-there/zonewarden-clock") {
		t.Errorf("it does not say so: %s", message)
	}
}
