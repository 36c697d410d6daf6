// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/store"
	"github.com/zonewarden/zonewarden/internal/evidence"
)

// look verifies the trail and does what is to be done now and then.
func (t *trail) look(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keyless = t.refresh(ctx)
	err := t.keyless
	if err == nil {
		err = t.load(ctx)
	}
	if err == nil && t.store != nil {
		if err = t.tend(ctx); !said(err) {
			t.judge(ctx, nil)
			return err
		}
	}
	t.judge(ctx, err)
	return err
}

// tend keeps in order what is beside the trail.
func (t *trail) tend(ctx context.Context) error {
	if !t.signs() {
		return t.awaited()
	}
	if err := t.settleKeys(ctx); err != nil {
		return err
	}
	if err := t.export(ctx); err != nil {
		return err
	}
	t.looks++
	if t.looks%cleansTrail != 1 {
		return nil
	}
	return t.store.Clean(ctx)
}

// awaited says which key is missing.
func (t *trail) awaited() error { return fmt.Errorf("%w: it awaits %s", errNoKey, t.known.head.Key) }

// errNotSent says that there is more in the trail than was sent.
var errNotSent = errors.New("not sent yet")

// export notes what the syslog receiver was sent: it is then not lost when it is removed.
func (t *trail) export(ctx context.Context) error {
	if t.syslog == nil {
		return nil
	}
	sent := t.syslog.sentThrough()
	if sent <= t.known.exported || sent < t.known.head.Sequence {
		return nil
	}
	err := t.store.Export(ctx, func(pending []audit.Entry) error {
		if pending[len(pending)-1].Sequence > sent {
			return errNotSent
		}
		return nil
	})
	if errors.Is(err, errNotSent) {
		return nil
	}
	if err != nil {
		return err
	}
	t.known.exported = sent
	return nil
}

// judgementOf says what an error means for the Site. What is not told apart is that the
// trail cannot be had now.
func judgementOf(err error) evidence.Judgement {
	not := func(reason string) evidence.Judgement {
		return evidence.Judgement{
			Status: metav1.ConditionFalse, Reason: reason,
			Message: "no vendor access is granted: " + err.Error(),
		}
	}
	switch {
	case err == nil:
		return evidence.Judgement{
			Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonTrailIntact,
			Message: "every entry of the audit trail is as it was signed, and none is missing",
		}
	case errors.Is(err, store.ErrDamaged):
		return not(v1alpha1.ReasonTrailDamaged)
	case errors.Is(err, errNoKey), errors.Is(err, store.ErrNoKey), errors.Is(err, apply.ErrNoKeys), errors.Is(err, apply.ErrNoSecret):
		return not(v1alpha1.ReasonTrailNoKey)
	case errors.Is(err, store.ErrFull):
		return not(v1alpha1.ReasonTrailFull)
	case errors.Is(err, errNoNamespace):
		return evidence.Judgement{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonTrailUnavailable,
			Message: "no vendor access is granted: " + err.Error(),
		}
	}
	return evidence.Judgement{
		Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonTrailUnavailable,
		// Of every try, and another text each time: the log has it.
		Message: "no vendor access is granted: the audit trail cannot be read or written now, the operator's log says why",
	}
}

// said says whether an error says something of the trail, and not of one request or record.
func said(err error) bool {
	return err != nil && judgementOf(err).Status == metav1.ConditionFalse
}

// judge tells the passes how the trail is, and brings one where it is news.
func (t *trail) judge(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // the operator stops, which says nothing of the trail
	}
	switch {
	case err != nil:
	case t.full != nil:
		err = t.full
	case !t.signs():
		// It reads well, and nothing can be added to it.
		err = t.awaited()
	}
	is := judgementOf(err)
	auditDamaged.Set(0)
	if is.Status == metav1.ConditionFalse {
		auditDamaged.Set(1)
	}
	t.sayMu.Lock()
	news := t.last == nil || *t.last != is
	t.last = &is
	t.sayMu.Unlock()
	if !news {
		return
	}
	log.FromContext(ctx).Info("the audit trail", "intact", is.Status, "reason", is.Reason, "message", is.Message)
	select {
	case t.changed <- event.GenericEvent{}:
	default: // a pass is on its way, and reads this
	}
}

// intact is nil until the first look.
func (t *trail) intact() *evidence.Judgement {
	t.sayMu.Lock()
	defer t.sayMu.Unlock()
	return t.last
}

// auditStatus says whether the audit trail is as it was left. Until the first look after a
// start what was said before stays.
func (c conditions) auditStatus(intact *evidence.Judgement) {
	if intact != nil {
		c.judge(v1alpha1.ConditionAuditIntact, *intact)
	}
}
