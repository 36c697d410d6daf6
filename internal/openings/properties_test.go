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
	if chance.IntN(3) == 0 {
		regroup(p, chance)
	}
	out := s
	out.Site.Spec.UnzonedWorkloads = p.Site.Spec.UnzonedWorkloads
	out.Zones, out.Conduits, out.Assets = p.Zones, p.Conduits, p.Assets
	written(s, out)
	out.Assets = slices.Clone(out.Assets)
	return out
}

// regroup has a zone give up its pods, or those of all applications but one, to nobody, to
// another zone, or to a new one of a low level that a conduit leads into.
func regroup(p *edits.Plant, chance *edits.Chance) {
	from, to := pick(chance, p.Zones...), pick(chance, p.Zones...)
	if len(from.Spec.Members.Workloads) == 0 {
		return
	}
	given := givenUp(from, chance)
	switch chance.IntN(3) {
	case 0:
		to.Spec.Members.Workloads = append(to.Spec.Members.Workloads, given)
	case 1:
		if name := pick(chance, "a-side", "side"); !slices.ContainsFunc(p.Zones, func(z *v1alpha1.Zone) bool { return z.Name == name }) {
			takenLow(p, name, given, pick(chance, v1alpha1.EnforcementObserve, v1alpha1.EnforcementEnforce))
			p.Conduits = append(p.Conduits, leading(pick(chance, p.Conduits...), to.Name, name))
		}
	}
}

func pick[T any](chance *edits.Chance, list ...T) T { return list[chance.IntN(len(list))] }

// givenUp is what a zone has no more of its first workloads.
func givenUp(z *v1alpha1.Zone, chance *edits.Chance) v1alpha1.WorkloadMembers {
	given, rest := z.Spec.Members.Workloads[0], z.Spec.Members.Workloads[1:]
	if chance.IntN(2) == 0 {
		kept, app := given, pick(chance, "historian", "opcua-server", "scada")
		kept.PodSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
		given.PodSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpNotIn, Values: []string{app}}}}
		rest = append(rest, kept)
	}
	z.Spec.Members.Workloads = rest
	return given
}

// takenLow adds a zone of the lowest level for what another gave up.
func takenLow(p *edits.Plant, name string, given v1alpha1.WorkloadMembers, mode v1alpha1.Enforcement) {
	z := p.Zones[0].DeepCopy()
	z.ObjectMeta, z.Status = metav1.ObjectMeta{Name: name}, v1alpha1.ZoneStatus{}
	z.Spec.SLTarget, z.Spec.Enforcement = v1alpha1.SecurityLevels{All: new(v1alpha1.SecurityLevel)}, mode
	z.Spec.Members = v1alpha1.ZoneMembers{Workloads: []v1alpha1.WorkloadMembers{given}}
	p.Zones = append(p.Zones, z)
}

// leading is a new conduit between two zones, with the flows of another.
func leading(like *v1alpha1.Conduit, from, to string) *v1alpha1.Conduit {
	c := like.DeepCopy()
	c.ObjectMeta, c.Status = metav1.ObjectMeta{Name: "into-" + to}, v1alpha1.ConduitStatus{}
	c.Spec.Initiator, c.Spec.Responders, c.Spec.Exceptions = v1alpha1.ConduitEnd{Zone: from}, []v1alpha1.ConduitEnd{{Zone: to}}, nil
	return c
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
		if f.By != "internal" && (high(was.Zone(f.To.Zone), level) || high(is.Zone(f.To.Zone), level) || comesFrom(c, f.To.Members, level)) {
			t.Fatalf("%+v opens, and nobody approved it", f)
		}
	}
	for _, d := range c.Released {
		if high(was.Zone(d.Zone), level) {
			t.Fatalf("%+v is denied nothing any more, and nobody approved it", d)
		}
	}
}

func high(z *topology.Zone, level int32) bool { return z != nil && z.SL.Highest() >= level }

// comesFrom says that one of these was in a zone from the level on, whichever it is in now.
func comesFrom(c *change.Change, members []string, level int32) bool {
	return slices.ContainsFunc(members, func(name string) bool {
		at := c.Before.Named(name)
		return at >= 0 && high(c.Before.Zones[at], level)
	})
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
