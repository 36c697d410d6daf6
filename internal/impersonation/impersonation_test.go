// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package impersonation_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/internal/impersonation"
)

func role(name string, rules ...rbacv1.PolicyRule) rbacv1.ClusterRole {
	return rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
}

func rule(group, resource, verb string, names ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: []string{verb}, ResourceNames: names}
}

func binding(role string, subjects ...rbacv1.Subject) rbacv1.ClusterRoleBinding {
	return rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role}, RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: role}, Subjects: subjects,
	}
}

func TestSubjects(t *testing.T) {
	roles := []rbacv1.ClusterRole{
		role("cluster-admin", rule("*", "*", "*")),
		role("helpdesk", rule("", "users", "impersonate", "b", "a"), rule("", "users", "impersonate", "a")),
		role("proxy", rule("", "users", "*")),
		role("groups-only", rule("", "groups", "impersonate")),
		role("other-group", rule("apps", "users", "impersonate")),
		role("reader", rule("", "users", "get")),
		role("nobody", rule("", "users", "impersonate")),
	}
	user := rbacv1.Subject{Kind: "User", Name: "pat"}
	account := rbacv1.Subject{Kind: "ServiceAccount", Namespace: "argocd", Name: "controller"}
	masters := rbacv1.Subject{Kind: "Group", Name: "system:masters"}
	local := binding("helpdesk", user)
	local.RoleRef.Kind = "Role"
	got := impersonation.Subjects(roles, []rbacv1.ClusterRoleBinding{
		binding("proxy", user), binding("proxy", user), binding("cluster-admin", masters, account), binding("helpdesk", user),
		binding("groups-only", user), binding("other-group", user), binding("reader", user), binding("gone", user), local,
	})
	want := []string{
		"Group system:masters (ClusterRole cluster-admin)",
		"ServiceAccount argocd/controller (ClusterRole cluster-admin)",
		"User pat as a, b (ClusterRole helpdesk)",
		"User pat (ClusterRole proxy)",
	}
	var said []string
	for _, s := range got {
		said = append(said, s.String())
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("who may impersonate (-want +got):\n%s", diff)
	}
}
