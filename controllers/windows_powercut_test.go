// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/clock"
)

// longAgo is what a clock without a battery comes up with.
var longAgo = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// wipe empties a window's status and deletes all that anybody decided on it, the locks
// included: all but the trail that would tell of its end.
func (a *accessWorld) wipe(w *v1alpha1.VendorAccessWindow) {
	a.t.Helper()
	a.eventually("the status is wiped", func() error {
		live := &v1alpha1.VendorAccessWindow{}
		if err := a.Get(a.ctx(), client.ObjectKeyFromObject(w), live); err != nil {
			return err
		}
		live.Status = v1alpha1.VendorAccessWindowStatus{}
		return a.Status().Update(a.ctx(), live)
	})
	a.must(a.DeleteAllOf(a.ctx(), &v1alpha1.AccessLock{}))
	var said v1alpha1.ApprovalList
	a.must(a.List(a.ctx(), &said))
	for i := range said.Items {
		if said.Items[i].Spec.Of.UID == string(w.UID) {
			a.must(a.Delete(a.ctx(), &said.Items[i]))
		}
	}
}

// moment is a phase of a window in which the power is cut.
type moment struct {
	starts time.Duration
	// reach it, from a window that nobody has decided on.
	reach func(a *accessWorld, m *machine, w *v1alpha1.VendorAccessWindow)
	// after is its phase after the cut, when the clock is right again. What is then approved
	// anew opens where reopens says so.
	after   v1alpha1.WindowPhase
	reopens bool
}

func approved(a *accessWorld, _ *machine, w *v1alpha1.VendorAccessWindow) {
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.becomes(w, v1alpha1.WindowApproved)
}

func active(a *accessWorld, _ *machine, w *v1alpha1.VendorAccessWindow) {
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.opened(w)
}

var moments = map[string]moment{
	"requested": {after: v1alpha1.WindowRequested, reopens: true, reach: func(a *accessWorld, _ *machine, w *v1alpha1.VendorAccessWindow) {
		a.becomes(w, v1alpha1.WindowRequested)
	}},
	"approved": {starts: time.Minute, after: v1alpha1.WindowRequested, reopens: true, reach: approved},
	"active":   {after: v1alpha1.WindowRequested, reopens: true, reach: active},
	"at its end": {after: v1alpha1.WindowExpired, reach: func(a *accessWorld, m *machine, w *v1alpha1.VendorAccessWindow) {
		active(a, m, w)
		m.is(pass(4 * time.Hour))
	}},
	"expired": {after: v1alpha1.WindowExpired, reach: func(a *accessWorld, m *machine, w *v1alpha1.VendorAccessWindow) {
		active(a, m, w)
		m.is(pass(4 * time.Hour))
		a.stir()
		a.becomes(w, v1alpha1.WindowExpired)
	}},
	"revoked": {after: v1alpha1.WindowRevoked, reach: func(a *accessWorld, m *machine, w *v1alpha1.VendorAccessWindow) {
		active(a, m, w)
		a.decide(w, shift, v1alpha1.DecisionRevoke)
		a.becomes(w, v1alpha1.WindowRevoked)
	}},
	"denied": {after: v1alpha1.WindowDenied, reach: func(a *accessWorld, _ *machine, w *v1alpha1.VendorAccessWindow) {
		a.decide(w, owner, v1alpha1.DecisionDeny)
		a.becomes(w, v1alpha1.WindowDenied)
	}},
	"ended by a lock": {after: v1alpha1.WindowRevoked, reach: func(a *accessWorld, m *machine, w *v1alpha1.VendorAccessWindow) {
		active(a, m, w)
		a.make(&v1alpha1.AccessLock{ObjectMeta: objectMeta("stop"), Spec: v1alpha1.AccessLockSpec{Everything: true, Reason: "alarm", By: shift}})
		a.becomes(w, v1alpha1.WindowRevoked)
	}},
	"held by a lock": {starts: time.Minute, after: v1alpha1.WindowRequested, reopens: true, reach: func(a *accessWorld, m *machine, w *v1alpha1.VendorAccessWindow) {
		approved(a, m, w)
		a.make(&v1alpha1.AccessLock{ObjectMeta: objectMeta("stop"), Spec: v1alpha1.AccessLockSpec{Everything: true, Reason: "alarm", By: shift}})
		a.becomes(w, v1alpha1.WindowLocked)
	}},
}

// TestAPowerCutInEveryPhase ends etcd, the API server and the operator at once. Whatever is
// removed afterwards, what has ended never reopens; and nothing is open before the clock is
// known, nor without an approval.
func TestAPowerCutInEveryPhase(t *testing.T) {
	t.Parallel()
	for name, c := range moments {
		t.Run(name, func(t *testing.T) {
			a, m := newAccessWorld(t), thisBoot()
			o := a.startAccessOn(m)
			now := m.wall()
			w := a.request("drives", time.Hour, starts(now.Add(c.starts)), ends(now.Add(4*time.Hour)))
			c.reach(a, m, w)

			a.must(a.plane.Kill())
			o.stop()
			a.must(a.plane.Restart(a.ctx()))
			a.wipe(w)
			right := m.wall().Add(10 * time.Minute)
			m.is(reboot(longAgo))
			m.is(unsynchronised)
			again := a.startAccessOn(m)
			a.mistrusts(v1alpha1.ReasonClockNotSet)
			a.stands(w.Name, nil)
			a.quiet(again)
			a.stands(w.Name, nil)

			m.becomesSo(t, setTo(right), synchronised)
			a.becomes(w, c.after)
			a.quiet(again)
			a.stands(w.Name, nil)
			a.decide(w, owner, v1alpha1.DecisionApprove)
			if c.reopens {
				a.opened(w)
				a.stands(w.Name, ofRelay(w.Name))
				return
			}
			a.quiet(again)
			a.becomes(w, c.after)
			a.stands(w.Name, nil)
		})
	}
}

// TestACutInTheMiddle stops the operator at a random moment of opening or of revoking.
// What stands then is in the trail as opened; what the trail says is over stays so.
func TestACutInTheMiddle(t *testing.T) {
	t.Parallel()
	a := newAccessWorld(t)
	for i := range 10 {
		m := thisBoot()
		m.is(func(r *clock.Reading) { r.BootID += fmt.Sprint(i) })
		o := a.startAccessOn(m)
		w := a.request(fmt.Sprintf("cut-%d", i), time.Hour, ends(m.wall().Add(time.Hour)))
		a.becomes(w, v1alpha1.WindowRequested)
		revoking := i%2 == 1
		if a.decide(w, owner, v1alpha1.DecisionApprove); revoking {
			a.opened(w)
			a.decide(w, shift, v1alpha1.DecisionRevoke)
		}
		wait := time.Duration(rand.Int64N(int64(400 * time.Millisecond)))
		<-time.After(wait)
		o.stop()
		told := a.told(w)
		stood := a.standing(w.Name)
		t.Logf("%s after %s: %v stood, and the trail says %v", w.Name, wait, len(stood), told)
		if len(stood) > 0 && !slices.Contains(told, access.RecordOpened) {
			t.Errorf("without a record of it there stood %v", stood)
		}
		over := slices.Contains(told, access.RecordEnded)
		a.wipe(w)
		m.is(reboot(m.wall().Add(time.Minute)))
		again := a.startAccessOn(m)
		a.decide(w, owner, v1alpha1.DecisionApprove)
		if over {
			a.becomes(w, v1alpha1.WindowRevoked)
			a.quiet(again)
			a.stands(w.Name, nil)
		} else {
			a.opened(w)
			a.stands(w.Name, ofRelay(w.Name))
		}
		again.stop()
		a.must(a.Delete(a.ctx(), w))
	}
}
