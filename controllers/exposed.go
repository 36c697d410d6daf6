// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/evidence"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// unseen says why nobody looked around the zones in this pass; seen is true when
// somebody did.
func (o *outcome) unseen() (j evidence.Judgement, seen bool) {
	j.Status = metav1.ConditionUnknown
	switch {
	case o.exposure != nil:
		return j, true
	case o.model.Site == nil:
		j.Reason, j.Message = v1alpha1.ReasonNoSite, "there is no usable Site, so nothing was looked at"
	case o.held != "":
		j.Reason, j.Message = v1alpha1.ReasonMassDisappearance, "nothing was looked at: "+o.held
	default:
		j.Reason, j.Message = v1alpha1.ReasonBackendUnavailable, o.backend.unusableBecause()+", so nothing was looked at"
	}
	return j, false
}

// exposedZone is what the condition Exposed of a zone says, and the findings with it.
func (o *outcome) exposedZone(name string) (evidence.Judgement, []v1alpha1.Finding) {
	j, seen := o.unseen()
	if !seen {
		return j, nil
	}
	z := o.model.Zone(name)
	if z == nil {
		return evidence.Judgement{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotAccepted,
			Message: "not accepted, so there is nothing that others could undo",
		}, nil
	}
	return o.exposure.Judgement(z), o.exposure.Findings(name)
}

// exposedSite is the same of the Site.
func (o *outcome) exposedSite() (evidence.Judgement, []v1alpha1.Finding) {
	if j, seen := o.unseen(); !seen {
		return j, nil
	}
	return o.exposure.SiteJudgement(), o.exposure.SiteFindings()
}

// blockedBy says what of a conduit others refuse.
func (o *outcome) blockedBy(conduit string) (string, bool) {
	if o.exposure == nil {
		return "", false
	}
	return o.exposure.BlockedBy(conduit)
}

// conduitBlocked sets the condition while it is true, and takes it out otherwise: ten
// thousand conduits that nobody touches have nothing to say.
func (c conditions) conduitBlocked(o *outcome, conduit *topology.Conduit) {
	if conduit != nil {
		if by, blocked := o.blockedBy(conduit.Name); blocked {
			c.set(v1alpha1.ConditionBlocked, true, v1alpha1.ReasonForeignDeny, by)
			return
		}
	}
	c.drop(v1alpha1.ConditionBlocked)
}
