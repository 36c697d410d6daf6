// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// TestNamespaceOfWindows: its pods are restricted, and closed before any policy opens them.
func TestNamespaceOfWindows(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	ns := as[corev1.Namespace](t, objects, "Namespace/"+v1alpha1.NamespaceAccess)
	if got := ns.Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
		t.Errorf("the namespace enforces pod security %q", got)
	}
	deny := as[networkingv1.NetworkPolicy](t, objects, "NetworkPolicy/default-deny")
	want := networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
	}
	if diff := cmp.Diff(want, deny.Spec); diff != "" || deny.Namespace != ns.Name {
		t.Errorf("default deny in %s (-want +got):\n%s", deny.Namespace, diff)
	}
	// Our label would make it look like something that a window opens.
	if deny.Labels[v1alpha1.LabelManagedBy] != "" {
		t.Error("the default deny says that the operator wrote it")
	}
}

// TestWindowsRoleIsNarrow: what opens pods is held in one namespace, and nothing that
// gives rights away is held at all.
func TestWindowsRoleIsNarrow(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	writes := []string{"get", "list", "watch", "create", "patch", "delete"}
	want := []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods", "services", "serviceaccounts", "secrets"}, Verbs: writes},
		{APIGroups: []string{""}, Resources: []string{"serviceaccounts/token"}, Verbs: []string{"create"}},
		{APIGroups: []string{""}, Resources: []string{"pods/exec"}, Verbs: []string{"create", "get"}},
		{APIGroups: []string{"rbac.authorization.k8s.io"}, Resources: []string{"roles"}, Verbs: writes},
	}
	role := as[rbacv1.Role](t, objects, "Role/zonewarden-windows")
	if diff := cmp.Diff(want, role.Rules); diff != "" || role.Namespace != v1alpha1.NamespaceAccess {
		t.Errorf("in %s (-want +got):\n%s", role.Namespace, diff)
	}
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "zonewarden", Namespace: namespace}}
	binding := as[rbacv1.RoleBinding](t, objects, "RoleBinding/zonewarden-windows")
	if diff := cmp.Diff(subjects, binding.Subjects); diff != "" || binding.RoleRef.Name != role.Name || binding.Namespace != role.Namespace {
		t.Errorf("binding in %s to %s (-want +got):\n%s", binding.Namespace, binding.RoleRef.Name, diff)
	}
	for _, rule := range slices.Concat(as[rbacv1.ClusterRole](t, objects, "ClusterRole/zonewarden").Rules, role.Rules) {
		for _, verb := range []string{"bind", "escalate", "impersonate"} {
			if slices.Contains(rule.Verbs, verb) {
				t.Errorf("the operator may %s: %v", verb, rule)
			}
		}
	}
}

// TestGranterHoldsWhatIsLabelled and nothing of its own.
func TestGranterHoldsWhatIsLabelled(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	granter := as[rbacv1.ClusterRole](t, objects, "ClusterRole/zonewarden-window-granter")
	want := &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{v1alpha1.LabelVendorSafe: "true"}}}}
	if diff := cmp.Diff(want, granter.AggregationRule); diff != "" || granter.Rules != nil { // an empty list would be owned by who applies it, and empty the role
		t.Errorf("rules %v (-want +got):\n%s", granter.Rules, diff)
	}
	if _, labelled := granter.Labels[v1alpha1.LabelVendorSafe]; labelled {
		t.Error("windows may bind the granter's role itself")
	}
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "zonewarden", Namespace: namespace}}
	binding := as[rbacv1.ClusterRoleBinding](t, objects, "ClusterRoleBinding/zonewarden-window-granter")
	if diff := cmp.Diff(subjects, binding.Subjects); diff != "" || binding.RoleRef.Name != granter.Name {
		t.Errorf("binding to %s (-want +got):\n%s", binding.RoleRef.Name, diff)
	}
}
