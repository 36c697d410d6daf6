// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/clock"
)

// TestTimeIsJudgedWhenItIsAskedFor, and not when the clocks were last looked at.
func TestTimeIsJudgedWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	w, m := newWorld(t), newMachine()
	k := w.keep(keeping{machine: m})
	w.make(site())
	w.trusts(v1alpha1.ReasonClockSynchronised)
	is := func(want access.Clock) {
		t.Helper()
		if diff := cmp.Diff(want, k.Now()); diff != "" {
			t.Errorf("now (-want +got):\n%s", diff)
		}
		if v := k.Verdict(); v.Trusted() != want.MayGrant || v.Trusted() && !v.Now.Equal(want.Now) || string(v.Reason) != want.Reason {
			t.Errorf("the verdict is %+v", v)
		}
	}
	m.is(pass(time.Minute))
	now := noon.Add(time.Minute)
	is(access.Clock{MayGrant: true, MayExpire: true, Now: now, Reason: "Synchronised"})
	m.is(step(-30 * time.Minute))
	is(access.Clock{Now: now.Add(-30 * time.Minute), Reason: "JumpedBack"})
	m.fails(errors.New("no clock"))
	is(access.Clock{Reason: "Unreadable"})
	m.fails(nil)
	m.is(step(30 * time.Minute))
	m.is(synchronised)
	is(access.Clock{MayGrant: true, MayExpire: true, Now: now, Reason: "Synchronised"})
	want := audit.Record{At: now, Clock: audit.Clock{
		Trusted: true, Reason: "Synchronised", BootID: firstBoot, SinceBoot: 26280*time.Hour + time.Minute + 300*time.Millisecond,
	}}
	if diff := cmp.Diff(want, k.Stamp()); diff != "" {
		t.Errorf("the stamp (-want +got):\n%s", diff)
	}
	// What was judged in between is known at the next look.
	m.is(pass(time.Hour))
	is(access.Clock{MayGrant: true, MayExpire: true, Now: now.Add(time.Hour), Reason: "Synchronised"})
	m.is(step(-time.Hour))
	m.look(t)
	w.mistrusts(v1alpha1.ReasonClockJumpedBack)
}

// TestNothingIsTrustedThatIsNotKnown: what was kept cannot be read.
func TestNothingIsTrustedThatIsNotKnown(t *testing.T) {
	t.Parallel()
	w, m := newWorld(t), newMachine()
	record := clockRecord()
	record.Data = map[string]string{"state": `{"version": 2}`}
	w.make(record, site())
	k := w.keep(keeping{machine: m})
	w.mistrusts(v1alpha1.ReasonClockUnknownState)
	if diff := cmp.Diff(access.Clock{Now: noon, Reason: string(clock.UnknownState)}, k.Now()); diff != "" {
		t.Errorf("now (-want +got):\n%s", diff)
	}
	if s := k.Stamp(); !s.At.Equal(noon) || s.Clock.Trusted {
		t.Errorf("the stamp is %+v", s)
	}
}
