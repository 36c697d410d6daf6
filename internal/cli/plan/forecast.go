// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/change"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/budget"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Forecast is what would happen at one site.
type Forecast struct {
	Kind string `json:"kind"`
	Site string `json:"site"`
	// Backend that the policies are for.
	Backend v1alpha1.Backend `json:"backend"`
	*change.Change
	// Waiting are the objects of which somebody else than their author has to approve what
	// they open, with the hash to approve. Everything else is said as if that were done.
	Waiting []Waiting `json:"waiting"`
	// Refused are the objects that the API server would not take, with their places.
	Refused []Refused `json:"refused"`
	// Pairs whose passing differs, where they were asked for.
	Pairs []Pair `json:"pairs,omitempty"`
	// Flows counts the declared flows after by who enforces them.
	Flows v1alpha1.FlowCounts `json:"flows"`
	// Firewall are the rules that others have to change.
	Firewall []Rule `json:"firewall"`
	// Writes in order, steps between included.
	Writes []Write `json:"writes"`
	// Held are policy objects that stay although their declaration goes.
	Held []string `json:"held"`
	// Restarts are workloads whose trust changes and that are restarted for it.
	Restarts []Restart `json:"restarts"`
	Budget   Budget    `json:"budget"`
	// Workloads of the manifests, as namespace/name, that are new or labelled otherwise than
	// the pods that the forecast is made of.
	Workloads []string `json:"workloads"`
	// Unseen and Assumed say what the forecast is not made of.
	Unseen  []string `json:"unseen"`
	Assumed []string `json:"assumed"`
}

// Refused is an object that the API server would refuse.
type Refused struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Object  string `json:"object,omitempty"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
}

// Waiting is an object that waits for people, once it is applied.
type Waiting struct {
	topology.ObjectRef
	// Hash of what is declared: spec.of.specHash of the Approval.
	Hash string `json:"hash"`
	// Author as the manifest says it.
	Author string   `json:"author,omitempty"`
	Opens  []string `json:"opens"`
	// Approvals that are needed.
	Approvals int `json:"approvals"`
}

// Write is one call to the API server.
type Write struct {
	Verb   string `json:"verb"`
	Object string `json:"object"`
}

// Budget is how full the fullest policy map of a pod becomes; only Cilium has one.
type Budget struct {
	Zone     string `json:"zone,omitempty"`
	Entries  int    `json:"entries"`
	Limit    int    `json:"limit"`
	Refusals int    `json:"refusals"`
}

// newForecast compares a site with what it becomes.
func newForecast(ctx context.Context, before, after *plant.Plant) (*Forecast, error) {
	f := &Forecast{
		Kind: "Plan", Site: after.SiteName(), Backend: after.Backend(),
		Change:  change.Compare(before.Side(), after.Side()),
		Refused: []Refused{}, Waiting: []Waiting{}, Firewall: firewall(before, after), Restarts: restarts(before, after),
		Flows: after.Model().Counts(), Held: []string{}, Writes: []Write{},
		Workloads: append([]string{}, after.Workloads...),
		Unseen:    append([]string{}, after.Unseen...), Assumed: append([]string{}, after.Assumptions()...),
	}
	for _, w := range after.Waiting {
		f.Waiting = append(f.Waiting, Waiting{ObjectRef: w.ObjectRef, Hash: w.Hash, Author: w.Author, Opens: w.Opens, Approvals: w.Missing})
	}
	if after.Files != nil {
		for _, p := range after.Files.Problems {
			f.Refused = append(f.Refused, Refused(p))
		}
	}
	return f, f.rehearse(ctx, before, after)
}

// rehearse finds the writes: from what stands, or from what would stand of the site before.
func (f *Forecast) rehearse(ctx context.Context, before, after *plant.Plant) error {
	if after.Model().Site == nil || f.Backend == "" {
		return nil
	}
	standing := before.Standing
	if !before.Live {
		var err error
		if standing, err = before.Stand(); err != nil {
			return err
		}
	}
	stage := apply.NewRehearsal(standing, after.Namespaces)
	observed, err := stage.Observed()
	if err != nil {
		return fmt.Errorf("looking at the policies that stand: %w", err)
	}
	set := after.Compile()
	fits := f.judgement(before, after)
	withheld := f.withhold(before, fits, set)
	input := apply.Input{
		Desired: fits.Keep(set.Objects, withheld), Observed: observed,
		Declared: apply.Declarations(after.Model(), withheld), ConduitCRD: apply.CRDState{Serving: true},
		Known: map[apply.Key]string{},
	}
	for _, o := range observed {
		input.Known[o.Key] = o.Digest
	}
	p := apply.NewPlan(input)
	for _, h := range p.Held {
		f.Held = append(f.Held, h.Key.String())
	}
	result := stage.Carry(ctx, p, apply.Joins(after.Model()))
	for _, o := range result.Outcomes {
		f.Writes = append(f.Writes, Write{Verb: o.Verb, Object: o.Key.String()})
	}
	for _, ref := range slices.SortedFunc(maps.Keys(result.Failed), compareRefs) {
		for _, err := range result.Failed[ref] {
			f.Findings = append(f.Findings, change.Finding{Object: ref, Finding: v1alpha1.Finding{
				Severity: v1alpha1.SeverityError, Reason: v1alpha1.ReasonForeignObject, Message: err.Error(),
			}})
		}
	}
	return nil
}

// judgement is what fits into Cilium's policy maps.
func (f *Forecast) judgement(before, after *plant.Plant) budget.Judgement {
	if f.Backend != v1alpha1.BackendCilium {
		return budget.Judgement{}
	}
	return budget.Judge(budget.Input{Model: after.Model(), Pods: after.Pods, Standing: func(conduit string) *topology.Conduit {
		for _, c := range before.Model().Conduits {
			if c.Name == conduit && !c.Suspended {
				return c
			}
		}
		return nil
	}})
}

// withhold finds what is not carried out because it does not fit, or cannot be expressed.
func (f *Forecast) withhold(before *plant.Plant, j budget.Judgement, set policy.Set) map[topology.ObjectRef]bool {
	out := map[topology.ObjectRef]bool{}
	f.Budget = Budget{Zone: j.Fullest.Zone, Entries: j.Fullest.Entries, Limit: j.Fullest.Limit, Refusals: len(j.Refused)}
	for name, r := range j.Refused {
		ref := topology.ObjectRef{Kind: topology.KindConduit, Name: name}
		out[ref] = true
		f.find(ref, v1alpha1.Finding{
			Severity: v1alpha1.SeverityError, Path: "spec", Reason: v1alpha1.ReasonBudgetExceeded,
			Message: fmt.Sprintf("with it the policy map of a pod of zone %q would have %d entries of %d: it would not be carried out", r.Zone, r.Entries, r.Limit),
		})
	}
	for ref, size := range budget.TooLarge(set.Objects) {
		out[ref] = true
		f.find(ref, v1alpha1.Finding{
			Severity: v1alpha1.SeverityError, Path: "spec", Reason: v1alpha1.ReasonObjectTooLarge,
			Message: fmt.Sprintf("its policy object would have %d bytes and may have %d: it would not be carried out", size, budget.LargestObject),
		})
	}
	known := before.Compile().Findings
	for _, ref := range slices.SortedFunc(maps.Keys(set.Findings), compareRefs) {
		for _, finding := range set.Findings[ref] {
			if !slices.Contains(known[ref], finding) {
				f.find(ref, finding)
			}
		}
	}
	return out
}

func (f *Forecast) find(ref topology.ObjectRef, finding v1alpha1.Finding) {
	f.Findings = append(f.Findings, change.Finding{Object: ref, Finding: finding})
}

func compareRefs(a, b topology.ObjectRef) int {
	if a.Kind != b.Kind {
		return -slices.Compare([]byte(a.Kind), []byte(b.Kind)) // Zone before Conduit
	}
	return slices.Compare([]byte(a.Name), []byte(b.Name))
}

// Empty says that nothing would happen. Of workloads that differ that is not known.
func (f *Forecast) Empty() bool {
	return f.None() && len(f.Writes)+len(f.Refused)+len(f.Workloads) == 0
}
