// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// declared is what an object says: its spec, and labels where they mean something.
type declared struct {
	Spec   any
	Labels map[string]string
}

func declarations(s topology.Snapshot) map[topology.ObjectRef]declared {
	out := map[topology.ObjectRef]declared{}
	if s.Site != nil {
		out[topology.ObjectRef{Kind: topology.KindSite, Name: s.Site.Name}] = declared{Spec: s.Site.Spec}
	}
	for _, z := range s.Zones {
		out[topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}] = declared{Spec: z.Spec}
	}
	for _, c := range s.Conduits {
		out[topology.ObjectRef{Kind: topology.KindConduit, Name: c.Name}] = declared{Spec: c.Spec}
	}
	for _, a := range s.Assets {
		out[topology.ObjectRef{Kind: topology.KindAsset, Name: a.Name}] = declared{a.Spec, a.Labels}
	}
	return out
}

// objectsOf are the declared objects that differ, by kind and name.
func objectsOf(before, after topology.Snapshot) []Object {
	was, is := declarations(before), declarations(after)
	out := []Object{}
	for ref := range is {
		old, there := was[ref]
		switch {
		case !there:
			out = append(out, Object{ref, Created})
		case !equality.Semantic.DeepEqual(old, is[ref]):
			out = append(out, Object{ref, Changed})
		}
	}
	for ref := range was {
		if _, there := is[ref]; !there {
			out = append(out, Object{ref, Deleted})
		}
	}
	slices.SortFunc(out, func(a, b Object) int { return compareRefs(a.ObjectRef, b.ObjectRef) })
	return out
}

func compareRefs(a, b topology.ObjectRef) int {
	order := []string{topology.KindSite, topology.KindZone, topology.KindConduit, topology.KindAsset}
	return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(a.Name, b.Name))
}

// findingsOf are those that are new, errors first.
func findingsOf(before, after *topology.Model) []Finding {
	out := []Finding{}
	for _, ref := range slices.SortedFunc(maps.Keys(after.Verdicts), compareRefs) {
		v := after.Verdicts[ref]
		var known *topology.Verdict
		if known = before.Verdicts[ref]; known == nil {
			known = &topology.Verdict{}
		}
		for _, f := range v.Findings {
			if !slices.Contains(known.Findings, f) {
				out = append(out, Finding{Object: ref, Finding: f, Kept: v.Kept})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return cmp.Compare(a.Severity, b.Severity) })
	return out
}
