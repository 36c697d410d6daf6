// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
)

type condition = metav1.Condition

func find(conditions []condition, kind string) *condition {
	for i := range conditions {
		if conditions[i].Type == kind {
			return &conditions[i]
		}
	}
	return nil
}

func truth(conditions []condition, kind string) Truth {
	if c := find(conditions, kind); c != nil {
		return Truth(c.Status)
	}
	return Unknown
}

// Known are the names that people go by, and devices.
type Known struct {
	vendors map[string]*v1alpha1.Vendor
	tags    map[string]string
}

// Names indexes them.
func Names(vendors []v1alpha1.Vendor, assets []v1alpha1.Asset) Known {
	k := Known{vendors: map[string]*v1alpha1.Vendor{}, tags: map[string]string{}}
	for i := range vendors {
		k.vendors[vendors[i].Name] = &vendors[i]
	}
	for i := range assets {
		k.tags[assets[i].Name] = assets[i].Spec.Tag
	}
	return k
}

// Line is one window of the view.
func Line(w *v1alpha1.VendorAccessWindow, k Known, now time.Time) Window {
	s := &w.Status
	out := Window{
		Name: w.Name, Requester: string(w.Spec.Requester), Vendor: w.Spec.Vendor, People: k.people(w), Reaches: k.reaches(w.Spec.Reach),
		Through: w.Spec.Through, Grant: string(w.Spec.Grant), Order: w.Spec.Work.Order,
		Phase: string(s.Phase), Reason: s.Reason, Message: message(w), Occurrence: s.Occurrence,
		Since: instant(s.Since), Start: instant(s.Start), End: instant(s.End),
		ArmedBy: string(s.ArmedBy), BreakGlass: w.Spec.BreakGlass,
		Armable:              s.Reason == string(access.ReasonNotArmed),
		EndsWithoutOperator:  truth(s.Conditions, v1alpha1.ConditionEndsWithoutOperator),
		EndsWithoutAPIServer: truth(s.Conditions, v1alpha1.ConditionEndsWithoutAPIServer),
		Terminated:           truth(s.Conditions, v1alpha1.ConditionTerminated),
	}
	if v := k.vendors[w.Spec.Vendor]; v != nil {
		out.Company = v.Spec.Company
	}
	if s.End != nil {
		left := int64(s.End.Sub(now) / time.Second)
		out.SecondsLeft = &left
	}
	if s.Sessions != nil {
		live := s.Sessions.Live
		out.Live, out.LastPacket = &live, instant(s.Sessions.LastPacket)
	}
	for _, d := range s.DecidedBy {
		if d.Decision == v1alpha1.DecisionApprove && !slices.Contains(out.ApprovedBy, string(d.Approver)) {
			out.ApprovedBy = append(out.ApprovedBy, string(d.Approver))
		}
	}
	if e := s.Ending; e != nil {
		out.Ending = &Ending{Due: e.Due.UTC(), Proved: instant(e.Proved), Lateness: e.Lateness}
	}
	return out
}

func instant(t *metav1.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}

// message says why a window is where it is: in the operator's words, or else in those of
// its reason.
func message(w *v1alpha1.VendorAccessWindow) string {
	if w.Status.Phase == "" {
		return "not seen by the operator yet"
	}
	for _, c := range w.Status.Conditions {
		if c.Reason == w.Status.Reason && c.Message != "" {
			return c.Message
		}
	}
	return access.Reason(w.Status.Reason).Sentence()
}

func (k Known) people(w *v1alpha1.VendorAccessWindow) []Person {
	out := make([]Person, len(w.Spec.People))
	for i, user := range w.Spec.People {
		out[i].User = string(user)
		if v := k.vendors[w.Spec.Vendor]; v != nil {
			for _, p := range v.Spec.People {
				if p.User == user {
					out[i].Name = p.Name
				}
			}
		}
	}
	return out
}

// reaches are the tags of devices. One whose tag is not known goes by its name.
func (k Known) reaches(reach []v1alpha1.Reach) []string {
	out := []string{}
	for _, r := range reach {
		switch {
		case r.WholeZone:
			out = append(out, "all of "+r.Zone)
		case r.Workloads != nil:
			out = append(out, r.Zone+" pods "+metav1.FormatLabelSelector(r.Workloads))
		}
		for _, name := range r.Assets {
			tag := k.tags[name]
			if tag == "" {
				tag = name
			}
			if !slices.Contains(out, tag) {
				out = append(out, tag)
			}
		}
	}
	return out
}
