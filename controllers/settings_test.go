// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// tellAgents writes options of Cilium's agents into a namespace until the test ends.
func (w *world) tellAgents(namespace string, options map[string]string) {
	w.t.Helper()
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "cilium-config"}, Data: options}
	if w.Get(w.ctx(), client.ObjectKeyFromObject(config), &corev1.ConfigMap{}) == nil {
		w.must(w.Update(w.ctx(), config))
		return
	}
	w.must(w.Create(w.ctx(), config))
	w.t.Cleanup(func() { w.must(w.Delete(w.ctx(), config)) })
}

// What Cilium's agents were told decides what policies do: a guard that would cut is not
// written, and nothing is where an allow would deny. Only the agents' own namespace
// counts.
func TestWhatTheAgentsWereTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.startOperator()
	w.plant()
	s := site()
	w.change(s, func() { s.Spec.Guard.Layers = []v1alpha1.GuardLayer{v1alpha1.GuardDatapath} })
	guarded := append(slices.Clone(plantPolicies), "CiliumClusterwideNetworkPolicy/guard-cell", "CiliumClusterwideNetworkPolicy/guard-supervision")
	w.havePolicies(guarded...)
	w.condition(s, v1alpha1.ConditionGuarded, metav1.ConditionTrue, v1alpha1.ReasonGuarded)

	cuts := map[string]string{"policy-cidr-match-mode": "pods"}
	w.tellAgents("cell", cuts)
	w.quiet(o)
	w.havePolicies(guarded...)
	w.tellAgents("kube-system", cuts)
	w.havePolicies(plantPolicies...)
	w.condition(s, v1alpha1.ConditionGuarded, metav1.ConditionFalse, v1alpha1.ReasonGuardUnavailable)
	w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(s), s))
	if !slices.ContainsFunc(s.Status.Findings, func(f v1alpha1.Finding) bool { return strings.Contains(f.Message, "policy-cidr-match-mode") }) {
		t.Errorf("the option is not named: %v", s.Status.Findings)
	}

	w.tellAgents("kube-system", map[string]string{"enable-non-default-deny-policies": "false"})
	message := w.condition(s, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonBackendUnavailable)
	if !strings.Contains(message, "enable-non-default-deny-policies") {
		t.Errorf("the option is not named: %s", message)
	}
	w.quiet(o)
	w.havePolicies(plantPolicies...)

	w.tellAgents("kube-system", map[string]string{})
	w.havePolicies(guarded...)
	w.condition(s, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
}

// A relay does not see who comes from outside by a ClusterIP, and the Site says so of its default.
func TestAJumpHostThatNoRelaySees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	s := site()
	s.Spec.Access.JumpHosts = []v1alpha1.JumpHost{
		{Name: "behind", Addresses: []v1alpha1.JumpHostAddress{"10.30.5.10"}, Reachable: v1alpha1.RelayNodePort},
		{Name: "hidden", Addresses: []v1alpha1.JumpHostAddress{"10.30.5.11"}},
		{Name: "inside", Workloads: &v1alpha1.JumpHostWorkloads{Namespace: "dmz", Selector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "jump"}}}},
	}
	w.make(s)
	w.eventually("the hidden one is found, and no other", func() error {
		w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(s), s))
		var paths []string
		for _, f := range s.Status.Findings {
			if strings.HasPrefix(f.Path, "spec.access.jumpHosts") {
				paths = append(paths, f.Path)
			}
		}
		if diff := cmp.Diff([]string{"spec.access.jumpHosts[1].reachable"}, paths); diff != "" {
			return fmt.Errorf("findings (-want +got):\n%s", diff)
		}
		return nil
	})
}
