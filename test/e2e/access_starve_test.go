// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// unslowed takes the calls away by which a user slows his processes down. A site's profile
// takes away what the container runtime's own does as well.
const unslowed = `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{
  "names": ["sched_setattr", "sched_setscheduler", "sched_setparam", "setpriority"],
  "action": "SCMP_ACT_ERRNO", "errnoRet": 1
}]}`

// busyAtMost is how late half a processor may make the end of a pod that keeps so many
// threads busy: everything in it waits for its turn, the end as well.
const busyAtMost = 10 * time.Second

// By a profile that takes the calls away nobody makes the first process idle, and among
// busy threads it ends nearly in time.
func TestWithAProfileNobodyStarvesTheFirstProcess(t *testing.T) {
	s := &siege{accessPlant: withAccess(t), logins: map[string]string{}, home: t.TempDir()}
	s.SeccompProfile(t, "unslowed.json", unslowed)
	site := s.object("Site", "site")
	must(t, unstructured.SetNestedField(site.Object, stage.Parse(t, accessRules)[0].Object, "spec", "access"),
		unstructured.SetNestedField(site.Object, "unslowed.json", "spec", "access", "sessionPods", "seccompProfile"))
	s.Apply(t, site)
	t.Cleanup(func() { s.Apply(t, s.object("Site", "site")) })
	s.settled()
	w := s.request("profiled", 35*time.Second, func(w *v1alpha1.VendorAccessWindow) { w.Spec.Grant = v1alpha1.GrantSessionPod })
	s.decide(owner, w, v1alpha1.DecisionApprove)
	pod := s.opened(w)
	if profile := pod.Spec.SecurityContext.SeccompProfile; profile.Type != corev1.SeccompProfileTypeLocalhost {
		t.Fatalf("the pod has profile %s", profile.Type)
	}
	const threads = 60
	if err := within("starve", fmt.Sprint(threads))(s, pod); !errors.Is(err, errRefused) {
		t.Errorf("not refused: %v", err)
	}
	due := s.now(w).Status.End.Time
	if left := time.Until(due); left < time.Second {
		t.Fatalf("%s before the end: too late to see anything", left)
	}
	gone := s.lastProcesses(map[string]*corev1.Pod{w.Name: pod}, time.Until(due)+settles)[w.Name]
	record(t, fmt.Sprintf("late, among %d busy threads with a profile", threads), "%s", ms(gone.Sub(due)))
	if late := gone.Sub(due); late > busyAtMost || late < -2*time.Second {
		t.Errorf("the last process was %s late", ms(late))
	}
}
