// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/change"
	"github.com/zonewarden/zonewarden/internal/cli/manifest"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/edits"
)

// waterWorks is the sample, accepted.
func waterWorks(tb testing.TB) topology.Snapshot {
	tb.Helper()
	set, err := manifest.Read(nil, "../../config/samples/water-works")
	if err != nil {
		tb.Fatal(err)
	}
	p, err := plant.FromFiles("water-works", set, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		tb.Fatal(err)
	}
	return p.Snapshot
}

// edited is what chance makes of a site, as the API server would have it.
func edited(s topology.Snapshot, chance *edits.Chance) topology.Snapshot {
	p, _ := chance.Edit(&edits.Plant{Site: s.Site, Zones: s.Zones, Conduits: s.Conduits, Assets: s.Assets})
	out := s
	out.Site.Spec.UnzonedWorkloads = p.Site.Spec.UnzonedWorkloads
	out.Zones, out.Conduits, out.Assets = p.Zones, p.Conduits, p.Assets
	written(s, out)
	out.Assets = slices.Clone(out.Assets)
	return out
}

// TestNothingOpensUnapproved: through any sequence of edits, some of which are approved,
// nothing more passes into a zone from the level on than did by what was accepted before and
// by what was approved; and with everything approved nothing waits.
func TestNothingOpensUnapproved(t *testing.T) {
	t.Parallel()
	first := waterWorks(t)
	waited, went := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := first
		s.Site = first.Site.DeepCopy()
		chance := edits.New(rapid.Uint64().Draw(t, "seed"))
		level := rapid.Int32Range(1, 4).Draw(t, "level")
		s.Site.Spec.Openings = &v1alpha1.Openings{ApprovedFrom: v1alpha1.SecurityLevel(level), Approvals: 1}
		for range rapid.IntRange(1, 3).Draw(t, "edits") {
			s.Held = nil
			before := s
			s = edited(s, chance)
			all := openings.Judge(s, nil)
			waited += len(all.Waiting)
			var given []*v1alpha1.Approval
			for _, w := range all.Waiting {
				if rapid.Bool().Draw(t, "approve "+w.String()) {
					given = append(given, approvalOf(s, w))
				}
			}
			j := openings.Judge(s, given)
			s.Held = j.Held()
			unchanged(t, s, j)
			went += len(j.Approved)
			notOpened(t, before, s, j, level)
			accept(s)
		}
	})
	t.Logf("%d waited, %d of them were approved", waited, went)
	if waited == 0 || went == 0 {
		t.Error("that shows nothing")
	}
}

// approvalOf is eve's of something that waits.
func approvalOf(s topology.Snapshot, w openings.Waiting) *v1alpha1.Approval {
	var meta metav1.Object
	switch w.Kind {
	case topology.KindZone:
		meta = find(s.Zones, &v1alpha1.Zone{ObjectMeta: metav1.ObjectMeta{Name: w.Name}})
	case topology.KindAsset:
		meta = find(s.Assets, &v1alpha1.Asset{ObjectMeta: metav1.ObjectMeta{Name: w.Name}})
	default:
		meta = find(s.Conduits, &v1alpha1.Conduit{ObjectMeta: metav1.ObjectMeta{Name: w.Name}})
	}
	meta.SetAnnotations(map[string]string{v1alpha1.AnnotationAuthor: "adam"})
	return &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Name: w.String()},
		Spec: v1alpha1.ApprovalSpec{
			Of:        v1alpha1.ApprovedObject{Kind: v1alpha1.ApprovedKind(w.Kind), Name: w.Name, UID: string(meta.GetUID()), Generation: meta.GetGeneration(), SpecHash: w.Hash},
			Requester: "adam", Approver: "eve", Decision: v1alpha1.DecisionApprove,
		},
	}
}

// unchanged says that what waits is as it was last accepted.
func unchanged(t *rapid.T, s topology.Snapshot, j openings.Judgement) {
	m := topology.Resolve(s)
	for _, w := range j.Waiting {
		if m.Verdicts[w.ObjectRef].Accepted() {
			t.Fatalf("%s waits, and is accepted", w.ObjectRef)
		}
	}
}

// notOpened compares what is in force with what would be if nothing of the edits but what was
// approved were: by another comparison, which takes zones in Observe for what they are.
func notOpened(t *rapid.T, before, s topology.Snapshot, j openings.Judgement, level int32) {
	only := s
	only.Held = map[topology.ObjectRef]v1alpha1.Finding{}
	hold := func(kind, name string) {
		ref := topology.ObjectRef{Kind: kind, Name: name}
		if _, approved := j.Approved[ref]; !approved {
			only.Held[ref] = v1alpha1.Finding{Severity: v1alpha1.SeverityError}
		}
	}
	for _, z := range s.Zones {
		hold(topology.KindZone, z.Name)
	}
	for _, a := range s.Assets {
		hold(topology.KindAsset, a.Name)
	}
	for _, c := range s.Conduits {
		hold(topology.KindConduit, c.Name)
	}
	was, is := topology.Resolve(only), topology.Resolve(s)
	c := change.Compare(change.Side{Snapshot: before, Model: was}, change.Side{Snapshot: s, Model: is})
	for _, f := range c.Opens {
		for _, m := range []*topology.Model{was, is} {
			if z := m.Zone(f.To.Zone); z != nil && z.SL.Highest() >= level && f.By != "internal" {
				t.Fatalf("%+v opens, and nobody approved it", f)
			}
		}
	}
}

// large is a ring of zones, each with a conduit to the next and pods; another one waits.
func large(tb testing.TB, zones, pods int) topology.Snapshot {
	tb.Helper()
	head, _, _ := strings.Cut(strings.TrimSpace(site), "\n---\n")
	docs := []string{strings.ReplaceAll(head, "COUNT", "1")}
	for i := range zones {
		docs = append(docs,
			fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: z-%d, labels: {scope: ot}}", i),
			fmt.Sprintf("apiVersion: zonewarden.io/v1alpha1\nkind: Zone\nmetadata: {name: z-%d}\nspec: {purdue: L2, type: Control, owner: o, slTarget: {all: 3}, enforcement: Enforce, members: {workloads: [{namespaces: [z-%d]}]}}", i, i),
			strings.TrimSpace(strings.TrimPrefix(conduit(fmt.Sprintf("c-%d", i), fmt.Sprintf("z-%d", i), fmt.Sprintf("z-%d", (i+1)%zones)), "\n---\n")))
		for n := range pods {
			docs = append(docs, fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {namespace: z-%d, name: p-%d, labels: {app: a-%d}}", i, n, n%5))
		}
	}
	s, err := policytest.ReadSnapshot([]byte(strings.Join(docs, "\n---\n")))
	if err != nil {
		tb.Fatal(err)
	}
	s.Site.Spec.Openings = nil
	written(topology.Snapshot{}, s)
	accept(s)
	s.Site.Spec.Openings = &v1alpha1.Openings{ApprovedFrom: 2, Approvals: 1}
	s.Conduits[0].Status.LastGood = nil
	return s
}

// BenchmarkJudge is of one pass, in multiples of resolving the site: where nothing differs,
// where words of every conduit do, where one conduit is new and waits, on a small and a large
// site, and where all are.
func BenchmarkJudge(b *testing.B) {
	s := waterWorks(b)
	s.Site.Spec.Openings = &v1alpha1.Openings{ApprovedFrom: 1, Approvals: 1}
	opened := func(edit func(*v1alpha1.Conduit)) topology.Snapshot {
		out := s
		out.Conduits = slices.Clone(s.Conduits)
		for i, c := range out.Conduits {
			out.Conduits[i] = c.DeepCopy()
			edit(out.Conduits[i])
		}
		return out
	}
	first := true
	cases := map[string]topology.Snapshot{
		"nothing": s,
		"new":     opened(func(c *v1alpha1.Conduit) { c.Status.LastGood = nil }),
		"words":   opened(func(c *v1alpha1.Conduit) { c.Spec.Why.Need += "."; c.Generation++ }),
		"one": opened(func(c *v1alpha1.Conduit) {
			if first {
				c.Status.LastGood, first = nil, false
			}
		}),
	}
	cases["one of a large site"] = large(b, 100, 20)
	for name, c := range cases {
		b.Run(name, func(b *testing.B) {
			var judging, resolving time.Duration
			for b.Loop() {
				began := time.Now()
				openings.Judge(c, nil)
				judging += time.Since(began)
				began = time.Now()
				topology.Resolve(c)
				resolving += time.Since(began)
			}
			b.ReportMetric(float64(judging)/float64(resolving), "resolves")
		})
	}
}
