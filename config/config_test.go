// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package config checks the manifests that install the operator.
package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/config/admission"
)

// namespace that the operator is installed into.
const namespace = "zonewarden-system"

// mostBytes of an object that `kubectl apply` can carry: it copies the object into
// an annotation, and all annotations together are limited to this.
const mostBytes = 256 << 10

// rendered is what `kubectl apply -k config/default` sends, by kind/name.
func rendered(t *testing.T) map[string][]byte {
	t.Helper()
	return render(t, "default")
}

// render is what `kubectl apply -k` sends of a folder here, by kind/name.
func render(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, o := range kustomized(t, folder) {
		raw, err := yaml.Marshal(o.Object)
		if err != nil {
			t.Fatalf("encoding %s: %v", o.GetName(), err)
		}
		out[o.GetKind()+"/"+o.GetName()] = raw
	}
	return out
}

// as decodes one rendered object, strictly.
func as[T any](t *testing.T, objects map[string][]byte, key string) T {
	t.Helper()
	var out T
	raw, ok := objects[key]
	if !ok {
		t.Fatalf("there is no %s", key)
	}
	if err := yaml.UnmarshalStrict(raw, &out); err != nil {
		t.Fatalf("decoding %s: %v", key, err)
	}
	return out
}

func TestWhatIsInstalled(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	var got []string
	for key, raw := range objects {
		got = append(got, key)
		if len(raw) > mostBytes {
			t.Errorf("%s has %d bytes, kubectl apply carries %d", key, len(raw), mostBytes)
		}
	}
	slices.Sort(got)
	want := []string{
		"ClusterRole/zonewarden", "ClusterRole/zonewarden-access-approver", "ClusterRole/zonewarden-access-requester",
		"ClusterRole/zonewarden-auditor", "ClusterRole/zonewarden-break-glass", "ClusterRole/zonewarden-certificate-author",
		"ClusterRole/zonewarden-conduit-author", "ClusterRole/zonewarden-enforcer",
		"ClusterRole/zonewarden-network-plugin", "ClusterRole/zonewarden-opening-approver", "ClusterRole/zonewarden-planner", "ClusterRole/zonewarden-shift", "ClusterRole/zonewarden-site-administrator",
		"ClusterRole/zonewarden-vendor", "ClusterRole/zonewarden-viewer", "ClusterRole/zonewarden-window-granter",
		"ClusterRoleBinding/zonewarden", "ClusterRoleBinding/zonewarden-enforcer", "ClusterRoleBinding/zonewarden-network-plugin",
		"ClusterRoleBinding/zonewarden-window-granter",
		"Namespace/zonewarden-access", "NetworkPolicy/default-deny", "Role/zonewarden-windows", "RoleBinding/zonewarden-windows",
		"CustomResourceDefinition/accesslocks.zonewarden.io", "CustomResourceDefinition/approvals.zonewarden.io",
		"CustomResourceDefinition/assets.zonewarden.io", "CustomResourceDefinition/conduits.zonewarden.io",
		"CustomResourceDefinition/nodereports.zonewarden.io", "CustomResourceDefinition/sites.zonewarden.io",
		"CustomResourceDefinition/vendoraccesswindows.zonewarden.io", "CustomResourceDefinition/vendors.zonewarden.io",
		"CustomResourceDefinition/workloadcertificates.zonewarden.io", "CustomResourceDefinition/zones.zonewarden.io",
		"Deployment/zonewarden", "Namespace/" + namespace, "Role/zonewarden", "Role/zonewarden-auditor", "RoleBinding/zonewarden",
		"Service/zonewarden-metrics", "ServiceAccount/zonewarden",
	}
	for _, raw := range admission.Manifests() {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal(raw, &o.Object); err != nil {
			t.Fatal(err)
		}
		want = append(want, o.GetKind()+"/"+o.GetName())
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config/default (-want +got):\n%s", diff)
	}
}

// TestEveryDefinitionIsInstalled: a definition that controller-gen writes and the
// kustomization does not list would be missing in every cluster.
func TestEveryDefinitionIsInstalled(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	files, err := filepath.Glob("crd/*_*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("there are no definitions in config/crd")
	}
	for _, f := range files {
		group, plural, _ := strings.Cut(strings.TrimSuffix(filepath.Base(f), ".yaml"), "_")
		if key := fmt.Sprintf("CustomResourceDefinition/%s.%s", plural, group); objects[key] == nil {
			t.Errorf("%s is not in crd/kustomization.yaml", f)
		}
	}
}

func TestPodIsRestricted(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	ns := as[corev1.Namespace](t, objects, "Namespace/"+namespace)
	if got := ns.Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
		t.Errorf("the namespace enforces pod security %q", got)
	}
	pod := as[appsv1.Deployment](t, objects, "Deployment/zonewarden").Spec.Template.Spec
	want := &corev1.PodSecurityContext{
		RunAsNonRoot: new(true), RunAsUser: new(int64(65532)), RunAsGroup: new(int64(65532)),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	if diff := cmp.Diff(want, pod.SecurityContext); diff != "" {
		t.Errorf("security context of the pod (-want +got):\n%s", diff)
	}
	if pod.HostNetwork || pod.HostPID || pod.HostIPC || len(pod.Volumes) > 0 {
		t.Error("the pod uses the host's namespaces or has volumes")
	}
	if len(pod.Containers) != 1 || len(pod.InitContainers) > 0 {
		t.Fatalf("the pod has %d containers and %d init containers", len(pod.Containers), len(pod.InitContainers))
	}
	container := &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true),
		Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
	if diff := cmp.Diff(container, pod.Containers[0].SecurityContext); diff != "" {
		t.Errorf("security context of the container (-want +got):\n%s", diff)
	}
}

func TestPodOfAnEdgeNode(t *testing.T) {
	t.Parallel()
	d := as[appsv1.Deployment](t, rendered(t), "Deployment/zonewarden")
	pod := d.Spec.Template.Spec
	c := pod.Containers[0]
	if pod.ServiceAccountName != "zonewarden" || pod.PriorityClassName != "system-cluster-critical" {
		t.Errorf("service account %q, priority class %q", pod.ServiceAccountName, pod.PriorityClassName)
	}
	if got := c.Resources.Requests.Memory().String() + " " + c.Resources.Limits.Memory().String(); got != "48Mi 256Mi" {
		t.Errorf("memory is %s", got)
	}
	if !c.Resources.Limits.Cpu().IsZero() {
		t.Error("a CPU limit would slow down a revocation")
	}
	if !slices.Contains(c.Args, "--leader-elect") {
		t.Errorf("arguments are %v", c.Args)
	}
	node := corev1.EnvVar{Name: "NODE_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.nodeName"}}}
	if !slices.Contains(c.Args, "--node-name=$(NODE_NAME)") || !slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return cmp.Equal(e, node) }) {
		t.Errorf("the pod does not know its node, whose clock counts: %v, %v", c.Args, c.Env)
	}
	for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe} {
		if p == nil || p.HTTPGet == nil || p.HTTPGet.Port.StrVal != "probes" {
			t.Errorf("probe is %v", p)
		}
	}
	if name, _, tagged := strings.Cut(c.Image, ":"); name != "zonewarden" || !tagged {
		t.Errorf("image is %q", c.Image)
	}
}

func TestMetricsServiceSelectsThePod(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	d := as[appsv1.Deployment](t, objects, "Deployment/zonewarden")
	service := as[corev1.Service](t, objects, "Service/zonewarden-metrics")
	for k, v := range service.Spec.Selector {
		if d.Spec.Template.Labels[k] != v {
			t.Errorf("the metrics service selects %s=%s, which the pod does not have", k, v)
		}
	}
}

// TestRoleIsNarrow: what the operator may do is what it does.
func TestRoleIsNarrow(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	rules := slices.Concat(
		as[rbacv1.ClusterRole](t, objects, "ClusterRole/zonewarden").Rules,
		as[rbacv1.ClusterRole](t, objects, "ClusterRole/zonewarden-enforcer").Rules,
		as[rbacv1.ClusterRole](t, objects, "ClusterRole/zonewarden-viewer").Rules,
		as[rbacv1.Role](t, objects, "Role/zonewarden").Rules,
	)
	if len(rules) == 0 {
		t.Fatal("the roles have no rules")
	}
	for _, rule := range rules {
		all := slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs)
		if slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, "*") }) {
			t.Errorf("wildcard in %v", rule)
		}
		if len(rule.NonResourceURLs) > 0 {
			t.Errorf("non-resource rule %v", rule)
		}
		for _, group := range rule.APIGroups {
			checkRule(t, group, rule)
		}
	}
}

// TestConfigMapsAreWrittenInOneNamespace: RBAC cannot limit create by name, so that no
// role of the whole cluster may hold it.
func TestConfigMapsAreWrittenInOneNamespace(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	for _, rule := range as[rbacv1.ClusterRole](t, objects, "ClusterRole/zonewarden").Rules {
		if slices.Contains(rule.Resources, "configmaps") && !slices.Equal(rule.ResourceNames, []string{"cilium-config"}) {
			t.Errorf("in every namespace: %v", rule)
		}
	}
	role := as[rbacv1.Role](t, objects, "Role/zonewarden")
	var got []string
	for _, rule := range role.Rules {
		if slices.Contains(rule.Resources, "configmaps") {
			for _, verb := range rule.Verbs {
				got = append(got, verb+" "+strings.Join(rule.ResourceNames, ","))
			}
		}
	}
	slices.Sort(got)
	want := []string{ // segments of the audit trail have names of their own
		"create ", "delete ", "get ", "get zonewarden-clock", "list ", "update zonewarden-audit,zonewarden-audit-keys", "update zonewarden-clock",
	}
	if diff := cmp.Diff(want, got); diff != "" || role.Namespace != namespace {
		t.Errorf("in %s (-want +got):\n%s", role.Namespace, diff)
	}
}

// TestSecretsAreTheOperatorsOwn: it makes keys in its own namespace, and reads those two.
func TestSecretsAreTheOperatorsOwn(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	for _, rule := range as[rbacv1.ClusterRole](t, objects, "ClusterRole/zonewarden").Rules {
		if slices.Contains(rule.Resources, "secrets") {
			t.Errorf("in every namespace: %v", rule)
		}
	}
	var got []string
	for _, rule := range as[rbacv1.Role](t, objects, "Role/zonewarden").Rules {
		if slices.Contains(rule.Resources, "secrets") {
			got = append(got, strings.Join(rule.Verbs, ",")+" "+strings.Join(rule.ResourceNames, ","))
		}
	}
	slices.Sort(got)
	want := []string{"create ", "get zonewarden-session-key", "get,update zonewarden-audit-key"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}

// ownSecret says whether a rule is one of those.
func ownSecret(resource string, rule rbacv1.PolicyRule) bool {
	return resource == "secrets" && (slices.Equal(rule.Verbs, []string{"create"}) ||
		slices.Equal(rule.ResourceNames, []string{"zonewarden-audit-key"}) || slices.Equal(rule.ResourceNames, []string{"zonewarden-session-key"}))
}

func checkRule(t *testing.T, group string, rule rbacv1.PolicyRule) {
	t.Helper()
	mayDo := map[string][]string{ // everything of a group not listed: get, list, watch
		"":                    {"create", "patch"}, // events of the lease
		"events.k8s.io":       {"create", "patch"},
		"coordination.k8s.io": {"get", "create", "update"},
		"cilium.io":           {"get", "list", "watch", "create", "patch", "delete"},
		"networking.k8s.io":   {"get", "list", "watch", "create", "patch", "delete"},

		"policy.networking.k8s.io": {"get", "list", "watch", "create", "patch", "delete"},
		// Fuses of windows. What a window's rights are is bound by them.
		"batch": {"get", "list", "watch", "create", "patch", "delete"},
	}
	read := []string{"get", "list", "watch"}
	for _, resource := range rule.Resources {
		allowed := mayDo[group]
		switch {
		case ownSecret(resource, rule):
			allowed = []string{"create", "get", "update"}
		case resource == "secrets" || resource == "pods/exec" || resource == "serviceaccounts/token":
			t.Errorf("the operator has no business with %s", resource)
		case group == v1alpha1.GroupVersion.Group && strings.HasSuffix(resource, "/status"):
			allowed = []string{"get", "patch"}
		case resource == "rolebindings":
			allowed = []string{"get", "list", "watch", "create", "patch", "delete"} // never bind or escalate
		case resource == "sites" && slices.Equal(rule.ResourceNames, []string{"site"}):
			allowed = []string{"enforce"} // write past the guard what the guard keeps
		case resource == "configmaps" && slices.Equal(rule.ResourceNames, []string{"zonewarden-clock"}):
			allowed = []string{"get", "update"} // what is known of the clock
		case resource == "configmaps" && len(rule.ResourceNames) == 0:
			allowed = []string{"create", "get", "list", "delete"} // in its own namespace; see the test above
		case resource == "configmaps" && slices.Equal(rule.ResourceNames, []string{"zonewarden-audit", "zonewarden-audit-keys"}):
			allowed = []string{"update"}
		case group == "" && resource != "events", strings.HasSuffix(resource, "adminnetworkpolicies"), allowed == nil:
			allowed = read
		}
		if extra := sets.New(rule.Verbs...).Difference(sets.New(allowed...)); extra.Len() > 0 {
			t.Errorf("%s of group %q: %v beyond %v", resource, group, sets.List(extra), allowed)
		}
	}
}

func TestBindings(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	as[corev1.ServiceAccount](t, objects, "ServiceAccount/zonewarden")
	want := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "zonewarden", Namespace: namespace}}
	cluster := as[rbacv1.ClusterRoleBinding](t, objects, "ClusterRoleBinding/zonewarden")
	own := as[rbacv1.RoleBinding](t, objects, "RoleBinding/zonewarden")
	if diff := cmp.Diff(want, cluster.Subjects); diff != "" || cluster.RoleRef.Name != "zonewarden" {
		t.Errorf("cluster role binding to %s (-want +got):\n%s", cluster.RoleRef.Name, diff)
	}
	// The one account that may write past the guard.
	enforcer := as[rbacv1.ClusterRoleBinding](t, objects, "ClusterRoleBinding/zonewarden-enforcer")
	if diff := cmp.Diff(want, enforcer.Subjects); diff != "" || enforcer.RoleRef.Name != "zonewarden-enforcer" {
		t.Errorf("cluster role binding to %s (-want +got):\n%s", enforcer.RoleRef.Name, diff)
	}
	if diff := cmp.Diff(want, own.Subjects); diff != "" || own.RoleRef.Kind != "Role" || own.Namespace != namespace {
		t.Errorf("role binding in %s to %s (-want +got):\n%s", own.Namespace, own.RoleRef.Kind, diff)
	}
	viewer := as[rbacv1.ClusterRole](t, objects, "ClusterRole/zonewarden-viewer")
	if viewer.Labels["rbac.authorization.k8s.io/aggregate-to-view"] != "true" {
		t.Errorf("the viewer's role is not part of view: %v", viewer.Labels)
	}
}
