// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
)

// TestADamagedTrailCloses what is open, says why and opens nothing, until it is put back:
// that window has not ended.
func TestADamagedTrailCloses(t *testing.T) {
	t.Parallel()
	a, m := newAccessWorld(t), thisBoot()
	o := a.startAccessOn(m)
	now := m.wall()
	w := a.request("drives", time.Hour, ends(now.Add(time.Hour)))
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.opened(w)
	a.quiet(o)

	head := get(a.world, auditHead())
	good := head.Data["entries"]
	head.Data["entries"] = strings.Replace(good, owner, "nobody@plant.example", 1)
	if head.Data["entries"] == good {
		t.Fatal("the trail does not say who approved")
	}
	a.must(a.Update(a.ctx(), head))
	// Anything that happens brings a pass; half a minute does as well.
	other := a.request("other", time.Hour, ends(now.Add(time.Hour)))
	a.decide(other, owner, v1alpha1.DecisionApprove)
	a.stands(w.Name, nil)
	for _, each := range []*v1alpha1.VendorAccessWindow{w, other} {
		live := a.becomes(each, v1alpha1.WindowApproved)
		if live.Status.Reason != string(access.ReasonTrailUnknown) {
			t.Errorf("%s says %s", each.Name, live.Status.Reason)
		}
	}
	a.broken(v1alpha1.ReasonTrailDamaged)
	a.says(w, v1alpha1.ConditionTerminated, metav1.ConditionTrue)
	a.stands(other.Name, nil)

	head = get(a.world, auditHead())
	if strings.Count(head.Data["entries"], "\n") != strings.Count(good, "\n") {
		t.Error("what was found was written over")
	}
	head.Data["entries"] = good
	a.must(a.Update(a.ctx(), head))
	a.opened(w)
	a.opened(other)
	a.intact()
}

// TestAnOutageOfTheAPIServerCutsNothing. That a pass is made during it is seen by what the
// metrics say of the sessions.
func TestAnOutageOfTheAPIServerCutsNothing(t *testing.T) {
	a, m := newAccessWorld(t), thisBoot()
	a.startAccessOn(m)
	now := m.wall()
	w := a.request("drives", time.Hour, ends(now.Add(time.Hour)))
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.opened(w)
	before := a.pod(w.Name)
	a.sessions(1)

	a.must(a.plane.StopAPIServer())
	back := false
	defer func() {
		if !back {
			a.must(a.plane.StartAPIServer())
		}
	}()
	a.node.more.Store(2)
	a.sessions(3)
	a.node.more.Store(0)
	a.sessions(1)
	if !a.node.lives(string(before.UID)) {
		t.Error("the pod ended while the API server was away")
	}
	a.must(a.plane.StartAPIServer())
	back = true
	a.node.more.Store(1)
	a.sessions(2)
	live := a.opened(w)
	if after := a.pod(w.Name); live.Status.Phase != v1alpha1.WindowActive || after.UID != before.UID || !a.node.lives(string(before.UID)) {
		t.Errorf("after the outage it is %s, and the pod is %s, before %s", live.Status.Phase, after.UID, before.UID)
	}
	a.stands(w.Name, ofRelay(w.Name))
	for _, kind := range a.told(w) {
		if kind == access.RecordClosed || kind == access.RecordEnded {
			t.Errorf("the trail says %s", kind)
		}
	}

	// It ends while the API server is away: the pod is told, and the rest goes later.
	a.must(a.plane.StopAPIServer())
	back = false
	m.is(pass(2 * time.Hour))
	a.node.more.Store(2) // brings a pass
	a.eventually("the session ends without the API server", func() error {
		if a.node.lives(string(before.UID)) {
			return fmt.Errorf("it runs on")
		}
		return nil
	})
	a.must(a.plane.StartAPIServer())
	back = true
	a.becomes(w, v1alpha1.WindowExpired)
	a.stands(w.Name, nil)
	a.says(w, v1alpha1.ConditionTerminated, metav1.ConditionTrue)
}

// TestAPodThatDoesNotHearIsToldAgain that it is over: its node does nothing either.
func TestAPodThatDoesNotHearIsToldAgain(t *testing.T) {
	a, m := newAccessWorld(t), thisBoot()
	a.startAccessOn(m)
	w := a.request("drives", time.Hour, ends(m.wall().Add(time.Hour)))
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.opened(w)
	pod := a.pod(w.Name)
	a.node.silent.Store(true)
	a.node.deaf.Store(true)
	a.decide(w, shift, v1alpha1.DecisionRevoke)
	a.says(w, v1alpha1.ConditionTerminated, metav1.ConditionFalse)
	a.stands(w.Name, nil)
	a.metric("zonewarden_access_unproved", 1)
	if !a.node.lives(string(pod.UID)) {
		t.Fatal("the pod heard that it is over")
	}
	a.node.deaf.Store(false)
	a.says(w, v1alpha1.ConditionTerminated, metav1.ConditionTrue)
	if a.node.lives(string(pod.UID)) {
		t.Error("the pod is said to be over, and runs on")
	}
}

// sessions waits until so many are counted.
func (a *accessWorld) sessions(want float64) {
	a.t.Helper()
	a.metric("zonewarden_access_sessions", want)
}

// metric waits until a gauge has a value.
func (a *accessWorld) metric(name string, want float64) {
	a.t.Helper()
	a.eventually(fmt.Sprintf("%s is %v", name, want), func() error {
		if got := gauge(a.t, name); got != want {
			return fmt.Errorf("it is %v", got)
		}
		return nil
	})
}
