// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/budget"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// maxCrowded zones that the Site's condition names; each says it itself as well.
const maxCrowded = 10

// keepWithinBudget takes out of what is desired whatever would make a policy map
// overflow or an object too large for the API server. What stands for it stays.
func (o *outcome) keepWithinBudget(observed []apply.Observed, carried carriedConduits) {
	o.withheld = map[topology.ObjectRef]bool{}
	for ref, size := range budget.TooLarge(o.set.Objects) {
		o.withhold(ref, v1alpha1.Finding{
			Severity: v1alpha1.SeverityError, Path: "spec", Reason: v1alpha1.ReasonObjectTooLarge,
			Message: fmt.Sprintf("its policy object would have %d bytes and may have %d: split it; what stands for it is left as it is", size, budget.LargestObject),
		})
	}
	if o.backend.chosen == v1alpha1.BackendCilium {
		o.budget = budget.Judge(budget.Input{Model: o.model, Pods: o.snapshot.Pods, Standing: o.standing(observed, carried)})
	}
	for conduit, r := range o.budget.Refused {
		o.withhold(topology.ObjectRef{Kind: topology.KindConduit, Name: conduit}, v1alpha1.Finding{
			Severity: v1alpha1.SeverityError, Path: "spec", Reason: v1alpha1.ReasonBudgetExceeded,
			Message: fmt.Sprintf("with it the policy map of a pod of zone %q would have %d entries, and Cilium's has room for %d: it is not carried out, because a map that overflows drops traffic at random",
				r.Zone, r.Entries, r.Limit),
		})
	}
	for _, l := range o.budget.Loads {
		reason := v1alpha1.ReasonBudgetNear
		if l.Over() {
			reason = v1alpha1.ReasonBudgetExceeded
		}
		o.finds(topology.ObjectRef{Kind: topology.KindZone, Name: l.Zone}, v1alpha1.Finding{
			Severity: v1alpha1.SeverityWarning, Path: "spec.members", Reason: reason,
			Message: fmt.Sprintf("the policy map of its fullest pod is predicted to have %d entries of %d", l.Entries, l.Limit),
		})
	}
	for _, u := range o.budget.Unguarded {
		o.finds(topology.ObjectRef{Kind: topology.KindZone, Name: u.Zone}, v1alpha1.Finding{
			Severity: v1alpha1.SeverityWarning, Path: "spec.members", Reason: v1alpha1.ReasonBudgetExceeded,
			Message: fmt.Sprintf("the denies of the layer %s do not fit into the policy maps of its pods and are left out", u.Layer),
		})
	}
	o.set.Objects = o.budget.Keep(o.set.Objects, o.withheld)
}

func (o *outcome) withhold(ref topology.ObjectRef, f v1alpha1.Finding) {
	o.withheld[ref] = true
	o.finds(ref, f)
}

// finds adds what a pass found about a declared object to what its backend did.
func (o *outcome) finds(ref topology.ObjectRef, f v1alpha1.Finding) {
	o.set.Findings[ref] = append(o.set.Findings[ref], f)
}

// carriedConduits are the conduits as they were last carried out, by name.
type carriedConduits map[string]*topology.Conduit

// standing says as what a conduit's policy stands in the cluster: as it is wanted, or
// as it was last carried out.
func (o *outcome) standing(observed []apply.Observed, carried carriedConduits) func(string) *topology.Conduit {
	digests := make(map[apply.Key]string, len(observed))
	for _, seen := range observed {
		digests[seen.Key] = seen.Digest
	}
	stands := map[string]*topology.Conduit{}
	for _, d := range o.set.Objects {
		if d.Part != policy.PartConduit {
			continue
		}
		switch digest, there := digests[apply.KeyOf(d)]; {
		case digest == d.Digest:
			stands[d.Source.Name] = o.conduits[d.Source.Name]
		case there:
			stands[d.Source.Name] = carried[d.Source.Name]
		}
	}
	return func(conduit string) *topology.Conduit { return stands[conduit] }
}

// carriedOut is what the next pass goes by.
func (o *outcome) carriedOut(before carriedConduits) carriedConduits {
	out := make(carriedConduits, len(o.conduits))
	for name, c := range o.conduits {
		ref := topology.ObjectRef{Kind: topology.KindConduit, Name: name}
		switch {
		case !o.withheld[ref] && len(o.result.Failed[ref]) == 0:
			out[name] = c
		case before[name] != nil:
			out[name] = before[name]
		}
	}
	return out
}

// budgetStatus says on the Site how full Cilium's policy maps become.
func (c conditions) budgetStatus(o *outcome) {
	b := o.budget
	var crowded []string
	over := len(o.withheld) + len(b.Unguarded)
	for _, l := range b.Loads {
		crowded = append(crowded, l.Zone)
		if l.Over() {
			over++
		}
	}
	if len(crowded) > maxCrowded {
		crowded = append(crowded[:maxCrowded], "...")
	}
	switch {
	case over > 0:
		c.set(v1alpha1.ConditionWithinBudget, false, v1alpha1.ReasonBudgetExceeded,
			fmt.Sprintf("%d changes are not carried out and the guard of %d zones is left out; fullest zones: %s",
				len(o.withheld), len(o.unguardedZones()), strings.Join(crowded, ", ")))
	case len(crowded) > 0:
		c.set(v1alpha1.ConditionWithinBudget, true, v1alpha1.ReasonBudgetNear,
			"policy maps are nearly full in "+strings.Join(crowded, ", "))
	default:
		c.set(v1alpha1.ConditionWithinBudget, true, v1alpha1.ReasonWithinBudget, "every policy map and object has room")
	}
}
