// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// manyPorts takes about forty entries of a policy map for each peer.
func manyPorts(c *v1alpha1.Conduit) *v1alpha1.Conduit {
	c.Spec.Flows = nil
	for _, first := range []int32{20501, 21001, 22501} {
		c.Spec.Flows = append(c.Spec.Flows, v1alpha1.Flow{
			Port: new(first), EndPort: new(first + 250), Transport: v1alpha1.TransportTCP,
		})
	}
	return c
}

// A conduit that would make a policy map overflow is not opened, the others are, and
// what stands is left alone when there is less room than before.
func TestWhatDoesNotFitIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.plant()
	for i := range 12 {
		w.make(asset("drive-"+string(rune('a'+i)), "cell", "10.20.2."+string(rune('1'+i/10))+string(rune('0'+i%10))))
	}
	w.havePolicies(plantPolicies...)
	s := site()
	w.condition(s, v1alpha1.ConditionWithinBudget, metav1.ConditionTrue, v1alpha1.ReasonWithinBudget)

	w.change(s, func() { s.Spec.Platform.PolicyMapEntries = 256 })
	wide := manyPorts(conduit("wide", "supervision", "cell", ""))
	w.make(wide)
	message := w.condition(wide, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonBudgetExceeded)
	if !strings.Contains(message, `"supervision"`) || !strings.Contains(message, "256") {
		t.Errorf("message: %s", message)
	}
	w.condition(s, v1alpha1.ConditionWithinBudget, metav1.ConditionFalse, v1alpha1.ReasonBudgetExceeded)
	w.make(conduit("small", "supervision", "cell", "opcua-tcp"))
	w.havePolicies(append([]string{"CiliumClusterwideNetworkPolicy/conduit-small"}, plantPolicies...)...)

	w.change(s, func() { s.Spec.Platform.PolicyMapEntries = 16384 })
	all := append([]string{"CiliumClusterwideNetworkPolicy/conduit-small", "CiliumClusterwideNetworkPolicy/conduit-wide"}, plantPolicies...)
	w.havePolicies(all...)
	w.condition(wide, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)

	w.change(s, func() { s.Spec.Platform.PolicyMapEntries = 256 })
	w.condition(s, v1alpha1.ConditionWithinBudget, metav1.ConditionFalse, v1alpha1.ReasonBudgetExceeded)
	w.havePolicies(all...)
	w.condition(zone("supervision"), v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	w.change(wide, func() { wide.Spec.Flows = wide.Spec.Flows[:2] })
	w.condition(wide, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
}
