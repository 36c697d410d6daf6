// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/budget"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// TestNoMapIsFullerThanPredicted: what is predicted for the fullest policy map of a zone
// is no less than what Cilium's engine has for any of its pods. How far off it is, is
// printed.
func TestNoMapIsFullerThanPredicted(t *testing.T) {
	t.Parallel()
	found := map[string][]prediction{}
	rapid.Check(t, func(t *rapid.T) {
		p := plant.Draw(t)
		m := topology.Resolve(p.Snapshot)
		if m.Site == nil {
			return
		}
		set := backends[0].compile(m)
		if notCarriedOut(set) {
			return // Cilium selects other pods than those that are declared
		}
		real := fullest(t, p, m, set)
		for zone, predicted := range predictions(p, m) {
			r, hasPods := real[zone]
			if !hasPods {
				continue
			}
			r.predicted = predicted
			if r.entries > predicted {
				t.Fatalf("zone %s: %d entries at %s, %d predicted\n%s", zone, r.entries, r.pod, predicted, plant.Change{Before: p, After: p})
			}
			with := guardedBy(p, m.Zone(zone))
			found[with] = append(found[with], r)
		}
	})
	for _, with := range []string{noLayer, string(v1alpha1.GuardDatapath), string(v1alpha1.GuardAdminTier), bothLayers} {
		fmt.Printf("policy maps of zones, %s: %s\n", with, distribution(found[with]))
	}
}

func notCarriedOut(set policy.Set) bool {
	for _, findings := range set.Findings {
		if slices.ContainsFunc(findings, func(f v1alpha1.Finding) bool { return f.Severity == v1alpha1.SeverityError }) {
			return true
		}
	}
	return false
}

const (
	noLayer    = "no guard"
	bothLayers = "both layers"
)

// guardedBy says in a word by which layers a zone is guarded.
func guardedBy(p plant.Plant, z *topology.Zone) string {
	switch layers := p.Site.Spec.Guard.Layers; {
	case len(layers) == 0 || !z.Enforce:
		return noLayer
	case len(layers) == 1:
		return string(layers[0])
	default:
		return bothLayers
	}
}

// prediction is how full the fullest map of a zone's pods is, and how full it was said
// to become.
type prediction struct {
	entries, predicted int
	pod                oracle.Endpoint
}

func (p prediction) ratio() float64 { return float64(p.predicted) / float64(max(1, p.entries)) }

// fullest are the fullest maps by Cilium's engine, by zone.
func fullest(t *rapid.T, p plant.Plant, m *topology.Model, set policy.Set) map[string]prediction {
	engine, err := oracle.NewCilium(p.World())
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	for o := range raw(set) {
		if err := engine.Apply(o); err != nil {
			t.Fatal(err)
		}
	}
	out := map[string]prediction{}
	for _, pod := range p.Pods {
		at := oracle.Endpoint(pod.Namespace + "/" + pod.Name)
		entries, err := engine.Entries(at)
		if err != nil {
			t.Fatal(err)
		}
		for _, z := range m.Zones {
			if known, some := out[z.Name]; holdsPod(z, p, pod) && (!some || entries > known.entries) {
				out[z.Name] = prediction{entries: entries, pod: at}
			}
		}
	}
	return out
}

func holdsPod(z *topology.Zone, p plant.Plant, pod topology.Pod) bool {
	i := slices.IndexFunc(p.Namespaces, func(ns topology.Namespace) bool { return ns.Name == pod.Namespace })
	return slices.ContainsFunc(z.Workloads, func(w topology.Workloads) bool {
		return w.MatchesNamespace(p.Namespaces[i]) && w.MatchesLabels(pod.Labels)
	})
}

// mostEntries is above what any drawn site needs.
const mostEntries = 1 << 20

// predictions are those of zones, by name, in which every conduit stands. A map that is
// nearly full is looked at exactly, so the limit is what makes it so: the first one into
// which all of it fits, the guard too.
func predictions(p plant.Plant, m *topology.Model) map[string]int {
	defer func(limit int) { m.Site.PolicyMapEntries = limit }(m.Site.PolicyMapEntries)
	byName := map[string]*topology.Conduit{}
	for _, c := range m.Conduits {
		byName[c.Name] = c
	}
	out := map[string]int{}
	for limit := 1; limit < mostEntries; limit += 1 + limit/6 {
		m.Site.PolicyMapEntries = limit
		j := budget.Judge(budget.Input{Model: m, Pods: p.Pods, Standing: func(c string) *topology.Conduit { return byName[c] }})
		for _, l := range j.Loads {
			if _, known := out[l.Zone]; !known && l.Entries <= limit && !slices.ContainsFunc(j.Unguarded, func(u budget.Unguarded) bool { return u.Zone == l.Zone }) {
				out[l.Zone] = l.Entries
			}
		}
		if len(j.Loads)+len(j.Unguarded) == 0 {
			break
		}
	}
	return out
}

// distribution is for a person.
func distribution(all []prediction) string {
	if len(all) == 0 {
		return "none"
	}
	slices.SortFunc(all, func(a, b prediction) int { return cmp.Compare(a.ratio(), b.ratio()) })
	at := func(percent int) prediction { return all[(len(all)-1)*percent/100] }
	worst, least := at(100), at(0)
	return fmt.Sprintf("%d, predicted / real at the median %.2f, 90 %% %.2f, 99 %% %.2f, worst %.2f (%d / %d); least %.2f (%d / %d)",
		len(all), at(50).ratio(), at(90).ratio(), at(99).ratio(), worst.ratio(), worst.predicted, worst.entries, least.ratio(), least.predicted, least.entries)
}
