// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
	// PullSecrets are those of the operator's own pod.
	PullSecrets []string
	// Labels of the operator's own pods, by which a window's pod admits it.
	Labels map[string]string
}

// Setup adds all that the operator does to a manager.
func Setup(mgr ctrl.Manager, at Place, o Options) error {
	return setup(mgr, at, o, newTimekeeper(mgr, at, nil, nil), newTrail(mgr, at, o.Trail))
}

func setup(mgr ctrl.Manager, at Place, o Options, k *timekeeper, t *trail) error {
	own, err := ownPod(mgr.GetAPIReader(), at.Namespace)
	if err != nil {
		return err
	}
	o.Pods.Image, o.Pods.PullSecrets = cmp.Or(o.Pods.Image, own.Image), own.PullSecrets
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

const (
	// findsPod bounds the look at our own pod.
	findsPod = 10 * time.Second
	// ownContainer is the operator's in its pod, beside which others may be put.
	ownContainer = "zonewarden"
)

// ownPod is what pods of windows take from the pod that this runs in: nothing where it is none.
// Then no window gets a pod, and says so.
func ownPod(live client.Reader, namespace string) (own PodSource, err error) {
	name, err := os.Hostname()
	if err != nil || namespace == "" {
		return own, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), findsPod)
	defer cancel()
	var pod corev1.Pod
	if err := live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &pod); err != nil {
		if apierrors.IsNotFound(err) {
			return own, nil
		}
		return own, fmt.Errorf("reading the operator's own pod: %w", err)
	}
	for _, c := range pod.Spec.Containers {
		if c.Name == ownContainer {
			own.Image = c.Image
		}
	}
	for _, s := range pod.Spec.ImagePullSecrets {
		own.PullSecrets = append(own.PullSecrets, s.Name)
	}
	return own, nil
}
