// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// TestTheRoleIsEnough runs the operator with the rights of config/rbac and no
// others through everything that it writes.
func TestTheRoleIsEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	raw, err := os.ReadFile("../config/rbac/role.yaml")
	w.must(err)
	subjects := []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "zonewarden-test"}}
	for doc := range strings.SplitSeq(string(raw), "\n---\n") {
		role := &unstructured.Unstructured{}
		w.must(yaml.Unmarshal([]byte(doc), &role.Object))
		ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: role.GetKind(), Name: role.GetName()}
		var binding client.Object
		switch role.GetKind() {
		case "ClusterRole":
			binding = &rbacv1.ClusterRoleBinding{ObjectMeta: objectMeta("zonewarden-test"), RoleRef: ref, Subjects: subjects}
		case "Role":
			binding = &rbacv1.RoleBinding{
				ObjectMeta: metav1.ObjectMeta{Name: "zonewarden-test", Namespace: role.GetNamespace()}, RoleRef: ref, Subjects: subjects,
			}
		default:
			continue
		}
		w.make(role, binding)
		t.Cleanup(func() {
			w.must(w.Delete(w.ctx(), role))
			w.must(w.Delete(w.ctx(), binding))
		})
	}
	user, err := w.plane.AddUser("zonewarden-test")
	w.must(err)
	m := newMachine()
	k := w.keep(keeping{user: user, machine: m, segment: 4 << 10, total: 8 << 10})
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

	w.keepsATrail(k)

	m.is(pass(5 * time.Minute))
	m.look(t)
	w.eventually("the clock's mark is written again", func() error {
		if _, state := w.recorded(); !state.Mark.Equal(noon.Add(5 * time.Minute)) {
			return fmt.Errorf("it is at %s", state.Mark)
		}
		return nil
	})
	m.look(t)
	if message := w.trusts(v1alpha1.ReasonClockSynchronised); strings.Contains(message, "not kept") {
		t.Errorf("the clock: %s", message)
	}
}

// keepsATrail makes an operator do everything that the audit trail takes.
func (w *world) keepsATrail(k *keeper) {
	w.t.Helper()
	k.KeepFor(nil)
	for i := 0; i < 40; i += 5 {
		w.must(k.tell(uids("w", i, i+4)...))
	}
	w.giveNext(2, false)
	k.look()
	k.look()
	if held := w.held(); !held.Begun || held.Next != nil {
		w.t.Errorf("the key was not changed: %+v", held)
	}
	_, err := k.SessionKey(w.ctx())
	w.must(err)
	w.intact()
}
