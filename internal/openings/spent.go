// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// mostSpent is as many as status.lastGood.spent of an asset holds.
const mostSpent = 32

// Spent are the Approvals of an asset that let nothing in any more once what it declares has been
// accepted: status.lastGood.spent. Those are what was spent before, and where other labels come into
// force, each that is not of them. It is what another generation does to those of a spec. No time is
// compared, because clocks of a plant jump; and a denial is for good.
func Spent(a *v1alpha1.Asset, approvals []*v1alpha1.Approval) []types.UID {
	good := a.Status.LastGood
	if good == nil || good.Generation != a.Generation {
		return nil
	}
	if maps.Equal(good.Labels, a.Labels) {
		return good.Spent
	}
	out := slices.Clone(good.Spent)
	hash, _ := HashAsset(a) // what has none was approved by nobody
	for _, g := range approvals {
		of := g.Spec.Of
		if of.Kind == v1alpha1.ApprovedAsset && of.UID == string(a.UID) && of.Generation == a.Generation && of.SpecHash != hash &&
			g.Spec.Decision == v1alpha1.DecisionApprove && !slices.Contains(out, g.UID) {
			out = append(out, g.UID)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), mostSpent)]
}

// spentOf are those of an asset as it is.
func spentOf(a *v1alpha1.Asset) []types.UID {
	if good := a.Status.LastGood; good != nil && good.Generation == a.Generation {
		return good.Spent
	}
	return nil
}

// exhausted says that there may be more that are spent than are known, so that none of this
// generation lets in another difference.
func exhausted(o object) bool { return len(o.spent) >= mostSpent && o.differs() }
