// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"slices"
	"testing"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// stands is a condition with a reason of package rotation, in its words.
func stands(kind string, status metav1.ConditionStatus, reason rotation.Reason) metav1.Condition {
	return said(kind, status, string(reason), reason.Sentence())
}

// held is the status of a certificate that is valid and in use, before what is given here.
func held(more ...metav1.Condition) v1alpha1.Status {
	return of(append([]metav1.Condition{
		yes(v1alpha1.ConditionAccepted, v1alpha1.ReasonAccepted),
		stands(v1alpha1.ConditionReady, metav1.ConditionTrue, rotation.ReasonValid),
		stands(v1alpha1.ConditionDeferred, metav1.ConditionFalse, rotation.ReasonNothingDeferred),
		stands(v1alpha1.ConditionServed, metav1.ConditionTrue, rotation.ReasonServesThis),
		stands(v1alpha1.ConditionPeersTrust, metav1.ConditionTrue, rotation.ReasonNothingToTrust),
		stands(v1alpha1.ConditionExpiring, metav1.ConditionFalse, rotation.ReasonLongEnough),
	}, more...)...)
}

func TestWorkloadCertificate(t *testing.T) {
	t.Parallel()
	const wait, goes, good, bad = health.HealthStatusSuspended, health.HealthStatusProgressing, health.HealthStatusHealthy, health.HealthStatusDegraded
	ready := func(status metav1.ConditionStatus, reason rotation.Reason) metav1.Condition {
		return stands(v1alpha1.ConditionReady, status, reason)
	}
	deferred := func(reason rotation.Reason) metav1.Condition {
		return stands(v1alpha1.ConditionDeferred, metav1.ConditionTrue, reason)
	}
	no := metav1.ConditionFalse
	runStates(t, "WorkloadCertificate", slices.Concat(everyKind(), []state{
		{name: "valid", status: held(), is: good, says: []string{"Valid"}},
		{name: "first one is being issued", status: held(ready(no, rotation.ReasonNoLeaf)), is: goes, says: []string{"NoLeaf"}},
		{name: "people have to sign", status: held(ready(no, rotation.ReasonAwaitsSignature), deferred(rotation.ReasonAwaitsSignature)), is: wait, says: []string{"AwaitsSignature"}},
		{name: "the issuer has to sign", status: held(ready(no, rotation.ReasonAwaitsIssuer), deferred(rotation.ReasonAwaitsIssuer)), is: goes, says: []string{"AwaitsIssuer"}},
		{name: "no zone", status: held(ready(no, rotation.ReasonZoneUnknown), deferred(rotation.ReasonZoneUnknown)), is: bad, says: []string{"ZoneUnknown"}},
		{name: "no rules", status: held(ready(no, rotation.ReasonNoSite), deferred(rotation.ReasonNoSite)), is: bad, says: []string{"NoSite"}},
		{name: "run out while it waits", status: held(ready(no, rotation.ReasonRunOut), deferred(rotation.ReasonOutsideWindow)), is: bad, says: []string{"RunOut"}},
		{name: "asks for something else now", status: held(ready(no, rotation.ReasonSpecChanged)), is: goes, says: []string{"SpecChanged"}},
		{name: "the same, outside of a window", status: held(ready(no, rotation.ReasonSpecChanged), deferred(rotation.ReasonOutsideWindow)), is: wait, says: []string{"OutsideWindow"}},
		{name: "the same, and nobody can sign", status: held(ready(no, rotation.ReasonSpecChanged), deferred(rotation.ReasonNoAuthority)), is: bad, says: []string{"NoAuthority"}},
		{name: "no time to trust", status: held(ready(metav1.ConditionUnknown, rotation.ReasonClockUntrusted)), is: wait, says: []string{"ClockUntrusted"}},
		{name: "waits for a window", status: held(deferred(rotation.ReasonOutsideWindow)), is: wait, says: []string{"OutsideWindow"}},
		{name: "frozen", status: held(deferred(rotation.ReasonFrozen)), is: wait, says: []string{"Frozen"}},
		{name: "somebody has to restart it", status: held(deferred(rotation.ReasonAwaitsRestart)), is: wait, says: []string{"AwaitsRestart"}},
		{name: "peers first", status: held(deferred(rotation.ReasonWave)), is: goes, says: []string{"Wave"}},
		{name: "its workload cannot be read", status: held(deferred(rotation.ReasonWorkloadUnknown)), is: bad, says: []string{"WorkloadUnknown"}},
		{name: "another one is served", status: held(stands(v1alpha1.ConditionServed, no, rotation.ReasonServesOther)), is: goes, says: []string{"ServesOther"}},
		{
			name: "runs out soon while it waits", status: held(stands(v1alpha1.ConditionExpiring, metav1.ConditionTrue, rotation.ReasonRunsOutSoon), deferred(rotation.ReasonFrozen)),
			is: bad, says: []string{"RunsOutSoon", "Frozen"},
		},
		{name: "not decided", status: of(yes(v1alpha1.ConditionAccepted, v1alpha1.ReasonAccepted)), is: goes, says: []string{"not decided"}},
	}))
}
