// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// guard is what the manifests hold.
type guard struct {
	policies map[string]*admissionregistrationv1.ValidatingAdmissionPolicy
	bindings map[string]*admissionregistrationv1.ValidatingAdmissionPolicyBinding
}

// load decodes the manifests, strictly.
func load(t *testing.T) guard {
	t.Helper()
	g := guard{
		map[string]*admissionregistrationv1.ValidatingAdmissionPolicy{},
		map[string]*admissionregistrationv1.ValidatingAdmissionPolicyBinding{},
	}
	for _, raw := range Manifests() {
		var kind metav1.TypeMeta
		must(t, yaml.Unmarshal(raw, &kind))
		switch kind.Kind {
		case "ValidatingAdmissionPolicy":
			p := &admissionregistrationv1.ValidatingAdmissionPolicy{}
			must(t, yaml.UnmarshalStrict(raw, p))
			g.policies[p.Name] = p
		case "ValidatingAdmissionPolicyBinding":
			b := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}
			must(t, yaml.UnmarshalStrict(raw, b))
			g.bindings[b.Name] = b
		default:
			t.Errorf("kind %q", kind.Kind)
		}
	}
	if len(g.policies)+len(g.bindings) != len(Manifests()) || len(g.policies) == 0 {
		t.Fatalf("%d policies and %d bindings of %d manifests: two have one name", len(g.policies), len(g.bindings), len(Manifests()))
	}
	return g
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestKustomization: kubectl sends what is compiled in.
func TestKustomization(t *testing.T) {
	t.Parallel()
	raw, err := files.ReadFile(kustomization)
	must(t, err)
	var listed struct {
		Resources []string `json:"resources"`
	}
	must(t, yaml.Unmarshal(raw, &listed))
	found, err := filepath.Glob("*.yaml")
	must(t, err)
	found = slices.DeleteFunc(found, func(f string) bool { return f == kustomization })
	if diff := cmp.Diff(found, listed.Resources); diff != "" {
		t.Errorf("%s (-folder +listed):\n%s", kustomization, diff)
	}
	for _, f := range found {
		if content, err := os.ReadFile(f); err != nil || !strings.HasPrefix(string(content), "# ") {
			t.Errorf("%s does not begin by saying what it is for: %v", f, err)
		}
	}
}

// TestEveryPolicyActs: one that is not bound does nothing, one that fails open is none, and
// one without our label stays when the glass is broken.
func TestEveryPolicyActs(t *testing.T) {
	t.Parallel()
	g := load(t)
	bound := map[string]int{}
	for name, b := range g.bindings {
		p := g.policies[b.Spec.PolicyName]
		if p == nil {
			t.Errorf("binding %s is of policy %q", name, b.Spec.PolicyName)
			continue
		}
		bound[p.Name]++
		checkObject(t, b.ObjectMeta)
		want := admissionregistrationv1.Deny
		if strings.HasSuffix(name, "-warning") {
			want = admissionregistrationv1.Warn
		}
		if diff := cmp.Diff([]admissionregistrationv1.ValidationAction{want}, b.Spec.ValidationActions); diff != "" {
			t.Errorf("actions of binding %s (-want +got):\n%s", name, diff)
		}
		if b.Spec.MatchResources != nil {
			t.Errorf("binding %s matches less than its policy", name)
		}
		checkParameter(t, p, b)
	}
	for name, p := range g.policies {
		checkObject(t, p.ObjectMeta)
		if bound[name] == 0 {
			t.Errorf("policy %s is not bound", name)
		}
		if p.Spec.FailurePolicy == nil || *p.Spec.FailurePolicy != admissionregistrationv1.Fail {
			t.Errorf("policy %s fails open", name)
		}
	}
}

func checkObject(t *testing.T, o metav1.ObjectMeta) {
	t.Helper()
	labels := map[string]string{"app.kubernetes.io/part-of": "zonewarden", "zonewarden.io/guard": "admission"}
	if diff := cmp.Diff(labels, o.Labels); diff != "" {
		t.Errorf("labels of %s, by which it is found and removed (-want +got):\n%s", o.Name, diff)
	}
	if o.Annotations["helm.sh/resource-policy"] != "keep" {
		t.Errorf("%s goes with the chart", o.Name)
	}
}

func checkParameter(t *testing.T, p *admissionregistrationv1.ValidatingAdmissionPolicy, b *admissionregistrationv1.ValidatingAdmissionPolicyBinding) {
	t.Helper()
	ref := b.Spec.ParamRef
	switch {
	case p.Spec.ParamKind == nil && ref == nil:
	case p.Spec.ParamKind == nil:
		t.Errorf("binding %s has a parameter and its policy has none", b.Name)
	case ref == nil:
		if !slices.ContainsFunc(p.Spec.Variables, func(v admissionregistrationv1.Variable) bool { return strings.Contains(v.Expression, "params != null") }) {
			t.Errorf("binding %s has no parameter and its policy needs one", b.Name)
		}
	case ref.ParameterNotFoundAction == nil || *ref.ParameterNotFoundAction != admissionregistrationv1.AllowAction:
		t.Errorf("binding %s refuses everything where there is no %s", b.Name, p.Spec.ParamKind.Kind)
	case p.Spec.ParamKind.Kind == "Site" && ref.Name != "site":
		t.Errorf("binding %s takes the Site %q", b.Name, ref.Name)
	case p.Spec.ParamKind.Kind == "Zone" && (ref.Selector == nil || len(ref.Selector.MatchLabels)+len(ref.Selector.MatchExpressions) > 0):
		t.Errorf("binding %s does not take every Zone", b.Name)
	}
}

// TestSystemNamespacesAreSpared: a policy that cannot read its parameter refuses all that it
// matches, before any expression and any binding is looked at. The cluster's own namespaces
// must then still work, so the policy itself leaves them out.
func TestSystemNamespacesAreSpared(t *testing.T) {
	t.Parallel()
	spared := []metav1.LabelSelectorRequirement{{
		Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"kube-system", "kube-node-lease", "kube-public"},
	}}
	// They are about objects out of namespaces, or about one object of kube-system.
	except := []string{
		"zonewarden-foreign-cluster-policies", "zonewarden-node-access", "zonewarden-plugin-routes", "zonewarden-plugin-config-accounts",
		"zonewarden-window-limits", "zonewarden-approval-limits", "zonewarden-openings",
	}
	for name, p := range load(t).policies {
		var got []metav1.LabelSelectorRequirement
		if s := p.Spec.MatchConstraints.NamespaceSelector; s != nil {
			got = s.MatchExpressions
		}
		if p.Spec.ParamKind == nil || slices.Contains(except, name) {
			continue
		}
		if diff := cmp.Diff(spared, got); diff != "" {
			t.Errorf("namespaces of %s (-want +got):\n%s", name, diff)
		}
	}
}

// TestRunningPlantNeedsNoParameter: what kubelets, the scheduler, the network plugin and the
// operator write all the time must not wait until the API server has found our definitions.
// What people declare waits where the Site may ask for its author; to delete a Conduit does not.
func TestRunningPlantNeedsNoParameter(t *testing.T) {
	t.Parallel()
	never := []string{
		"pods/status", "pods/binding", "bindings", "namespaces/status", "namespaces/finalize", "services/status",
		"ciliumendpoints", "ciliumendpointslices", "ciliumidentities", "ciliumnodes", "ciliumcidrgroups", "*",
		"zones/status", "conduits/status", "assets/status", "sites/status", "vendors/status", "vendoraccesswindows/status", "approvals/status", "accesslocks/status",
	}
	mayHang := map[string][]string{"zonewarden-plugin-routes": nil, "zonewarden-openings": {"zones"}} // nil: of everything that it matches
	for name, p := range load(t).policies {
		for _, r := range p.Spec.MatchConstraints.ResourceRules {
			for _, resource := range r.Resources {
				if p.Spec.ParamKind != nil && slices.Contains(never, resource) {
					t.Errorf("%s has a parameter and matches %s", name, resource)
				}
			}
			of, known := mayHang[name]
			if p.Spec.ParamKind != nil && slices.Contains(r.Operations, admissionregistrationv1.Delete) && len(r.ResourceNames) == 0 && (!known || of != nil && !slices.Equal(of, r.Resources)) {
				t.Errorf("%s has a parameter and matches deletions, which must not hang", name)
			}
		}
	}
}

// TestRefusalsSaySomething: a refusal without a message shows its expression.
func TestRefusalsSaySomething(t *testing.T) {
	t.Parallel()
	for name, p := range load(t).policies {
		for i, v := range p.Spec.Validations {
			if v.Message == "" && v.MessageExpression == "" {
				t.Errorf("validation %d of %s has no message", i, name)
			}
			if strings.Contains(v.Message, "\n") {
				t.Errorf("message %d of %s has lines, which the API server does not show", i, name)
			}
			if v.Reason == nil || *v.Reason != metav1.StatusReasonForbidden {
				t.Errorf("validation %d of %s is not Forbidden", i, name)
			}
		}
	}
}

// shared are variables that several policies have; who mends one has to mend all. A
// second wording may stand where the first cannot.
var shared = map[string]int{
	"active": 1, "inScope": 1, "keys": 2, "labels": 2, "takesInterfaces": 1,
	"assign": 3, "enter": 1, "expose": 3, "exempt": 3, "enforce": 1, "bound": 2, "everything": 1,
}

func TestSharedVariablesAreTheSame(t *testing.T) {
	t.Parallel()
	wordings := map[string]map[string][]string{}
	for name, p := range load(t).policies {
		for _, v := range p.Spec.Variables {
			text := strings.Join(strings.Fields(v.Expression), " ")
			if wordings[v.Name] == nil {
				wordings[v.Name] = map[string][]string{}
			}
			wordings[v.Name][text] = append(wordings[v.Name][text], name)
		}
	}
	for name, most := range shared {
		if got := len(wordings[name]); got == 0 || got > most {
			t.Errorf("variable %s has %d wordings, not up to %d: %v", name, got, most, slices.Collect(maps.Keys(wordings[name])))
		}
	}
}

// calls finds the names of functions and macros in an expression.
var (
	calls  = regexp.MustCompile(`([A-Za-z_.]+)\(`)
	quoted = regexp.MustCompile(`"[^"]*"`)
)

// TestExpressionsAreOldEnough keeps to what Kubernetes 1.30 knows; see ADR 0008.
func TestExpressionsAreOldEnough(t *testing.T) {
	t.Parallel()
	known := []string{
		"has", "all", "exists", "filter", "map", "size", "startsWith", "join", "matches", "substring", "timestamp", "duration", // of CEL and its strings
		"orValue", "optional.of", "dyn", // of CEL's optional types, since 1.28
		"check", "allowed", "group", "resource", "subresource", "name", // of the authorizer
	}
	for name, p := range load(t).policies {
		for _, e := range expressions(p) {
			for _, call := range calls.FindAllStringSubmatch(quoted.ReplaceAllString(e, `""`), -1) {
				function := call[1]
				if !strings.HasPrefix(function, "optional.") {
					function = function[strings.LastIndex(function, ".")+1:]
				}
				if function != "" && function != "in" && !slices.Contains(known, function) {
					t.Errorf("does Kubernetes 1.30 have %s()? Then say so here. In %s: %s", function, name, e)
				}
			}
		}
	}
}

func expressions(p *admissionregistrationv1.ValidatingAdmissionPolicy) []string {
	var out []string
	for _, c := range p.Spec.MatchConditions {
		out = append(out, c.Expression)
	}
	for _, v := range p.Spec.Variables {
		out = append(out, v.Expression)
	}
	for _, v := range p.Spec.Validations {
		out = append(out, v.Expression, v.MessageExpression)
	}
	return out
}
