// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/reach"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Side is a declaration of the site: what is declared, and what it resolves to.
type Side struct {
	Snapshot topology.Snapshot
	Model    *topology.Model
}

// Verb says what became of a declared object.
type Verb string

// The verbs.
const (
	Created Verb = "new"
	Changed Verb = "changed"
	Deleted Verb = "deleted"
)

// Object is a declared object that differs.
type Object struct {
	topology.ObjectRef
	Verb Verb `json:"verb"`
}

// Flow is what opens or closes, for all pairs of places that one conduit joins in one way.
type Flow struct {
	From reach.End `json:"from"`
	To   reach.End `json:"to"`
	// What passes, with the protocol's name where the conduit gives it one.
	What string `json:"what"`
	// By is the conduit, or "internal" or "platform".
	By string `json:"by"`
	// Because says what of the declarations differs.
	Because string `json:"because"`
	// RiskOwner of the conduit.
	RiskOwner string `json:"riskOwner,omitempty"`
	// StillPasses are ports that go on passing where everything else closes.
	StillPasses string              `json:"stillPasses,omitempty"`
	EnforcedBy  v1alpha1.EnforcedBy `json:"enforcedBy"`
	// Device outside the cluster that enforces it.
	Device string `json:"device,omitempty"`
	// PolicyStays says of what closes that its declaration is not in force any more, without
	// being gone: what stands for it is left as it is, and closes nothing yet.
	PolicyStays bool `json:"policyStays,omitempty"`
	// NothingDenied says that neither end denies anything, before and after.
	NothingDenied bool `json:"nothingDenied,omitempty"`
}

// Denial is pods for which it changes whether what is not declared is denied.
type Denial struct {
	// Zone that they are in where they are denied; "" for pods that are in none.
	Zone string   `json:"zone"`
	Pods []string `json:"pods"`
	// Expected says that there are none yet.
	Expected bool `json:"expected,omitempty"`
	// Passes is what is declared for them: everything else is what they lose, or get.
	Passes []string `json:"passes"`
}

// Finding is what is wrong or doubtful about an object after and was not before.
type Finding struct {
	Object topology.ObjectRef `json:"object"`
	v1alpha1.Finding
	// Kept says that the object stays as it was last accepted.
	Kept bool `json:"kept,omitempty"`
}

// Change is what becomes different.
type Change struct {
	Objects  []Object  `json:"objects"`
	Opens    []Flow    `json:"opens"`
	Closes   []Flow    `json:"closes"`
	Denied   []Denial  `json:"denied"`
	Released []Denial  `json:"released"`
	Findings []Finding `json:"findings"`
	// Safety are the safety zones that anything above concerns, sorted.
	Safety []string `json:"safety"`

	// Before and After are what passes between the same places.
	Before, After *reach.View `json:"-"`
}

// None says that nothing becomes different for anybody.
func (c *Change) None() bool {
	return len(c.Objects)+len(c.Opens)+len(c.Closes)+len(c.Denied)+len(c.Released) == 0
}

// Compare says what becomes different. Pods are those of the cluster, before and after.
func Compare(before, after Side) *Change {
	atlas := reach.NewAtlas(bothPods(before, after), before.Model, after.Model)
	c := &Change{
		Objects: objectsOf(before.Snapshot, after.Snapshot),
		Before:  reach.Look(before.Model, atlas), After: reach.Look(after.Model, atlas),
	}
	w := &walk{change: c, before: before, after: after, rows: map[string]*row{}}
	w.pairs()
	w.denials()
	c.Findings = findingsOf(before.Model, after.Model)
	c.Safety = w.safety()
	return c
}

func bothPods(before, after Side) []topology.Pod {
	type name struct{ namespace, name string }
	seen := map[name]bool{}
	var out []topology.Pod
	// The pods after say how they are labelled; the change is of declarations.
	for _, p := range slices.Concat(after.Snapshot.Pods, before.Snapshot.Pods) {
		if n := (name{p.Namespace, p.Name}); !seen[n] {
			seen[n] = true
			out = append(out, p)
		}
	}
	return out
}
