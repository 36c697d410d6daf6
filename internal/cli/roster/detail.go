// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/audit"
)

// Detail is everything about one window, as -o json prints it.
type Detail struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Window is its line in the view.
	Window     Window `json:"window"`
	UID        string `json:"uid"`
	Generation int64  `json:"generation"`
	// SpecHash is of what is asked for, as SpecHash makes it.
	SpecHash   string                          `json:"specHash"`
	Spec       v1alpha1.VendorAccessWindowSpec `json:"spec"`
	Endpoints  []v1alpha1.WindowEndpoint       `json:"endpoints,omitempty"`
	Pod        string                          `json:"pod,omitempty"`
	Decisions  []Decision                      `json:"decisions"`
	Conditions []metav1.Condition              `json:"conditions,omitempty"`
	Notes      []string                        `json:"notes,omitempty"`
}

// Decision is an Approval of the window, whether or not it counts.
type Decision struct {
	Approval string    `json:"approval"`
	Approver string    `json:"approver"`
	Decision string    `json:"decision"`
	At       time.Time `json:"at"`
	Until    string    `json:"until,omitempty"`
	// Counts is Unknown until the operator has said.
	Counts Truth  `json:"counts"`
	Reason string `json:"reason,omitempty"`
	Why    string `json:"why,omitempty"`
	// Said is the approver's own reason.
	Said string `json:"said,omitempty"`
}

// SpecHash is of a spec as the audit trail has it: the evidence of what somebody decided on.
func SpecHash(spec v1alpha1.VendorAccessWindowSpec) string {
	h, err := audit.HashJSON(spec)
	if err != nil {
		return "" // of strings, numbers and lists: it does not happen
	}
	return h.String()
}

// About makes the detail of a window. Approvals are all that there are: those of one that
// had its name before are none of this one.
func About(w *v1alpha1.VendorAccessWindow, approvals []v1alpha1.Approval, k Known, now time.Time) Detail {
	d := Detail{
		APIVersion: APIVersion, Kind: "AccessWindow", Window: Line(w, k, now),
		UID: string(w.UID), Generation: w.Generation, SpecHash: SpecHash(w.Spec), Spec: w.Spec,
		Endpoints: w.Status.Endpoints, Pod: w.Status.Pod, Conditions: w.Status.Conditions, Decisions: []Decision{},
	}
	for i := range approvals {
		if a := &approvals[i]; a.Spec.Of.Kind == v1alpha1.ApprovedWindow && a.Spec.Of.UID == string(w.UID) {
			d.Decisions = append(d.Decisions, decision(a))
		}
	}
	slices.SortFunc(d.Decisions, func(a, b Decision) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.Approval, b.Approval)
	})
	return d
}

func decision(a *v1alpha1.Approval) Decision {
	d := Decision{
		Approval: a.Name, Approver: string(a.Spec.Approver), Decision: string(a.Spec.Decision),
		At: a.CreationTimestamp.UTC(), Counts: Unknown, Said: a.Spec.Reason,
	}
	if a.Spec.Until != nil {
		d.Until = string(*a.Spec.Until)
	}
	if c := find(a.Status.Conditions, v1alpha1.ConditionAccepted); c != nil {
		d.Counts, d.Reason, d.Why = Truth(c.Status), c.Reason, c.Message
		if d.Why == "" && d.Counts == False {
			d.Why = access.Reason(c.Reason).Sentence()
		}
	}
	return d
}

// Asked prints what somebody who decides has to read: who comes, to what, why and when.
func (d Detail) Asked(out io.Writer, zone *time.Location) {
	p := printer{zone: zone, now: time.Time{}}
	w, s := d.Window, d.Spec
	var people []string
	for _, person := range w.People {
		people = append(people, strings.TrimSpace(person.User+" "+parenthesis(person.Name)))
	}
	rows := [][2]string{
		{"window", w.Name},
		{"vendor", strings.TrimSpace(w.Vendor + " " + parenthesis(w.Company))},
		{"people", strings.Join(people, ", ")},
		{"work", work(s.Work)},
		{"when", p.span(d)},
		{"through", w.Through},
	}
	for _, r := range s.Reach {
		rows = append(rows, [2]string{"reaches", reached(r, w.Reaches, len(s.Reach))})
	}
	rows = append(rows, [2]string{"by", options(s)}, [2]string{"requester", string(s.Requester)}, [2]string{"spec", "sha256:" + d.SpecHash})
	printRows(out, rows)
}

func printRows(out io.Writer, rows [][2]string) {
	for _, r := range rows {
		if r[1] != "" {
			fmt.Fprintf(out, "%-11s%s\n", r[0], Printable(r[1]))
		}
	}
}

func parenthesis(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

func work(w v1alpha1.Work) string {
	parts := []string{w.Reason}
	if w.Order != "" {
		parts = append(parts, "order "+w.Order)
	}
	if w.Permit != "" {
		parts = append(parts, "permit "+w.Permit)
	}
	return strings.Join(parts, ", ")
}

// reached is one part of what is reached, with its flows.
func reached(r v1alpha1.Reach, tags []string, parts int) string {
	what := strings.Join(r.Assets, ", ")
	switch {
	case r.WholeZone:
		what = "everything"
	case r.Workloads != nil:
		what = "pods " + metav1.FormatLabelSelector(r.Workloads)
	case parts == 1 && len(tags) > 0:
		what = strings.Join(tags, ", ")
	}
	flows := make([]string, len(r.Flows))
	for i, f := range r.Flows {
		flows[i] = Flow(f)
	}
	return fmt.Sprintf("%s in %s by %s", what, r.Zone, strings.Join(flows, ", "))
}

func options(s v1alpha1.VendorAccessWindowSpec) string {
	parts := []string{string(s.Grant), fmt.Sprintf("%d sessions at most", s.MaxSessions)}
	if s.IdleTimeout != nil {
		parts = append(parts, "ends when idle for "+string(*s.IdleTimeout))
	}
	if s.Activation == v1alpha1.ActivationWhenArmed {
		parts = append(parts, "opens when the shift arms it")
	}
	if s.Attended == v1alpha1.AttendanceRequired {
		parts = append(parts, "a person of the plant present, who arms it")
	}
	if s.BreakGlass {
		parts = append(parts, "BREAK-GLASS, without approval")
	}
	if s.Kubernetes != nil {
		for _, r := range s.Kubernetes.Roles {
			parts = append(parts, "role "+r.Role+" in "+r.Namespace)
		}
	}
	return strings.Join(parts, ", ")
}

// span is when the window is to be open, as it was asked for.
func (p printer) span(d Detail) string {
	s := d.Spec
	if r := s.Recurring; r != nil {
		return fmt.Sprintf("%s for %s at %q, last on %s", p.zone, r.Duration, r.Schedule, r.LastDay)
	}
	text := p.moment(s.Start, access.AsStart) + " to " + p.moment(s.End, access.AsEnd)
	if s.LatestEnd != nil {
		text += ", at the latest " + p.moment(s.LatestEnd, access.AsEnd)
	}
	return text
}

func (p printer) moment(m *v1alpha1.Moment, edge access.Edge) string {
	if m == nil {
		return "never"
	}
	t, err := access.ParseMoment(string(*m), p.zone, edge)
	if err != nil {
		return string(*m)
	}
	return t.Format("Mon 2006-01-02 15:04 MST")
}
