// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
)

// +kubebuilder:rbac:groups=zonewarden.io,resources=workloadcertificates,verbs=get;list;watch
// +kubebuilder:rbac:groups=zonewarden.io,resources=workloadcertificates/status,verbs=get;patch

// setupCertificates adds the reconciler of certificates to a manager.
func setupCertificates(mgr ctrl.Manager, at Place, k *timekeeper) (*Certificates, error) {
	changed := make(chan event.GenericEvent, 1)
	material := apply.Material{Client: mgr.GetClient(), Live: mgr.GetAPIReader()}
	c := &Certificates{
		client: mgr.GetClient(), cache: mgr.GetCache(), recorder: mgr.GetEventRecorder(apply.FieldManager),
		clock: clock.RealClock{}, timekeeper: k, namespace: at.Namespace,
		inForce: &inForce{changed: changed}, material: material,
		workloads: workloads{live: mgr.GetAPIReader()},
		shown:     &shown{live: mgr.GetAPIReader()},
	}
	k.tells = append(k.tells, changed)
	r, err := controller.New("certificates", mgr, controller.Options{Reconciler: c, MaxConcurrentReconciles: 1})
	if err != nil {
		return nil, fmt.Errorf("making the controller of certificates: %w", err)
	}
	for _, src := range []source.Source{
		source.Kind[client.Object](c.cache, &v1alpha1.WorkloadCertificate{}, now(), declaredChanged),
		source.Channel(changed, now()),
	} {
		if err := r.Watch(src); err != nil {
			return nil, fmt.Errorf("watching for certificates: %w", err)
		}
	}
	return c, nil
}
