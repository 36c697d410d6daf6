// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
)

// Objection is why an Approval does not count.
type Objection struct{ Reason, Message string }

// said is what people decided on one object.
type said struct {
	approvers, deniers []v1alpha1.Username
}

// hear says which approvals are about an object as it is, and count. Objections gets an
// entry for each that is about one by this name, nil where it counts.
func hear(o object, hash string, site *v1alpha1.Site, approvals []*v1alpha1.Approval, objections map[string]*Objection) said {
	var out said
	for _, a := range approvals {
		if string(a.Spec.Of.Kind) != o.Kind || a.Spec.Of.Name != o.Name {
			continue
		}
		against := objection(a, o, hash, site)
		objections[a.Name] = against
		switch {
		case against != nil:
		case a.Spec.Decision == v1alpha1.DecisionApprove:
			out.approvers = append(out.approvers, a.Spec.Approver)
		case a.Spec.Decision == v1alpha1.DecisionDeny:
			out.deniers = append(out.deniers, a.Spec.Approver)
		}
	}
	out.approvers, out.deniers = people(out.approvers), people(out.deniers)
	return out
}

// objection is why an approval does not count, nil where it does. The API server has
// proved who wrote it, and that they may; this is checked again as far as it can be.
func objection(a *v1alpha1.Approval, o object, hash string, site *v1alpha1.Site) *Objection {
	author := o.author()
	if !o.differs() {
		// In force: the annotation may name somebody who wrote the same again since.
		author = string(a.Spec.Requester)
	}
	for _, c := range []struct {
		bad     bool
		reason  access.Reason
		message string
	}{
		{a.Spec.Of.UID != string(o.meta.GetUID()), access.ReasonOtherUID, "spec.of.uid: it is about another object of the same name"},
		{a.Spec.Of.Generation != o.meta.GetGeneration(), access.ReasonOtherGeneration, "spec.of.generation: it is about the object as it was before"},
		{hash == "" || a.Spec.Of.SpecHash != hash, v1alpha1.ReasonOtherSpec, "spec.of.specHash: the object declares something else; its hash is " + hash},
		{a.Spec.Decision == v1alpha1.DecisionApprove && slices.Contains(o.spent, a.UID), v1alpha1.ReasonApprovalSpent, "spec.of.specHash: other labels have come into force since it was given, so these have to be approved again"},
		{a.Spec.Decision == v1alpha1.DecisionApprove && exhausted(o), v1alpha1.ReasonApprovalSpent, "spec.of.generation: too many Approvals of this generation are spent to tell them apart: change the spec as well, then it can be approved"},
		{author == "" || string(a.Spec.Requester) != author, access.ReasonOtherRequester, "spec.requester: it is not who wrote the object (annotation " + v1alpha1.AnnotationAuthor + ")"},
		{a.Spec.Approver == "", access.ReasonNoApprover, "spec.approver: it names nobody who approves"},
		{samePerson(string(a.Spec.Approver), author), access.ReasonSelfApproval, "spec.approver: nobody approves what they wrote themselves"},
		{a.Spec.Decision == v1alpha1.DecisionApprove && !proved(a, site), access.ReasonFactorMissing, "spec.factors: the approver did not prove who they are as the Site asks"},
		{a.Spec.Decision != v1alpha1.DecisionApprove && a.Spec.Decision != v1alpha1.DecisionDeny, access.ReasonUnknownVerdict, "spec.decision: it is neither Approve nor Deny"},
		{a.DeletionTimestamp != nil && a.Spec.Decision == v1alpha1.DecisionApprove, access.ReasonApprovalDeleted, "metadata.deletionTimestamp: it is being deleted"},
	} {
		if c.bad {
			return &Objection{Reason: string(c.reason), Message: c.message}
		}
	}
	return nil
}

func proved(a *v1alpha1.Approval, site *v1alpha1.Site) bool {
	for _, f := range site.Spec.Access.Factors {
		if !slices.Contains(a.Spec.Factors, f) {
			return false
		}
	}
	return true
}

func samePerson(a, b string) bool { return strings.EqualFold(a, b) }

// people are different ones, sorted.
func people(names []v1alpha1.Username) []v1alpha1.Username {
	slices.SortFunc(names, func(a, b v1alpha1.Username) int {
		return cmp.Or(strings.Compare(strings.ToLower(string(a)), strings.ToLower(string(b))), cmp.Compare(a, b))
	})
	return slices.CompactFunc(names, func(a, b v1alpha1.Username) bool { return samePerson(string(a), string(b)) })
}

// unheard notes the approvals of our kinds that are about no object there is.
func unheard(approvals []*v1alpha1.Approval, objections map[string]*Objection) {
	for _, a := range approvals {
		if _, heard := objections[a.Name]; heard || a.Spec.Of.Kind == v1alpha1.ApprovedWindow {
			continue
		}
		objections[a.Name] = &Objection{v1alpha1.ReasonApprovedObjectNotFound, "spec.of.name: there is no " + string(a.Spec.Of.Kind) + " by that name"}
	}
}
