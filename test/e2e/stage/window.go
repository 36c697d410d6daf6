// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/process"
)

// WindowPod is the pod of an access window on the node of the Cilium agent, which has no
// kubelet: a network namespace that the agent wires, with the program in it that the pod's
// container would run.
type WindowPod struct {
	*Host

	stage   *Stage
	process *process.Process
	pod     *corev1.Pod
}

// RunWindowPod does a kubelet's part for the pod that the operator made for a window.
func (s *Stage) RunWindowPod(t *testing.T, name string) *WindowPod {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.NamespaceAccess, Name: name}}
	Until(t, runtimeStarts, "the operator makes pod "+name, func() bool {
		return s.Get(ctx, client.ObjectKeyFromObject(pod), pod) == nil
	})
	binding := &corev1.Binding{Target: corev1.ObjectReference{Kind: "Node", Name: NodeName}}
	if err := s.SubResource("binding").Create(ctx, pod, binding); err != nil {
		t.Fatalf("binding pod %s: %v", name, err)
	}
	if err := s.Get(ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
		t.Fatal(err)
	}
	w := &WindowPod{Host: &Host{Name: pod.Namespace + "/" + name, Labels: pod.Labels}, stage: s, pod: pod}
	if err := errors.Join(s.wire(ctx, w.Host, pod), w.start()); err != nil {
		t.Fatalf("running pod %s: %v", name, err)
	}
	t.Cleanup(func() { w.Remove(t) })
	return w
}

// start runs the container's program with its variables. The path in the image is that of
// the program that was built.
func (w *WindowPod) start() error {
	c := w.pod.Spec.Containers[0]
	var env []string
	for _, e := range c.Env {
		value := e.Value
		if e.ValueFrom != nil {
			value = string(w.pod.UID)
		}
		env = append(env, e.Name+"="+value)
	}
	log, err := w.stage.log("window-pod")
	if err != nil {
		return err
	}
	return inside(w.namespace, func() (err error) {
		w.process, err = process.Start(w.stage.program("zonewarden-session"), c.Command[1:], env, process.NewOutput(log))
		return err
	})
}

// Over says that the program has ended.
func (w *WindowPod) Over() bool {
	select {
	case <-w.process.Done():
		return true
	default:
		return false
	}
}

// Remove does a kubelet's part for a pod that is deleted.
func (w *WindowPod) Remove(t *testing.T) {
	t.Helper()
	if w.process == nil {
		return
	}
	ctx := context.WithoutCancel(t.Context())
	err := stop(&w.process)
	w.StopServing()
	_, cniErr := w.stage.cni(ctx, "DEL", w.Host, "")
	deleted := w.stage.Delete(ctx, w.pod, client.GracePeriodSeconds(0), client.Preconditions{UID: &w.pod.UID})
	if apierrors.IsConflict(deleted) {
		deleted = nil // another one has its name
	}
	if err := errors.Join(err, cniErr, removeNamespace(w.namespace), client.IgnoreNotFound(deleted)); err != nil {
		t.Errorf("removing pod %s: %v", w.Name, err)
	}
}
