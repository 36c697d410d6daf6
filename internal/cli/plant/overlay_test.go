// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/cli/manifest"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
)

var today = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// site selects namespaces by scope, and pods by app.
const site = `apiVersion: zonewarden.io/v1alpha1
kind: Site
metadata: {name: site}
spec: {id: a, scope: {namespaceSelector: {matchLabels: {scope: ot}}}, zoneLabelKeys: [app]}`

// zone has all pods of a namespace, or those of an application.
func zone(name, members string) string {
	return `apiVersion: zonewarden.io/v1alpha1
kind: Zone
metadata: {name: ` + name + `}
spec: {purdue: L2, type: Control, owner: o, slTarget: {all: 1}, members: {workloads: [` + members + `]}}`
}

func namespace(name, labels string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {%s}}", name, labels)
}

func pod(labels string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: opc-7d9, namespace: cell, labels: {%s}}", labels)
}

func deployment(replicas int, labels string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: opc, namespace: cell}
spec: {replicas: %d, template: {metadata: {labels: {%s}}}}`, replicas, labels)
}

// declared is the site of some documents.
func declared(t *testing.T, docs ...string) *plant.Plant {
	t.Helper()
	set, err := manifest.Read(strings.NewReader(strings.Join(docs, "\n---\n")), "-")
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Problems) > 0 {
		t.Fatal(set.Problems)
	}
	p, err := plant.FromFiles("a", set, today)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	inCell     = zone("cell", "{namespaces: [cell]}")
	byArea     = zone("cell", "{namespaceSelector: {matchLabels: {area: cell}}}")
	byApp      = zone("cell", "{namespaces: [cell], podSelector: {matchLabels: {app: opc}}}")
	someLabels = []string{"area", "scope", "team"}
)

func assumed(n string) string {
	return n + " that zones name and no file declares, with the labels of the Site's scope"
}

// namespaces are laid over others: what the one of the name cell is labelled with then, and
// what is said of it.
var namespaces = map[string]struct {
	there, files []string
	live, prune  bool
	want         string
	said         []string
}{
	"a label that a folder no longer has": {
		there: []string{site, inCell, namespace("cell", "scope: ot, team: a")}, files: []string{site, inCell, namespace("cell", "team: a")},
		want: "team=a",
	},
	"one that a folder does not name": {
		there: []string{site, inCell, namespace("cell", "scope: ot")}, files: []string{site, inCell}, want: "scope=ot",
	},
	"one without the labels, that a file's zone names": {
		there: []string{site, namespace("cell", "team: a")}, files: []string{site, inCell}, want: "team=a",
	},
	"one that nobody declares": {
		files: []string{site, inCell}, want: "scope=ot", said: []string{assumed("1 namespace")},
	},
	"more of them": {
		files: []string{site, zone("cell", "{namespaces: [cell, room]}")}, want: "scope=ot", said: []string{assumed("2 namespaces")},
	},
	"one that is assumed for a zone that stays": {
		there: []string{site, inCell}, files: []string{zone("room", "{namespaces: [cell]}")}, want: "scope=ot", said: []string{assumed("1 namespace")},
	},
	"one that was assumed for a zone that goes": {
		there: []string{site, inCell}, files: []string{site}, prune: true, want: "not there",
	},
	"one that was assumed and is declared": {
		there: []string{site, inCell}, files: []string{site, inCell, namespace("cell", "team: a")}, want: "team=a",
	},
	"one that is assumed with the scope that files change": {
		there: []string{site, inCell}, files: []string{strings.Replace(site, "scope: ot", "scope: ics", 1)}, want: "scope=ics", said: []string{assumed("1 namespace")},
	},
	"a label that a cluster has and its manifest does not name": {
		live: true, there: []string{site, inCell, namespace("cell", "scope: ot, team: a")}, files: []string{site, inCell, namespace("cell", "")},
		want: "scope=ot team=a", said: []string{"namespace cell carries scope, which its manifest does not name: applying it may take that off"},
	},
	"one by which a zone selects": {
		live: true, there: []string{site, byArea, namespace("cell", "scope: ot, area: cell")}, files: []string{namespace("cell", "team: a")},
		want: "area=cell scope=ot team=a", said: []string{"namespace cell carries area, scope, which its manifest does not name: applying it may take that off"},
	},
	"one by which nothing selects": {
		live: true, there: []string{site, inCell, namespace("cell", "scope: ot, team: a")}, files: []string{namespace("cell", "scope: ot")}, want: "scope=ot team=a",
	},
	"a cluster's label that is another": {
		live: true, there: []string{site, inCell, namespace("cell", "scope: ot")}, files: []string{namespace("cell", "scope: it")}, want: "scope=it",
	},
	"one without the labels in a cluster, that a file's zone names": {
		live: true, there: []string{namespace("cell", "team: a")}, files: []string{site, inCell}, want: "team=a",
	},
	"one that a cluster does not have either": {
		live: true, there: []string{namespace("room", "")}, files: []string{site, inCell}, want: "scope=ot",
		said: []string{"1 namespace that zones name and neither the cluster shows nor a file declares, with the labels of the Site's scope"},
	},
}

func TestNamespacesAreLaidOver(t *testing.T) {
	for name, tt := range namespaces {
		t.Run(name, func(t *testing.T) {
			before := declared(t, tt.there...)
			before.Live = tt.live
			// The Site leaves the backend open, which is assumed as well.
			before.Assumed = nil
			files := declared(t, tt.files...)
			files.Assumed = nil
			after := before.With(files, tt.prune)
			if got := cell(after); got != tt.want {
				t.Errorf("labelled %q, want %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.said, append(after.Unseen, after.Assumptions()...)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// cell is some labels of the namespace of that name.
func cell(p *plant.Plant) string {
	for _, ns := range p.Namespaces {
		if ns.Name != "cell" {
			continue
		}
		var out []string
		for _, key := range someLabels {
			if value, ok := ns.Labels[key]; ok {
				out = append(out, key+"="+value)
			}
		}
		return strings.Join(out, " ")
	}
	return "not there"
}

// TestWhatIsLaidOverStaysAsItWas: files may be laid over several sites, each of which is
// looked at before and after.
func TestWhatIsLaidOverStaysAsItWas(t *testing.T) {
	before, files := declared(t, site, inCell, namespace("cell", "scope: ot")), declared(t, namespace("cell", "team: a"))
	before.Live = true
	_ = before.With(files, false)
	got := []string{cell(before), cell(files), cell(before.With(files, false))}
	if diff := cmp.Diff([]string{"scope=ot", "team=a", "scope=ot team=a"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// workloads of files, and what is said of them by the pods that are there.
var workloads = map[string]struct {
	there, files []string
	live         bool
	said         string
}{
	"as it is":                            {there: []string{site, byApp, deployment(1, "app: opc")}, files: []string{deployment(3, "app: opc")}},
	"labelled otherwise":                  {there: []string{site, byApp, deployment(1, "app: opc")}, files: []string{deployment(1, "app: opc-2")}, said: "cell/opc"},
	"with a label more":                   {there: []string{site, byApp, conduit, deployment(1, "app: opc")}, files: []string{deployment(1, "app: opc, tier: a")}, said: "cell/opc"},
	"with a label less":                   {there: []string{site, byApp, conduit, deployment(1, "app: opc, tier: a")}, files: []string{deployment(1, "app: opc")}, said: "cell/opc"},
	"with a label by which nothing goes":  {there: []string{site, byApp, deployment(1, "app: opc")}, files: []string{deployment(1, "app: opc, version: v2")}},
	"by a zone of the files":              {there: []string{deployment(1, "app: opc")}, files: []string{site, byApp, deployment(1, "app: opc-2")}, said: "cell/opc"},
	"new":                                 {files: []string{deployment(1, "app: opc")}, said: "cell/opc"},
	"new, and without pods":               {files: []string{deployment(0, "app: opc")}},
	"a new job":                           {files: []string{job}, said: "cell/nightly"},
	"a cluster's job without pods":        {live: true, files: []string{job}},
	"in another namespace":                {there: []string{strings.Replace(pod("app: opc"), "namespace: cell", "namespace: room", 1)}, files: []string{deployment(1, "app: opc")}, said: "cell/opc"},
	"not in the files":                    {there: []string{deployment(1, "app: opc")}},
	"as its pod":                          {there: []string{site, byApp, pod("app: opc")}, files: []string{pod("app: opc, pod-template-hash: 7d9")}},
	"by a label of a controller":          {there: []string{site, strings.Replace(byApp, "app", "pod-template-hash", 1), pod("pod-template-hash: 7d9")}, files: []string{deployment(1, "")}},
	"a pod of no workload":                {there: []string{site, byApp, pod("app: opc")}, files: []string{pod("app: opc-2")}, said: "cell/opc-7d9"},
	"a pod of the namespace default":      {there: []string{inDefault(deployment(1, "app: opc"))}, files: []string{inDefault(pod("app: opc"))}},
	"not labelled":                        {there: []string{deployment(1, "")}, files: []string{deployment(1, "")}},
	"a cluster's pod":                     {live: true, there: []string{site, byApp, pod("app: opc, pod-template-hash: 7d9, mesh: istio")}, files: []string{deployment(1, "app: opc")}},
	"a cluster's pod labelled otherwise":  {live: true, there: []string{site, byApp, pod("app: opc, mesh: istio")}, files: []string{deployment(1, "app: opc-2")}, said: "cell/opc"},
	"a cluster's pod with a label less":   {live: true, there: []string{site, byApp, conduit, pod("app: opc")}, files: []string{deployment(1, "app: opc, tier: a")}, said: "cell/opc"},
	"a label that a zone selects by":      {live: true, there: []string{site, byApp, pod("app: opc, tier: a")}, files: []string{deployment(1, "tier: a")}, said: "cell/opc"},
	"a label that a conduit selects by":   {live: true, there: []string{conduit, pod("app: opc, tier: a")}, files: []string{deployment(1, "app: opc")}, said: "cell/opc"},
	"one that its initiator selects by":   {live: true, there: []string{conduit, pod("app: opc, role: client")}, files: []string{deployment(1, "app: opc")}, said: "cell/opc"},
	"one that nothing selects by":         {live: true, there: []string{site, byApp, pod("app: opc, tier: a")}, files: []string{deployment(1, "app: opc")}},
	"a cluster's pods that no file holds": {live: true, there: []string{pod("app: opc")}, files: []string{site}},
}

// job has no pods but at night.
const job = `apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: cell}
spec: {schedule: "0 2 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}`

// inDefault is a manifest that leaves its namespace open.
func inDefault(doc string) string { return strings.Replace(doc, ", namespace: cell", "", 1) }

// conduit selects pods by role and by tier.
const conduit = `apiVersion: zonewarden.io/v1alpha1
kind: Conduit
metadata: {name: poll}
spec: {initiator: {zone: room, workloads: {matchLabels: {role: client}}}, responders: [{zone: cell, workloads: {matchLabels: {tier: a}}}], flows: [{protocol: opcua-tcp}], why: {need: values, riskOwner: a}}`

func TestWorkloadsThatDiffer(t *testing.T) {
	for name, tt := range workloads {
		t.Run(name, func(t *testing.T) {
			before := declared(t, tt.there...)
			before.Live = tt.live
			var want []string
			if tt.said != "" {
				want = []string{tt.said}
			}
			if diff := cmp.Diff(want, before.With(declared(t, tt.files...), false).Workloads); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// guarded is a cluster with nothing in it, where pods may not be listed.
type guarded struct{ refuses bool }

func (g guarded) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return apierrors.NewNotFound(schema.GroupResource{}, "")
}

func (g guarded) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	if _, ok := list.(*corev1.PodList); ok && g.refuses {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", nil)
	}
	return nil
}

// TestPodsThatNobodyMaySeeAreNotNew: of pods that may not be listed nothing is said but that.
func TestPodsThatNobodyMaySeeAreNotNew(t *testing.T) {
	for refuses, want := range map[bool][]string{false: {"cell/opc"}, true: nil} {
		p, err := plant.FromCluster(t.Context(), guarded{refuses}, "a", today)
		if err != nil {
			t.Fatal(err)
		}
		after := p.With(declared(t, deployment(1, "app: opc")), false)
		if diff := cmp.Diff(want, after.Workloads); diff != "" || refuses != (len(after.Unseen) > 0) {
			t.Errorf("refused: %t, unseen %v, workloads (-want +got)\n%s", refuses, after.Unseen, diff)
		}
	}
}
