// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/evidence"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// certificateStatuses are those that differ.
func (c *Certificates) certificateStatuses(p *certificatePass) []statusChange {
	var out []statusChange
	for _, one := range p.certificates {
		d := one.decision
		if d == nil {
			continue
		}
		after := one.object.DeepCopy()
		c.certificateStatus(p, one, d, &after.Status)
		if equality.Semantic.DeepEqual(one.object.Status, after.Status) {
			continue
		}
		out = append(out, statusChange{before: one.object, after: after, event: stepEvent(one.object, &after.Status, d)})
	}
	return out
}

// certificateStatus says how one stands.
func (c *Certificates) certificateStatus(p *certificatePass, one *certificate, d *rotation.CertificateDecision, s *v1alpha1.WorkloadCertificateStatus) {
	s.ObservedGeneration = one.object.Generation
	s.Zone, s.Step = one.zone, v1alpha1.RotationStep(d.Step)
	findings(one, p, s)
	set := conditions{status: &s.Status, generation: one.object.Generation, now: metav1.NewTime(c.clock.Now())}
	accepted := evidence.Judgement{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAccepted, Message: "nothing is wrong with what is asked for"}
	if len(s.Findings) > 0 && s.Findings[0].Severity == v1alpha1.SeverityError {
		accepted = evidence.Judgement{Status: metav1.ConditionFalse, Reason: s.Findings[0].Reason, Message: s.Findings[0].Message}
	}
	set.judge(v1alpha1.ConditionAccepted, accepted)
	for _, condition := range d.Conditions {
		set.judge(condition.Type, evidence.Judgement{
			Status: metav1.ConditionStatus(condition.Status), Reason: string(condition.Reason), Message: condition.Message,
		})
	}
	s.Certificate, s.Next = shownFacts(p, one, one.secret), shownFacts(p, one, one.next)
	s.NextRotation = nil
	if at := goesOn(d.Due, d.Until); !at.IsZero() {
		s.NextRotation = &metav1.Time{Time: at.Truncate(time.Second)}
	}
	s.Trust = trustOf(p, one)
	s.OutsidePeers = outsidePeers(p, one)
	s.Request = ""
	if one.waits() && one.asks == rotation.People {
		s.Request = string(one.next.request)
	}
}

// goesOn is when it goes on: when what waits may, which can be long before it is due, or when
// it is due.
func goesOn(due, until time.Time) time.Time {
	if until.IsZero() {
		return due
	}
	return until
}

// findings are what is wrong with what is asked for, and what could not be done.
func findings(one *certificate, p *certificatePass, s *v1alpha1.WorkloadCertificateStatus) {
	found := slices.Concat(one.findings, one.warnings)
	for _, f := range p.decision.Findings {
		if f.Object == one.object.Namespace+"/"+one.object.Name {
			found = append(found, v1alpha1.Finding{Severity: v1alpha1.SeverityWarning, Path: f.Field, Reason: string(f.Reason), Message: f.Message})
		}
	}
	if one.failed != nil {
		found = append(found, v1alpha1.Finding{
			Severity: v1alpha1.SeverityError, Path: "spec", Reason: v1alpha1.ReasonWriteFailed, Message: one.failed.Error(),
		})
	}
	slices.SortStableFunc(found, func(a, b v1alpha1.Finding) int { return strings.Compare(string(a.Severity), string(b.Severity)) })
	s.FindingCount = int32(len(found)) //nolint:gosec // bounded by the fields of one object
	s.Findings = nil
	if len(found) > 0 {
		s.Findings = found[:min(len(found), maxFindings)]
	}
}

func shownFacts(p *certificatePass, one *certificate, h *held) *v1alpha1.CertificateFacts {
	leaf := h.leafFacts(p.authorities[one.authority])
	if leaf == nil {
		return nil
	}
	return &v1alpha1.CertificateFacts{
		Serial: leaf.Serial, Fingerprint: leaf.Fingerprint, Authority: leaf.Authority,
		NotBefore: metav1.NewTime(leaf.NotBefore), NotAfter: metav1.NewTime(leaf.NotAfter),
	}
}

// trustOf lists the bundle, by zone.
func trustOf(p *certificatePass, one *certificate) []v1alpha1.TrustedAuthority {
	if one.secret == nil {
		return nil
	}
	var out []v1alpha1.TrustedAuthority
	for _, a := range one.secret.anchors {
		id := authority.Fingerprint(a)
		for _, t := range one.secret.trustedFacts(p, id)[:1] {
			zone, _ := forOPCUA(t.Zone)
			out = append(out, v1alpha1.TrustedAuthority{Zone: zone, Fingerprint: id, NotAfter: metav1.NewTime(a.NotAfter)})
		}
	}
	slices.SortFunc(out, func(a, b v1alpha1.TrustedAuthority) int {
		return strings.Compare(a.Zone+" "+a.Fingerprint, b.Zone+" "+b.Fingerprint)
	})
	return out
}

// outsidePeers are what each has to trust now: the newest authority, or the certificate that
// comes next.
func outsidePeers(p *certificatePass, one *certificate) []v1alpha1.OutsidePeerStatus {
	var out []v1alpha1.OutsidePeerStatus
	z := p.authorities[one.authority]
	if z == nil || len(z.generations) == 0 || one.secret == nil {
		return nil
	}
	newest := slices.MaxFunc(z.generations, func(a, b generation) int { return int(a.number - b.number) })
	for _, peer := range peersOf(one.object) {
		fingerprint, file := newest.ID(), installAuthority
		if peer.Lists == rotation.ListsCertificate {
			leaf := one.next.leafFacts(z)
			if leaf == nil {
				leaf = one.secret.leafFacts(z)
			}
			if leaf == nil {
				continue
			}
			fingerprint, file = leaf.Fingerprint, installCertificate
		}
		out = append(out, v1alpha1.OutsidePeerStatus{
			Name: peer.Name, Fingerprint: fingerprint, Install: installName(one.object) + " " + file,
			Trusted: slices.Contains(peer.Acknowledged, fingerprint),
		})
	}
	return out
}

// stepEvent tells people that a rotation went a step on, or waits.
func stepEvent(before *v1alpha1.WorkloadCertificate, after *v1alpha1.WorkloadCertificateStatus, d *rotation.CertificateDecision) *transition {
	if before.Status.Step == after.Step {
		return nil
	}
	t := &transition{kind: corev1.EventTypeNormal, reason: string(d.Reason), action: "Rotation", note: d.Message}
	t.note = t.note[:min(len(t.note), longestNote)]
	return t
}
