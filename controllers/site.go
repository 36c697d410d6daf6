// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// maxHeldNames that the Site's status lists; the count tells the rest.
const maxHeldNames = 32

// siteChanges is the site, if its status is to be written.
func (s *Segmentation) siteChanges(o *outcome) []statusChange {
	site := o.snapshot.Site
	if site == nil {
		return nil
	}
	status := s.siteStatus(o, site)
	if equality.Semantic.DeepEqual(site.Status, status) {
		return nil
	}
	after := site.DeepCopy()
	after.Status = status
	return []statusChange{{site, after, transitionOf(&site.Status.Status, &status.Status)}}
}

// siteStatus is the status that the outcome gives the site.
func (s *Segmentation) siteStatus(o *outcome, site *v1alpha1.Site) v1alpha1.SiteStatus {
	status := site.Status
	ref := topology.ObjectRef{Kind: topology.KindSite, Name: site.Name}
	c := s.conditionsOf(&status.Status, site.Generation)
	exposed, found := o.exposedSite()
	c.verdictStatus(o.model.Verdicts[ref], slices.Concat(backendFindings(o.backend), settingsFindings(&site.Spec, o.backend.settings), jumpHostFindings(&site.Spec.Access), o.set.Findings[ref], found, o.impersonation))
	c.judge(v1alpha1.ConditionExposed, exposed)
	status.Backend = o.backend.chosen
	if o.held == "" && o.model.Site != nil {
		// While the assets are held, the count stays what it was: it is what the
		// next pass compares with.
		status.Zones = int32(len(o.model.Zones))       //nolint:gosec // objects of one site
		status.Conduits = int32(len(o.model.Conduits)) //nolint:gosec // objects of one site
		status.Assets = int32(len(o.snapshot.Assets))  //nolint:gosec // objects of one site
		// A definition may go before its assets do, as the cache sees it. They were
		// counted under the one that was there.
		status.AssetsCountedUnder = cmp.Or(o.assetDefinition, status.AssetsCountedUnder)
		status.Flows = o.model.Counts()
	}
	s.siteProgrammed(c, o, ref)
	c.guardStatus(o, site.Spec.Guard.Layers)
	c.budgetStatus(o)
	c.judge(v1alpha1.ConditionSessionsMayLinger, o.evidence.Lingering())
	c.clockStatus(o.time, &status.Clock)
	c.auditStatus(o.trail)
	heldStatus(c, o, &status.Held)
	if o.drift.count > 0 {
		c.set(v1alpha1.ConditionDrift, true, v1alpha1.ReasonForeignEdit, o.drift.message())
	} else {
		c.set(v1alpha1.ConditionDrift, false, v1alpha1.ReasonNoDrift, "nobody else changed a policy object since the operator started")
	}
	return status
}

func (s *Segmentation) siteProgrammed(c conditions, o *outcome, ref topology.ObjectRef) {
	if !c.programmedStatus(o, ref) {
		return
	}
	if failed := len(o.result.Failed); failed > 0 {
		c.set(v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonWriteFailed,
			fmt.Sprintf("%d zones or conduits are not written; see their own conditions", failed))
		return
	}
	if refused := len(o.refused); refused > 0 {
		c.set(v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonInvalidPolicy,
			fmt.Sprintf("Cilium does not take the policies of %d zones or conduits; see their own conditions", refused))
		return
	}
	c.set(v1alpha1.ConditionProgrammed, true, v1alpha1.ReasonProgrammed,
		fmt.Sprintf("every zone and conduit in force is written with the %s backend", o.backend.chosen))
}

func backendFindings(b choice) []v1alpha1.Finding {
	if !b.tooOld() {
		return nil
	}
	return []v1alpha1.Finding{{
		Severity: v1alpha1.SeverityWarning, Path: "spec.backend", Reason: v1alpha1.ReasonOldKubernetes,
		Message: fmt.Sprintf("Kubernetes 1.%d may delete the policies of a namespace before its pods; the KubernetesNetworkPolicy backend needs 1.%d", b.minor, oldestForNetworkPolicy),
	}}
}

// heldStatus says which objects are kept although their declaration is gone.
func heldStatus(c conditions, o *outcome, status *v1alpha1.HeldObjects) {
	held := o.plan.Held
	*status = v1alpha1.HeldObjects{Count: int32(len(held)), Digest: o.plan.HeldDigest} //nolint:gosec // objects of one site
	for _, h := range held {
		if len(status.Names) < maxHeldNames {
			status.Names = append(status.Names, h.Key.String())
		}
	}
	switch {
	case o.held != "":
		status.Digest = o.heldDigest
		c.set(v1alpha1.ConditionPruneHeld, true, v1alpha1.ReasonMassDisappearance, o.held)
	case len(held) > 0:
		c.set(v1alpha1.ConditionPruneHeld, true, held[0].Reason,
			fmt.Sprintf("%d policy objects are kept although their declaration is gone, first %s; to let exactly these go, annotate the Site with %s=%s",
				len(held), held[0].Key, v1alpha1.AnnotationConfirmPrune, o.plan.HeldDigest))
	default:
		c.set(v1alpha1.ConditionPruneHeld, false, v1alpha1.ReasonNothingHeld, "every policy object belongs to a declaration")
	}
}
