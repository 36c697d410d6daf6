// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/common"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/resource"
	"github.com/argoproj/argo-cd/v3/applicationset/utils"
	argo "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// hub are the objects of config/argocd, by kind and name.
func hub(t *testing.T) map[string]*unstructured.Unstructured {
	t.Helper()
	out := map[string]*unstructured.Unstructured{}
	for _, o := range rendered(t, "../../config/argocd") {
		out[o.GetKind()+"/"+o.GetName()] = o
	}
	return out
}

// read decodes an object into a type of Argo CD's, and refuses fields that it does not have.
func read[T any](t *testing.T, o *unstructured.Unstructured) *T {
	t.Helper()
	if o == nil {
		t.Fatal("there is no such object")
	}
	raw, err := o.MarshalJSON()
	must(t, err)
	out := new(T)
	if err := yaml.UnmarshalStrict(raw, out); err != nil {
		t.Fatalf("%s: %v", name(o), err)
	}
	return out
}

// applications are those that Argo CD's renderer makes for a cluster of the hub.
func applications(t *testing.T, set *argo.ApplicationSet, labels map[string]any) []*argo.Application {
	t.Helper()
	must(t, utils.CheckInvalidGenerators(set))
	var out []*argo.Application
	for _, g := range set.Spec.Generators {
		shared, err := json.Marshal(set.Spec.Template)
		must(t, err)
		own, err := json.Marshal(g.Clusters.Template)
		must(t, err)
		merged, err := jsonpatch.MergePatch(shared, own)
		must(t, err)
		var template argo.ApplicationSetTemplate
		must(t, json.Unmarshal(merged, &template))
		app := &argo.Application{Spec: template.Spec}
		app.Name, app.Labels, app.Annotations = template.Name, template.Labels, template.Annotations
		made, err := (&utils.Render{}).RenderTemplateParams(app, set.Spec.SyncPolicy, map[string]any{
			"name": "ww-17", "nameNormalized": "ww-17", "server": "https://ww-17.example:6443", "metadata": map[string]any{"labels": labels},
		}, set.Spec.GoTemplate, set.Spec.GoTemplateOptions)
		must(t, err)
		out = append(out, made)
	}
	return out
}

func siteLabels(ring string) map[string]any {
	return map[string]any{"zonewarden.io/site": "ww-17", "zonewarden.io/ring": ring}
}

func TestApplicationSet(t *testing.T) {
	t.Parallel()
	set := read[argo.ApplicationSet](t, hub(t)["ApplicationSet/zonewarden"])
	apps := applications(t, set, siteLabels("ring-1"))
	if len(apps) != 2 {
		t.Fatalf("%d applications for a site", len(apps))
	}
	var got []string
	for _, app := range apps {
		got = append(got, fmt.Sprintf("%s in %s: %s to %s", app.Name, app.Spec.Project, app.Spec.Source.Path, app.Spec.Destination.Server))
		p := app.Spec.SyncPolicy
		if *p.Automated.Prune || *p.Automated.SelfHeal || p.Retry == nil || p.Retry.Limit < 2 {
			t.Errorf("%s: %+v, retries %+v", app.Name, p.Automated, p.Retry)
		}
		for _, option := range []string{"ApplyOutOfSyncOnly=true", "ServerSideApply=true"} {
			if !p.SyncOptions.HasOption(option) {
				t.Errorf("%s has no %s", app.Name, option)
			}
		}
		if len(app.Spec.IgnoreDifferences) > 0 {
			t.Errorf("%s ignores differences: there are none that the operator makes", app.Name)
		}
		if len(app.Finalizers) > 0 {
			t.Errorf("%s takes the plant with it when it goes: %v", app.Name, app.Finalizers)
		}
		if app.Annotations["argocd.argoproj.io/compare-options"] != "ServerSideDiff=true" {
			t.Errorf("%s compares by %v", app.Name, app.Annotations)
		}
	}
	if diff := cmp.Diff([]string{
		"ww-17-operator in zonewarden-operator: charts/zonewarden to https://ww-17.example:6443",
		"ww-17-plant in zonewarden-plants: sites/ww-17 to https://ww-17.example:6443",
	}, got); diff != "" {
		t.Errorf("applications (-want +got):\n%s", diff)
	}
	if p := set.Spec.SyncPolicy; !p.PreserveResourcesOnDeletion || p.ApplicationsSync == nil || p.ApplicationsSync.AllowDelete() {
		t.Errorf("the set takes plants with it when it goes: %+v", p)
	}
	var values map[string]any
	must(t, json.Unmarshal(apps[0].Spec.Source.Helm.ValuesObject.Raw, &values))
	if digest, _, _ := unstructured.NestedString(values, "image", "digest"); !strings.HasPrefix(digest, "sha256:") {
		t.Errorf("the image is not named by digest: %v", values)
	}
	if create, found, _ := unstructured.NestedBool(values, "site", "create"); create || !found {
		t.Errorf("the chart makes a Site beside the plant's: %v", values)
	}
}

// TestEachRingHasItsSteps: an Application that no step means is never synced.
func TestEachRingHasItsSteps(t *testing.T) {
	t.Parallel()
	set := read[argo.ApplicationSet](t, hub(t)["ApplicationSet/zonewarden"])
	var order []string
	for _, step := range set.Spec.Strategy.RollingSync.Steps {
		for _, e := range step.MatchExpressions {
			if e.Operator != "In" {
				t.Errorf("operator %s", e.Operator)
			}
			for _, v := range e.Values {
				order = append(order, e.Key+"="+v)
			}
		}
	}
	var want []string
	for _, ring := range []string{"canary", "ring-1", "ring-2"} {
		for _, app := range applications(t, set, siteLabels(ring)) {
			want = append(want, "zonewarden.io/rollout="+app.Labels["zonewarden.io/rollout"])
		}
	}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	for _, g := range set.Spec.Generators {
		e := g.Clusters.Selector.MatchExpressions
		if i := slices.IndexFunc(e, func(r metav1.LabelSelectorRequirement) bool { return r.Key == "zonewarden.io/ring" }); i < 0 || len(e[i].Values) != 3 {
			t.Errorf("a site without one of the rings would get an Application that no step means: %v", e)
		}
	}
}

// TestProjects: the fleet passes the project of plants, and what is people's does not.
func TestProjects(t *testing.T) {
	t.Parallel()
	objects := hub(t)
	read[argo.AppProject](t, objects["AppProject/zonewarden-operator"])
	project := read[argo.AppProject](t, objects["AppProject/zonewarden-plants"])
	clusterWide := func(kind string) bool { return kind != "WorkloadCertificate" }
	may := func(group, kind, name string) bool {
		return project.IsGroupKindNamePermitted(schema.GroupKind{Group: group, Kind: kind}, name, !clusterWide(kind))
	}
	for _, site := range []string{"ww-17", "ww-18", "ww-19"} {
		for _, o := range fleet(t, site) {
			if !may(o.GroupVersionKind().Group, o.GetKind(), o.GetName()) {
				t.Errorf("%s is refused", name(o))
			}
		}
	}
	if !may("zonewarden.io", "WorkloadCertificate", "x") {
		t.Error("certificates are refused")
	}
	for _, kind := range []string{"VendorAccessWindow", "Approval", "AccessLock", "NodeReport"} {
		if may("zonewarden.io", kind, "x") {
			t.Errorf("%s may come from Git", kind)
		}
	}
	for _, policy := range []string{"cilium.io/CiliumClusterwideNetworkPolicy", "rbac.authorization.k8s.io/ClusterRole", "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding"} {
		group, kind, _ := strings.Cut(policy, "/")
		if may(group, kind, "x") {
			t.Errorf("%s may come with a plant", policy)
		}
	}
	for _, set := range applications(t, read[argo.ApplicationSet](t, objects["ApplicationSet/zonewarden"]), siteLabels("canary")) {
		if objects["AppProject/"+set.Spec.Project] == nil {
			t.Errorf("%s is of project %s, which there is not", set.Name, set.Spec.Project)
		}
	}
}

// TestAnApplicationThatGoesLeavesThePlant: whatever the project of plants lets through is left
// where the Application is deleted with what it synced. A conduit that went without its zones
// would leave what denies, and take what is allowed.
func TestAnApplicationThatGoesLeavesThePlant(t *testing.T) {
	t.Parallel()
	project := read[argo.AppProject](t, hub(t)["AppProject/zonewarden-plants"])
	var kinds []schema.GroupKind
	for _, k := range project.Spec.ClusterResourceWhitelist {
		kinds = append(kinds, schema.GroupKind{Group: k.Group, Kind: k.Kind})
	}
	for _, k := range project.Spec.NamespaceResourceWhitelist {
		kinds = append(kinds, schema.GroupKind{Group: k.Group, Kind: k.Kind})
	}
	waves, err := os.ReadFile("../../config/argocd/waves/kustomization.yaml")
	must(t, err)
	files := filesys.MakeFsInMemory()
	must(t, files.WriteFile("/waves/kustomization.yaml", waves))
	must(t, files.WriteFile("/site/kustomization.yaml", []byte("resources: [objects.yaml]\ncomponents: [../waves]\n")))
	var objects strings.Builder
	for _, k := range kinds {
		version := "v1"
		if k.Group != "" {
			version = k.Group + "/v1alpha1"
		}
		fmt.Fprintf(&objects, "---\napiVersion: %s\nkind: %s\nmetadata: {name: one}\n", version, k.Kind)
	}
	must(t, files.WriteFile("/site/objects.yaml", []byte(objects.String())))
	made := renderedFrom(t, files, "/site")
	if len(made) != len(kinds) {
		t.Fatalf("%d objects of %d kinds", len(made), len(kinds))
	}
	for _, o := range made {
		// As Argo CD's controller asks (shouldBeDeleted): the annotation, else the Application's.
		option := resource.GetAnnotationOptionValue(o, common.AnnotationSyncOptions, common.SyncOptionDelete)
		if option == nil || *option != common.SyncValueFalse {
			t.Errorf("%s goes with its Application: %v", name(o), o.GetAnnotations())
		}
	}
}
