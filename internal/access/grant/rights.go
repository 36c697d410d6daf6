// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
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
		b := in.binding(r.Namespace, bindingName(in.Window.Name, r.Role), "ClusterRole", r.Role)
		if in.token() {
			b.Subjects = append(b.Subjects, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: v1alpha1.NamespaceAccess, Name: Name(in.Window.Name)})
		}
		out = append(out, in.seal(b))
	}
	if in.token() {
		out = append(out, in.credential()...)
	}
	return out
}

func (in *Input) token() bool {
	return in.Window.Spec.Kubernetes.Credential == v1alpha1.CredentialToken
}

// tokenSuffix tells the role that reads a window's token from that of its session pod.
const tokenSuffix = ".token"

// credential is an account of the window's own, the Secret that its token is put into, and
// who may read that. A token is bound to its Secret: it is worth nothing once that is gone.
func (in *Input) credential() []*Object {
	name, namespace := Name(in.Window.Name), v1alpha1.NamespaceAccess
	reader := in.binding(namespace, name+tokenSuffix, "Role", name+tokenSuffix)
	if requester := string(in.Window.Spec.Requester); requester != "" && !slices.Contains(in.Grant.People, requester) {
		reader.Subjects = append(reader.Subjects, rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: requester})
	}
	return []*Object{
		in.seal(&corev1.ServiceAccount{
			TypeMeta:                     metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
			ObjectMeta:                   metav1.ObjectMeta{Namespace: namespace, Name: name},
			AutomountServiceAccountToken: new(false),
		}),
		in.seal(&rbacv1.Role{
			TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"},
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name + tokenSuffix},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{name}, Verbs: []string{"get"}}},
		}),
		in.seal(reader),
		in.seal(&corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Type:       corev1.SecretTypeOpaque,
		}),
	}
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
