// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestLint as Helm judges it, warnings included.
func TestLint(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/values/*.yaml")
	must(t, err)
	for _, f := range append(files, filepath.Join(theChart, "values.yaml")) {
		if out, err := helm(t, "lint", "--strict", "--namespace", namespace, "--values", f, theChart); err != nil {
			t.Errorf("%s: %v\n%s", f, err, out)
		}
	}
}

// TestGolden: what the chart's own templates make of each file of values, in full, and of
// the copies of config/ the names. TestCopies compares those.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/values/*.yaml")
	must(t, err)
	if len(files) < 4 {
		t.Fatalf("%d files of values", len(files))
	}
	shipped := shippedByKey(t)
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			for _, o := range rendered(t, "--values", f) {
				if shipped[key(o)] != nil && o.GetKind() != "Deployment" && o.GetKind() != "DaemonSet" {
					fmt.Fprintf(&b, "---\n# as config/ has it: %s%s\n", key(o), keptMark(o))
					continue
				}
				raw, err := yaml.Marshal(o.Object)
				must(t, err)
				fmt.Fprintf(&b, "---\n%s", raw)
			}
			golden := filepath.Join("testdata", "golden", name+".yaml")
			if *update {
				must(t, os.MkdirAll(filepath.Dir(golden), 0o750))
				must(t, os.WriteFile(golden, []byte(b.String()), 0o600))
			}
			want, err := os.ReadFile(golden)
			must(t, err)
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Errorf("with %s (-golden +rendered; -update writes it):\n%s", f, diff)
			}
		})
	}
}

func keptMark(o *unstructured.Unstructured) string {
	if o.GetAnnotations()["helm.sh/resource-policy"] == "keep" {
		return ", kept"
	}
	return ""
}

// everything turns on what is off by default and is a copy of config/.
var everything = []string{"--set", "node.enabled=true,certificates.enabled=true,serviceMonitor.enabled=true,prometheusRule.enabled=true,dashboard.enabled=true"}

// ofTheChart are objects that config/ does not have.
var ofTheChart = sets.New("NetworkPolicy/zonewarden-system/zonewarden", "PodDisruptionBudget/zonewarden-system/zonewarden")

// TestCopies: the chart with everything turned on installs what config/ does, object by
// object, but for the release's own namespace, two objects more, and what Helm's users
// expect in metadata.
func TestCopies(t *testing.T) {
	t.Parallel()
	got := map[string]*unstructured.Unstructured{}
	for _, o := range rendered(t, append(everything, "--set", "replicas=1,image.repository=zonewarden,image.tag=dev")...) {
		if got[key(o)] != nil {
			t.Errorf("%s stands twice", key(o))
		}
		if !ofTheChart.Has(key(o)) {
			got[key(o)] = o
		}
	}
	want := shippedByKey(t)
	delete(want, "Namespace/"+namespace)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Fatalf("objects (-config/ +chart):\n%s", diff)
	}
	for k, o := range want {
		if diff := cmp.Diff(plain(o), plain(got[k]), sameLines); diff != "" {
			t.Errorf("%s (-config/ +chart):\n%s", k, diff)
		}
	}
}

// sameLines: kustomize folds expressions anew, with empty lines that the files do not have.
var sameLines = cmp.FilterValues(func(a, b string) bool { return strings.Contains(a+b, "\n\n") }, cmp.Comparer(func(a, b string) bool {
	return emptyLines.ReplaceAllString(a, "\n") == emptyLines.ReplaceAllString(b, "\n")
}))

var emptyLines = regexp.MustCompile(`\n\n+`)

// plain is an object without what a release says about itself.
func plain(o *unstructured.Unstructured) map[string]any {
	o = o.DeepCopy()
	labels := o.GetLabels()
	maps.DeleteFunc(labels, func(k, _ string) bool {
		return slices.Contains([]string{"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version", "helm.sh/chart"}, k)
	})
	o.SetLabels(labels)
	annotations := o.GetAnnotations()
	delete(annotations, "helm.sh/resource-policy")
	o.SetAnnotations(annotations)
	if len(annotations) == 0 {
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations")
	}
	return o.Object
}

// shippedByKey are the objects of config/, as kubectl sends them.
func shippedByKey(t *testing.T) map[string]*unstructured.Unstructured {
	t.Helper()
	out := map[string]*unstructured.Unstructured{}
	for _, folder := range []string{"default", "node", "certificates", "prometheus", "grafana"} {
		for _, o := range kustomized(t, root("config", folder)) {
			out[key(o)] = o
		}
	}
	return out
}

// oneAtATime: kustomize keeps schemas in variables of its package.
var oneAtATime = make(chan struct{}, 1)

func kustomized(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	oneAtATime <- struct{}{}
	defer func() { <-oneAtATime }()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	must(t, err)
	var out []*unstructured.Unstructured
	for _, r := range resources.Resources() {
		// Not AsYaml, whose folded strings have other line ends than the files.
		raw, err := r.MarshalJSON()
		must(t, err)
		o := &unstructured.Unstructured{}
		must(t, yaml.Unmarshal(raw, &o.Object))
		out = append(out, o)
	}
	return out
}

// TestWhatStays: exactly the definitions, the guard, and who may pass it, what goes with the
// namespace of windows, and the Site.
func TestWhatStays(t *testing.T) {
	t.Parallel()
	operators := []string{"zonewarden", "zonewarden-enforcer", "zonewarden-window-granter", "zonewarden-node", "zonewarden-certificates", "zonewarden-authorities"}
	bindings := "rbac.bindings.shift={a},rbac.bindings.auditors={b},site.create=true,site.spec.id=x"
	for _, o := range rendered(t, append(everything, "--set", bindings)...) {
		var stays bool
		switch o.GetKind() {
		case "CustomResourceDefinition", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "Site":
			stays = true
		case "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
			stays = !slices.Contains(operators, o.GetName())
		case "NetworkPolicy":
			stays = o.GetName() == "default-deny"
		}
		if got := keptMark(o) != ""; got != stays {
			t.Errorf("%s stays when the release goes: %t, want %t", key(o), got, stays)
		}
	}
	for _, o := range rendered(t, append(everything, "--set", bindings+",guard.keep=false,crds.keep=false")...) {
		stays := o.GetKind() == "Site" || o.GetNamespace() == "zonewarden-access"
		if got := keptMark(o) != ""; got != stays {
			t.Errorf("with nothing to be kept, %s stays: %t, want %t", key(o), got, stays)
		}
	}
}

// TestTheGuardComesLast in the order in which Helm sends what it renders, after the definitions
// that its parameters are of.
func TestTheGuardComesLast(t *testing.T) {
	t.Parallel()
	var order []string
	for _, o := range rendered(t) {
		if k := o.GetKind(); len(order) == 0 || order[len(order)-1] != k {
			order = append(order, k)
		}
	}
	at := func(kind string) int { return slices.Index(order, kind) }
	if at("CustomResourceDefinition") > at("Deployment") || at("ValidatingAdmissionPolicy") != len(order)-2 || at("ValidatingAdmissionPolicyBinding") != len(order)-1 {
		t.Errorf("Helm sends %v", order)
	}
}

// TestEveryRoleCanBeBound by a list of groups, but for those that are bound per namespace or
// that are no person's; and each list binds the role that it says, and no other.
func TestEveryRoleCanBeBound(t *testing.T) {
	t.Parallel()
	elsewhere := sets.New("zonewarden", "zonewarden-enforcer", "zonewarden-window-granter", "zonewarden-network-plugin", "zonewarden-certificate-author")
	want := map[string]string{
		"siteAdministrators": "zonewarden-site-administrator", "conduitAuthors": "zonewarden-conduit-author",
		"requesters": "zonewarden-access-requester", "approvers": "zonewarden-access-approver", "openingApprovers": "zonewarden-opening-approver", "shift": "zonewarden-shift",
		"breakGlass": "zonewarden-break-glass", "auditors": "zonewarden-auditor", "planners": "zonewarden-planner",
		"viewers": "zonewarden-viewer", "vendors": "zonewarden-vendor",
	}
	roles := sets.New(slices.Collect(maps.Values(want))...)
	for _, o := range rendered(t) {
		if o.GetKind() == "ClusterRole" && !elsewhere.Has(o.GetName()) && !roles.Has(o.GetName()) {
			t.Errorf("no list of groups binds %s", o.GetName())
		}
	}
	for list, role := range want {
		for _, o := range rendered(t, "--set", "rbac.bindings."+list+"={g}", "--show-only", "templates/rbac/bindings.yaml") {
			bound, _, err := unstructured.NestedString(o.Object, "roleRef", "name")
			if err != nil || bound != role {
				t.Errorf("%s binds %s, %v", list, bound, err)
			}
		}
	}
}
