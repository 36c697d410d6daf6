// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"cmp"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// entry lets the people into their pod, and into no other.
func (in *Input) entry() []*Object {
	name := Name(in.Window.Name)
	role := &rbacv1.Role{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"},
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.NamespaceAccess, Name: name},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"pods"}, ResourceNames: []string{name}, Verbs: []string{"get"}},
			// Old clients of exec use one verb, new ones the other.
			{APIGroups: []string{""}, Resources: []string{"pods/exec"}, ResourceNames: []string{name}, Verbs: []string{"create", "get"}},
		},
	}
	return []*Object{in.seal(role), in.seal(in.binding(v1alpha1.NamespaceAccess, name, "Role", name))}
}

// rights are the window's own in the cluster, for its time.
func (in *Input) rights() []*Object {
	if in.Window.Spec.Kubernetes == nil {
		return nil
	}
	roles := slices.Clone(in.Window.Spec.Kubernetes.Roles)
	slices.SortFunc(roles, func(a, b v1alpha1.WindowRole) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Role, b.Role))
	})
	var out []*Object
	for _, r := range slices.Compact(roles) {
		out = append(out, in.seal(in.binding(r.Namespace, bindingName(in.Window.Name, r.Role), "ClusterRole", r.Role)))
	}
	return out
}

func (in *Input) binding(namespace, name, kind, role string) *rbacv1.RoleBinding {
	b := &rbacv1.RoleBinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "RoleBinding"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
	}
	for _, person := range slices.Compact(slices.Sorted(slices.Values(in.Grant.People))) {
		b.Subjects = append(b.Subjects, rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: person})
	}
	return b
}
