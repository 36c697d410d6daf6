// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/controllers"
	"github.com/zonewarden/zonewarden/internal/apply"
)

// always is a maintenance window that never closes.
var always = v1alpha1.MaintenanceWindow{Name: "always", Schedule: "* * * * *", Duration: "5m"}

// runsPods stands in for the kubelets: what the Deployment's controllers make, runs and is ready.
func (w *certificateWorld) runsPods(namespace string) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			w.runPods(ctx, namespace)
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	w.t.Cleanup(func() {
		cancel()
		done.Wait()
	})
}

func (w *certificateWorld) runPods(ctx context.Context, namespace string) {
	var pods corev1.PodList
	if err := w.List(ctx, &pods, client.InNamespace(namespace)); err != nil {
		return
	}
	for i := range pods.Items {
		p := &pods.Items[i]
		if len(p.Status.ContainerStatuses) > 0 {
			continue
		}
		now := metav1.Now()
		p.Status = corev1.PodStatus{
			Phase: corev1.PodRunning, StartTime: &now,
			Conditions: []corev1.PodCondition{
				{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: now},
				{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: now},
			},
			ContainerStatuses: []corev1.ContainerStatus{{
				Name: "server", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
			}},
		}
		_ = w.Status().Update(ctx, p) // one that changed is seen again
	}
}

// deploy makes a Deployment of two in a namespace, and waits until it runs.
func (w *certificateWorld) deploy(namespace string) *appsv1.Deployment {
	w.t.Helper()
	labels := map[string]string{"app": "server"}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "server"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(2)), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "server", Image: "registry.example/server"}}},
			},
		},
	}
	w.make(d)
	w.t.Cleanup(func() {
		w.must(w.Delete(w.ctx(), d, client.PropagationPolicy(metav1.DeletePropagationBackground)))
		w.must(w.DeleteAllOf(w.ctx(), &corev1.Pod{}, client.InNamespace(namespace), client.GracePeriodSeconds(0)))
	})
	w.runsPods(namespace)
	w.runs(d)
	return d
}

// runs waits until a Deployment's pods do, none of them from before its last change.
func (w *certificateWorld) runs(d *appsv1.Deployment) {
	w.t.Helper()
	w.eventually("the Deployment runs", func() error {
		if err := w.Get(w.ctx(), client.ObjectKeyFromObject(d), d); err != nil {
			return err
		}
		if s := d.Status; s.ObservedGeneration < d.Generation || s.AvailableReplicas != 2 || s.UpdatedReplicas != 2 || s.Replicas != 2 {
			return fmt.Errorf("status %+v", s)
		}
		return nil
	})
}

// rotate asks for another certificate.
func (w *certificateWorld) rotate(c *v1alpha1.WorkloadCertificate) {
	w.t.Helper()
	w.change(c, func() {
		c.Annotations = map[string]string{v1alpha1.AnnotationRotate: c.Status.Certificate.Fingerprint}
	})
}

// idles waits until nothing is to be done for a certificate.
func (w *certificateWorld) idles(namespace string) {
	w.t.Helper()
	w.eventually("nothing is to be done in "+namespace, func() error {
		if c, _ := w.ready(namespace); c.Status.Step != "Idle" {
			return fmt.Errorf("step %s, conditions %+v", c.Status.Step, c.Status.Conditions)
		}
		return nil
	})
}

// rotated waits until another certificate than this one is in place and all is done for it.
func (w *certificateWorld) rotated(before *v1alpha1.WorkloadCertificate) *v1alpha1.WorkloadCertificate {
	w.t.Helper()
	var after *v1alpha1.WorkloadCertificate
	w.eventually("another certificate is in use", func() error {
		after, _ = w.ready(before.Namespace)
		if after.Status.Certificate.Fingerprint == before.Status.Certificate.Fingerprint || after.Status.Step != "Idle" {
			return fmt.Errorf("step %s, conditions %+v", after.Status.Step, after.Status.Conditions)
		}
		return nil
	})
	return after
}

// TestTheRoleIsEnoughForCertificates rotates a Deployment's certificate and restarts it, once,
// by the rights that config/rbac and config/certificates give the operator's account.
func TestTheRoleIsEnoughForCertificates(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t, func(s *v1alpha1.SiteCertificates) { s.MaintenanceWindows = []v1alpha1.MaintenanceWindow{always} })
	w.make(&corev1.Namespace{ObjectMeta: objectMeta(v1alpha1.NamespaceAccess)})
	for _, folder := range []string{"rbac", "access", "certificates"} {
		w.install(folder)
	}
	user, err := w.plane.AddUser("system:serviceaccount:zonewarden-system:zonewarden", "system:serviceaccounts", "system:serviceaccounts:zonewarden-system")
	w.must(err)
	asked := &requests{}
	user.Wrap(asked.wrap)
	d := w.deploy("cell")
	w.run(user, func(mgr ctrl.Manager) error { return controllers.Setup(mgr, here, controllers.Options{}) })
	w.make(certificateOf("cell", func(s *v1alpha1.WorkloadCertificateSpec) {
		s.Profile, s.URIs = v1alpha1.ProfileOPCUA, []string{"urn:ww-1:cell:server"}
		s.WorkloadRef = &v1alpha1.WorkloadReference{Kind: "Deployment", Name: "server"}
		s.Restart.Policy = v1alpha1.RestartRestart
		s.OutsidePeers = []v1alpha1.OutsidePeer{{Name: "HMI-02"}}
	}))
	before, _ := w.ready("cell")
	w.idles("cell") // its pods were there before the certificate, so they were restarted for it
	w.runs(d)
	generation := d.Generation
	w.rotate(before)
	if after := w.rotated(before); len(after.Status.OutsidePeers) != 1 || after.Status.OutsidePeers[0].Trusted {
		t.Errorf("outside peers: %+v", after.Status.OutsidePeers)
	}
	w.runs(d)
	if d.Spec.Template.Annotations[apply.AnnotationRestartedAt] == "" || d.Generation != generation+1 {
		t.Errorf("the Deployment was changed %d times, restarted at %q", d.Generation-generation, d.Spec.Template.Annotations[apply.AnnotationRestartedAt])
	}
	for _, name := range []string{"server-tls-trusted", "server-tls-trusted-crl", "server-tls-issuer", "server-tls-issuer-crl", "server-tls-install"} {
		folder := &corev1.ConfigMap{}
		w.must(w.Get(w.ctx(), client.ObjectKey{Namespace: "cell", Name: name}, folder))
		if len(folder.BinaryData) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	asked.mu.Lock()
	defer asked.mu.Unlock()
	slices.Sort(asked.refused)
	if refused := slices.Compact(asked.refused); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
}

// TestARestartWaits for a window, for the end of a freeze, and for the disruption budget; it
// says for what, and goes on by itself.
func TestARestartWaits(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	d := w.deploy("cell")
	w.startAll()
	w.make(certificateOf("cell", func(s *v1alpha1.WorkloadCertificateSpec) {
		s.WorkloadRef = &v1alpha1.WorkloadReference{Kind: "Deployment", Name: "server"}
		s.Restart.Policy = v1alpha1.RestartRestart
	}))
	before, _ := w.ready("cell")
	w.rotate(before)
	w.waits(before, "NoWindow")
	s := &v1alpha1.Site{ObjectMeta: objectMeta("site")}
	later := time.Now().Add(12 * time.Hour)
	w.change(s, func() {
		s.Spec.Certificates.MaintenanceWindows = []v1alpha1.MaintenanceWindow{{Name: "daily", Schedule: later.UTC().Format("4 15 * * *"), Duration: "5m"}}
	})
	if next := w.waits(before, "OutsideWindow").Status.NextRotation; next == nil || next.After(later.Add(24*time.Hour)) {
		t.Errorf("it waits for a window of each day, and says %v", next)
	}
	w.change(s, func() {
		s.Spec.Certificates.MaintenanceWindows = []v1alpha1.MaintenanceWindow{always}
		s.Spec.Certificates.Freezes = []v1alpha1.Freeze{{Name: "storm", Reason: "a storm is on"}}
	})
	w.waits(before, "Frozen")
	budget := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "cell", Name: "server"},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: new(intstr.FromInt32(2)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "server"}},
		},
	}
	w.make(budget)
	t.Cleanup(func() { w.must(client.IgnoreNotFound(w.Delete(w.ctx(), budget))) })
	w.change(s, func() { s.Spec.Certificates.Freezes = nil })
	w.waits(before, "DisruptionBudget")
	if got := d.Spec.Template.Annotations[apply.AnnotationRestartedAt]; got != "" {
		t.Errorf("it was restarted at %s", got)
	}
	w.must(w.Delete(w.ctx(), budget))
	w.rotated(before)
}

// waits until a certificate says for what it waits, and gives it.
func (w *certificateWorld) waits(c *v1alpha1.WorkloadCertificate, reason string) *v1alpha1.WorkloadCertificate {
	w.t.Helper()
	live := &v1alpha1.WorkloadCertificate{}
	w.eventually("the certificate waits: "+reason, func() error {
		if err := w.Get(w.ctx(), client.ObjectKeyFromObject(c), live); err != nil {
			return err
		}
		deferred := meta.FindStatusCondition(live.Status.Conditions, v1alpha1.ConditionDeferred)
		if deferred == nil || deferred.Status != metav1.ConditionTrue || deferred.Reason != reason {
			return fmt.Errorf("step %s, deferred %+v", live.Status.Step, deferred)
		}
		return nil
	})
	return live
}

// TestWithoutItsRightsNothingIsIssued, and the certificate says which one is missing.
func TestWithoutItsRightsNothingIsIssued(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	w.make(&corev1.Namespace{ObjectMeta: objectMeta(v1alpha1.NamespaceAccess)})
	for _, folder := range []string{"rbac", "access"} {
		w.install(folder)
	}
	user, err := w.plane.AddUser("system:serviceaccount:zonewarden-system:zonewarden", "system:serviceaccounts", "system:serviceaccounts:zonewarden-system")
	w.must(err)
	w.run(user, func(mgr ctrl.Manager) error { return controllers.Setup(mgr, here, controllers.Options{}) })
	c := certificateOf("cell")
	w.make(c)
	w.eventually("it is said what is missing", func() error {
		if err := w.Get(w.ctx(), client.ObjectKeyFromObject(c), c); err != nil {
			return err
		}
		if len(c.Status.Findings) == 0 || !strings.Contains(c.Status.Findings[0].Message, `cannot get resource "secrets"`) {
			return fmt.Errorf("findings %v", c.Status.Findings)
		}
		return nil
	})
}
