// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/declared"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// TestGuardsHoldWhoeverAllows: beside policies of somebody else that allow everything,
// nothing passes that a layer of the guard promises to refuse, and everything does that
// is declared.
func TestGuardsHoldWhoeverAllows(t *testing.T) {
	t.Parallel()
	held, start := map[string]int{}, time.Now()
	rapid.Check(t, func(t *rapid.T) {
		p := plant.Draw(t)
		if p.Site == nil {
			p.Site = &v1alpha1.Site{}
		}
		layers := rapid.SampledFrom(guarding).Draw(t, "layers")
		p.Site.Spec.Guard.Layers = layers
		kind := rapid.SampledFrom(openers).Draw(t, "opener")
		guardsHold(t, p, openedBy(p, kind), func(promised, passes bool) {
			if promised {
				held[fmt.Sprint(layers, " against ", kind)]++
			} else if passes {
				held["passing"]++
			}
		})
	})
	fmt.Printf("guards beside policies that allow everything, in %.1f s; held:\n", time.Since(start).Seconds())
	for _, against := range slices.Sorted(maps.Keys(held)) {
		fmt.Printf("  %7d %s\n", held[against], against)
	}
	if held["passing"] < meantPassing {
		return // somebody asked for fewer
	}
	for _, layers := range guarding {
		for _, kind := range openers {
			if n := held[fmt.Sprint(layers, " against ", kind)]; n < leastHeld {
				t.Errorf("%v against %s: %d flows only", layers, kind, n)
			}
		}
	}
}

const (
	meantPassing = 400_000
	leastHeld    = 1000
)

var guarding = [][]v1alpha1.GuardLayer{
	{v1alpha1.GuardDatapath}, {v1alpha1.GuardAdminTier}, {v1alpha1.GuardDatapath, v1alpha1.GuardAdminTier},
}

// guardsHold asks about the flows at both ends. tell is told of each at a pod whether a
// layer promised to refuse it, and whether it passed.
func guardsHold(t *rapid.T, p plant.Plant, opened [][]byte, tell func(promised, passes bool)) {
	m := topology.Resolve(p.Snapshot)
	b := backends[0]
	set := b.compile(m)
	judge, err := declared.New(p, m, set, b.onCilium)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := oracle.NewCilium(p.World())
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	for _, o := range set.Objects {
		opened = append(opened, o.JSON())
	}
	for _, o := range opened {
		if err := engine.Apply(o); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range drawQuestions(t, p).flows() {
		for _, ingress := range []bool{false, true} {
			guardHolds(t, engine, judge, p.Site.Spec.Guard.Layers, f, ingress, tell)
		}
	}
}

func guardHolds(t *rapid.T, engine *oracle.Cilium, judge *declared.Judge, layers []v1alpha1.GuardLayer, f oracle.Flow, ingress bool, tell func(promised, passes bool)) {
	at, ask, expect := f.From, engine.Egress, judge.Egress
	if ingress {
		at, ask, expect = f.To, engine.Ingress, judge.Ingress
	}
	if !isPod(at) {
		return
	}
	want, errWant := expect(f)
	passes, errAsked := ask(f)
	promised := false
	errs := []error{errWant, errAsked}
	for _, layer := range layers {
		refuses, err := judge.Refuses(layer, f, ingress)
		promised, errs = promised || refuses, append(errs, err)
	}
	switch err := errors.Join(errs...); {
	case err != nil:
		t.Fatal(err)
	case promised && want.May:
		t.Fatalf("%v would refuse what is declared: %s, into its destination %t (%s)", layers, f, ingress, want.Cause)
	case promised && passes:
		t.Fatalf("%v does not hold: %s passes, into its destination %t, by %s", layers, f, ingress, reason(engine, f, ingress))
	case want.Must && !passes:
		t.Fatalf("%v cuts what is declared: %s, into its destination %t (%s), by %s", layers, f, ingress, want.Cause, reason(engine, f, ingress))
	}
	tell(promised, passes)
}

// openers are the ways to allow everything.
var openers = []string{"NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumClusterwideNetworkPolicy by endpoints and networks"}

// openedBy are the policies of somebody else that allow everything everywhere.
func openedBy(p plant.Plant, opener string) [][]byte {
	kind, _, _ := strings.Cut(opener, " ")
	all := map[string]any{
		"endpointSelector": map[string]any{},
		"ingress":          []any{map[string]any{"fromEntities": []any{"all"}}}, "egress": []any{map[string]any{"toEntities": []any{"all"}}},
	}
	switch {
	case kind != opener:
		everywhere := []any{map[string]any{"cidr": "0.0.0.0/0"}, map[string]any{"cidr": "::/0"}}
		all["ingress"] = []any{map[string]any{"fromEndpoints": []any{map[string]any{}}}, map[string]any{"fromCIDRSet": everywhere}, map[string]any{"fromEntities": []any{"host", "remote-node"}}}
		all["egress"] = []any{map[string]any{"toEndpoints": []any{map[string]any{}}}, map[string]any{"toCIDRSet": everywhere}, map[string]any{"toEntities": []any{"host", "remote-node", "kube-apiserver"}}}
	case kind == oracle.KindNetworkPolicy:
		all = map[string]any{
			"podSelector": map[string]any{}, "policyTypes": []any{"Ingress", "Egress"}, "ingress": []any{map[string]any{}}, "egress": []any{map[string]any{}},
		}
	}
	if kind == oracle.KindClusterwidePolicy {
		return [][]byte{manifest("cilium.io/v2", kind, "", all)}
	}
	version := map[string]string{oracle.KindNetworkPolicy: "networking.k8s.io/v1", oracle.KindCiliumPolicy: "cilium.io/v2"}[kind]
	var out [][]byte
	for _, ns := range p.Namespaces {
		out = append(out, manifest(version, kind, ns.Name, all))
	}
	return out
}

// manifest is a policy of somebody else.
func manifest(version, kind, namespace string, spec map[string]any) []byte {
	metadata := map[string]any{"name": "theirs"}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	raw, err := json.Marshal(map[string]any{"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
	if err != nil {
		panic(err) // it is of strings alone
	}
	return raw
}
