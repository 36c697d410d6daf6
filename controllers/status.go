// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/evidence"
	"github.com/zonewarden/zonewarden/internal/topology"
)

const (
	// maxFindings that a status lists; the count tells the rest.
	maxFindings = 32
	// parallelStatuses at a time; an edge API server has little.
	parallelStatuses = 4
)

// statusChange is one status to be written, and the event that tells people.
type statusChange struct {
	before, after client.Object
	event         *transition
}

// writeStatuses makes every status from the outcome and writes those that differ,
// each with one request. Nothing is copied for an object whose status stays.
func (s *Segmentation) writeStatuses(ctx context.Context, o *outcome) error {
	_, err := statusWriter{s.client, s.cache, s.recorder}.write(ctx, slices.Concat(
		s.zoneChanges(o), s.conduitChanges(o), s.assetChanges(o), s.approvalChanges(o), s.siteChanges(o),
	))
	return err
}

// statusWriter writes statuses for every controller, and waits until the cache shows them: a
// pass that judged by what was before its own writes could take them for done.
type statusWriter struct {
	client   client.Client
	cache    client.Reader
	recorder events.EventRecorder
}

// write says as well whether something was not written because it is gone or has changed.
func (w statusWriter) write(ctx context.Context, changes []statusChange) (again bool, err error) {
	errs := make([]error, len(changes))
	var behind atomic.Bool
	var g errgroup.Group
	g.SetLimit(parallelStatuses)
	for i, c := range changes {
		g.Go(func() error {
			var written bool
			if written, errs[i] = w.writeOne(ctx, c); !written && errs[i] == nil {
				behind.Store(true)
			}
			return nil
		})
	}
	_ = g.Wait() // each keeps its own error
	await(ctx, len(changes), func(ctx context.Context, i int) bool {
		return errs[i] != nil || w.cacheMoved(ctx, changes[i])
	})
	return behind.Load(), errors.Join(errs...)
}

// cacheMoved says that the cache shows another version than the pass saw. It reads
// into the change's own copy, which has been written and is needed no more.
func (w statusWriter) cacheMoved(ctx context.Context, c statusChange) bool {
	err := w.cache.Get(ctx, client.ObjectKeyFromObject(c.before), c.after)
	return err != nil || c.after.GetResourceVersion() != c.before.GetResourceVersion()
}

// writeOne patches one status, and tells people what it owes them. It is bound to the version
// that the pass saw: a status must not speak of a spec that has changed meanwhile.
func (w statusWriter) writeOne(ctx context.Context, c statusChange) (written bool, err error) {
	patch := client.MergeFromWithOptions(c.before, client.MergeFromWithOptimisticLock{})
	err = w.client.Status().Patch(ctx, c.after, patch, client.FieldOwner(apply.FieldManager))
	switch {
	case apierrors.IsNotFound(err), apierrors.IsConflict(err):
		return false, nil // gone, or changed: its event brings the next pass
	case err != nil:
		return false, fmt.Errorf("writing the status of %s: %w", c.after.GetName(), err)
	}
	if c.event != nil {
		w.recorder.Eventf(c.after, nil, c.event.kind, c.event.reason, c.event.action, "%s", c.event.note)
	}
	return true, nil
}

// conditions sets conditions on a status. Messages are made of declared facts
// only, so that two passes over the same site write the same.
type conditions struct {
	status     *v1alpha1.Status
	generation int64
	now        metav1.Time
}

// conditionsOf starts from what a status says now. The conditions are copied,
// because the status belongs to the cache.
func (s *Segmentation) conditionsOf(status *v1alpha1.Status, generation int64) conditions {
	status.Conditions = slices.Clone(status.Conditions)
	return conditions{status: status, generation: generation, now: metav1.NewTime(s.clock.Now())}
}

func (c conditions) set(kind string, is bool, reason, message string) {
	value := metav1.ConditionFalse
	if is {
		value = metav1.ConditionTrue
	}
	c.judge(kind, evidence.Judgement{Status: value, Reason: reason, Message: message})
}

// judge sets a condition that may also be unknown.
func (c conditions) judge(kind string, j evidence.Judgement) {
	meta.SetStatusCondition(&c.status.Conditions, metav1.Condition{
		Type: kind, Status: j.Status, Reason: j.Reason, Message: j.Message,
		ObservedGeneration: c.generation, LastTransitionTime: c.now,
	})
}

// drop takes a condition out that does not apply.
func (c conditions) drop(kind string) {
	meta.RemoveStatusCondition(&c.status.Conditions, kind)
}

// verdictStatus says what the model decided about an object: findings, Accepted and
// ResolvedRefs. extra are findings of the backend.
func (c conditions) verdictStatus(v *topology.Verdict, extra []v1alpha1.Finding) {
	findings := append(slices.Clone(v.Findings), extra...)
	c.status.ObservedGeneration = c.generation
	c.status.FindingCount = int32(len(findings)) //nolint:gosec // bounded by the fields of one object
	c.status.Findings = findings[:min(len(findings), maxFindings):min(len(findings), maxFindings)]
	if len(c.status.Findings) == 0 {
		c.status.Findings = nil
	}
	errs := v.Errors()
	switch {
	case v.Accepted():
		c.set(v1alpha1.ConditionAccepted, true, v1alpha1.ReasonAccepted, "in force as declared")
	case v.InForce:
		c.set(v1alpha1.ConditionAccepted, false, errs[0].Reason,
			"the last accepted version stays in force: "+summary(errs))
	default:
		c.set(v1alpha1.ConditionAccepted, false, errs[0].Reason, "opens and denies nothing: "+summary(errs))
	}
	var refs []v1alpha1.Finding
	for _, f := range errs {
		if isReference(f.Reason) {
			refs = append(refs, f)
		}
	}
	if len(refs) > 0 {
		c.set(v1alpha1.ConditionResolvedRefs, false, refs[0].Reason, summary(refs))
		return
	}
	c.set(v1alpha1.ConditionResolvedRefs, true, v1alpha1.ReasonResolved, "everything that is named exists")
}

func isReference(reason string) bool {
	return slices.Contains([]string{
		v1alpha1.ReasonZoneNotFound, v1alpha1.ReasonZoneNotAccepted,
		v1alpha1.ReasonAssetNotFound, v1alpha1.ReasonAssetNotInZone,
	}, reason)
}

// summary is the first finding, with its field, and how many more there are.
func summary(fs []v1alpha1.Finding) string {
	first := fs[0].Message
	if fs[0].Path != "" {
		first = fs[0].Path + ": " + first
	}
	if len(fs) > 1 {
		first += fmt.Sprintf(" (and %d more, see status.findings)", len(fs)-1)
	}
	return first
}

// programmedStatus says whether the objects made of ref are written. It returns
// false when there is something to say, and has said it.
func (c conditions) programmedStatus(o *outcome, ref topology.ObjectRef) bool {
	set := func(reason, message string) bool {
		c.set(v1alpha1.ConditionProgrammed, false, reason, message)
		return false
	}
	v := o.model.Verdicts[ref]
	switch {
	case o.model.Site == nil:
		return set(v1alpha1.ReasonNoSite, "there is no usable Site, nothing is written or removed")
	case o.held != "":
		return set(v1alpha1.ReasonMassDisappearance, o.held)
	case !o.backend.usable():
		return set(v1alpha1.ReasonBackendUnavailable, o.backend.unusableBecause())
	case !v.InForce:
		return set(v1alpha1.ReasonNotAccepted, "not accepted; what stands for it in the cluster is left as it is")
	}
	failed := o.result.Failed[ref]
	if len(failed) == 0 {
		for _, f := range o.set.Findings[ref] {
			if f.Severity == v1alpha1.SeverityError {
				return set(f.Reason, f.Path+": "+f.Message)
			}
		}
		if refused := o.refused[ref]; refused != "" {
			return set(v1alpha1.ReasonInvalidPolicy, refused)
		}
		return true
	}
	reason := v1alpha1.ReasonWriteFailed
	switch {
	case errors.Is(failed[0], apply.ErrForeign):
		reason = v1alpha1.ReasonForeignObject
	case errors.Is(failed[0], apply.ErrPostponed):
		reason = v1alpha1.ReasonPending
	}
	return set(reason, failed[0].Error())
}

// transition is an event about a condition that changed sides.
type transition struct {
	kind, reason, action, note string
}

// toldOf are the conditions whose change of sides is an event.
var toldOf = []string{
	v1alpha1.ConditionAccepted, v1alpha1.ConditionProgrammed,
	v1alpha1.ConditionEnforcementVerified, v1alpha1.ConditionPruneHeld,
	v1alpha1.ConditionGuarded, v1alpha1.ConditionWithinBudget,
	v1alpha1.ConditionExposed, v1alpha1.ConditionBlocked, v1alpha1.ConditionClockTrusted,
	v1alpha1.ConditionAuditIntact,
}

// longestNote that an event may have.
const longestNote = 1000

// transitionOf returns the event that a change of status owes: only when a
// condition that people act on changed sides, never for each pass.
func transitionOf(before, after *v1alpha1.Status) *transition {
	for _, kind := range toldOf {
		was, is := meta.FindStatusCondition(before.Conditions, kind), meta.FindStatusCondition(after.Conditions, kind)
		if is == nil && was != nil && kind == v1alpha1.ConditionBlocked {
			return &transition{
				kind: corev1.EventTypeNormal, reason: v1alpha1.ReasonNotBlocked, action: kind,
				note: "no policy of others refuses what the conduit declares any more",
			}
		}
		if is == nil || !changedSides(was, is) {
			continue
		}
		t := &transition{
			kind: corev1.EventTypeNormal, reason: is.Reason, action: kind, note: is.Message[:min(len(is.Message), longestNote)],
		}
		if !good(is) {
			t.kind = corev1.EventTypeWarning
		}
		return t
	}
	return nil
}

// goodWhenFalse are the conditions that nobody wants.
var goodWhenFalse = []string{v1alpha1.ConditionPruneHeld, v1alpha1.ConditionExposed, v1alpha1.ConditionBlocked}

func good(c *metav1.Condition) bool {
	return (c.Status == metav1.ConditionTrue) != slices.Contains(goodWhenFalse, c.Type)
}

// changedSides says whether people are to hear of a change.
func changedSides(was, is *metav1.Condition) bool {
	switch {
	case was == nil && good(is): // born well
		return false
	case was != nil && was.Status == is.Status && was.Reason == is.Reason:
		return false
	case is.Type == v1alpha1.ConditionEnforcementVerified:
		// Only failures and their end: one silent node makes every zone unknown, and
		// that is no news about each of them.
		return is.Status == metav1.ConditionFalse || good(is) && was.Status == metav1.ConditionFalse
	case is.Type == v1alpha1.ConditionExposed:
		// A zone that begins to enforce and is clean is no news.
		return is.Status == metav1.ConditionTrue || was.Status == metav1.ConditionTrue
	}
	return true
}
