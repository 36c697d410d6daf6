// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/controllers"
)

// operatorsPod is the pod that the operator finds itself in, beside what a mesh put there.
func (a *accessWorld) operatorsPod(image string) *corev1.Pod {
	a.t.Helper()
	name, err := os.Hostname()
	a.must(err)
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: here.Namespace, Name: name},
		Spec: corev1.PodSpec{
			Containers:       []corev1.Container{{Name: "mesh", Image: "plant.example/mesh:v1"}, {Name: "zonewarden", Image: image}},
			ImagePullSecrets: []corev1.LocalObjectReference{{Name: "registry"}},
		},
	}
	a.make(p)
	a.t.Cleanup(func() { a.must(client.IgnoreNotFound(a.Delete(a.ctx(), p, client.GracePeriodSeconds(0)))) })
	return p
}

// startIn starts the operator where it has to look for its own image.
func (a *accessWorld) startIn() *operator {
	a.t.Helper()
	return a.run(a.plane.Config(), func(mgr ctrl.Manager) error {
		return controllers.Setup(mgr, here, controllers.Options{Pods: controllers.PodSource{
			Labels: map[string]string{"app.kubernetes.io/name": "zonewarden"},
		}})
	})
}

// ran is what a window's pod runs, and what that is pulled with.
func ran(p *corev1.Pod) []string {
	out := []string{p.Spec.Containers[0].Image}
	for _, s := range p.Spec.ImagePullSecrets {
		out = append(out, s.Name)
	}
	return out
}

// TestAnUpgradeKeepsWhoIsIn: a pod that runs stays what it is, and the next has what the new
// operator's own pod has.
func TestAnUpgradeKeepsWhoIsIn(t *testing.T) {
	t.Parallel()
	a := newAccessWorld(t)
	first := a.operatorsPod("plant.example/zonewarden:v1")
	o := a.startIn()
	in := a.request("in", time.Hour)
	a.decide(in, owner, v1alpha1.DecisionApprove)
	a.opened(in)
	before := a.pod("in")
	if diff := cmp.Diff([]string{"plant.example/zonewarden:v1", "registry"}, ran(before)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	o.stop()
	a.must(a.Delete(a.ctx(), first, client.GracePeriodSeconds(0)))
	a.operatorsPod("plant.example/zonewarden:v2")
	a.startIn()
	next := a.request("next", time.Hour)
	a.decide(next, owner, v1alpha1.DecisionApprove)
	a.opened(next)
	if diff := cmp.Diff([]string{"plant.example/zonewarden:v2", "registry"}, ran(a.pod("next"))); diff != "" {
		t.Errorf("after the upgrade (-want +got):\n%s", diff)
	}
	a.opened(in)
	if after := a.pod("in"); after.UID != before.UID || !a.node.lives(string(after.UID)) {
		t.Error("the upgrade ended the session of who is in")
	}
}
