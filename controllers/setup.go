// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Options are what the operator is told beside where it runs.
type Options struct {
	Trail TrailOptions
	Pods  PodSource
}

// PodSource is what the pods of windows are made of.
type PodSource struct {
	// Image holds /zonewarden-session. Empty means the image of the operator's own pod.
	Image string
	// Labels of the operator's own pods, by which a window's pod admits it.
	Labels map[string]string
}

// Setup adds all that the operator does to a manager.
func Setup(mgr ctrl.Manager, at Place, o Options) error {
	return setup(mgr, at, o, newTimekeeper(mgr, at, nil, nil), newTrail(mgr, at, o.Trail))
}

func setup(mgr ctrl.Manager, at Place, o Options, k *timekeeper, t *trail) error {
	if o.Pods.Image == "" {
		o.Pods.Image = ownImage(mgr.GetAPIReader(), at.Namespace)
	}
	windows, err := setupWindows(mgr, at, k, t, o.Pods)
	if err != nil {
		return err
	}
	certificates, err := setupCertificates(mgr, at, k)
	if err != nil {
		return err
	}
	return setupSegmentation(mgr, clock.RealClock{}, k, t, windows.inForce, certificates.inForce)
}

// findsImage bounds the look at our own pod.
const findsImage = 10 * time.Second

// ownImage is that of the pod that this runs in, "" where it is none: then no window gets
// a pod, and says so.
func ownImage(live client.Reader, namespace string) string {
	name, err := os.Hostname()
	if err != nil || namespace == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), findsImage)
	defer cancel()
	var pod corev1.Pod
	if err := live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &pod); err != nil || len(pod.Spec.Containers) == 0 {
		return ""
	}
	return pod.Spec.Containers[0].Image
}
