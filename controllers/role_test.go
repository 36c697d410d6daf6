// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"os"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// TestTheRoleIsEnough runs the operator with the rights of config/rbac and no
// others through everything that it writes.
func TestTheRoleIsEnough(t *testing.T) {
	w := newWorld(t)
	raw, err := os.ReadFile("../config/rbac/role.yaml")
	w.must(err)
	for doc := range strings.SplitSeq(string(raw), "\n---\n") {
		role := &rbacv1.ClusterRole{}
		w.must(yaml.Unmarshal([]byte(doc), role))
		if role.Kind != "ClusterRole" {
			continue
		}
		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: objectMeta("zonewarden-test"),
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "zonewarden-test"}},
		}
		w.make(role, binding)
		t.Cleanup(func() {
			w.must(w.Delete(w.ctx(), role))
			w.must(w.Delete(w.ctx(), binding))
		})
	}
	user, err := plane.AddUser("zonewarden-test")
	w.must(err)
	w.startOperatorAs(user)
	w.plant()
	w.havePolicies(plantPolicies...)
	w.condition(conduit("scada-cell", "", "", ""), v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)

	w.must(w.Delete(w.ctx(), w.policy("zone-cell"))) // put back
	w.havePolicies(plantPolicies...)
	s := site()
	w.change(s, func() { s.Spec.Backend = v1alpha1.BackendNetwork })
	w.havePolicies(plantNetworkPolicies...)
	w.must(w.Delete(w.ctx(), conduit("scada-cell", "", "", "")))
	w.havePolicies(plantNetworkPolicies[1], plantNetworkPolicies[3])
	w.condition(s, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	w.must(client.IgnoreNotFound(w.Delete(w.ctx(), asset("plc-1", "cell", "10.20.1.11"))))
}
