// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package impersonation lists who may act as somebody else before the API server: who may
// be any requester, approver and shift. Nothing stops them, so they are to be known.
//
// The contract:
//
//   - Who is a subject of RBAC that holds the verb impersonate on users, by a role for the
//     whole cluster. Rights to some names only are listed with the names.
//   - What other authorizers allow is not seen, nor the group system:masters beyond the
//     binding that names it.
//   - It is pure, sorted, and names each subject once.
package impersonation

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Subject is somebody who may impersonate.
type Subject struct {
	// Name as people write it: "Group system:masters", "ServiceAccount argocd/controller".
	Name string
	// Role that says so, and the binding.
	Role, Binding string
	// Names that may be impersonated, nil for everybody's.
	Names []string
}

func (s Subject) String() string {
	out := fmt.Sprintf("%s (ClusterRole %s)", s.Name, s.Role)
	if s.Names != nil {
		out = fmt.Sprintf("%s as %s (ClusterRole %s)", s.Name, strings.Join(s.Names, ", "), s.Role)
	}
	return out
}

// Subjects lists them.
func Subjects(roles []rbacv1.ClusterRole, bindings []rbacv1.ClusterRoleBinding) []Subject {
	byName := map[string]*rbacv1.ClusterRole{}
	for i := range roles {
		byName[roles[i].Name] = &roles[i]
	}
	var out []Subject
	for _, b := range bindings {
		role := byName[b.RoleRef.Name]
		if role == nil || b.RoleRef.Kind != "ClusterRole" {
			continue
		}
		names, may := impersonates(role)
		if !may {
			continue
		}
		for _, s := range b.Subjects {
			out = append(out, Subject{Name: nameOf(s), Role: role.Name, Binding: b.Name, Names: names})
		}
	}
	slices.SortFunc(out, func(a, b Subject) int {
		return strings.Compare(a.Name+"\x00"+a.Role, b.Name+"\x00"+b.Role)
	})
	return slices.CompactFunc(out, func(a, b Subject) bool { return a.Name == b.Name && a.Role == b.Role })
}

// impersonates says whether a role lets act as users, and as which; nil as all.
func impersonates(role *rbacv1.ClusterRole) (names []string, some bool) {
	for _, r := range role.Rules {
		if !has(r.Verbs, "impersonate") || !has(r.APIGroups, "") || !has(r.Resources, "users") {
			continue
		}
		if len(r.ResourceNames) == 0 {
			return nil, true
		}
		names, some = append(names, r.ResourceNames...), true
	}
	slices.Sort(names)
	return slices.Compact(names), some
}

func has(list []string, one string) bool {
	return slices.Contains(list, one) || slices.Contains(list, "*")
}

func nameOf(s rbacv1.Subject) string {
	if s.Kind == rbacv1.ServiceAccountKind {
		return fmt.Sprintf("%s %s/%s", s.Kind, s.Namespace, s.Name)
	}
	return s.Kind + " " + s.Name
}
