// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
	"github.com/zonewarden/zonewarden/internal/cli/when"
)

// List is what `certs list -o json` prints. It only ever gets more fields.
type List struct {
	APIVersion   string    `json:"apiVersion"`
	Kind         string    `json:"kind"`
	At           time.Time `json:"at"`
	Certificates []Line    `json:"certificates"`
}

// Line is how one certificate stands.
type Line struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Profile   string `json:"profile"`
	Zone      string `json:"zone,omitempty"`
	// Ready, Served and Deferred are True, False or Unknown.
	Ready    string `json:"ready"`
	Served   string `json:"served"`
	Deferred string `json:"deferred"`
	// Step of the rotation.
	Step     string     `json:"step,omitempty"`
	Serial   string     `json:"serial,omitempty"`
	NotAfter *time.Time `json:"notAfter,omitempty"`
	// Next is when the next one is due, or when one that waits may go on.
	Next *time.Time `json:"nextRotation,omitempty"`
	// WaitsFor are outside peers of which nobody has said that they trust what comes.
	WaitsFor []string `json:"waitsFor,omitempty"`
	// Faults are what a person has to see to, in words. Empty is good.
	Faults []string `json:"faults,omitempty"`
}

func listOf(items []v1alpha1.WorkloadCertificate, now time.Time) List {
	out := List{APIVersion: roster.APIVersion, Kind: "CertificateList", At: now, Certificates: []Line{}}
	for i := range items {
		out.Certificates = append(out.Certificates, lineOf(&items[i], now))
	}
	slices.SortFunc(out.Certificates, func(a, b Line) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return out
}

func lineOf(w *v1alpha1.WorkloadCertificate, now time.Time) Line {
	l := Line{
		Namespace: w.Namespace, Name: w.Name, Profile: string(w.Spec.Profile), Zone: w.Status.Zone, Step: string(w.Status.Step),
		Ready:    stateOf(w, v1alpha1.ConditionReady),
		Served:   stateOf(w, v1alpha1.ConditionServed),
		Deferred: stateOf(w, v1alpha1.ConditionDeferred),
	}
	if c := w.Status.Certificate; c != nil {
		l.Serial, l.NotAfter = c.Serial, &c.NotAfter.Time
	}
	if next := w.Status.NextRotation; next != nil {
		l.Next = &next.Time
	}
	for _, p := range w.Status.OutsidePeers {
		if !p.Trusted {
			l.WaitsFor = append(l.WaitsFor, p.Name)
		}
	}
	l.Faults = faultsOf(w, l, now)
	return l
}

func stateOf(w *v1alpha1.WorkloadCertificate, condition string) string {
	if c := meta.FindStatusCondition(w.Status.Conditions, condition); c != nil {
		return string(c.Status)
	}
	return string(metav1.ConditionUnknown)
}

// faultsOf judges by the clock of this machine as well: an operator that is down says
// nothing of what ran out meanwhile.
func faultsOf(w *v1alpha1.WorkloadCertificate, l Line, now time.Time) []string {
	var out []string
	switch {
	case l.NotAfter == nil:
		out = append(out, "there is no certificate")
	case !l.NotAfter.After(now):
		out = append(out, "it has run out")
	}
	if w.Status.ObservedGeneration != w.Generation {
		out = append(out, "the operator has not seen its last change")
	}
	for _, c := range []struct {
		name string
		bad  metav1.ConditionStatus
	}{
		{v1alpha1.ConditionAccepted, metav1.ConditionFalse},
		{v1alpha1.ConditionReady, metav1.ConditionFalse},
		{v1alpha1.ConditionExpiring, metav1.ConditionTrue},
		{v1alpha1.ConditionServed, metav1.ConditionFalse},
	} {
		if got := meta.FindStatusCondition(w.Status.Conditions, c.name); got != nil && got.Status == c.bad {
			out = append(out, fmt.Sprintf("%s=%s (%s): %s", c.name, got.Status, got.Reason, got.Message))
		}
	}
	return out
}

var columns = []string{"NAMESPACE", "NAME", "PROFILE", "ZONE", "READY", "NOT AFTER", "LEFT", "NEXT", "STEP", "SERVED", "WAITS FOR"}

// row is one line for people, by the site's clock.
func (l Line) row(now time.Time, zone *time.Location) []string {
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return when.Show(t.In(zone))
	}
	left := ""
	if l.NotAfter != nil {
		left = fmt.Sprintf("%dd", int(l.NotAfter.Sub(now).Hours()/24))
	}
	return []string{
		l.Namespace, l.Name, l.Profile, l.Zone, l.Ready, at(l.NotAfter), left, at(l.Next), l.Step, l.Served,
		strings.Join(l.WaitsFor, ", "),
	}
}
