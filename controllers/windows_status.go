// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/evidence"
)

// lastPacketEvery is how coarse the last packet is told: finer, an open window would be
// written with every look.
const lastPacketEvery = 10 * time.Second

// writeWindowStatuses writes what differs of the statuses of windows, approvals, locks and
// vendors.
func (w *Windows) writeWindowStatuses(ctx context.Context, p *windowPass) error {
	changes := slices.Concat(w.windowStatuses(p), w.approvalStatuses(p), w.lockStatuses(p), w.vendorStatuses(p))
	again, err := statusWriter{w.client, w.cache, w.recorder}.write(ctx, changes)
	// The cache was behind a write of our own, whose event brings nobody.
	p.again = again
	return err
}

func (w *Windows) windowStatuses(p *windowPass) []statusChange {
	var out []statusChange
	for _, m := range p.matters {
		after := m.window.DeepCopy()
		w.windowStatus(p, m, &after.Status)
		if equality.Semantic.DeepEqual(m.window.Status, after.Status) {
			continue
		}
		out = append(out, statusChange{before: m.window, after: after, event: phaseEvent(m, &after.Status)})
	}
	return out
}

// windowStatus says where a window stands.
func (w *Windows) windowStatus(p *windowPass, m *matter, s *v1alpha1.VendorAccessWindowStatus) {
	d := &m.decision
	c := w.conditionsOf(&s.Status, m.window.Generation)
	s.ObservedGeneration = m.window.Generation
	if p.assumed {
		return // nothing new is known of it
	}
	if phase := v1alpha1.WindowPhase(d.Phase); s.Phase != phase {
		s.Phase, s.Since = phase, &metav1.Time{Time: w.clock.Now().Truncate(time.Second)}
	}
	s.Reason, s.Occurrence = string(d.Reason), d.Occurrence
	s.Start, s.End = whole(d.Start), whole(d.End)
	s.LocalStart, s.LocalEnd = local(d.Start), local(d.End)
	s.DecidedBy, s.ApprovedBy = decisions(d.DecidedBy), approvers(d.DecidedBy)
	s.ArmedBy = v1alpha1.Username(d.ArmedBy)
	w.windowFindings(m, s)
	w.sessionStatus(m, s)
	var unproved string
	s.Ending, unproved = w.endings.of(m.window.UID, s.Ending)
	for _, condition := range d.Conditions {
		c.set(condition.Type, condition.True, string(condition.Reason), condition.Message)
	}
	w.grantConditions(c, m, s, unproved)
}

// windowFindings are all that is wrong with the window or what it names, and the approvals
// that do not count.
func (w *Windows) windowFindings(m *matter, s *v1alpha1.VendorAccessWindowStatus) {
	var found []v1alpha1.Finding
	for _, r := range slices.Concat(m.decision.Refused, m.decision.Unresolved) {
		found = append(found, v1alpha1.Finding{Severity: v1alpha1.SeverityError, Path: r.Field, Reason: string(r.Reason), Message: r.Message})
	}
	if m.failed != nil {
		found = append(found, v1alpha1.Finding{
			Severity: v1alpha1.SeverityError, Path: "spec.grant", Reason: v1alpha1.ReasonWriteFailed, Message: m.failed.Error(),
		})
	}
	s.FindingCount = int32(len(found)) //nolint:gosec // bounded by the fields of one object
	s.Findings = nil
	if len(found) > 0 {
		s.Findings = found[:min(len(found), maxFindings)]
	}
}

// sessionStatus says through what people come in, and who is in.
func (w *Windows) sessionStatus(m *matter, s *v1alpha1.VendorAccessWindowStatus) {
	if m.decision.Grant == nil {
		s.Pod, s.Endpoints = "", nil
		if s.Sessions != nil && s.Sessions.Live != 0 {
			s.Sessions = &v1alpha1.WindowSessions{LastPacket: s.Sessions.LastPacket}
		}
		return
	}
	s.Endpoints, s.Pod = m.where, ""
	if m.pod != nil {
		s.Pod = m.pod.name.String()
	}
	is := w.sessions.heard(m.window.UID)
	if !is.answered {
		return
	}
	next := &v1alpha1.WindowSessions{Live: int32(is.live)} //nolint:gosec // at most maxSessions and the pod's processes
	if s.Sessions != nil {
		next.LastPacket = s.Sessions.LastPacket
	}
	if last := is.last.Truncate(time.Second); !is.last.IsZero() && (next.LastPacket == nil || last.Sub(next.LastPacket.Time) >= lastPacketEvery) {
		next.LastPacket = &metav1.Time{Time: last}
	}
	s.Sessions = next
}

// grantConditions are about what is granted, and how it ends.
func (w *Windows) grantConditions(c conditions, m *matter, s *v1alpha1.VendorAccessWindowStatus, unproved string) {
	if m.images != nil {
		c.judge(v1alpha1.ConditionImagesPresent, m.images.judgement())
	}
	switch {
	case m.decision.Grant != nil && m.set != nil:
		c.drop(v1alpha1.ConditionTerminated)
		c.judge(v1alpha1.ConditionEndsWithoutOperator, w.endsWithout(m, m.set.EndsWithoutOperator, m.set.WhyNotWithoutOperator))
		c.judge(v1alpha1.ConditionEndsWithoutAPIServer, w.endsWithout(m, m.set.EndsWithoutAPIServer, m.set.WhyNotWithoutAPIServer))
	case m.decision.Grant == nil:
		c.drop(v1alpha1.ConditionEndsWithoutOperator)
		c.drop(v1alpha1.ConditionEndsWithoutAPIServer)
		if s.Ending != nil {
			c.judge(v1alpha1.ConditionTerminated, terminated(s.Ending, unproved))
		}
	}
}

func terminated(e *v1alpha1.WindowEnding, unproved string) evidence.Judgement {
	if e.Proved != nil {
		return evidence.Judgement{
			Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProvedOver,
			Message: "nothing of it is left, and what let in does not answer any more",
		}
	}
	return evidence.Judgement{
		Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonEnding, Message: cmp.Or(unproved, "closed, and not yet proved to be over"),
	}
}

func whole(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t.Truncate(time.Second)}
}

// local is an instant by the Site's time zone, which it carries.
func local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04 MST")
}

func decisions(says []access.Say) []v1alpha1.WindowDecision {
	var out []v1alpha1.WindowDecision
	for _, s := range slices.SortedFunc(slices.Values(says), func(a, b access.Say) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Approval, b.Approval))
	}) {
		out = append(out, v1alpha1.WindowDecision{
			Approval: s.Approval, Approver: v1alpha1.Username(s.Approver), Decision: v1alpha1.ApprovalDecision(s.Verdict),
			At: metav1.NewTime(s.At), Until: whole(s.Until),
		})
	}
	return out[max(0, len(out)-mostDecisions):]
}

// mostDecisions that a status lists: the latest.
const mostDecisions = 64

// approvers in short, each once.
func approvers(says []access.Say) string {
	var names []string
	for _, s := range says {
		if s.Verdict == access.Approve && !slices.Contains(names, s.Approver) {
			names = append(names, s.Approver)
		}
	}
	text := strings.Join(names, ", ")
	return text[:min(len(text), 1024)]
}

// approvalStatuses say of each approval whether it counts.
func (w *Windows) approvalStatuses(p *windowPass) []statusChange {
	if p.assumed {
		return nil
	}
	ignored := map[string]access.Ignored{}
	for _, m := range p.matters {
		for _, i := range m.decision.Ignored {
			ignored[i.Approval] = i
		}
	}
	var out []statusChange
	for _, a := range p.allApprovals {
		after := a.DeepCopy()
		c := w.conditionsOf(&after.Status, a.Generation)
		after.Status.ObservedGeneration = a.Generation
		switch i, is := ignored[a.Name]; {
		case is:
			c.set(v1alpha1.ConditionAccepted, false, string(i.Reason), i.Message)
		case !p.knowsName(a.Spec.Of.Name):
			c.set(v1alpha1.ConditionAccepted, false, v1alpha1.ReasonWindowNotFound, "spec.of.name: there is no window by that name")
		default:
			c.set(v1alpha1.ConditionAccepted, true, v1alpha1.ReasonAccepted, "it counts")
		}
		if !equality.Semantic.DeepEqual(a.Status, after.Status) {
			out = append(out, statusChange{before: a, after: after})
		}
	}
	return out
}

func (p *windowPass) knowsName(name string) bool {
	return slices.ContainsFunc(p.windows, func(w *v1alpha1.VendorAccessWindow) bool { return w.Name == name })
}

// lockStatuses say how many windows each lock keeps closed.
func (w *Windows) lockStatuses(p *windowPass) []statusChange {
	var out []statusChange
	for _, l := range p.allLocks {
		after := l.DeepCopy()
		after.Status.Windows = 0
		for _, m := range p.matters {
			if access.Holds(lockFacts(l), m.facts) && !m.decision.Phase.Terminal() {
				after.Status.Windows++
			}
		}
		c := w.conditionsOf(&after.Status.Status, l.Generation)
		after.Status.ObservedGeneration = l.Generation
		c.set(v1alpha1.ConditionAccepted, true, v1alpha1.ReasonAccepted, "it holds for as long as it exists")
		if !equality.Semantic.DeepEqual(l.Status, after.Status) {
			out = append(out, statusChange{before: l, after: after})
		}
	}
	return out
}

// vendorStatuses say how many of its people's windows are open, and how many wait.
func (w *Windows) vendorStatuses(p *windowPass) []statusChange {
	var out []statusChange
	for _, v := range p.allVendors {
		after := v.DeepCopy()
		after.Status.Open, after.Status.Waiting = 0, 0
		for _, m := range p.matters {
			switch {
			case m.window.Spec.Vendor != v.Name || m.decision.Phase.Terminal():
			case m.decision.Grant != nil:
				after.Status.Open++
			default:
				after.Status.Waiting++
			}
		}
		c := w.conditionsOf(&after.Status.Status, v.Generation)
		after.Status.ObservedGeneration = v.Generation
		c.set(v1alpha1.ConditionAccepted, true, v1alpha1.ReasonAccepted, "its people may be asked for until the contract ends")
		if !equality.Semantic.DeepEqual(v.Status, after.Status) {
			out = append(out, statusChange{before: v, after: after})
		}
	}
	return out
}

// conditionsOf starts from what a status says now.
func (w *Windows) conditionsOf(status *v1alpha1.Status, generation int64) conditions {
	status.Conditions = slices.Clone(status.Conditions)
	return conditions{status: status, generation: generation, now: metav1.NewTime(w.clock.Now())}
}

// phaseEvent is the event of a change of phase.
func phaseEvent(m *matter, after *v1alpha1.VendorAccessWindowStatus) *transition {
	if m.window.Status.Phase == after.Phase {
		return nil
	}
	t := &transition{kind: corev1.EventTypeNormal, reason: string(after.Phase), action: "Access"}
	if after.Phase == v1alpha1.WindowLocked || m.window.Spec.BreakGlass && after.Phase == v1alpha1.WindowActive {
		t.kind = corev1.EventTypeWarning
	}
	t.note = fmt.Sprintf("%s of %s: %s", strings.Join(m.facts.Window.People, ", "), m.window.Spec.Vendor, m.decision.Message)
	t.note = t.note[:min(len(t.note), longestNote)]
	return t
}

// endsWithout says whether what is open ends in time without us, or why not.
func (w *Windows) endsWithout(m *matter, by bool, whyNot string) evidence.Judgement {
	switch {
	case !by:
		return evidence.Judgement{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNotByItself, Message: whyNot}
	case m.set.Pod != nil && !w.sessions.heard(m.window.UID).told.Equal(m.decision.Grant.Until):
		return evidence.Judgement{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNotTold,
			Message: "its pod has not taken its end yet; until it does it ends a minute after its start, or at the end that it was told before",
		}
	}
	return evidence.Judgement{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonByItself, Message: "what lets in knows its end, and ends itself"}
}
