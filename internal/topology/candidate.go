// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// candidate is a declared object on its way into the model: as declared, as it was
// last accepted, or not at all.
type candidate[S any] struct {
	ref        ObjectRef
	uid        types.UID
	generation int64
	created    metav1.Time
	// spec in force; nil when the object is out.
	spec *S
	// kept says that spec is the last good one and not the declared one.
	kept bool
	// lastGood spec, nil when the object was never accepted.
	lastGood *S
	// settled says that the declared spec is the one that was last accepted.
	settled bool
	report  report
}

func newCandidate[S any](kind string, meta metav1.Object, declared, lastGood *S, lastGeneration int64) *candidate[S] {
	return &candidate[S]{
		ref:        ObjectRef{Kind: kind, Name: meta.GetName()},
		uid:        meta.GetUID(),
		generation: meta.GetGeneration(),
		created:    meta.GetCreationTimestamp(),
		spec:       declared,
		lastGood:   lastGood,
		settled:    lastGood != nil && lastGeneration == meta.GetGeneration(),
	}
}

// hold puts what keeps a declaration out of force among its findings.
func (c *candidate[S]) hold(held map[ObjectRef]v1alpha1.Finding) {
	if f, is := held[c.ref]; is {
		c.report.findings = append(c.report.findings, f)
	}
}

// demote takes the spec out of force. What was last accepted takes its place, so
// that a slip in an edit stops nothing; when there is nothing, or that is
// what failed, the object is out and what stands for it is left as it is.
func (c *candidate[S]) demote() {
	if !c.kept && c.lastGood != nil {
		c.spec, c.kept = c.lastGood, true
		return
	}
	c.spec, c.kept = nil, false
}

// rank is what decides between two objects that cannot both be in force.
type rank struct {
	// inForce: the spec is one that was accepted before, so it is not the edit
	// that caused the conflict.
	inForce bool
	created metav1.Time
	name    string
}

func (c *candidate[S]) rank() rank {
	return rank{inForce: c.kept || c.settled, created: c.created, name: c.ref.String()}
}

// compareRanks sorts the one that wins first: what is in force already, then the
// older, then by name, so that the outcome never depends on order of arrival.
func compareRanks(a, b rank) int {
	if a.inForce != b.inForce {
		if a.inForce {
			return -1
		}
		return 1
	}
	return cmp.Or(a.created.Compare(b.created.Time), cmp.Compare(a.name, b.name))
}

func (c *candidate[S]) verdict() *Verdict {
	sortFindings(c.report.findings)
	return &Verdict{
		Ref: c.ref, UID: c.uid, Generation: c.generation,
		Findings: slices.Clip(c.report.findings),
		InForce:  c.spec != nil,
		Kept:     c.spec != nil && c.kept,
	}
}
