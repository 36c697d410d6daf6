// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package opening

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
)

// surroundings are what has been decided, and how many have to approve.
type surroundings struct {
	approvals []v1alpha1.Approval
	// unread says that Approvals may not be read.
	unread bool
	// needed is how many have to approve; 0: not known.
	needed int32
}

func look(ctx context.Context, c client.Client) (surroundings, error) {
	var approvals v1alpha1.ApprovalList
	seen, err := connect.MayList(ctx, c, &approvals)
	if err != nil {
		return surroundings{}, err
	}
	out := surroundings{approvals: approvals.Items, unread: !seen}
	site := &v1alpha1.Site{}
	// Without the Site it is not known how many are needed, and the rest is.
	if c.Get(ctx, client.ObjectKey{Name: connect.SiteName}, site) == nil && site.Spec.Openings != nil {
		out.needed = max(1, site.Spec.Openings.Approvals)
	}
	return out, nil
}

// voices are those who decided on what is declared now, as far as the operator counts them.
type voices struct {
	approved, denied []string
	needed           int32
	unread           bool
}

func (s surroundings) of(d *declared) voices {
	v := voices{needed: s.needed, unread: s.unread}
	if s.unread {
		return v
	}
	v.approved, v.denied = []string{}, []string{}
	for i := range s.approvals {
		a := &s.approvals[i]
		if !d.isDecided(a) || !meta.IsStatusConditionTrue(a.Status.Conditions, v1alpha1.ConditionAccepted) {
			continue
		}
		to := &v.approved
		if a.Spec.Decision == v1alpha1.DecisionDeny {
			to = &v.denied
		}
		*to = append(*to, string(a.Spec.Approver))
	}
	for _, names := range []*[]string{&v.approved, &v.denied} {
		// One person under two spellings is one.
		slices.SortFunc(*names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
		*names = slices.CompactFunc(*names, strings.EqualFold)
	}
	return v
}

// isDecided says that an Approval is a decision on what is declared now.
func (d *declared) isDecided(a *v1alpha1.Approval) bool {
	of := a.Spec.Of
	return of.Kind == d.kind.name && of.UID == string(d.object.GetUID()) && of.SpecHash == d.hash
}

// already finds the same decision of the same person, of which the operator has not said
// that it does not count.
func (s surroundings) already(d *declared, me string, decision v1alpha1.ApprovalDecision) (string, bool) {
	i := slices.IndexFunc(s.approvals, func(a v1alpha1.Approval) bool {
		return d.isDecided(&a) && a.Spec.Of.Generation == d.now.generation && a.Spec.Decision == decision && string(a.Spec.Approver) == me &&
			!meta.IsStatusConditionPresentAndEqual(a.Status.Conditions, v1alpha1.ConditionAccepted, metav1.ConditionFalse)
	})
	if i < 0 {
		return "", false
	}
	return s.approvals[i].Name, true
}

// words as "ops-1 approved (1 of 2)".
func (v voices) words() string {
	if v.unread {
		return "not known: you may not read approvals"
	}
	var out []string
	if len(v.denied) > 0 {
		out = append(out, "denied by "+strings.Join(v.denied, ", "))
	}
	if len(v.approved) > 0 {
		out = append(out, "approved by "+strings.Join(v.approved, ", "))
	}
	words := "by nobody"
	if len(out) > 0 {
		words = strings.Join(out, "; ")
	}
	if v.needed > 0 {
		words += fmt.Sprintf(" (%d of %d)", len(v.approved), v.needed)
	}
	return words
}
